//! Section 4.1: a server that greets whoever asks.
//!
//! A greeting counts in small or capital letters, with any signs or tags between them, in however
//! many pieces it comes: "Hello, World!", "HELLO WORLD".

use std::time::Duration;

use socket2::Type;

use super::page::{body, expects_a_whole_page, field, head};
use crate::by_hand::ByHand;
use crate::check::{Check, Lesson, Level};
use crate::lab::{ESCAPES, Lab, SILENCE};
use crate::peer::{TcpPeer, What};
use crate::run::{Advise, Told};

const PAGE: Lesson = Lesson::page("docs/4.1-tcp-server.md");

/// What every answer must have.
const GREETING: What = ("the greeting \"Hello World\"", greets);

/// What must come before a page.
const HEAD: What = ("the empty line that ends the head", |answer| {
    head(answer).is_some()
});

/// The smallest request.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

const BROWSER: &[u8] = b"GET / HTTP/1.1\r\n\
    Host: 127.0.0.1\r\n\
    Connection: keep-alive\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: zh-CN,zh;q=0.9,en;q=0.8\r\n\r\n";

/// The first bytes of what a browser sends to `https://`: a TLS `ClientHello` (RFC 8446, 4.1.2).
const TLS_HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\xa9\x1f\xc4\x0b\x8e\
    \x90\x00\xff\xd2\x13\x01\x13\x02\x13\x03\xc0\x2b\xc0\x2f";

/// What to change in a server that keeps a connection open.
const CLOSE: &str = "Close a client's connection when its answer is sent, as the client asked \
    (Connection: close). If a child process answers, its parent has the connection too: close it \
    in both.";

/// What to change in a server that one client has stopped.
const OWN: &str = "Whatever a client sends concerns only its own connection: answer it, or close \
    it, but go on serving others.";

/// The same, in one that resets a connection.
const UNREAD: &str = "Read the whole request before you close the connection: unread bytes make \
    the close a reset, and so does SO_LINGER 0.";

/// The same, of one that has closed a connection without an answer, as another client came.
const SHARED: &str = "The server closed this connection instead of answering. Give each thread its \
    own client, as an argument: a variable that threads share may have the next one already.";

/// A gap between two parts of a request, far longer than any network needs for both.
const GAP: Duration = Duration::from_millis(300);

