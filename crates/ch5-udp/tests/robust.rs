//! What no peer can do to the robust pair. What it prints is in `console.rs`.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

mod common;

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use ch5_udp::refusals::{MOST_REFUSALS, PERIOD};
use ch5_udp::robust::{self, Limits};
use common::{CLOSED_PORT, PROGRAM, ask, client, port_without_server, receive, server, stand_in};
use console::{Log, Printer};
use testkit::{
    PATIENCE, Program, Screen, has_ipv6, normalise, own_loopback_address, plain, wine_lacks,
};

/// The largest that fits into one IPv4 packet, or that macOS sends.
const LARGEST: usize = if cfg!(target_os = "macos") {
    9216
} else {
    65_507
};

fn converted(number: &str) -> String {
    format!("Converted temperature (degrees Fahrenheit): {number}")
}

/// A server whose output the test reads to its first line, and no further.
struct Unread {
    child: Child,
    address: SocketAddr,
    /// Held, not read.
    _output: ChildStdout,
}

impl Unread {
    fn server() -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["server", "--port", "0"])
            .env_remove("CLICOLOR_FORCE")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = child.stdout.take().unwrap();
        let (read, line) = channel();
        thread::spawn(move || {
            let mut line = String::new();
            while !line.ends_with('\n') {
                let mut byte = [0];
                output.read_exact(&mut byte).unwrap();
                line.push(byte[0].into());
            }
            read.send((line, output)).unwrap();
        });
        let (line, output) = line.recv_timeout(PATIENCE).unwrap();
        let (_, address) = line.trim().rsplit_once(' ').unwrap();
        Self {
            child,
            address: address.parse().unwrap(),
            _output: output,
        }
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program before `| head -1`. How it ends can be read from standard error.
#[cfg(unix)]
fn before_head(arguments: &[&str]) -> Program {
    let pipeline = r#"{ "$0" "$@"; echo "exit status: $?" >&2; } | head -1"#;
    Program::start("sh", ["-c", pipeline, PROGRAM].iter().chain(arguments))
}

// The server.

#[test]
fn whatever_is_no_temperature_gets_a_reason_and_the_next_request_an_answer() {
    let server = server();
    // Cut somewhere, both would be numbers.
    let (digits, largest) = (format!("{:0>2000}", "100"), format!("{:LARGEST$}", "100"));
    let requests: [&[u8]; 19] = [
        b"abc",
        b"",
        b" \t\n",
        b"nan",
        b"inf",
        b"-Infinity",
        b"1e400",
        b"-1e400",
        b"1e308",
        b"-300",
        b"37,5",
        b"0x25",
        b"1_000",
        "３７".as_bytes(),
        b"36.6\0",
        b"\0",
        b"\xff\xfe36.6",
        digits.as_bytes(),
        largest.as_bytes(),
    ];
    for request in requests {
        let request_text = String::from_utf8_lossy(&request[..request.len().min(20)]);
        let reason = ask(server.address(), request);
        assert!(
            reason.starts_with("Can't convert: "),
            "{request_text:?}: {reason}"
        );
        assert!(reason.len() <= 80, "{request_text:?}: {reason}");
        // Nobody can take it for an answer, which ends in a number.
        let last = reason.rsplit(' ').next().unwrap();
        assert!(last.parse::<f64>().is_err(), "{request_text:?}: {reason}");

        assert_eq!(ask(server.address(), "37.8"), converted("100.04"));
    }
}

#[test]
fn a_temperature_is_answered_with_at_most_two_decimals() {
    let server = server();
    for (celsius, fahrenheit) in [
        (" 37.5\n", "99.5"),
        ("37.8", "100.04"),
        ("36.6", "97.88"),
        ("-273.15", "-459.67"),
        ("-40", "-40"),
        ("-17.78", "0"),
        ("1e15", "1.80000000000003e15"),
    ] {
        assert_eq!(ask(server.address(), celsius), converted(fahrenheit));
    }
}

#[test]
fn clients_that_ask_at_once_get_each_their_own_answer() {
    let server = server();
    let clients: Vec<UdpSocket> = (0..50).map(|_| stand_in()).collect();
    for (celsius, client) in clients.iter().enumerate() {
        let request = (celsius * 5).to_string();
        // Connected: a port that is used again may get what was meant for its last owner.
        client.connect(server.address()).unwrap();
        client.send(request.as_bytes()).unwrap();
    }
    for (celsius, client) in clients.iter().enumerate().rev() {
        let reply = converted(&(celsius * 9 + 32).to_string());
        assert_eq!(receive(client), (reply, server.address()));
    }
}

