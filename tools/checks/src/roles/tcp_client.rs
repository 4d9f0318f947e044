//! Section 4.2: a client that sends each typed line and shows what the server answers.

use std::net::TcpListener;
use std::time::Duration;

use bstr::ByteSlice;

use super::after_an_empty_line;
use crate::check::{Check, Lesson, Level};
use crate::lab::{ESCAPES, Lab, SILENCE};
use crate::peer::TcpPeer;
use crate::run::{Advise, Kind, Stop, Told, skip, time};

const PAGE: Lesson = Lesson::page("docs/4.2-tcp-client.md");

/// A gap between two parts of a reply, far longer than a read needs to return with the first. It
/// isn't a time limit that anybody chooses for a read.
const GAP: Duration = Duration::from_millis(700);

/// All checks of the role.
pub const CHECKS: &[Check] = &[
    Check {
        id: "tcp-client/connects",
        title: "Connects to the server",
        level: Level::Basic,
        about: "A server listens on 127.0.0.1 and the port; the client connects by itself.",
        advice: "Create a TCP socket and connect it to 127.0.0.1 and the port that the program is \
                 given, before it asks for input.",
        lesson: PAGE,
        run: |lab| connected(lab).map(drop),
    },
    Check {
        id: "tcp-client/sends",
        title: "Sends what is typed",
        level: Level::Basic,
        about: "A line is typed; the server receives it alone, with or without its line end, and \
                without a NUL.",
        advice: "Read a line from the standard input and send all its bytes. (%s in scanf, cin >> \
                 and Scanner.next take only a word.) If you write them to a buffered stream, flush \
                 the stream. The first line is to be sent, too: don't ask for anything else, such \
                 as a name.",
        lesson: PAGE,
        run: |lab| {
            let (_host, mut server) = connected(lab)?;
            lab.types("ping 4711");
            server.expects_line("ping 4711")?;
            server
                .should_have_sent(("\"ping 4711\" alone", |sent| {
                    // Its LF may still be on its way.
                    let mut lines = sent.lines().map(|line| line.trim_end_with(|c| c == '\r'));
                    lines.any(|line| line == b"ping 4711")
                }))
                .advise(
                    "Send the line alone, with nothing before or after it: no name, no quotation \
                     marks, no padding. (In Python encode it, and don't send the str of bytes, \
                     which is b'...'.)",
                )
        },
    },
    Check {
        id: "tcp-client/shows",
        title: "Shows the reply",
        level: Level::Basic,
        about: "The server answers a line; the answer appears in the client's output, and no NULs \
                come with it.",
        advice: "Receive after you have sent, by a call that returns what has come (recv, \
                 readpartial, sysread), not by a call or a loop that waits until its buffer is \
                 full or the server closes (fread, read in Ruby and Perl). Print it, and flush \
                 the output.",
        lesson: Lesson::pitfall("Output that stays in a buffer"),
        run: |lab| {
            let _peers = answered(lab, "pong 4712\n")?;
            lab.expects_shown_alone(&["pong 4712"])
        },
    },
    Check {
        id: "tcp-client/goes-on",
        title: "Goes on with the next line",
        level: Level::Basic,
        about: "Two lines are typed, each after the last one was answered; each is sent, without \
                an empty line between them, or the rest of an earlier, longer one after it.",
        advice: "Put reading the keyboard, sending and receiving into a loop, on one connection.",
        lesson: PAGE,
        run: |lab| {
            let (_host, mut server) = connected(lab)?;
            // `tap listen` hangs up after its answer, before a second line can be typed.
            lab.goes_beyond_tap();
            lab.types("number one 4711");
            server.expects("number one 4711")?;
            server.sends("first 4712\n")?;
            lab.types("two 4713");
            server.expects_next_line("two 4713")?;
            server.sends("second 4714\n")?;
            lab.expects_shown(&["first 4712", "second 4714"])
        },
    },
    Check {
        id: "tcp-client/exit",
        title: "Leaves with \"exit\"",
        level: Level::Basic,
        about: "\"exit\" is typed. The client closes the connection, or its sending side; then the \
                server closes its own, and the client ends.",
        advice: "If the line, without its line end, is \"exit\", close the connection and end, \
                 without waiting for the server first. If a thread still receives, make it one \
                 that doesn't keep the program running (a daemon), and handle the error that its \
                 receive may return. If a child process does, it has the connection, too: call \
                 shutdown.",
        lesson: PAGE,
        run: |lab| {
            lab.goes_beyond_tap();
            let (_host, mut server) = answered(lab, "pong 4712\n")?;
            lab.types("exit");
            server.expects_the_end()?;
            server.half_closes();
            lab.expects_success()
        },
    },
    Check {
        id: "tcp-client/split-reply",
        title: "Shows a reply that comes in two parts",
        level: Level::Solid,
        about: "The server sends one half of its reply, and the other half 700 ms later.",
        advice: "One read is not one reply. Read in a loop, on a separate thread, and print \
                 whatever comes.",
        lesson: Lesson::pitfall("One recv is not one message"),
        run: |lab| {
            let (_host, mut server) = answered(lab, "first half 4712, ")?;
            server.pauses(GAP);
            server.sends("second half 4713\n")?;
            lab.expects_shown(&["first half 4712", "second half 4713"])
        },
    },
    Check {
        id: "tcp-client/long-reply",
        title: "Shows all of a long reply",
        level: Level::Solid,
        about: "The server sends 3,000 bytes at once; the end of them must be shown too.",
        advice: "Read until nothing more comes, not just once: what doesn't fit into one read \
                 waits in the socket.",
        lesson: Lesson::pitfall("One recv is not one message"),
        run: |lab| {
            let _peers = answered(lab, format!("{} the end 4712\n", "x".repeat(3000)))?;
            lab.expects_shown(&["the end 4712"])
        },
    },
    Check {
        id: "tcp-client/two-replies",
        title: "Shows two replies that come at once",
        level: Level::Solid,
        about: "The server sends two lines at once.",
        advice: "One read may return more than one reply. Print all of it.",
        lesson: Lesson::pitfall("One recv is not one message"),
        run: |lab| {
            let _peers = answered(lab, "first 4712\nsecond 4713\n")?;
            lab.expects_shown(&["first 4712", "second 4713"])
        },
    },
    Check {
        id: "tcp-client/cut-character",
        title: "Shows a character that is cut between two reads",
        level: Level::Expert,
        about: "The server sends two of the three bytes of a character, and the third one, with \
                more text, 700 ms later.",
        advice: "Keep the bytes of an unfinished character for the next read before you decode, \
                 or decode whole lines.",
        lesson: Lesson::pitfall("A character cut in two"),
        run: |lab| {
            let (_host, mut server) = answered(lab, b"\xe6\xb1")?;
            server.pauses(GAP);
            server.sends(b"\x89 and more 4712\n")?;
            lab.expects_shown(&["汉 and more 4712"])
        },
    },
    Check {
        id: "tcp-client/not-utf8",
        title: "Survives a reply that isn't text",
        level: Level::Solid,
        about: "The server answers with bytes that aren't UTF-8. The text around them is shown, \
                and the next line is sent, in UTF-8 (on Unix it has Chinese characters).",
        advice: "Don't let decoding fail: replace what isn't UTF-8 (from_utf8_lossy, \
                 errors=\"replace\").",
        lesson: Lesson::pitfall("Bytes that are not text"),
        run: |lab| {
            let (_host, mut server) = answered(lab, b"caf\xe9 \xff 4712\n")?;
            lab.expects_to_live()?;
            lab.types_chinese(&mut server, "again 4713")?;
            server.sends("yes 4714\n")?;
            lab.expects_shown(&["4712", "yes 4714"])
        },
    },
    Check {
        id: "tcp-client/speaks-first",
        title: "Shows what the server says unasked",
        level: Level::Expert,
        about: "The server greets as soon as the client has connected. Nothing is typed.",
        advice: "Receive on a separate thread: a program that waits for the keyboard doesn't hear \
                 the server.",
        lesson: Lesson::pitfall("Taking turns ends in a deadlock"),
        run: |lab| {
            let (_host, mut server) = connected(lab)?;
            server.sends("welcome 4711\n")?;
            lab.expects_shown(&["welcome 4711"])
        },
    },
    Check {
        id: "tcp-client/silent-server",
        title: "Sends the next line to a server that is silent",
        level: Level::Expert,
        about: "A line is typed, and the server is silent for 6.5 s. A second line that is typed \
                then reaches it, on this connection or a new one.",
        advice: "Don't wait forever for a reply, and don't end without one: receive on a separate \
                 thread, or give the read a time limit of a few seconds and go on with the next \
                 line.",
        lesson: Lesson::pitfall("Waiting forever"),
        run: |lab| {
            let (host, mut server) = connected(lab)?;
            lab.types("anybody there 4711");
            server.expects("anybody there 4711")?;
            // Not `pauses`: repeated by hand, that would be an answer, after which `tap` hangs up.
            server.tell(format_args!("is quiet for {}", time(SILENCE)));
            server.pauses_silently(SILENCE);
            lab.types("hello 4712");
            // It may have hung up on a silent server, and connect again for the next line.
            if server.has_closed()
                && let Some(stream) = lab.arrival(&host, lab.patience().answer)
            {
                let again = TcpPeer::new("the server".to_owned(), stream, lab);
                server = again.map_err(skip("the connection broke"))?;
            }
            server.expects("hello 4712")
        },
    },
    Check {
        id: "tcp-client/empty-line",
        title: "Survives an empty line",
        level: Level::Solid,
        about: "An empty line is typed, and another one after it. The server answers when anything \
                has come, and receives the second line.",
        advice: "An empty line without its line end is no byte at all: the server never hears of \
                 it, and can't answer. Send the line end too, or skip the line. (scanf with \
                 %[^\\n] doesn't get past it: use fgets.)",
        lesson: Lesson::pitfall("An empty message is not a message"),
        run: |lab| {
            let (_host, mut server) = connected(lab)?;
            lab.types("");
            lab.types("after it 4711");
            let told = server.hears_something().and_then(|()| {
                server.sends("an answer 4712\n")?;
                server.expects("after it 4711")
            });
            after_an_empty_line(&server, told)
        },
    },
    Check {
        id: "tcp-client/last-reply",
        title: "Shows the reply to the last line",
        level: Level::Expert,
        about: "A line is typed and the input ends, as with `echo ping | client`. The reply comes \
                300 ms later.",
        advice: "When the input ends, close only the sending side, and go on receiving until the \
                 server closes too.",
        lesson: Lesson::pitfall("The end of the input"),
        run: |lab| {
            let (_host, mut server) = connected(lab)?;
            lab.types("ping 4711");
            lab.input_ends();
            server.expects("ping 4711")?;
            server.pauses(Duration::from_millis(300));
            server.sends("pong 4712\n")?;
            server.half_closes();
            let told = lab.expects_shown(&["pong 4712"]);
            // On a busy machine, a client that waits for 1 s may have ended too early: it is tried
            // again alone.
            told.map_err(|stop| match stop.kind {
                Kind::Wrong => Stop {
                    kind: Kind::Missing,
                    ..stop
                },
                _ => stop,
            })
        },
    },
    Check {
        id: "tcp-client/end-of-input",
        title: "Ends when its input ends",
        level: Level::Solid,
        about: "A line is typed and answered; 700 ms later the input ends. The client closes the \
                connection, or its sending side, and then the server closes its side.",
        advice: "The end of the input (Ctrl-D) is a way to leave: no error, and no empty line. Close \
                 the connection, or only its sending side if the last reply may still come.",
        lesson: Lesson::pitfall("The end of the input"),
        run: |lab| {
            let (_host, mut server) = answered(lab, "pong 4712\n")?;
            server.pauses(GAP);
            lab.input_ends();
            server.expects_the_end()?;
            server.half_closes();
            lab.expects_success()
        },
    },
    Check {
        id: "tcp-client/server-closes",
        title: "Notices that the server has hung up",
        level: Level::Solid,
        about: "The server answers a line and, 700 ms later, closes its side. From 700 ms after \
                that, up to three lines are typed, 2.5 s apart, until the client ends or \
                reconnects. It may do neither if it says something new before the first of them.",
        advice: "A read of 0 bytes means that the server has hung up: say so, and end or connect \
                 again for the next line. It is no empty reply.",
        lesson: Lesson::pitfall("A peer that has gone"),
        run: |lab| {
            let (host, mut server) = answered(lab, "pong 4712\n")?;
            server.pauses(GAP);
            lab.remembers();
            server.half_closes();
            ends_or_reconnects(lab, &host)
        },
    },
    Check {
        id: "tcp-client/server-resets",
        title: "Survives a connection that is reset",
        level: Level::Solid,
        about: "The server answers a line and, 700 ms later, resets the connection. From 700 ms \
                after that, up to three lines are typed, 2.5 s apart, until the client ends or \
                reconnects. It may do neither if it says something new before the first of them.",
        advice: "Handle the errors of send and receive: end, or connect again. Don't show a stack \
                 trace.",
        lesson: Lesson::pitfall("A peer that has gone"),
        run: |lab| {
            let (host, mut server) = answered(lab, "pong 4712\n")?;
            server.pauses(GAP);
            lab.remembers();
            server.resets();
            ends_or_reconnects(lab, &host)
        },
    },
    Check {
        id: "tcp-client/terminal-escapes",
        title: "Prints nothing that a terminal would obey",
        level: Level::Expert,
        about: "The server sends a terminal's escape sequences. They must not come out unchanged: \
                when the text after them has been shown, the input ends, and the check looks for \
                500 ms more.",
        advice: "Escape control characters before you print what a server has sent \
                 (escape_debug, repr).",
        lesson: Lesson::pitfall("Bytes that your terminal obeys"),
        run: |lab| {
            let _peers = answered(lab, format!("{ESCAPES} harmless 4712\n"))?;
            lab.expects_shown(&["harmless 4712"])?;
            lab.expects_no_escapes()
        },
    },
    Check {
        id: "tcp-client/nobody-listens",
        title: "Says so if nobody listens",
        level: Level::Solid,
        about: "The client is started once when somebody listens, and leaves with \"exit\". It is \
                started again when nobody has the port. Then it says so and ends, within 10 s. \
                Anything that it shows only the second time counts as its message.",
        advice: "Handle the error of connect: say which address refused and what to do, and end. \
                 Don't show a stack trace.",
        lesson: Lesson::pitfall("Nobody listens there"),
        run: |lab| {
            lab.rehearses(|lab| {
                let peers = connected(lab)?;
                // "Bye" says nothing about what is wrong.
                lab.types("exit");
                // If it doesn't end, that is for another check.
                lab.ends_within(lab.patience().answer);
                Ok(peers)
            })?;
            lab.tell("nobody listens on the port");
            lab.starts()?;
            lab.input_ends();
            lab.expects_a_message_and_the_end()
        },
    },
];