/// All checks of the role.
pub const CHECKS: &[Check] = &[
    Check {
        id: "tcp-server/listens",
        title: "Listens on its port",
        level: Level::Basic,
        about: "A client connects to 127.0.0.1 and the port. The program still runs 500 ms later.",
        advice: "Bind a TCP socket to 127.0.0.1 and the port that the program is given, call \
                 listen, then accept in a loop. The program must not end by itself; daemon threads \
                 end with the main one.",
        lesson: PAGE,
        run: |lab| {
            lab.connects()?;
            lab.expects_to_live()
        },
    },
    Check {
        id: "tcp-server/reads",
        title: "Reads what a client sends",
        level: Level::Basic,
        about: "A client is quiet for 300 ms, in which the server has nothing to say and no reason \
                to hang up, and then sends a request. Anything may come back, but the connection \
                must not be reset, not even in the 300 ms after an answer: a server resets it by \
                closing without reading all.",
        advice: "After accept, read from the connection that accept returned, before you answer \
                 and before you close it. Stop reading at the empty line that ends the request \
                 (it still has its \\r, where only \\n was taken off): a read returns 0 bytes \
                 only when the client closes, and the client waits for its answer. Some calls \
                 wait until their buffer is full (fread, recv with MSG_WAITALL, read in Ruby and \
                 Perl), or for a length (readUTF in Java): take one that returns what has come \
                 (recv, readpartial, sysread).",
        lesson: Lesson::pitfall("Closing with unread bytes resets the connection"),
        run: |lab| {
            let mut client = lab.connects()?;
            client.pauses_and_expects_nothing(GAP, "nothing has been asked yet")?;
            client.sends(REQUEST)?;
            client.expects_to_be_heard()?;
            // An answer may come all the same, from a server that has read too little.
            client.pauses_silently(GAP);
            if client.was_reset() {
                let expected = "the connection isn't reset, even after an answer";
                return client.failed(expected).advise(UNREAD);
            }
            Ok(())
        },
    },
    Check {
        id: "tcp-server/answers",
        title: "Answers \"Hello World\"",
        level: Level::Basic,
        about: "A client sends a small HTTP request; somewhere in the answer is the greeting, in \
                small or capital letters, with or without a comma.",
        advice: "Send all of the answer, before you close or shut down anything: \"HTTP/1.1 200 \
                 OK\", an empty line, then a greeting that begins with \"Hello World\". If you write \
                 it to a buffered stream, flush the stream.",
        lesson: PAGE,
        run: |lab| {
            let mut client = lab.connects()?;
            asks(lab, &mut client)
        },
    },
    Check {
        id: "tcp-server/serves-again",
        title: "Serves one client after the other",
        level: Level::Basic,
        about: "A client is greeted. Nobody comes for 6.5 s. Then a second client is greeted.",
        advice: "Put accept, read, send and close into a loop, and close only the client's \
                 connection, never the listening socket. Give accept no time limit: the next \
                 client may come much later.",
        lesson: PAGE,
        run: |lab| {
            let mut first = lab.connects()?;
            asks(lab, &mut first)?;
            first.hangs_up();
            lab.expects_to_live_for(SILENCE)?;
            serves_another(lab)
        },
    },
    Check {
        id: "tcp-server/browser",
        title: "Greets a browser",
        level: Level::Basic,
        about: "A client sends what a browser sends. The answer has a status line with 200 and an \
                empty line before the greeting; LF alone may end a line. It is whole: then the \
                stream ends, or its Content-Length or its last chunk says so, and 300 ms later \
                nothing more has come. Its Content-Type, if it has one, is text, JSON or XML, and \
                it isn't an attachment.",
        advice: "Begin the answer with the status line \"HTTP/1.1 200 OK\", end the head with an \
                 empty line (\\r\\n\\r\\n), and close the connection when all is sent.",
        lesson: PAGE,
        run: |lab| {
            let mut browser = lab.connects()?;
            browser.sends(BROWSER)?;
            is_greeted(lab, &mut browser)?;
            browser.expects_what(HEAD, lab.patience().answer)?;
            browser
                .should_have_sent(("a first line with the status 200", says_ok))
                .advise(
                    "Begin the answer with HTTP/1.1 200 OK. Send nothing before it, not even a \
                     line end. Other numbers report a failure.",
                )?;
            expects_a_whole_page(&mut browser)?;
            browser
                .should_have_sent(("a page that is shown", is_shown))
                .advise(
                    "The Content-Type of a page is text/html or text/plain: a browser saves types \
                     that it doesn't know to a file.",
                )
        },
    },
    Check {
        id: "tcp-server/half-close",
        title: "Answers a client that has closed its sending side",
        level: Level::Solid,
        about: "A client is greeted. Another one sends a request and closes its sending side at \
                once; it still wants the answer.",
        advice: "A read of 0 bytes only means that the client won't send any more. Answer what has \
                 come before it. (Node closes by itself, unless you set allowHalfOpen, or of an \
                 HTTP server httpAllowHalfOpen.)",
        lesson: Lesson::pitfall("A peer that has gone"),
        run: |lab| {
            greets_anybody(lab)?;
            let mut client = lab.connects()?;
            client.sends(REQUEST)?;
            client.half_closes();
            is_greeted(lab, &mut client)
        },
    },
    Check {
        id: "tcp-server/empty-visit",
        title: "Survives a client that leaves without a word",
        level: Level::Solid,
        about: "A client connects and hangs up without sending anything, as port scanners do.",
        advice: "A read of 0 bytes is no error and no request: close this connection, and accept \
                 the next.",
        lesson: Lesson::pitfall("An empty message is not a message"),
        run: |lab| {
            lab.connects()?.hangs_up();
            goes_on(lab)
        },
    },
    Check {
        id: "tcp-server/split-request",
        title: "Takes a request that comes in two parts",
        level: Level::Solid,
        about: "A client sends half of the request's first line, waits 300 ms, and sends the rest. \
                Nothing may come back before the request is complete.",
        advice: "Read in a loop, and add what comes to a buffer, until the empty line \
                 (\\r\\n\\r\\n) that ends the head of a request has come. Only then answer.",
        lesson: Lesson::pitfall("One recv is not one message"),
        run: |lab| {
            let (first, rest) = REQUEST.split_at(8);
            let mut client = lab.connects()?;
            client.sends(first)?;
            client.pauses_and_expects_nothing(GAP, "the request isn't complete")?;
            client.sends(rest)?;
            is_greeted(lab, &mut client)
        },
    },
    Check {
        id: "tcp-server/long-request",
        title: "Ends cleanly after a long request",
        level: Level::Solid,
        about: "A client sends a request of more than 3,000 bytes at once, as browsers with \
                cookies do. It is greeted, and the stream ends without a reset.",
        advice: "Read the whole request before you close: a socket that is closed with unread \
                 bytes, or with SO_LINGER 0, resets the connection, and the answer may be lost with \
                 it.",
        lesson: Lesson::pitfall("Closing with unread bytes resets the connection"),
        run: |lab| {
            let mut client = lab.connects()?;
            client.sends(with_header("Cookie", &"x".repeat(3000)))?;
            let greeted = is_greeted(lab, &mut client);
            if client.was_reset() {
                return greeted;
            }
            greeted.advise(
                "A request may be longer than one read: go on reading until its empty line.",
            )?;
            let ended = client.expects_a_clean_end();
            if client.was_reset() {
                return ended;
            }
            ended.advise(CLOSE)
        },
    },
    Check {
        id: "tcp-server/cut-character",
        title: "Takes a character that is cut at byte 1024",
        level: Level::Solid,
        about: "A client sends a request with a three-byte character across byte 1024.",
        advice: "Decode a request when all of it has come, or replace what isn't UTF-8 \
                 (from_utf8_lossy, errors=\"replace\"): a read may end inside a character.",
        lesson: Lesson::pitfall("A character cut in two"),
        run: |lab| {
            let head = with_header("X-Name", "").len() - 4;
            let name = "x".repeat(1023 - head) + &"汉".repeat(20);
            let mut client = lab.connects()?;
            client.sends(with_header("X-Name", &name))?;
            is_greeted(lab, &mut client)?;
            client.hangs_up();
            goes_on(lab)
        },
    },
    Check {
        id: "tcp-server/not-utf8",
        title: "Survives bytes that aren't text",
        level: Level::Solid,
        about: "A client is quiet for 300 ms, in which a greeting may come, and sends a line with \
                bytes that aren't UTF-8, and an empty line. Within 5 s it is answered, or its \
                connection ends without a reset. Then the next client is greeted. (A stack \
                trace alone isn't a failure: some libraries print one and go on.)",
        advice: "Don't let decoding fail: replace what isn't UTF-8 (from_utf8_lossy, \
                 errors=\"replace\").",
        lesson: Lesson::pitfall("Bytes that are not text"),
        run: |lab| {
            let mut client = lab.connects()?;
            client.passes_over(GAP);
            client.sends(b"caf\xe9, \xff please\r\n\r\n")?;
            client.expects_to_be_heard().advise(
                "The thread of this client may have ended and left the connection open. Don't let \
                 decoding fail (from_utf8_lossy, errors=\"replace\"), and close a connection \
                 however its thread ends (with, finally).",
            )?;
            client.hangs_up();
            goes_on(lab)
        },
    },
    Check {
        id: "tcp-server/tls-hello",
        title: "Survives a browser that speaks https",
        level: Level::Expert,
        about: "A client sends the beginning of a TLS handshake, waits 300 ms and hangs up.",
        advice: OWN,
        lesson: Lesson::pitfall("Bytes that are not text"),
        run: |lab| {
            let mut client = lab.connects()?;
            client.sends(TLS_HELLO)?;
            client.pauses(GAP);
            client.hangs_up();
            goes_on(lab)
        },
    },
    Check {
        id: "tcp-server/leaves-halfway",
        title: "Survives a client that leaves halfway",
        level: Level::Solid,
        about: "A client sends half a request and hangs up. The next one is greeted, and then the \
                server waits for 1 s without keeping a processor busy.",
        advice: "When a read gives 0 bytes before the request is complete, stop reading: the rest \
                 will never come.",
        lesson: Lesson::pitfall("A peer that has gone"),
        run: |lab| {
            let mut client = lab.connects()?;
            client.sends(b"GET / HTTP/1.1\r\nHost: 127.")?;
            client.hangs_up();
            lab.expects_to_live().advise(
                "A read of 0 bytes, or an error of sending to a client that has gone, ends its \
                 connection, never the server: handle both inside the loop.",
            )?;
            serves_another(lab)?;
            lab.expects_no_endless_loop().advise(
                "When a read gives 0 bytes, stop reading: no more will ever come. And let a call \
                 wait: instead of asking non-blocking sockets again and again, ask select, poll or \
                 selectors, without a time limit of 0.",
            )
        },
    },
    Check {
        id: "tcp-server/reset",
        title: "Survives a connection that is reset",
        level: Level::Solid,
        about: "A client connects, waits 300 ms, and resets the connection. Another one sends half \
                a request first.",
        advice: "An error while reading or sending ends this client's connection, never the \
                 server: handle it inside the loop.",
        lesson: Lesson::pitfall("One client's error ends the server"),
        run: |lab| {
            let mut silent = lab.connects()?;
            silent.pauses(GAP);
            silent.resets();
            let mut client = lab.connects()?;
            client.sends(b"GET / HTTP/1.1\r\n")?;
            client.pauses(GAP);
            client.resets();
            goes_on(lab)
        },
    },
    Check {
        id: "tcp-server/reset-in-backlog",
        title: "Survives a connection that is reset while it queues",
        level: Level::Expert,
        about: "While a silent client keeps a simple server busy, another one connects, and resets \
                at once. (A server for many clients accepts it meanwhile; then it is the same as a \
                reset.) Then the first one asks and hangs up, and a third one asks.",
        advice: "A connection may be gone by the time it is accepted: treat an error of accept, \
                 and of everything you ask the new connection, as this client's own.",
        lesson: Lesson::pitfall("One client's error ends the server"),
        run: |lab| {
            let mut silent = lab.connects()?;
            lab.connects()?.resets();
            lab.expects_to_live()?;
            let told = asks(lab, &mut silent);
            if told.is_err() && lab.ended().is_none() && silent.was_dropped() {
                return told.advise(SHARED);
            }
            told?;
            silent.hangs_up();
            goes_on(lab)
        },
    },
    Check {
        id: "tcp-server/silent-client",
        title: "Serves others while one client is silent",
        level: Level::Solid,
        about: "A client connects and says nothing, as browsers do with spare connections. \
                Another one is greeted meanwhile, within 2.5 s.",
        advice: "Serve each client on its own thread (or task).",
        lesson: Lesson::pitfall("A silent client blocks everybody"),
        run: |lab| {
            let _silent = lab.connects()?;
            let mut other = lab.connects()?;
            other.sends(REQUEST)?;
            other.expects_what(GREETING, lab.patience().meanwhile)
        },
    },
    Check {
        id: "tcp-server/dripping-client",
        title: "Serves others while one client sends a byte now and then",
        level: Level::Expert,
        about: "A client is greeted. Another one sends a byte every 200 ms, so that no read of it \
                takes long. A third one is greeted meanwhile, within 2.5 s.",
        advice: "A time limit for each read isn't enough: every byte restarts it. Serve each \
                 client on its own thread (or task).",
        lesson: Lesson::pitfall("A silent client blocks everybody"),
        run: |lab| {
            greets_anybody(lab)?;
            let mut dripping = lab.connects()?;
            dripping.sends(b"GET / HTTP/1.1\r\n")?;
            let mut other = lab.connects()?;
            other.sends(REQUEST)?;
            dripping.drips_while(
                b"X: x\r\n",
                Duration::from_millis(200),
                &mut other,
                GREETING,
            )
        },
    },
    Check {
        id: "tcp-server/many-clients",
        title: "Greets 50 clients that come at once",
        level: Level::Expert,
        about: "A client is greeted. While a silent one keeps a simple server busy, 50 others \
                connect, all within 6.5 s, and ask. Then the silent one hangs up, and each of the \
                others is greeted.",
        advice: "Give listen a longer queue (its argument), such as 128: a client that finds no \
                 room in it tries again only a second later, and again.",
        lesson: Lesson::pitfall("A queue that is too short"),
        run: |lab| {
            greets_anybody(lab)?;
            let silent = lab.connects()?;
            let mut others = lab.connects_many(50, REQUEST)?;
            silent.hangs_up();
            for (number, other) in others.iter_mut().enumerate() {
                let told = is_greeted(lab, other);
                told.advise(match number {
                    _ if lab.ended().is_some() => OWN,
                    _ if other.was_dropped() => SHARED,
                    0 => {
                        "All of them could connect, so the queue is long enough. But the server \
                         didn't go on with them when the silent client had hung up: a read of 0 \
                         bytes means that there is nothing more to read from that client."
                    }
                    _ => {
                        "All of them could connect, so the queue is long enough. But the server \
                         didn't go on after one of them: close the connection when the answer is \
                         sent, or serve each client on its own thread."
                    }
                })?;
            }
            Ok(())
        },
    },
    Check {
        id: "tcp-server/endless-header",
        title: "Cuts off a request without an end",
        level: Level::Expert,
        about: "A client is greeted. Another one sends endless header lines, up to 8 MiB. The \
                server answers or ends the connection, 2.5 s later at most; when no more has come \
                for 300 ms, the client hangs up. Then a third one is greeted.",
        advice: "Count the bytes of a request, whether you keep them or not. Answer, or close, \
                 when there are more than a limit, such as 16 KiB.",
        lesson: Lesson::pitfall("Input without a limit"),
        run: |lab| {
            greets_anybody(lab)?;
            let mut client = lab.connects()?;
            client.sends(b"GET / HTTP/1.1\r\n")?;
            client.sends_endlessly(b"X-Endless: again and again\r\n", 8 << 20)?;
            client.hangs_up();
            goes_on(lab)
        },
    },
    Check {
        id: "tcp-server/terminal-escapes",
        title: "Prints nothing that a terminal would obey",
        level: Level::Expert,
        about: "A client sends a terminal's escape sequences. They must not come out unchanged: \
                when the next client was greeted, the input ends, and the check looks for 500 ms \
                more.",
        advice: "Escape control characters before you print what a client has sent \
                 (escape_debug, repr), or don't print it.",
        lesson: Lesson::pitfall("Bytes that your terminal obeys"),
        run: |lab| {
            let mut client = lab.connects()?;
            client.sends(with_header("X-Evil", ESCAPES))?;
            client.expects_to_be_heard().advise(UNREAD)?;
            client.hangs_up();
            goes_on(lab).advise(OWN)?;
            lab.expects_no_escapes()
        },
    },
    Check {
        id: "tcp-server/port-taken",
        title: "Says so if its port is taken",
        level: Level::Solid,
        about: "The server is started once when all is well, and again when somebody listens on \
                the port. Anything that it shows only the second time counts as its message.",
        advice: "Handle the error of bind: say which port is taken and what to do, and end. Don't \
                 show a stack trace.",
        lesson: Lesson::pitfall("Address already in use"),
        run: |lab| {
            lab.rehearses(Lab::connects)?;
            let _owner = lab.takes_the_port(Type::STREAM)?;
            lab.starts()?;
            lab.expects_a_message_and_the_end()
        },
    },
    // The last one, as it leaves a connection in TIME-WAIT: a program with a fixed port that can't
    // stand that couldn't be started for a minute.
    Check {
        id: "tcp-server/restart",
        title: "Can be started again at once",
        level: Level::Solid,
        about: "A server greets a client, is ended, and is started again on the same port. If it \
                listened within 1.5 s the first time, it has 5 s to listen again, otherwise 30 s.",
        advice: "Set SO_REUSEADDR on the listening socket before bind, except on Windows: the last \
                 connections stay in TIME-WAIT for a minute, and without this option they keep the \
                 port.",
        lesson: Lesson::pitfall("Address already in use"),
        run: |lab| {
            let mut client = lab.connects()?;
            asks(lab, &mut client)?;
            // The side that closes first keeps the connection in TIME-WAIT: here, the server.
            client.expects_the_end().advise(CLOSE)?;
            client.closes_last();
            lab.restarts()?;
            serves_another(lab)
        },
    },
];

