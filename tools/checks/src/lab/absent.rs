//! Why a program isn't where a peer looks for it, and what its author should change.

use std::fmt::Display;

use socket2::Type;

use super::Lab;
use crate::port::{Port, address_of};
use crate::run::{Advise, Kind, Stop, Told};

/// What to change in a program that ended at once.
const ENDED: &str = "Read its last words. The program gets its port in the form that its command shows \
    (the step that begins with $), not as --port N or from the keyboard, unless the command says so.";

/// The same, of one that reached its end without an error.
const OVER: &str = "It reached its end without an error. Does it call the function that does its \
    job, and wait for its threads? Daemon threads end with the main one. Or do its last words ask \
    for the port in a form other than the one in its command (the step that begins with $)?";

/// The same, of one that broke off.
const BROKEN_OFF: &str = "Read its last words: they name the error, and usually the line. (A function \
    with NotImplementedError is to be written next.) The step that begins with $ shows its \
    command, with the arguments. If a module is missing, install it where the judge runs, or do \
    without it; if a file of yours has a module's name, such as http.py, rename it.";

/// The same, of one in an encoding that its language doesn't read.
const NOT_UTF8: &str = "Save the program as UTF-8: the editor has an entry for it, beside \"Save\" or \
    in its status line. It is in another encoding, such as GBK (ANSI on Chinese Windows).";

/// What languages say of a program that they can't read, without a stack trace, in lower case.
const UNREADABLE: [&str; 4] = [
    "syntaxerror",      // Python, JavaScript
    "indentationerror", // Python
    "taberror",         // Python
    "syntax error",     // Perl, PHP, Ruby, shells
];

/// What to change in a program that runs, and isn't to be found at its port.
const NEVER: &str = "The program is told its port in its command, the step that begins with $: it \
    must take it from there, and neither ask for it nor use another. On that port of 127.0.0.1 it \
    has to do its job before anything is typed: a server calls bind (over TCP also listen and \
    accept).";

/// The same, of a server that has another port.
const OTHER_PORT: &str = "Use the port that the program is told in its command, the step that begins \
    with $: it is one of its arguments (in Python, sys.argv[1]), and another one in each run.";

/// The same, of a server that has its port on another address.
const ELSEWHERE: &str = "Bind 127.0.0.1. A name such as localhost may stand for another address: \
    ::1, in IPv6.";

/// The same, of a server that has its port for the other protocol.
const PROTOCOL: &str = "TCP and UDP have separate ports of the same number. A TCP server creates \
    its socket with SOCK_STREAM, a UDP server with SOCK_DGRAM.";

/// The same, of a server whose port has its two bytes in the order of its processor.
const HTONS: &str = "Give bind the port in network byte order: htons(port).";

/// The same, of a client that was refused, in lower case as it says so.
const REFUSED: &str = "It was refused where it tried to connect. A server doesn't connect, but binds, \
    listens and accepts: is this the client? A client connects to 127.0.0.1 (a name, such as \
    localhost or the machine's, may stand for another address) and the port in the command, the \
    step that begins with $ (in C, converted with htons).";

/// The same, of a program that is busy.
const LOOPS: &str = "Look for a loop that never ends, before the line at which the program should \
    be: one whose condition never changes, or that tries something again and again at once.";

/// The same, of one that runs, but listens no more.
pub(super) const CLOSED: &str = "Nobody listens on the port any more. Create the listening socket \
    once, before the loop that accepts; close only the clients' connections, and let no error end \
    that loop.";

impl Lab {
    /// The program was there, and isn't any more.
    pub(super) fn gone<T>(&self, expected: String, saw: impl Display) -> Told<T> {
        self.missed(expected, saw)
            .advise_if(|_| self.ended().is_none(), CLOSED)
    }

    /// The program isn't there. If it has ended because somebody else has its port, that isn't its
    /// fault.
    pub(super) fn unready<T>(&mut self, expected: String, kind: Type) -> Told<T> {
        self.expects_no_flood()?;
        if self.ended().is_none() {
            // One that did its job before has its port from the right place.
            if self.restarted {
                return self.missed(expected, "it never did, and still runs");
            }
            return self.never(expected, Some(kind));
        }
        if self.restarted || self.reached {
            return self.failed(expected, "");
        }
        let failed = self.ended_at_once(expected);
        // It may have left children behind that have the port.
        drop(self.program().take());
        if !self.port()?.is_taken() && cfg!(target_os = "linux") {
            return failed;
        }
        let kind = Kind::PortLost;
        failed.map_err(|stop| Stop { kind, ..stop })
    }

    /// The program runs, and isn't there. If it is a server, it has a socket of this kind.
    pub(super) fn never<T>(&mut self, expected: String, server: Option<Type>) -> Told<T> {
        let sockets = self.with(|program| program.sockets());
        let port = self.port()?;
        let found = server.and_then(|kind| found(port, kind, &sockets));
        let (saw, advice) =
            found.unwrap_or_else(|| ("it never did, and still runs".to_owned(), NEVER));
        self.missed(expected, saw)
            .advise_if(|stop| stop.is_busy, LOOPS)
            // What a client has to do at first is what its check is about.
            .advise_if(|_| server.is_some(), advice)
    }

