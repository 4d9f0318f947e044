//! What the robust pair survives, where the checks of `checks.rs` can't see it: limits, defaults,
//! errors of sockets, and terminals. What it prints is in `console.rs`.

use std::io::Write;
use std::net::UdpSocket;
use std::thread;

use ch5_udp::robust::client::{self, PROMPT, WAITS};
use ch5_udp::robust::server;
use console::{Log, Printer, Width};
use testkit::{Capture, PATIENCE, Program, has_ipv6, normalise, plain};

use crate::PROGRAM;
use crate::common::{ask, client, converted, port_without_server, receive, server, stand_in};

/// Serves in this process, on a socket that the test has prepared.
fn serve(socket: UdpSocket, out: impl Write + Send + 'static, width: Width) {
    socket.set_read_timeout(None).unwrap();
    let printer = Printer::new(out).unwrap().with_width(width);
    // It never ends by itself; it ends with the test's process.
    thread::spawn(move || server::serve(&socket, &Log::new(printer, false)));
}

fn serve_on_screen(socket: UdpSocket) -> Capture {
    plain();
    let screen = Capture::default();
    serve(socket, screen.clone(), || None);
    screen
}

mod errors {
    use std::sync::mpsc::channel;

    use super::*;

    /// Two sockets. The first, the server's, is connected to the second: so the system reports to
    /// it what became of its datagrams, as Windows does to every socket.
    #[cfg(unix)]
    fn connected_to_its_client() -> (UdpSocket, UdpSocket) {
        let (server, client) = (stand_in(), stand_in());
        server.connect(client.local_addr().unwrap()).unwrap();
        client.connect(server.local_addr().unwrap()).unwrap();
        (server, client)
    }

    #[test]
    #[cfg(unix)]
    fn the_report_that_a_client_is_gone_does_not_end_the_server() {
        let (server, client) = connected_to_its_client();
        let here = server.local_addr().unwrap();
        client.send(b"36.6").unwrap();
        // Gone for everybody but itself. The reply finds nobody, and the server's next receive
        // fails.
        client.connect(client.local_addr().unwrap()).unwrap();
        let screen = serve_on_screen(server);
        let _ = screen.wait_for("Reply to");

        client.connect(here).unwrap();
        client.send(b"37.8").unwrap();
        assert_eq!(receive(&client).0, converted("100.04"));
    }

    #[test]
    #[cfg(unix)]
    fn a_reply_that_cannot_be_sent_is_said_and_the_server_goes_on() {
        let (server, client) = connected_to_its_client();
        // From here on every send fails, with EPIPE.
        socket2::SockRef::from(&server)
            .shutdown(std::net::Shutdown::Write)
            .unwrap();
        let screen = serve_on_screen(server);
        for request in ["1", "2"] {
            client.send(request.as_bytes()).unwrap();
            let _ = screen.wait_for(&format!(": {request}\nNo reply to 127.0.0.1"));
        }
    }

    #[test]
    fn a_socket_that_keeps_failing_ends_the_server() {
        let socket = stand_in();
        socket.set_nonblocking(true).unwrap();
        let (ended, end) = channel();
        thread::spawn(move || {
            let log = Log::new(Printer::new(Capture::default()).unwrap(), false);
            ended.send(server::serve(&socket, &log)).unwrap();
        });
        assert!(end.recv_timeout(PATIENCE).unwrap().is_err());
    }
}

mod refusals {
    use std::time::Instant;

    use ch5_udp::robust::refusals::{MAX_REFUSALS, PERIOD};

    use super::*;

    #[test]
    fn a_server_does_not_answer_an_answer() {
        let server = server();
        let other = stand_in();
        for answer in [
            "Can't convert: that isn't a number",
            &converted("212"),
            "36.6",
        ] {
            other.send_to(answer.as_bytes(), server.address()).unwrap();
        }
        assert_eq!(receive(&other).0, converted("97.88"));
    }

    /// Whether the server refuses this request, or else is silent. It never is silent to the
    /// question that comes after it, and the answer to that comes last.
    fn is_refused(client: &UdpSocket, request: &[u8]) -> bool {
        client.send(request).unwrap();
        client.send(b"36.6").unwrap();
        let first = receive(client).0;
        if first == converted("97.88") {
            return false;
        }
        assert!(first.starts_with("Can't convert: "), "{first}");
        assert_eq!(receive(client).0, converted("97.88"));
        true
    }

