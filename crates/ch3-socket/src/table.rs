//! Prints the results of the talks: a table, or in a narrow terminal a block for each kind.

use std::fmt::{self, Display};

use console::Style;

use crate::kind::Kind;
use crate::talk::{MESSAGE, TWO_MESSAGES, Talk, quoted};

/// The smallest width at which a kind fits into one line.
const WIDE: usize = 200;

/// The kinds of sockets, and the results of their talks.
#[derive(Debug)]
pub struct Table<'a> {
    /// Each kind with the result of its talk, or the reason why there was none.
    pub rows: &'a [(Kind, Result<Talk, String>)],
    /// Width of the terminal in columns.
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

fn block(f: &mut fmt::Formatter<'_>, kind: Kind, talk: &Result<Talk, String>) -> fmt::Result {
    writeln!(f, "{}", Style::Event.paint(kind.name()))?;
    writeln!(f, "  Python      {}", kind.python())?;
    writeln!(f, "  Rust        {}", kind.rust())?;
    let talk = match talk {
        Ok(talk) => talk,
        Err(reason) => return writeln!(f, "  not here    {}", Style::Trouble.paint(reason)),
    };
    writeln!(f, "  protocol    {}", kind.protocol())?;
    writeln!(f, "  from        {}", talk.client)?;
    writeln!(f, "  to          {}", talk.server)?;
    let (sent, echo) = (quoted(MESSAGE), quoted(&talk.echo));
    writeln!(f, "  echo        sent {sent}, got back {echo}")?;
    let [one, two] = TWO_MESSAGES.map(quoted);
    writeln!(
        f,
        "  boundaries  {one}, then {two}, arrive as {}",
        arrived(talk)
    )
}

fn row(f: &mut fmt::Formatter<'_>, kind: Kind, talk: &Result<Talk, String>) -> fmt::Result {
    let (python, rust) = (kind.python(), kind.rust());
    match talk {
        Ok(talk) => {
            let addresses = format!("{} to {}", talk.client, talk.server);
            let cells = [&python, &rust, kind.protocol(), &addresses, &arrived(talk)];
            line(f, cells)
        }
        Err(reason) => {
            let reason = Style::Trouble.paint(format!("not here: {reason}"));
            line(f, [&python, &rust, &reason.to_string(), "", ""])
        }
    }
}

fn line(f: &mut fmt::Formatter<'_>, cells: [&str; 5]) -> fmt::Result {
    let [python, rust, protocol, addresses, arrived] = cells;
    let line = format!("{python:<50}  {rust:<45}  {protocol:<23}  {addresses:<49}  {arrived}");
    writeln!(f, "{}", line.trim_end())
}

/// What the receiver got. A stream has no boundaries; datagrams keep theirs.
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
    use super::*;
    use crate::kind::{Carries, Family};

    #[test]
    fn what_a_system_lacks_is_a_row_that_says_so() {
        testkit::plain();
        let kind = Kind {
            family: Family::Inet6,
            carries: Carries::Stream,
        };
        let reason = "can't create the socket: this system has no IPv6";
        let rows = [(kind, Err(reason.to_owned()))];
        let narrow = Table {
            rows: &rows,
            width: 80,
        };
        insta::assert_snapshot!(narrow, @"
        AF_INET6, SOCK_STREAM
          Python      socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
          Rust        Socket::new(Domain::IPV6, Type::STREAM, None)
          not here    can't create the socket: this system has no IPv6
        ");
        let wide = Table {
            rows: &rows,
            width: 200,
        };
        insta::assert_snapshot!(wide, @r#"
        Python                                              Rust (socket2)                                 protocol                 from and to                                        "one", "two" arrive as
        socket.socket(socket.AF_INET6, socket.SOCK_STREAM)  Socket::new(Domain::IPV6, Type::STREAM, None)  not here: can't create the socket: this system has no IPv6
        "#);
    }
}