    /// The program, which was just started, has ended instead of doing its job.
    pub(super) fn ended_at_once<T>(&self, expected: String) -> Told<T> {
        // Its last words may still be on their way.
        self.ends_in_a_moment();
        let saw = self.aftermath();
        let saw = saw.replacen("the program ended", "it ended at once", 1);
        let is_failure = self.ended().is_some_and(|status| !status.success());
        let output = self.output().to_lowercase();
        let says = |any: &[&str]| any.iter().any(|words| output.contains(words));
        let has_broken_off = self.has_stack_trace() || says(&UNREADABLE);
        let advice = match (is_failure, has_broken_off) {
            _ if says(&["refused"]) => REFUSED,
            // Python, Ruby
            _ if says(&["non-utf-8 code", "invalid multibyte"]) => NOT_UTF8,
            (true, true) => BROKEN_OFF,
            (true, false) => ENDED,
            (false, _) => OVER,
        };
        let advice = self.command.trouble().unwrap_or(advice);
        Err(Stop::of(Kind::Ended, expected, saw)).advise(advice)
    }
}

/// Where the program, which has these sockets, is instead, in words, and what to change: a server
/// should have one of this kind at this port.
fn found(port: &Port, kind: Type, sockets: &[u64]) -> Option<(String, &'static str)> {
    let over = match kind {
        Type::STREAM if port.has_udp_receiver() => Some("it receives datagrams there, over UDP"),
        Type::DGRAM if port.has_tcp_listener() => {
            Some("it listens there for connections, over TCP")
        }
        _ => None,
    };
    if let Some(saw) = over {
        return Some((saw.to_owned(), PROTOCOL));
    }
    let address = address_of(sockets, kind)?;
    let number = address.port();
    if number == port.number.swap_bytes() && number != port.number {
        let saw = "instead, which has the same bytes in the other order";
        return Some((format!("it is at port {number} {saw}"), HTONS));
    }
    let is_elsewhere = number == port.number;
    let advice = if is_elsewhere { ELSEWHERE } else { OTHER_PORT };
    Some((format!("it is at {address} instead"), advice))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    use std::fs;
    use std::net::{TcpListener, UdpSocket};
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;
    use std::time::Duration;

    use super::*;
    use crate::lab::started;
    use crate::port::bind;
    use crate::port::tests::{soon, untouched};
    use crate::run::Patience;

    /// One that has done something, or was started again, hears nothing about its port.
    #[test]
    fn a_program_has_ended_at_once_only_if_it_has_done_nothing() {
        for (script, restarted, reached, advice) in [
            ("exit 3", false, false, Some(ENDED)),
            ("echo SyntaxError; exit 1", false, false, Some(BROKEN_OFF)),
            (
                "echo TabError: tabs; exit 1",
                false,
                false,
                Some(BROKEN_OFF),
            ),
            ("if", false, false, Some(BROKEN_OFF)),
            (
                "echo SyntaxError: Non-UTF-8 code; exit 1",
                false,
                false,
                Some(NOT_UTF8),
            ),
            ("echo Connection refused", false, false, Some(REFUSED)),
            ("exit 0", false, false, Some(OVER)),
            ("exit 3", true, false, None),
            ("exit 3", false, true, None),
        ] {
            let mut lab = started(script, &Patience::short());
            assert!(lab.ends_within(Duration::from_secs(20)));
            (lab.restarted, lab.reached) = (restarted, reached);
            let failure = lab
                .unready::<()>("it listens".to_owned(), Type::STREAM)
                .unwrap_err();
            assert_eq!(failure.advice.as_deref(), advice, "{failure:?}");
            // Otherwise somebody else may have got the port meanwhile.
            let is_wrong = failure.kind == Kind::Wrong;
            assert_eq!(is_wrong, restarted || reached, "{failure:?}");
        }
    }

    /// The test is the program's socket.
    #[test]
    fn a_server_of_the_other_protocol_hears_that() {
        for (expected, has, advice) in [
            (Type::STREAM, Some(Type::DGRAM), PROTOCOL),
            (Type::STREAM, None, NEVER),
            (Type::DGRAM, Some(Type::STREAM), PROTOCOL),
            (Type::DGRAM, None, NEVER),
        ] {
            let mut lab = started("cat", &Patience::short());
            lab.port = Some(untouched());
            let number = lab.port().unwrap().number;
            let socket = has.map(|kind| soon(|| bind(number, kind).ok()));
            if expected == Type::DGRAM
                && let Some(socket) = socket.as_ref()
            {
                socket.listen(1).unwrap();
            }
            let told = lab.never::<()>("it is there".to_owned(), Some(expected));
            let failure = told.unwrap_err();
            assert_eq!(failure.advice.as_deref(), Some(advice), "{failure:?}");
        }
    }

    /// The test is the program, and has this socket.
    fn advice(port: &Port, kind: Type, socket: &impl AsRawFd) -> &'static str {
        let fd = format!("/proc/self/fd/{}", socket.as_raw_fd());
        found(port, kind, &[fs::metadata(fd).unwrap().ino()])
            .unwrap()
            .1
    }

    /// As one is that has bound "localhost".
    #[test]
    fn a_server_at_another_address_hears_that() {
        let port = untouched();
        let tcp = TcpListener::bind(("127.0.1.1", port.number)).unwrap();
        let udp = UdpSocket::bind(("127.0.1.1", port.number)).unwrap();
        assert_eq!(advice(&port, Type::STREAM, &tcp), ELSEWHERE);
        assert_eq!(advice(&port, Type::DGRAM, &udp), ELSEWHERE);
    }

    #[test]
    fn a_server_that_has_forgotten_htons_hears_that() {
        for kind in [Type::STREAM, Type::DGRAM] {
            let (port, socket) = soon(|| {
                let port = untouched();
                let turned = port.number.swap_bytes();
                let is_fit = turned > 1024 && turned != port.number;
                let socket = is_fit.then(|| bind(turned, kind).ok()).flatten();
                socket.map(|socket| (port, socket))
            });
            if kind == Type::STREAM {
                socket.listen(1).unwrap();
            }
            assert_eq!(advice(&port, kind, &socket), HTONS);
            assert_eq!(advice(&untouched(), kind, &socket), OTHER_PORT);
        }
    }
}
