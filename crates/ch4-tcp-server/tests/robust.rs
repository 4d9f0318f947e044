//! What the robust server holds against any client, where `tests/checks.rs` can't see it: limits,
//! defaults, each answer, the screen.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4};
use std::thread;
use std::time::Duration;

use ch4_tcp_server::robust::{self, Limits};
use console::{Log, Printer, is_timeout};
use insta::assert_snapshot;
use testkit::{Capture, FakePeer, PATIENCE, Program, has_ipv6, plain};

use crate::PROGRAM;
const ANY_PORT: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A time limit that no test reaches.
const NEVER: Duration = PATIENCE.saturating_mul(10);

/// A robust server on its own thread, which ends with the test's process.
struct Server {
    address: SocketAddr,
    screen: Capture,
}

impl Server {
    fn start() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        Self::greeting("Michael".to_owned(), limits)
    }

    fn greeting(name: String, limits: Limits) -> Self {
        let screen = Capture::default();
        let mut server = Self::printing_to(Printer::new(screen.clone()).unwrap(), name, limits);
        server.screen = screen;
        server
    }

    fn printing_to(printer: Printer, name: String, limits: Limits) -> Self {
        plain();
        let listener = robust::listen(ANY_PORT).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let log = Log::new(printer, false);
            robust::serve(&listener, &name, &limits, &log).unwrap_err();
        });
        Self {
            address,
            screen: Capture::default(),
        }
    }

    fn connect(&self) -> FakePeer {
        FakePeer::connect(self.address)
    }

    /// The answer to a client that sends these bytes.
    fn answers(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut client = self.connect();
        client.sends(bytes);
        answer_to(&mut client)
    }
}

/// The next client is greeted.
fn serves(address: SocketAddr) {
    let mut client = FakePeer::connect(address);
    client.sends(REQUEST);
    let answer = answer_to(&mut client);
    assert!(answer.contains("Hello World, Michael!"), "{answer}");
}

/// All that the server sends until it closes. A reset fails the test.
fn answer_to(client: &mut FakePeer) -> String {
    String::from_utf8(client.reads_to_end()).unwrap()
}