#[test]
fn a_sender_that_is_gone_before_the_reply_harms_nobody() {
    let server = server();
    // The replies find nobody there. At an address that all tests use, one could find another
    // test's socket that has been given the port by then.
    let home = own_loopback_address().unwrap_or(Ipv4Addr::LOCALHOST);
    for _ in 0..20 {
        let gone = UdpSocket::bind((home, 0)).unwrap();
        gone.send_to(b"36.6", server.address()).unwrap();
    }
    assert_eq!(ask(server.address(), "36.6"), converted("97.88"));
}

/// A server in this process, on a socket that the test has prepared.
#[cfg_attr(not(unix), allow(dead_code, reason = "its tests are for Unix"))]
fn serve(socket: UdpSocket) -> Screen {
    plain();
    let screen = Screen::default();
    let printer = Printer::new(screen.clone()).unwrap();
    // It never ends by itself; it ends with the test's process.
    thread::spawn(move || robust::serve(&socket, &Log::new(printer, false)));
    screen
}

#[test]
fn a_long_request_goes_on_behind_a_margin() {
    plain();
    let (socket, client, screen) = (stand_in(), stand_in(), Screen::default());
    socket.set_read_timeout(None).unwrap();
    let (here, there) = (socket.local_addr().unwrap(), client.local_addr().unwrap());
    let printer = Printer::new(screen.clone())
        .unwrap()
        .with_width(|| Some(40));
    thread::spawn(move || robust::serve(&socket, &Log::new(printer, false)));

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

/// Two sockets. The first, the server's, is connected to the second: so the system reports to it
/// what became of its datagrams, as Windows does to every socket.
#[cfg(unix)]
fn connected_to_its_client() -> (UdpSocket, UdpSocket) {
    let (server, client) = (stand_in(), stand_in());
    server.set_read_timeout(None).unwrap();
    server.connect(client.local_addr().unwrap()).unwrap();
    client.connect(server.local_addr().unwrap()).unwrap();
    (server, client)
}

#[test]
#[cfg(unix)]
fn the_report_that_a_client_has_gone_does_not_end_the_server() {
    let (server, client) = connected_to_its_client();
    let here = server.local_addr().unwrap();
    client.send(b"36.6").unwrap();
    // Gone for everybody but itself. The reply finds nobody, and the server's next receive fails.
    client.connect(client.local_addr().unwrap()).unwrap();
    let screen = serve(server);
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
    let screen = serve(server);
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
        let printer = Printer::new(Screen::default()).unwrap();
        ended
            .send(robust::serve(&socket, &Log::new(printer, false)))
            .unwrap();
    });
    assert!(end.recv_timeout(PATIENCE).unwrap().is_err());
}

#[test]
fn a_server_does_not_answer_an_answer() {
    let server = server();
    let other = stand_in();
    for answer in [
        "Can't convert: that isn't a number",
        "Converted temperature (degrees Fahrenheit): 212",
        "36.6",
    ] {
        other.send_to(answer.as_bytes(), server.address()).unwrap();
    }
    assert_eq!(receive(&other).0, converted("97.88"));
}

/// The most refusals to one address since then: so many in each period that has begun.
fn most_refusals(since: Instant) -> u32 {
    let periods = since.elapsed().as_nanos() / PERIOD.as_nanos() + 1;
    MOST_REFUSALS * u32::try_from(periods).unwrap()
}

/// The reply to a datagram, or `None` where the server is silent. It never is to the question that
/// comes after it, and the answer to that comes last.
fn reply_or_silence(client: &UdpSocket, datagram: &[u8]) -> Option<String> {
    client.send(datagram).unwrap();
    client.send(b"36.6").unwrap();
    let first = receive(client).0;
    if first == converted("97.88") {
        return None;
    }
    assert_eq!(receive(client).0, converted("97.88"));
    Some(first)
}

