//! Prints the results of the talks: a table, or in a narrow terminal a block for each kind.

use console::Style;

use crate::kind::Kind;
use crate::talk::{MESSAGE, TWO_MESSAGES, Talk, quoted};

/// The smallest width at which a kind fits into one line.
const WIDE: usize = 200;

/// The kinds of sockets as text, in a terminal of `width` columns: each with the result of its
/// talk, or the reason why there was none.
pub fn table(rows: &[(Kind, Result<Talk, String>)], width: usize) -> String {
    if width < WIDE {
        let blocks: Vec<_> = rows.iter().map(|(kind, talk)| block(*kind, talk)).collect();
        return blocks.join("\n");
    }
    let [one, two] = TWO_MESSAGES.map(quoted);
    let heading = format!("{one}, {two} arrive as");
    let mut lines = line([
        "Python",
        "Rust (socket2)",
        "protocol",
        "from and to",
        &heading,
    ]);
    for (kind, talk) in rows {
        lines += &row(*kind, talk);
    }
    lines
}

fn block(kind: Kind, talk: &Result<Talk, String>) -> String {
    let mut lines = vec![
        Style::Event.paint(kind.name()),
        format!("  Python      {}", kind.python()),
        format!("  Rust        {}", kind.rust()),
    ];
    match talk {
        Ok(talk) => {
            let (sent, echo) = (quoted(MESSAGE), quoted(&talk.echo));
            let [one, two] = TWO_MESSAGES.map(quoted);
            let arrived = arrived(talk);
            lines.extend([
                format!("  protocol    {}", kind.protocol()),
                format!("  from        {}", talk.client),
                format!("  to          {}", talk.server),
                format!("  echo        sent {sent}, got back {echo}"),
                format!("  boundaries  {one}, then {two}, arrive as {arrived}"),
            ]);
        }
        Err(reason) => lines.push(format!("  not here    {}", Style::Trouble.paint(reason))),
    }
    lines.join("\n") + "\n"
}

fn row(kind: Kind, talk: &Result<Talk, String>) -> String {
    let (python, rust) = (kind.python(), kind.rust());
    match talk {
        Ok(talk) => {
            let addresses = format!("{} to {}", talk.client, talk.server);
            line([&python, &rust, kind.protocol(), &addresses, &arrived(talk)])
        }
        Err(reason) => {
            let reason = Style::Trouble.paint(format!("not here: {reason}"));
            line([&python, &rust, &reason, "", ""])
        }
    }
}

fn line(cells: [&str; 5]) -> String {
    let [python, rust, protocol, addresses, arrived] = cells;
    let line = format!("{python:<50}  {rust:<45}  {protocol:<23}  {addresses:<49}  {arrived}");
    format!("{}\n", line.trim_end())
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
        insta::assert_snapshot!(table(&rows, 80), @"
        AF_INET6, SOCK_STREAM
          Python      socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
          Rust        Socket::new(Domain::IPV6, Type::STREAM, None)
          not here    can't create the socket: this system has no IPv6
        ");
        insta::assert_snapshot!(table(&rows, 200), @r#"
        Python                                              Rust (socket2)                                 protocol                 from and to                                        "one", "two" arrive as
        socket.socket(socket.AF_INET6, socket.SOCK_STREAM)  Socket::new(Domain::IPV6, Type::STREAM, None)  not here: can't create the socket: this system has no IPv6
        "#);
    }
}