/// The status line of the answer.
fn status_of(client: &mut FakePeer) -> String {
    answer_to(client)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn address_of(client: &FakePeer) -> SocketAddr {
    client.stream().local_addr().unwrap()
}

/// How long a client may take, and how much it may send.
mod limits {
    use super::*;

    #[test]
    fn the_defaults() {
        assert_snapshot!(format!("{:#?}", Limits::default()), @"
        Limits {
            clients: 1024,
            head_bytes: 16384,
            head_time: 5s,
            quiet: 300ms,
            send_time: 5s,
            drain_time: 5s,
            drain_bytes: 16777216,
        }
        ");
    }

    #[test]
    fn a_client_that_says_nothing_is_let_go() {
        let server = Server::with(Limits {
            head_time: Duration::from_millis(100),
            ..Limits::default()
        });
        assert_eq!(answer_to(&mut server.connect()), "");
        let _ = server.screen.wait_for("(nothing came)");
    }

    #[test]
    fn a_head_that_drips_has_a_limit_for_all_of_it() {
        let server = Server::with(Limits {
            head_time: Duration::from_secs(1),
            ..Limits::default()
        });
        let client = server.connect();
        client.sends("GET / HTTP/1.1\r\nX: ");
        // The client looks for an answer between the bytes. It ends the dripping.
        let pause = Some(Duration::from_millis(100));
        client.stream().set_read_timeout(pause).unwrap();
        let mut first = [0; 12];
        let mut dripped = 0;
        while client.stream().read_exact(&mut first).is_err() {
            client.sends("x");
            dripped += 1;
            assert!(dripped < 100, "each byte starts the time again");
        }
        assert_eq!(&first, b"HTTP/1.1 408");
    }

    #[test]
    fn a_head_that_does_not_end_is_cut_off_whatever_its_method() {
        let server = Server::with(Limits {
            head_time: Duration::from_millis(500),
            quiet: Duration::from_millis(1),
            ..Limits::default()
        });
        for line in ["GET / HTTP/1.1", "BREW / HTTP/1.1"] {
            let mut client = server.connect();
            client.sends(format!("{line}\r\nHost: a\r\n"));
            assert_eq!(
                status_of(&mut client),
                "HTTP/1.1 408 Request Timeout",
                "{line}"
            );
        }
    }

    #[test]
    fn a_head_has_at_most_16_kib_and_100_fields() {
        let server = Server::start();
        for head in [
            format!("GET / HTTP/1.1\r\n{}", "X-Field: some value\r\n".repeat(90)),
            format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(101)),
            format!("GET /{}", "x".repeat(1 << 20)),
            format!("BREW / HTTP/1.1\r\n{}", "X: y\r\n".repeat(101)),
        ] {
            let mut client = server.connect();
            client.sends(&head);
            client.sends("X: ".to_owned() + &"y".repeat(16 * 1024));
            let status = "HTTP/1.1 431 Request Header Fields Too Large";
            assert_eq!(status_of(&mut client), status);
        }
    }

    #[test]
    fn a_line_has_at_most_16_kib() {
        let answer = Server::start().answers("x".repeat(1 << 20));
        assert_eq!(answer, "Your line is too long: the limit is 16384 bytes.\n");
    }

    #[test]
    fn a_client_that_does_not_read_is_let_go() {
        // A name that is too long for all buffers on the way.
        let name = "x".repeat(20_000_000);
        let server = Server::greeting(
            name,
            Limits {
                send_time: Duration::from_millis(200),
                ..Limits::default()
            },
        );
        let client = server.connect();
        client.sends(REQUEST);
        let _ = server.screen.wait_for("Connection lost");
    }

    #[test]
    fn a_client_that_drips_after_its_answer_is_let_go() {
        let server = Server::with(Limits {
            drain_time: Duration::from_millis(500),
            ..Limits::default()
        });
        let mut client = server.connect();
        client.sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
        answer_to(&mut client);
        let pause = Duration::from_millis(50);
        let mut dripped = 0;
        while !server.screen.shows_within("Connection closed", pause) {
            let _ = client.stream().write_all(b"x");
            dripped += 1;
            assert!(dripped < 100, "each byte starts the time again");
        }
    }

    #[test]
    fn a_client_that_never_stops_sending_is_let_go() {
        let server = Server::with(Limits {
            drain_bytes: 100_000,
            drain_time: NEVER,
            ..Limits::default()
        });
        let client = server.connect();
        client.sends("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        let mut sent = 0;
        while client.stream().write_all(&[b'x'; 10_000]).is_ok() {
            sent += 10_000;
            assert!(sent < 100_000_000, "it takes whatever comes");
        }
    }
}

/// How many clients there may be.
mod clients {
    use super::*;

    #[test]
    fn beyond_the_limit_they_wait_for_their_turn() {
        let server = Program::start(PROGRAM, ["--port", "0", "--max-clients", "3"]);
        let busy: Vec<_> = (0..3)
            .map(|_| FakePeer::connect(server.address()))
            .collect();
        for client in &busy {
            let _ = server
                .output
                .wait_for(&format!("connected: {}", address_of(client)));
        }
        let mut next = FakePeer::connect(server.address());
        next.sends(REQUEST);
        let a_while = Some(Duration::from_millis(300));
        next.stream().set_read_timeout(a_while).unwrap();
        let early = next.stream().read(&mut [0]);
        assert!(early.is_err_and(|error| is_timeout(&error)));

        drop(busy);
        next.stream().set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(status_of(&mut next), "HTTP/1.1 200 OK");
    }

    #[test]
    fn a_class_that_connects_at_once_is_queued() {
        // Nobody accepts on this listener.
        let listener = robust::listen(ANY_PORT).unwrap();
        let address = listener.local_addr().unwrap();
        let class: Vec<_> = (0..200).map(|_| FakePeer::connect(address)).collect();
        drop(class);
    }

    #[test]
    fn those_who_left_while_they_queued_are_passed_over() {
        let server = Server::with(Limits {
            clients: 1,
            ..Limits::default()
        });
        let busy = server.connect();
        let _ = server.screen.wait_for("Client connected");
        for _ in 0..5 {
            server.connect().resets();
        }
        let mut queued = server.connect();
        queued.sends(REQUEST);
        drop(busy);
        assert!(answer_to(&mut queued).contains("Hello World"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn workers_that_are_not_needed_any_more_end() {
        let server = Program::start(PROGRAM, ["--port", "0"]);
        let address = server.address();
        let threads = || {
            let tasks = format!("/proc/{}/task", server.id());
            std::fs::read_dir(tasks).unwrap().count()
        };
        let clients: Vec<_> = (0..100).map(|_| FakePeer::connect(address)).collect();
        for client in &clients {
            let line = format!("connected: {}\n", address_of(client));
            let _ = server.output.wait_for(&line);
        }
        assert!(threads() > 100, "each client has its worker: {}", threads());

        drop(clients);
        let mut clients = 0;
        while threads() > 30 {
            assert!(clients < 10_000, "{} threads wait", threads());
            serves(address);
            clients += 1;
        }
    }

    /// Each client takes one descriptor.
    #[test]
    #[cfg(target_os = "linux")]
    fn out_of_descriptors_it_says_so_once_waits_and_recovers() {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "ulimit -n 64; exec \"$0\" --port 0", PROGRAM]);
        let server = Program::start_command(command);
        let address = server.address();
        let idle: Vec<_> = (0..100).map(|_| FakePeer::connect(address)).collect();
        let said = "Can't accept a client for now";
        let _ = server.output.wait_for(said);
        for client in &idle[..50] {
            let line = format!("connected: {}\n", address_of(client));
            let shown = server.output.wait_for(&line);
            assert!(!shown.contains("closed"), "each takes more than one");
        }

        // In a second it doesn't use a tenth of a second of the processor.
        let before = processor_ticks(server.id());
        let waiting = FakePeer::connect(address);
        let second = Some(Duration::from_secs(1));
        waiting.stream().set_read_timeout(second).unwrap();
        let _ = waiting.stream().read(&mut [0; 1]);
        let used = processor_ticks(server.id()) - before;
        assert!(used < 10, "{used} hundredths of a second: it spins");

        drop(idle);
        serves(address);
        assert_eq!(server.output.text().matches(said).count(), 1);
    }

    /// The processor time that a process has used, in hundredths of a second: proc(5).
    #[cfg(target_os = "linux")]
    fn processor_ticks(id: u32) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let fields: Vec<_> = fields.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }
}

/// What a client is answered.
mod answers {
    use super::*;

    #[test]
    fn each_request_gets_its_status() {
        let server = Server::start();
        for (request, status) in [
            ("GET /?a=b HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK"),
            ("\r\nGET / HTTP/1.0\r\n\r\n", "200 OK"),
            ("GET / HTTP/1.1\r\n\r\n", "400 Bad Request"),
            ("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "404 Not Found"),
            ("POST / HTTP/1.0\r\n\r\n", "405 Method Not Allowed"),
            ("BREW / HTTP/1.1\r\n\r\n", "501 Not Implemented"),
        ] {
            let answer = server.answers(request);
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            let fields: Vec<_> = head.lines().collect();
            let has = |field: &str| fields.contains(&field);
            assert_eq!(fields[0], format!("HTTP/1.1 {status}"), "{request:?}");
            assert!(has(&format!("Content-Length: {}", body.len())), "{head}");
            assert!(has("Connection: close"), "{head}");
            assert!(head.contains("\r\nDate: "), "{head}");
            assert_eq!(has("Allow: GET, HEAD"), status.starts_with("405"));
            let is_greeted = body.contains("<h1>Hello World, Michael!</h1>");
            assert_eq!(is_greeted, status == "200 OK", "{body}");
        }
    }

    #[test]
    fn head_gets_what_get_gets_without_the_page() {
        let server = Server::start();
        let length = |answer: &str| {
            let mut lines = answer.lines();
            let line = lines.find(|line| line.starts_with("Content-Length: "));
            line.unwrap().to_owned()
        };
        // The second is refused.
        for rest in ["/x HTTP/1.1\r\nHost: a", "/ HTTP/1.1\r\nX: y"] {
            let get = server.answers(format!("GET {rest}\r\n\r\n"));
            let head = server.answers(format!("\r\nHEAD {rest}\r\n\r\n"));
            assert!(head.ends_with("\r\n\r\n"), "{head}");
            assert_eq!(length(&head), length(&get));
        }
    }

    #[test]
    fn text_without_a_line_end_is_answered_once_it_is_quiet() {
        let server = Server::with(Limits {
            head_time: NEVER,
            ..Limits::default()
        });
        assert_eq!(server.answers("hello"), "Hello World, Michael!\n");
    }

    #[test]
    fn a_client_that_half_closes_is_answered_whatever_is_missing() {
        let server = Server::with(Limits {
            head_time: NEVER,
            quiet: NEVER,
            ..Limits::default()
        });
        for (bytes, status) in [
            ("hello", "Hello World, Michael!"),
            ("PUT", "Hello World, Michael!"),
            ("BREW / HTTP/1.1", "Hello World, Michael!"),
            ("GET / HTTP/1.1\r\nHo", "HTTP/1.1 400 Bad Request"),
            ("BREW / HTTP/1.1\r\nHo", "HTTP/1.1 400 Bad Request"),
        ] {
            let mut client = server.connect();
            client.sends(bytes);
            client.stream().shutdown(Shutdown::Write).unwrap();
            assert_eq!(status_of(&mut client), status, "{bytes:?}");
        }
    }

    #[test]
    fn the_greeting_has_the_name_that_the_program_was_given() {
        let server = Program::start(PROGRAM, ["--port", "0", "--name", "<b>你好</b>"]);
        let mut client = FakePeer::connect(server.address());
        client.sends(REQUEST);
        let page = answer_to(&mut client);
        let greeting = "<h1>Hello World, &lt;b&gt;你好&lt;/b&gt;!</h1>";
        assert!(page.contains(greeting), "{page}");
    }

    #[test]
    fn it_serves_over_ipv6() {
        if !has_ipv6() {
            return;
        }
        let server = Program::start(PROGRAM, ["--host", "::1", "--port", "0"]);
        assert!(server.address().is_ipv6());
        serves(server.address());
    }
}

/// How a connection ends, and how the program does.
mod closing {
    use super::*;

    #[test]
    fn bytes_that_come_after_the_answer_cause_no_reset() {
        let server = Server::start();
        let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6000\r\n\r\n";
        for head in [
            post.to_owned(),
            post.to_owned() + &"x".repeat(3000),
            "GET / HTTP/1.0\r\n\r\n".to_owned() + &"x".repeat(3000),
            "BREW / HTTP/1.1\r\nContent-Length: 6000\r\n\r\n".to_owned() + &"x".repeat(3000),
            "hello\nand ".to_owned() + &"y".repeat(3000),
        ] {
            for _ in 0..100 {
                let mut client = server.connect();
                client.sends(&head);
                let mut first = [0; 1];
                client.stream().read_exact(&mut first).unwrap();
                client.sends("z".repeat(3000));
                let rest = answer_to(&mut client);
                let answers = ["405 Method", "200 OK", "501 Not", "ello World"];
                assert!(answers.iter().any(|answer| rest.contains(answer)), "{rest}");
            }
        }
    }

    #[test]
    fn after_a_whole_request_it_does_not_wait_for_the_client_to_close() {
        let server = Server::with(Limits {
            drain_time: NEVER,
            ..Limits::default()
        });
        let mut client = server.connect();
        client.sends(REQUEST);
        answer_to(&mut client);
        let _ = server.screen.wait_for("(200 OK)");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn ctrl_c_ends_the_program_with_the_usual_status() {
        use std::os::unix::process::ExitStatusExt;

        let server = Program::start(PROGRAM, ["--port", "0"]);
        let _busy = FakePeer::connect(server.address());
        server.signal("INT");
        assert_eq!(server.wait().status.signal(), Some(2));
    }
}

/// What the user sees.
mod screen {
    use super::*;

    /// The first part ends inside a character.
    #[test]
    fn text_that_comes_in_two_parts_is_one() {
        let server = Server::with(Limits {
            head_time: NEVER,
            quiet: NEVER,
            ..Limits::default()
        });
        let text = "x".repeat(1023) + "你好\n";
        let (first, rest) = text.as_bytes().split_at(1024);
        for _ in 0..20 {
            let mut client = server.connect();
            client.sends(first);
            client.sends(rest);
            assert_eq!(answer_to(&mut client), "Hello World, Michael!\n");
            let closed = format!("Connection closed: {}", address_of(&client));
            drop(client);
            let shown = server.screen.wait_for(&closed);
            assert!(!shown.contains("x\n"), "{shown}");
        }
        assert_eq!(server.screen.text().matches("x你好\n").count(), 20);
    }

    #[test]
    fn a_long_line_goes_on_behind_the_margin() {
        let screen = Capture::default();
        let printer = Printer::new(screen.clone()).unwrap();
        let printer = printer.with_width(|| Some(40));
        let server = Server::printing_to(printer, "Michael".to_owned(), Limits::default());
        let fake = "Client connected: 192.0.2.1:1024";
        let (spaces, wide) = (" ".repeat(35), "汉".repeat(19));
        server.answers(format!("X: {spaces}{fake}\n"));
        server.answers(format!("{wide}{fake}\n"));
        let _ = screen.wait_for(&format!("\n| X: {}\n|  {fake}\n", " ".repeat(34)));
        let _ = screen.wait_for(&format!("\n| {}\n| 汉{fake}\n", "汉".repeat(18)));
    }

    #[test]
    fn a_paused_terminal_holds_up_no_client() {
        let screen = Capture::default();
        screen.pause();
        let printer = Printer::new(screen.clone()).unwrap();
        let server = Server::printing_to(printer, "Michael".to_owned(), Limits::default());
        let long = format!("GET /?{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(15_000));
        for _ in 0..100 {
            assert!(server.answers(&long).contains("Hello World"));
        }
        screen.resume();
    }

    #[test]
    fn a_connection_that_was_reset_is_told_as_lost() {
        let server = Server::start();
        let client = server.connect();
        let address = address_of(&client);
        let _ = server.screen.wait_for("Client connected");
        client.resets();
        let _ = server
            .screen
            .wait_for(&format!("Connection lost: {address}"));
    }

    #[test]
    fn quiet_prints_the_first_line_only() {
        let server = Program::start(PROGRAM, ["--port", "0", "--quiet"]);
        for _ in 0..3 {
            serves(server.address());
        }
        assert_eq!(server.output.text().lines().count(), 1);
    }
}