#[test]
fn no_service_keeps_the_server_answering_for_ever() {
    type Service = fn(&str) -> Vec<u8>;
    let services: [(&str, Service); 7] = [
        ("echo", |got| got.into()),
        ("chargen", |_| (b' '..b'h').collect()),
        ("daytime", |_| b"Monday, March 1, 2027 12:00:00-UTC".into()),
        ("time", |_| vec![0xeb, 0x8f, 0x1c, 0x40]),
        ("DNS", |got| {
            [&got.as_bytes()[..2], b"\x81\x81", &[0; 8]].concat()
        }),
        ("errors", |got| {
            format!("error: unknown request {got:?}").into()
        }),
        ("in Chinese", |_| "转换后的温度(华氏温度):97.88".into()),
    ];
    for (name, service) in services {
        let (socket, peer) = (stand_in(), stand_in());
        socket.set_read_timeout(None).unwrap();
        peer.connect(socket.local_addr().unwrap()).unwrap();
        let _screen = serve(socket);
        // Somebody sends this in the name of the service, which gets the refusal and answers it.
        let mut got = "Who are you?".to_owned();
        let (mut replies, begin) = (0, Instant::now());
        while let Some(reply) = reply_or_silence(&peer, &service(&got)) {
            replies += 1;
            assert!(replies <= most_refusals(begin), "{name}: {replies} replies");
            got = reply;
        }
    }
}

#[test]
fn an_address_gets_only_so_many_refusals_whatever_its_port_and_all_its_answers() {
    let (socket, begin) = (stand_in(), Instant::now());
    let here = socket.local_addr().unwrap();
    socket.set_read_timeout(None).unwrap();
    let screen = serve(socket);
    let refusals = (0..500).filter_map(|_| {
        let client = stand_in();
        client.connect(here).unwrap();
        reply_or_silence(&client, b"warm")
    });
    let refusals = u32::try_from(refusals.count()).unwrap();
    let most = most_refusals(begin);
    assert!((MOST_REFUSALS..=most).contains(&refusals), "{refusals}");
    // It is said once in each period, so that it doesn't fill the screen.
    assert_eq!(ask(here, "100"), converted("212"));
    let said = screen.wait_for(&converted("212"));
    let said = said.matches(": it got 20 refusals in 2s").count();
    assert!(
        (1..=(most / MOST_REFUSALS) as usize).contains(&said),
        "said {said} times"
    );
}

#[test]
fn a_paused_terminal_does_not_hold_up_the_server() {
    let server = Unread::server();
    // Each makes it print about 140 bytes. A pipe that nobody reads holds 64 KiB of them.
    let client = stand_in();
    for celsius in 0..1500 {
        let request = (celsius * 5).to_string();
        client.send_to(request.as_bytes(), server.address).unwrap();
        let reply = converted(&(celsius * 9 + 32).to_string());
        assert_eq!(receive(&client).0, reply);
    }
}

#[test]
fn a_server_whose_output_nobody_reads_any_more_ends_quietly() {
    let ended = Program::run_unread(PROGRAM, ["server", "--port", "0"]);
    assert_eq!(ended.report(), "[exit status: 0]");
}

// The client.

#[test]
fn a_silent_server_is_asked_three_times() {
    let server = stand_in();
    let address = server.local_addr().unwrap();
    let limits = Limits {
        waits: [100, 200, 400].map(Duration::from_millis),
    };
    let begin = Instant::now();
    let (told, gave_up) = thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut told = Vec::new();
            let reply = robust::ask_server(&[address], b"1", &limits, &mut told);
            (String::from_utf8(told).unwrap(), reply.unwrap_err())
        });
        let requests = [(); 3].map(|()| receive(&server));
        // All from one socket: whichever is answered, it is the answer.
        assert_eq!(requests[0], requests[1]);
        assert_eq!(requests[0], requests[2]);
        assert_eq!(requests[0].0, "1");
        asking.join().unwrap()
    });
    assert!(begin.elapsed() >= limits.waits.iter().sum());
    insta::assert_snapshot!(normalise(&format!("{told}{gave_up}")), @"
    No answer from 127.0.0.1:[port] within 0.1 s: asking again (2 of 3)
    No answer from 127.0.0.1:[port] within 0.2 s: asking again (3 of 3)
    can't get an answer from 127.0.0.1:[port]: 3 requests, and no reply; look whether a server runs there and at --host and --port, or ask again
    ");
}

/// What a user waits for: a check of `tests/checks.rs` waits for all of it.
#[test]
fn by_default_it_asks_after_one_second_after_two_more_and_gives_up_after_four_more() {
    let waits = [1, 2, 4].map(Duration::from_secs);
    assert_eq!(Limits::default().waits, waits);
}