fn connected(lab: &mut Lab) -> Told<(TcpListener, TcpPeer)> {
    lab.accepts_as("server")
}

/// The client has connected, and the line that was typed has come, and is answered with this.
fn answered(lab: &mut Lab, reply: impl AsRef<[u8]>) -> Told<(TcpListener, TcpPeer)> {
    let (host, mut server) = connected(lab)?;
    lab.types("ping 4711");
    server.expects("ping 4711")?;
    server.sends(reply)?;
    Ok((host, server))
}

/// The program has time to notice by itself. Then the user types on. (The first line may be lost:
/// TCP tells its sender nothing about it.)
fn ends_or_reconnects(lab: &mut Lab, host: &TcpListener) -> Told {
    lab.tell("the program may end by itself, within 700 ms");
    if lab.ends_within(lab.pause(GAP)) {
        return lab.expects_no_crash();
    }
    let has_said_so = lab.has_news();
    for line in ["still there 4713", "still there 4714", "still there 4715"] {
        lab.types(line);
        let pause = lab.patience().answer / 2;
        lab.tell(format_args!(
            "the program should end or reconnect within {}",
            time(pause)
        ));
        // It stays open until the program is judged, which may have sent something: that would be
        // reset.
        let arrival = lab.arrival(host, pause);
        if arrival.is_some() || lab.ends_within(Duration::ZERO) {
            return lab.expects_no_crash();
        }
    }
    if has_said_so {
        return lab.expects_no_crash();
    }
    lab.missed(
        "the program says that the server has gone, ends, or reconnects",
        "it did none of these",
    )
}