/// A server that never answers, or ends after its first client, has another fault first.
fn greets_anybody(lab: &mut Lab) -> Told {
    let mut client = lab.connects()?;
    asks(lab, &mut client)?;
    client.hangs_up();
    lab.expects_to_live()?;
    // To see the fault by hand takes no ordinary client.
    *lab.by_hand() = ByHand::default();
    Ok(())
}

fn asks(lab: &Lab, client: &mut TcpPeer) -> Told {
    client.sends(REQUEST)?;
    is_greeted(lab, client)
}

fn is_greeted(lab: &Lab, client: &mut TcpPeer) -> Told {
    client.expects_what(GREETING, lab.patience().answer)
}

fn greets(answer: &[u8]) -> bool {
    let mut in_tag = false;
    let mut letters = String::new();
    let body = body(answer);
    let text = String::from_utf8_lossy(&body);
    // HTML may name a sign instead: &nbsp; or &#44;
    let without_name = |part| match str::split_once(part, ';') {
        Some((name, rest)) if name.chars().all(|c| c == '#' || c.is_alphanumeric()) => rest,
        _ => part,
    };
    let mut parts = text.split('&');
    let first = parts.next();
    let chars = first.into_iter().chain(parts.map(without_name));
    for c in chars.flat_map(str::chars) {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            c if c.is_alphanumeric() && !in_tag => letters.extend(c.to_lowercase()),
            _ => {}
        }
    }
    letters.contains("helloworld")
}