    #[test]
    fn an_address_gets_only_so_many_refusals_whatever_its_port_and_all_its_answers() {
        let (socket, begin) = (stand_in(), Instant::now());
        let here = socket.local_addr().unwrap();
        let screen = serve_on_screen(socket);
        let refused = (0..500).filter(|_| {
            let client = stand_in();
            client.connect(here).unwrap();
            is_refused(&client, b"warm")
        });
        let refused = refused.count();
        // So many in each period that has begun.
        let periods = (begin.elapsed().as_nanos() / PERIOD.as_nanos() + 1) as usize;
        let most = MAX_REFUSALS as usize * periods;
        assert!(
            (MAX_REFUSALS as usize..=most).contains(&refused),
            "{refused}"
        );

        // It is said once in each period, so that it doesn't fill the screen, and not too early.
        assert_eq!(ask(here, "100"), converted("212"));
        let shown = screen.wait_for(&converted("212"));
        let parts: Vec<&str> = shown.split(": it got 20 refusals in 2s").collect();
        assert!((2..=periods + 1).contains(&parts.len()), "{shown}");
        let before = parts[0].matches(": Can't convert").count();
        assert!(before >= MAX_REFUSALS as usize, "{shown}");
    }
}

mod waiting {
    use std::time::{Duration, Instant};

    use super::*;

    /// What a user waits for: a check of `tests/checks.rs` waits for all of it.
    #[test]
    fn by_default_for_one_second_then_two_then_four() {
        assert_eq!(WAITS, [1, 2, 4].map(Duration::from_secs));
    }