#[test]
fn an_answer_that_is_lost_or_late_is_asked_for_again() {
    let server = stand_in();
    let client = client(server.local_addr().unwrap(), &["36.6"]);
    let _lost = receive(&server);
    let (request, from) = receive(&server);
    assert_eq!(request, "36.6");
    server.send_to(converted("97.88").as_bytes(), from).unwrap();
    insta::assert_snapshot!(client.wait().report(), @"
    No answer from 127.0.0.1:[port] within 1 s: asking again (2 of 3)
    Reply to 36.6: Converted temperature (degrees Fahrenheit): 97.88
    [exit status: 0]
    ");
}

#[test]
fn a_late_duplicate_is_not_the_answer_to_the_next_question() {
    let server = stand_in();
    let client = client(server.local_addr().unwrap(), &["1", "2"]);
    let (_, first) = receive(&server);
    server.send_to(b"answer to 1", first).unwrap();
    let (_, second) = receive(&server);
    server.send_to(b"answer to 1, again", first).unwrap();
    server.send_to(b"answer to 2", second).unwrap();
    insta::assert_snapshot!(client.wait().report(), @"
    Reply to 1: answer to 1
    Reply to 2: answer to 2
    [exit status: 0]
    ");
}

#[test]
fn a_datagram_from_a_stranger_never_arrives() {
    let server = stand_in();
    let client = client(server.local_addr().unwrap(), &["36.6"]);
    let (_, from) = receive(&server);
    // The system refuses it, and may tell the stranger so.
    let _ = stand_in().send_to(converted("1").as_bytes(), from);
    server.send_to(b"the server's answer", from).unwrap();
    insta::assert_snapshot!(client.wait().report(), @"
    Reply to 36.6: the server's answer
    [exit status: 0]
    ");
}

#[test]
fn a_strange_reply_is_shown_and_the_next_question_asked() {
    let server = stand_in();
    let mut client = client(server.local_addr().unwrap(), &[]);
    let largest = vec![b'9'; LARGEST];
    let replies: [&[u8]; 5] = [
        b"",
        b"\xff\xfe",
        &largest,
        b"\x1b[2J\rDegrees Celsius: \nerror: can't\n",
        "转换后的温度(华氏温度):97.88".as_bytes(),
    ];
    for reply in replies {
        client.types("36.6\n");
        let (_, from) = receive(&server);
        server.send_to(reply, from).unwrap();
    }
    let report = client.wait().report();
    let report = report.replace(&LARGEST.to_string(), "[largest]");
    insta::assert_snapshot!(report, @r"
    Degrees Celsius: Reply to 36.6: (empty)
    Degrees Celsius: Reply to 36.6: ��
    Degrees Celsius: Reply to 36.6: (cut, [largest] bytes) 99999999999999999999999999999999999999999999999999999999999999999999999999999999
    Degrees Celsius: Reply to 36.6: \u{1b}[2J\rDegrees Celsius: \nerror: can't\n
    Degrees Celsius: Reply to 36.6: 转换后的温度(华氏温度):97.88
    Degrees Celsius: 
    [exit status: 0]
    ");
}

#[test]
fn a_long_reply_goes_on_behind_a_margin() {
    const PROMPT: &str = "Degrees Celsius:";
    plain();
    let server = stand_in();
    let address = server.local_addr().unwrap();
    for (echo, expected) in [
        (
            true,
            format!(
                "Reply to 36.6: {}\n| {}{PROMPT}\n",
                ".".repeat(24),
                ".".repeat(20)
            ),
        ),
        (
            false,
            format!(
                "Reply to 36.6: {}\n| {}\n| {PROMPT}\n",
                ".".repeat(7),
                ".".repeat(37)
            ),
        ),
    ] {
        let reply = ".".repeat(44) + PROMPT;
        let answering = || {
            let (_, from) = receive(&server);
            server.send_to(reply.as_bytes(), from).unwrap();
        };
        let mut out = Vec::new();
        let all_answered = thread::scope(|scope| {
            scope.spawn(answering);
            let limits = Limits::default();
            robust::converse(
                &[address],
                &limits,
                &mut &b"36.6\n"[..],
                echo,
                &mut out,
                || Some(40),
            )
        });
        assert!(all_answered.unwrap());
        assert_eq!(
            String::from_utf8(out).unwrap(),
            format!("{PROMPT} {expected}{PROMPT} \n")
        );
    }
}

#[test]
fn an_address_where_nobody_is_is_followed_by_the_next_one() {
    let (_held, closed) = port_without_server();
    let server = server();
    let servers = [closed, server.address()];
    let reply = robust::ask_server(&servers, b"36.6", &Limits::default(), &mut Vec::new());
    let expected = format!("Reply to 36.6: {}", converted("97.88"));
    assert_eq!(reply.unwrap(), expected);
}

#[test]
fn temperatures_are_asked_for_in_turn() {
    let server = server();
    let client = client(server.address(), &["-40", "warm", "36.6", "--", "-inf"]);
    insta::assert_snapshot!(client.wait().report(), @"
    Reply to -40: Converted temperature (degrees Fahrenheit): -40
    Reply to warm: Can't convert: that isn't a number
    Reply to 36.6: Converted temperature (degrees Fahrenheit): 97.88
    Reply to -inf: Can't convert: it is below absolute zero, which is -273.15 degrees Celsius
    [exit status: 0]
    ");
}

#[test]
fn a_temperature_that_is_too_long_is_said_and_the_next_one_asked() {
    let server = server();
    let client = client(server.address(), &[&"1".repeat(30_000), "36.6"]);
    insta::assert_snapshot!(client.wait().report(), @"
    Reply to 36.6: Converted temperature (degrees Fahrenheit): 97.88
    error: can't send 30000 bytes: a request has at most 1024; write the number with fewer digits
    [exit status: 1]
    ");
}

#[test]
fn it_asks_until_exit() {
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
fn it_asks_until_the_end_of_the_input() {
    let server = server();
    let mut client = client(server.address(), &[]);
    client.types("36.6"); // the last line has no end
    insta::assert_snapshot!(client.wait().report(), @"
    Degrees Celsius: Reply to 36.6: Converted temperature (degrees Fahrenheit): 97.88
    Degrees Celsius: 
    [exit status: 0]
    ");
}

#[test]
fn an_empty_line_sends_nothing() {
    let server = stand_in();
    let mut client = client(server.local_addr().unwrap(), &[]);
    client.types("\n  \n\t\r\n36.6\n");
    assert_eq!(receive(&server).0, "36.6");
}

#[test]
fn a_question_without_an_answer_is_said_and_the_next_one_asked() {
    if wine_lacks(CLOSED_PORT) {
        return;
    }
    let (_held, closed) = port_without_server();
    let mut client = client(closed, &[]);
    client.types("36.6\n100\n");
    insta::assert_snapshot!(client.wait().report(), @"
    Degrees Celsius: error: can't receive from 127.0.0.1:[port]: [the system's words]; nobody has that port: start the server first, or check --host and --port
    Degrees Celsius: error: can't receive from 127.0.0.1:[port]: [the system's words]; nobody has that port: start the server first, or check --host and --port
    Degrees Celsius: 
    [exit status: 1]
    ");
}

#[test]
fn what_is_typed_may_be_anything_and_have_no_end() {
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

// Both.

#[test]
fn it_works_with_the_tutorials_programs() {
    let tutorial = Program::start_with_signals(PROGRAM, ["server", "--tutorial", "--port", "0"]);
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
    let server = Program::start_with_signals(PROGRAM, ["server", "--host", "::1", "--port", "0"]);
    let client = client(server.address(), &["36.6"]).wait();
    let expected = format!("Reply to 36.6: {}\n", converted("97.88"));
    assert_eq!(client.output, expected);
    assert!(server.address().is_ipv6());
}

#[test]
#[cfg(unix)]
fn a_reader_of_the_output_that_has_gone_ends_the_client_quietly() {
    for temperatures in [&["1", "2"][..], &[]] {
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
    }
}

#[test]
#[cfg(unix)]
fn a_reader_of_the_output_that_has_gone_ends_the_demo_quietly() {
    for arguments in [&["demo"][..], &["demo", "--tutorial"]] {
        let ended = before_head(arguments).wait();
        assert!(ended.output.starts_with("server | UDP server bound to"));
        assert_eq!(ended.errors, "exit status: 0\n");
    }
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_both_at_once() {
    use std::os::unix::process::ExitStatusExt;

    let server = server();
    let _ = server.address();
    server.signal("INT");
    assert_eq!(server.wait().status.signal(), Some(2));

    // In the middle of a question.
    let silent = stand_in();
    let client = client(silent.local_addr().unwrap(), &["36.6"]);
    let _ = receive(&silent);
    client.signal("INT");
    assert_eq!(client.wait().status.signal(), Some(2));
}
