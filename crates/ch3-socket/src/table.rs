//! What came of the talks, as a table; or, where a line has no room for it, one below the other.

use std::fmt::{self, Display};

use console::{Error, Role};

use crate::kind::Kind;
use crate::talk::{MESSAGE, TWO_MESSAGES, Talk, quoted};

/// From this width on a kind fits into a line.
const WIDE: usize = 200;

/// The kinds of sockets and what came of them.
#[derive(Debug)]
pub struct Table<'a> {
    /// A row for each kind.
    pub rows: &'a [(Kind, Result<Talk, Error>)],
    /// How many columns the terminal has.
    pub width: usize,
}

impl Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.width < WIDE {
            for (place, (kind, talk)) in self.rows.iter().enumerate() {
                if place > 0 {
                    writeln!(f)?;
                }
                block(f, *kind, talk)?;
            }
        } else {
            let [one, two] = TWO_MESSAGES.map(quoted);
            let heading = format!("{one}, {two} arrive as");
            line(
                f,
                [
                    "Python",
                    "Rust (socket2)",
                    "protocol",
                    "from and to",
                    &heading,
                ],
            )?;
            for (kind, talk) in self.rows {
                row(f, *kind, talk)?;
            }
        }
        Ok(())
    }
}

fn block(f: &mut fmt::Formatter<'_>, kind: Kind, talk: &Result<Talk, Error>) -> fmt::Result {
    writeln!(f, "{}", Role::Event.paint(kind.name()))?;
    writeln!(f, "  Python      {}", kind.python())?;
    writeln!(f, "  Rust        {}", kind.rust())?;
    let talk = match talk {
        Ok(talk) => talk,
        Err(error) => return writeln!(f, "  not here    {}", Role::Trouble.paint(why(error))),
    };
    writeln!(f, "  protocol    {}", kind.protocol())?;
    writeln!(f, "  from        {}", talk.client)?;
    writeln!(f, "  to          {}", talk.server)?;
    let (sent, echo) = (quoted(MESSAGE), quoted(&talk.echo));
    writeln!(f, "  echo        {sent} went there, {echo} came back")?;
    let [one, two] = TWO_MESSAGES.map(quoted);
    writeln!(
        f,
        "  boundaries  {one}, then {two}, arrive as {}",
        arrived(talk)
    )
}

fn row(f: &mut fmt::Formatter<'_>, kind: Kind, talk: &Result<Talk, Error>) -> fmt::Result {
    let (python, rust) = (kind.python(), kind.rust());
    match talk {
        Ok(talk) => {
            let addresses = format!("{} to {}", talk.client, talk.server);
            let cells = [&python, &rust, kind.protocol(), &addresses, &arrived(talk)];
            line(f, cells)
        }
        Err(error) => {
            let error = Role::Trouble
                .paint(format!("not here: {error}"))
                .to_string();
            line(f, [&python, &rust, &error, "", ""])
        }
    }
}

fn line(f: &mut fmt::Formatter<'_>, cells: [&str; 5]) -> fmt::Result {
    let [python, rust, protocol, addresses, arrived] = cells;
    let line = format!("{python:<50}  {rust:<45}  {protocol:<23}  {addresses:<49}  {arrived}");
    writeln!(f, "{}", line.trim_end())
}

/// What is lacking. There is nothing that the user should do about it.
fn why(error: &Error) -> String {
    match error {
        Error::Cannot { action, cause, .. } => format!("can't {action}: {cause}"),
        Error::OutputGone => error.to_string(),
    }
}

/// What the receiver got: a stream has no boundaries, datagrams keep theirs.
fn arrived(talk: &Talk) -> String {
    match talk.received.as_slice() {
        [merged] => format!("{}: merged", quoted(merged)),
        apart => {
            let apart: Vec<String> = apart.iter().map(quoted).collect();
            format!("{}: kept apart", apart.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use console::OrCannot;

    use super::*;
    use crate::kind::{Carries, Family};

    #[test]
    fn what_a_system_lacks_is_a_row_that_says_so() {
        testkit::plain();
        let kind = Kind {
            family: Family::Inet6,
            carries: Carries::Stream,
        };
        let lacks = io::Error::other("this system has no IPv6");
        let error = Err(lacks).or_cannot("open a socket of", kind.name());
        let rows = [(kind, error)];
        let narrow = Table {
            rows: &rows,
            width: 80,
        };
        insta::assert_snapshot!(narrow, @"
        AF_INET6, SOCK_STREAM
          Python      socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
          Rust        Socket::new(Domain::IPV6, Type::STREAM, None)
          not here    can't open a socket of AF_INET6, SOCK_STREAM: this system has no IPv6
        ");
        let wide = Table {
            rows: &rows,
            width: 200,
        };
        insta::assert_snapshot!(wide, @r#"
        Python                                              Rust (socket2)                                 protocol                 from and to                                        "one", "two" arrive as
        socket.socket(socket.AF_INET6, socket.SOCK_STREAM)  Socket::new(Domain::IPV6, Type::STREAM, None)  not here: can't open a socket of AF_INET6, SOCK_STREAM: this system has no IPv6; try again; if it fails again, search for the system's words in this line
        "#);
    }
}