    #[test]
    fn a_silent_server_is_asked_three_times() {
        plain();
        let server = stand_in();
        let address = server.local_addr().unwrap();
        let waits = [100, 200, 400].map(Duration::from_millis);
        let begin = Instant::now();
        let (told, gave_up) = thread::scope(|scope| {
            let asking = scope.spawn(|| {
                let mut told = Vec::new();
                let reply = client::ask_server(&[address], b"1", &waits, &mut told);
                (String::from_utf8(told).unwrap(), reply.unwrap_err())
            });
            let requests = [(); 3].map(|()| receive(&server));
            // All from one socket: whichever is answered, it is the answer.
            assert_eq!(requests[0], requests[1]);
            assert_eq!(requests[0], requests[2]);
            assert_eq!(requests[0].0, "1");
            asking.join().unwrap()
        });
        assert!(begin.elapsed() >= waits.iter().sum());
        insta::assert_snapshot!(normalise(&format!("{told}{gave_up}")), @"
        No answer from 127.0.0.1:[port] within 0.1 s: asking again (2 of 3)
        No answer from 127.0.0.1:[port] within 0.2 s: asking again (3 of 3)
        can't get an answer from 127.0.0.1:[port]: 3 requests, and no reply; check that a server runs there, check --host and --port, or ask again
        ");
    }

    #[test]
    fn an_address_where_nobody_is_is_followed_by_the_next_one() {
        let (_held, closed) = port_without_server();
        let server = server();
        let servers = [closed, server.address()];
        let reply = client::ask_server(&servers, b"36.6", &WAITS, &mut Vec::new());
        let expected = format!("Reply to 36.6: {}", converted("97.88"));
        assert_eq!(reply.unwrap(), expected);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_client_that_was_stopped_goes_on_waiting() {
        let server = stand_in();
        let client = client(server.local_addr().unwrap(), &["36.6"]);
        let (_, from) = receive(&server);
        wait_for_state(&client, 'S');
        client.signal("STOP");
        wait_for_state(&client, 'T');
        client.signal("CONT");
        wait_for_state(&client, 'S');
        server.send_to(converted("97.88").as_bytes(), from).unwrap();
        let ended = client.wait();
        assert!(ended.status.success(), "{}", ended.report());
    }

    /// Waits until the process sleeps (S) or is stopped (T): proc(5). Nothing tells when it does.
    #[cfg(target_os = "linux")]
    fn wait_for_state(program: &Program, state: char) {
        let begin = Instant::now();
        loop {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", program.id())).unwrap();
            let (_, after_the_name) = stat.rsplit_once(") ").unwrap();
            if after_the_name.starts_with(state) {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "never in state {state}: {stat}");
            thread::yield_now();
        }
    }
}

mod questions {
    use super::*;

    /// The largest datagram that fits into one IPv4 packet, or that macOS sends.
    const LARGEST: usize = if cfg!(target_os = "macos") {
        9216
    } else {
        65_507
    };

    #[test]
    fn of_the_command_line_are_asked_in_turn_however_long() {
        let server = server();
        let client = client(server.address(), &["-40", &"1".repeat(2000), "36.6"]);
        insta::assert_snapshot!(client.wait().report(), @"
        Reply to -40: Converted temperature (degrees Fahrenheit): -40
        Reply to (cut, 2000 bytes) 1111111111111111111111111111111111111111: Can't convert: the request is longer than 1024 bytes
        Reply to 36.6: Converted temperature (degrees Fahrenheit): 97.88
        [exit status: 0]
        ");
    }

    #[test]
    fn are_asked_until_exit() {
        let server = server();
        let mut client = client(server.address(), &[]);
        client.types("36.6\n 100 \r\nexit\n37\n");
        insta::assert_snapshot!(client.wait().report(), @"
        Degrees Celsius: Reply to 36.6: Converted temperature (degrees Fahrenheit): 97.88
        Degrees Celsius: Reply to 100: Converted temperature (degrees Fahrenheit): 212
        Degrees Celsius: [exit status: 0]
        ");
    }

    #[test]
    fn may_be_anything_and_have_no_end() {
        let server = server();
        let mut client = client(server.address(), &[]);
        client.types(b"caf\xe9\n");
        client.types(vec![b'1'; 1 << 20]);
        client.types("\n36.6\n");
        insta::assert_snapshot!(client.wait().report(), @"
        Degrees Celsius: Reply to caf�: Can't convert: the request isn't text in UTF-8
        Degrees Celsius: Not sent: the line is 1048576 bytes; the limit is 1024.
        Degrees Celsius: Reply to 36.6: Converted temperature (degrees Fahrenheit): 97.88
        Degrees Celsius: 
        [exit status: 0]
        ");
    }

    #[test]
    fn may_get_the_largest_reply() {
        let server = stand_in();
        let mut client = client(server.local_addr().unwrap(), &[]);
        client.types("36.6\n");
        server
            .send_to(&vec![b'9'; LARGEST], receive(&server).1)
            .unwrap();
        let report = client.wait().report();
        let report = report.replace(&LARGEST.to_string(), "[largest]");
        insta::assert_snapshot!(report, @"
        Degrees Celsius: Reply to 36.6: (cut, [largest] bytes) 99999999999999999999999999999999999999999999999999999999999999999999999999999999
        Degrees Celsius: 
        [exit status: 0]
        ");
    }
}

mod terminals {
    use super::*;

    #[test]
    fn a_long_request_goes_on_behind_a_margin() {
        plain();
        let (socket, client, screen) = (stand_in(), stand_in(), Capture::default());
        let (here, there) = (socket.local_addr().unwrap(), client.local_addr().unwrap());
        serve(socket, screen.clone(), || Some(40));

        let words = format!("Request from {there}: ");
        let room = 39 - words.len();
        let spaces = " ".repeat(room);
        let fake = "UDP server bound";
        client
            .send_to(format!("{spaces}{fake}").as_bytes(), here)
            .unwrap();
        let _ = screen.wait_for(&format!("{words}{spaces}\n| {fake}\n"));
        let wide = "汉".repeat(room / 2);
        client
            .send_to(format!("{wide}汉{fake}").as_bytes(), here)
            .unwrap();
        let _ = screen.wait_for(&format!("{words}{wide}\n| 汉{fake}\n"));
    }

    #[test]
    fn a_long_reply_goes_on_behind_a_margin() {
        plain();
        let server = stand_in();
        let address = server.local_addr().unwrap();
        let reply = ".".repeat(44) + PROMPT;
        let echoed = format!("{}\n| {}{PROMPT}", ".".repeat(24), ".".repeat(20));
        let after_the_prompt = format!("{}\n| {}\n| {PROMPT}", ".".repeat(7), ".".repeat(37));
        for (echo, rows) in [(true, echoed), (false, after_the_prompt)] {
            let mut out = Vec::new();
            let all_answered = thread::scope(|scope| {
                scope.spawn(|| {
                    server
                        .send_to(reply.as_bytes(), receive(&server).1)
                        .unwrap()
                });
                let (mut input, width) = (&b"36.6\n"[..], || Some(40));
                client::converse(&[address], &WAITS, &mut input, echo, &mut out, width)
            });
            assert!(all_answered.unwrap());
            assert_eq!(
                String::from_utf8(out).unwrap(),
                format!("{PROMPT} Reply to 36.6: {rows}\n{PROMPT} \n")
            );
        }
    }

    #[test]
    fn a_paused_one_does_not_hold_up_the_server() {
        let screen = Capture::default();
        screen.pause();
        let socket = stand_in();
        let here = socket.local_addr().unwrap();
        serve(socket, screen, || None);
        for _ in 0..100 {
            assert_eq!(ask(here, "36.6"), converted("97.88"));
        }
    }

    #[test]
    fn one_that_is_gone_ends_the_server_quietly() {
        let ended = Program::run_unread(PROGRAM, ["server", "--port", "0"]);
        assert_eq!(ended.report(), "[exit status: 0]");
    }

    /// The program before `| head -1`. How it ends can be read from standard error.
    #[cfg(unix)]
    fn before_head(arguments: &[&str]) -> Program {
        let pipeline = r#"{ "$0" "$@"; echo "exit status: $?" >&2; } | head -1"#;
        Program::start("sh", ["-c", pipeline, PROGRAM].iter().chain(arguments))
    }

    #[test]
    #[cfg(unix)]
    fn one_that_is_gone_ends_the_client_quietly() {
        let ends_quietly = |temperatures: &[&str]| {
            let server = stand_in();
            let port = server.local_addr().unwrap().port().to_string();
            let arguments = [&["client", "--port", &port], temperatures].concat();
            let mut client = before_head(&arguments);
            client.types("1\n2\n");
            server.send_to(b"one", receive(&server).1).unwrap();
            // Nobody reads the next prompt, nor that "2" gets no answer.
            let ended = client.wait();
            assert!(ended.output.ends_with("Reply to 1: one\n"));
            assert_eq!(ended.errors, "exit status: 0\n");
        };
        thread::scope(|scope| {
            scope.spawn(|| ends_quietly(&["1", "2"]));
            ends_quietly(&[]);
        });
    }

    #[test]
    #[cfg(unix)]
    fn one_that_is_gone_ends_the_demo_quietly() {
        for arguments in [&["demo"][..], &["demo", "--tutorial"]] {
            let ended = before_head(arguments).wait();
            assert!(ended.output.starts_with("server | UDP server bound to"));
            assert_eq!(ended.errors, "exit status: 0\n");
        }
    }
}

mod pairs {
    use super::*;

    #[test]
    fn with_the_tutorials_programs() {
        let tutorial = Program::start(PROGRAM, ["server", "--tutorial", "--port", "0"]);
        let asked = client(tutorial.address(), &["36.6"]).wait();
        let reply = converted("97.88000000000001");
        assert_eq!(asked.output, format!("Reply to 36.6: {reply}\n"));

        let server = server();
        let asked = client(server.address(), &["--tutorial", "36.6"]).wait();
        let reply = converted("97.88");
        assert_eq!(asked.output, format!("Degrees Celsius: {reply}\n"));
    }

    #[test]
    fn over_ipv6() {
        if !has_ipv6() {
            return;
        }
        let server = Program::start(PROGRAM, ["server", "--host", "::1", "--port", "0"]);
        let client = client(server.address(), &["36.6"]).wait();
        let expected = format!("Reply to 36.6: {}\n", converted("97.88"));
        assert_eq!(client.output, expected);
        assert!(server.address().is_ipv6());
    }
}