fn says_ok(answer: &[u8]) -> bool {
    let line = answer
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_ascii_whitespace();
    words
        .next()
        .is_some_and(|version| version.starts_with("HTTP/1."))
        && words.next() == Some("200")
}

/// Whether a browser shows the answer. It offers to save what it has no way to show.
fn is_shown(answer: &[u8]) -> bool {
    let kind = field(answer, "content-type").unwrap_or_else(|| "text/plain".to_owned());
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_text = kind.starts_with("text/") || kind.ends_with("json") || kind.ends_with("xml");
    let disposition = field(answer, "content-disposition").unwrap_or_default();
    is_text && !disposition.starts_with("attachment")
}

/// The server still runs 500 ms later, and serves another client.
fn goes_on(lab: &mut Lab) -> Told {
    lab.expects_to_live()?;
    serves_another(lab)
}

fn serves_another(lab: &mut Lab) -> Told {
    let mut next = lab.connects()?;
    asks(lab, &mut next)
}

fn with_header(name: &str, value: &str) -> Vec<u8> {
    let value = value.as_bytes();
    let head = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close";
    [
        head.as_bytes(),
        b"\r\n",
        name.as_bytes(),
        b": ",
        value,
        b"\r\n\r\n",
    ]
    .concat()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    #[cfg(unix)]
    use std::io::{Read, Write};
    #[cfg(unix)]
    use std::net::{Ipv4Addr, TcpListener};
    #[cfg(unix)]
    use std::thread;

    #[cfg(unix)]
    use supervise::{Command, Process};

    use super::*;
    #[cfg(unix)]
    use crate::run::{Patience, Run};

    /// The test is the server, and the program only runs, or ends first. It greets its first
    /// client, waits for the next one, and drops all others, unread.
    #[cfg(unix)]
    #[test]
    fn a_server_that_drops_clients_hears_about_that() {
        for (name, ends, advice) in [
            ("tcp-server/many-clients", false, SHARED),
            ("tcp-server/many-clients", true, OWN),
            ("tcp-server/reset-in-backlog", false, SHARED),
            ("tcp-server/terminal-escapes", false, UNREAD),
        ] {
            let command = Command::new("cat", [""; 0]);
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            let drops_all = !name.ends_with("many-clients");
            // It doesn't wait so long, as each client is answered or dropped.
            let patience = Patience {
                answer: Duration::from_secs(20),
                ..Patience::short()
            };
            let mut lab = Lab::new(&command, Some(port), &patience);
            lab.starts().unwrap();
            let run = Run::clone(&lab);
            thread::spawn(move || {
                let mut kept = Vec::new();
                for (number, client) in (0..).zip(listener.incoming()) {
                    let mut client = client.unwrap();
                    if drops_all || number > 1 {
                        // Until then nothing is unread, which makes its end a reset.
                        let _ = client.peek(&mut [0]);
                        if ends {
                            run.with(Process::end_input);
                            run.ends_within(Duration::from_secs(20));
                        }
                    } else if number == 0 {
                        client.read_exact(&mut [0; REQUEST.len()]).unwrap();
                        client.write_all(b"Hello World").unwrap();
                    } else {
                        kept.push(client);
                    }
                }
            });
            let check = CHECKS.iter().find(|check| check.id == name).unwrap();
            let failure = (check.run)(&mut lab).unwrap_err();
            assert_eq!(failure.advice.as_deref(), Some(advice), "{failure:?}");
        }
    }

    #[test]
    fn a_greeting_is_one_in_any_letters_and_pieces() {
        for answer in [
            "Hello World",
            "HTTP/1.1 200 OK\r\n\r\n<h1>Hello,</h1>\n<p>WORLD!</p>",
            "Hello&nbsp;World",
            "Hello&#44;&nbsp;World",
            "Hello; World & all",
            "&Hello World;",
            "HTTP/1.1 200 OK\n\nHello World",
            "Hello World\r\n\r\nGoodbye\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nHel\r\n8\r\nlo World\r\n0\r\n\r\n",
        ] {
            assert!(greets(answer.as_bytes()), "{answer}");
        }
        for answer in [
            "Hello",
            "World, hello",
            "HTTP/1.1 200 OK\r\nX: Hello World\r\n\r\nHello",
            "HTTP/1.1 200 OK\nX: Hello World\n\nHello",
            "HTTP/1.1 200 OK\r\n\r\n<hello world>",
        ] {
            assert!(!greets(answer.as_bytes()), "{answer}");
        }
    }

    #[test]
    fn only_200_is_ok() {
        assert!(says_ok(b"HTTP/1.1 200 OK\r\n\r\n") && says_ok(b"HTTP/1.0 200\r\n"));
        for line in [
            "HTTP/1.1 500 Error",
            "HTTP/1.1 2000",
            "200 OK",
            "HTTP/1.1",
            "FTP/1.1 200",
        ] {
            assert!(!says_ok(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn a_browser_shows_text_and_saves_the_rest() {
        let page = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}\r\nHello World");
        for fields in [
            "",
            "Content-Type: text/html; charset=utf-8\r\n",
            "CONTENT-TYPE:application/json\r\n",
            "Content-Type: application/xhtml+xml\r\n",
            "Content-Type: text/plain\r\nContent-Disposition: inline\r\n",
        ] {
            assert!(is_shown(page(fields).as_bytes()), "{fields}");
        }
        for fields in [
            "Content-Type: application/octet-stream\r\n",
            "Content-Type: image/png\r\n",
            "Content-Type: text/plain\r\nContent-Disposition: attachment\r\n",
        ] {
            assert!(!is_shown(page(fields).as_bytes()), "{fields}");
        }
    }
}
