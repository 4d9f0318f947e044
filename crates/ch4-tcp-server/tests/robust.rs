//! What no client can do to the robust server.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
#[cfg(target_os = "linux")]
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ch4_tcp_server::robust::{self, Limits};
use console::{Log, Printer, is_timeout};
use socket2::SockRef;
use testkit::{PATIENCE, Program, Screen, has_ipv6, plain, stop};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch4-tcp-server");
const ANY_PORT: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// "At once" for a server on a busy machine. It takes a millisecond.
const AT_ONCE: Duration = Duration::from_secs(2);

/// A robust server on a thread of the test. It ends with this value.
struct Server {
    address: SocketAddr,
    listener: Arc<TcpListener>,
    serving: Option<JoinHandle<()>>,
    screen: Screen,
}

impl Server {
    fn start() -> Self {
        Self::with(&Limits::default())
    }

    fn with(limits: &Limits) -> Self {
        Self::start_with(Screen::default(), limits, "Michael".to_owned())
    }

    fn start_with(screen: Screen, limits: &Limits, name: String) -> Self {
        let mut server = Self::printing_to(screen.clone(), limits, name);
        server.screen = screen;
        server
    }

    fn printing_to(out: impl Write + Send + 'static, limits: &Limits, name: String) -> Self {
        Self::with_printer(Printer::new(out).unwrap(), limits, name)
    }

    fn with_printer(printer: Printer, limits: &Limits, name: String) -> Self {
        plain();
        let listener = Arc::new(robust::listen(ANY_PORT).unwrap());
        let (serves, limits) = (Arc::clone(&listener), limits.clone());
        let serving = thread::spawn(move || {
            let log = Log::new(printer, false);
            robust::serve(&serves, &name, &limits, &log).unwrap_err();
        });
        Self {
            address: listener.local_addr().unwrap(),
            listener,
            serving: Some(serving),
            screen: Screen::default(),
        }
    }

    fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// The next client is greeted at once.
    fn serves(&self) {
        serves(self.address);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take()
            && !thread::panicking()
        {
            stop(&self.listener, || serving.is_finished());
            serving.join().unwrap();
        }
    }
}

fn serves(address: SocketAddr) {
    let begin = Instant::now();
    let mut client = Client::connect(address);
    client.sends(REQUEST);
    let answer = client.answer();
    assert!(answer.contains("Hello World, Michael!"), "{answer}");
    assert!(begin.elapsed() < AT_ONCE, "{:?}", begin.elapsed());
}

struct Client(TcpStream);

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    fn sends(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).unwrap();
    }

    /// All that the server sends until it closes. A reset fails the test.
    fn answer(&mut self) -> String {
        let mut answer = Vec::new();
        if let Err(error) = self.0.read_to_end(&mut answer) {
            panic!("{error} after {}", answer.escape_ascii());
        }
        String::from_utf8(answer).unwrap()
    }

    /// The status line of the answer.
    fn status(&mut self) -> String {
        self.answer().lines().next().unwrap_or_default().to_owned()
    }

    fn half_closes(&self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }

    fn resets(self) {
        SockRef::from(&self.0)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }
}

fn answer_to(server: &Server, bytes: impl AsRef<[u8]>) -> String {
    let mut client = server.connect();
    client.sends(bytes);
    client.answer()
}

fn status_of(server: &Server, bytes: impl AsRef<[u8]>) -> String {
    answer_to(server, bytes)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

// What a client may do, and the server lives.

#[test]
fn silent_clients_hold_up_nobody() {
    let server = Server::start();
    let silent: Vec<_> = (0..50).map(|_| server.connect()).collect();
    let mut half_a_request = server.connect();
    half_a_request.sends("GET / HTTP/1.1\r\nHos");
    server.serves();
    drop(silent);
    server.serves();
}

#[test]
fn a_client_that_says_nothing_is_let_go() {
    let server = Server::with(&Limits {
        head_time: Duration::from_millis(100),
        ..Limits::default()
    });
    assert_eq!(server.connect().answer(), "");
    let _ = server.screen.wait_for("(nothing came)");
}

/// The one test with the default time for a head: five seconds.
#[test]
fn a_client_that_drips_is_cut_off_after_five_seconds_in_all() {
    let server = Server::start();
    let begin = Instant::now();
    let mut client = server.connect();
    client.sends("GET / HTTP/1.1\r\nX: ");
    // An answer is waited for between the bytes, and ends the dripping.
    client
        .0
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let mut first = [0; 12];
    let mut dripped = 0;
    while client.0.read_exact(&mut first).is_err() {
        assert!(begin.elapsed() < PATIENCE, "it can be held for ever");
        client.sends("x");
        dripped += 1;
    }
    assert_eq!(&first, b"HTTP/1.1 408");
    assert!(
        begin.elapsed() > Duration::from_secs(4),
        "{dripped} bytes only"
    );
    server.serves();
}

#[test]
fn a_head_that_does_not_end_is_cut_off_whatever_its_method() {
    let server = Server::with(&Limits {
        head_time: Duration::from_millis(500),
        quiet: Duration::from_millis(1),
        ..Limits::default()
    });
    for line in ["GET / HTTP/1.1", "BREW / HTTP/1.1"] {
        let status = status_of(&server, format!("{line}\r\nHost: a\r\n"));
        assert_eq!(status, "HTTP/1.1 408 Request Timeout", "{line}");
    }
}

#[test]
fn bytes_that_are_no_request_are_refused() {
    let server = Server::start();
    let tls_hello = b"\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03";
    for bytes in [
        &b"\xff"[..],
        tls_hello,
        b"\x1b]0;title\x07\n",
        b"GET \x00 HTTP/1.1\r\n\r\n",
    ] {
        assert_eq!(status_of(&server, bytes), "HTTP/1.1 400 Bad Request");
        server.serves();
    }
    let shown = server.screen.wait_for(r"| \u{1b}]0;title\u{7}");
    assert!(
        shown.chars().all(|c| c == '\n' || !c.is_control()),
        "{shown:?}"
    );
}

#[test]
fn a_long_line_goes_on_behind_the_margin() {
    let screen = Screen::default();
    let printer = Printer::new(screen.clone())
        .unwrap()
        .with_width(|| Some(40));
    let server = Server::with_printer(printer, &Limits::default(), "Michael".to_owned());
    let fake = "Client connected: 192.0.2.1:1024";
    let (spaces, wide) = (" ".repeat(35), "汉".repeat(19));
    answer_to(&server, format!("X: {spaces}{fake}\n"));
    answer_to(&server, format!("{wide}{fake}\n"));
    let _ = screen.wait_for(&format!("\n| X: {}\n|  {fake}\n", " ".repeat(34)));
    let _ = screen.wait_for(&format!("\n| {}\n| 汉{fake}\n", "汉".repeat(18)));
}

#[test]
fn a_megabyte_without_a_line_end_gets_an_answer_and_no_reset() {
    let server = Server::start();
    let answer = answer_to(&server, "x".repeat(1 << 20));
    assert_eq!(answer, "Your line is too long: it may have 16384 bytes.\n");
    server.serves();
}

#[test]
fn an_endless_head_is_cut_off_at_16_kib() {
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
        assert_eq!(
            client.status(),
            "HTTP/1.1 431 Request Header Fields Too Large"
        );
        server.serves();
    }
}

#[test]
fn a_reset_concerns_only_the_connection_that_it_ends() {
    let server = Server::start();
    for bytes in [&b""[..], b"GET / HT", b"hello"] {
        for _ in 0..20 {
            let mut client = server.connect();
            client.sends(bytes);
            client.resets();
        }
        server.serves();
    }
}

#[test]
fn a_reset_in_the_queue_is_passed_over() {
    let server = Server::with(&Limits {
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
    assert!(queued.answer().contains("Hello World"));
    server.serves();
}

#[test]
fn a_client_that_half_closes_is_answered() {
    let server = Server::start();
    for (bytes, status) in [
        (REQUEST, "HTTP/1.1 200 OK"),
        (b"hello", "Hello World, Michael!"),
        (b"G", "Hello World, Michael!"),
        (b"GET / HTTP/1.1\r\nHo", "HTTP/1.1 400 Bad Request"),
        (b"BREW / HTTP/1.1\r\nHo", "HTTP/1.1 400 Bad Request"),
        (b"BREW / HTTP/1.1", "Hello World, Michael!"),
        (b"", ""),
    ] {
        let mut client = server.connect();
        client.sends(bytes);
        client.half_closes();
        assert_eq!(client.status(), status);
    }
}

#[test]
fn a_client_that_does_not_read_is_let_go() {
    let limits = Limits {
        send_time: Duration::from_millis(200),
        ..Limits::default()
    };
    // A name that is too long for all buffers on the way.
    let server = Server::start_with(Screen::default(), &limits, "x".repeat(20_000_000));
    let mut client = server.connect();
    client.sends(REQUEST);
    // From here on it is being sent; to make so long an answer takes a while.
    client.0.peek(&mut [0]).unwrap();
    let begin = Instant::now();
    let _ = server.screen.wait_for("Connection lost");
    assert!(begin.elapsed() < AT_ONCE * 2, "{:?}", begin.elapsed());
}

#[test]
fn a_client_that_drips_after_its_answer_is_let_go() {
    let limits = Limits {
        drain_time: Duration::from_millis(500),
        ..Limits::default()
    };
    let server = Server::with(&limits);
    let begin = Instant::now();
    let mut client = server.connect();
    client.sends("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
    client.answer();
    let pause = Duration::from_millis(50);
    while !server.screen.shows_within("Connection closed", pause) {
        let held = begin.elapsed();
        assert!(held < AT_ONCE * 2, "held as long as bytes come: {held:?}");
        let _ = client.0.write_all(b"x");
    }
}

#[test]
fn a_client_that_never_stops_sending_is_let_go() {
    let limits = Limits {
        drain_bytes: 100_000,
        ..Limits::default()
    };
    let server = Server::with(&limits);
    let mut client = server.connect();
    client.sends("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    let begin = Instant::now();
    while client.0.write_all(&[b'x'; 10_000]).is_ok() {
        assert!(begin.elapsed() < AT_ONCE, "it takes whatever comes");
    }
    server.serves();
}

// How many clients there may be.

#[test]
fn beyond_the_limit_clients_wait_for_their_turn() {
    let server = Server::with(&Limits {
        clients: 3,
        ..Limits::default()
    });
    let busy: Vec<_> = (0..3).map(|_| server.connect()).collect();
    for client in &busy {
        let address = client.0.local_addr().unwrap();
        let _ = server.screen.wait_for(&format!("connected: {address}"));
    }
    let mut next = server.connect();
    next.sends(REQUEST);
    next.0
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let early = next.0.read(&mut [0; 1]).unwrap_err();
    assert!(is_timeout(&early), "{early}");

    drop(busy);
    next.0.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(next.answer().contains("Hello World"));
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
    let clients: Vec<_> = (0..200).map(|_| Client::connect(address)).collect();
    for client in &clients {
        let address = client.0.local_addr().unwrap();
        let _ = server.output.wait_for(&format!("connected: {address}\n"));
    }
    assert!(threads() > 200, "each client has its worker: {}", threads());

    drop(clients);
    let begin = Instant::now();
    while threads() > 30 {
        assert!(begin.elapsed() < PATIENCE, "{} threads wait", threads());
        serves(address);
    }
}

/// A server as a process of its own, with that many descriptors.
#[cfg(target_os = "linux")]
fn with_descriptors(count: u32) -> Program {
    let mut command = Command::new("sh");
    command.args([
        "-c",
        &format!("ulimit -n {count}; exec \"$0\" --port 0"),
        PROGRAM,
    ]);
    Program::start_command(command)
}

#[test]
#[cfg(target_os = "linux")]
fn five_hundred_idle_connections_hold_up_nobody() {
    let server = with_descriptors(1024);
    let address = server.address();
    let idle: Vec<_> = (0..500).map(|_| Client::connect(address)).collect();
    serves(address);
    drop(idle);
    serves(address);
}

#[test]
#[cfg(target_os = "linux")]
fn out_of_descriptors_it_says_so_once_waits_and_recovers() {
    let server = with_descriptors(64);
    let address = server.address();
    let idle: Vec<_> = (0..100).map(|_| Client::connect(address)).collect();
    let said = "Can't accept a client for now";
    let _ = server.output.wait_for(said);

    // A second later it hasn't used a tenth of a second of the processor.
    let before = processor_ticks(server.id());
    let mut waiting = Client::connect(address);
    waiting
        .0
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    assert!(
        waiting.0.read(&mut [0; 1]).is_err(),
        "there are descriptors left"
    );
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
    let fields: Vec<_> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn a_class_that_connects_at_once_is_queued() {
    // Nobody accepts on this listener.
    let listener = robust::listen(ANY_PORT).unwrap();
    let address = listener.local_addr().unwrap();
    let begin = Instant::now();
    let class: Vec<_> = (0..200).map(|_| Client::connect(address)).collect();
    assert!(
        begin.elapsed() < AT_ONCE,
        "{:?} for {}",
        begin.elapsed(),
        class.len()
    );
}

// How a connection ends.

#[test]
fn a_request_of_3000_bytes_ends_cleanly_200_times_of_200() {
    let server = Server::start();
    let long = format!("GET /?{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(3000));
    let text = "y".repeat(3000) + "\n";
    for _ in 0..200 {
        assert!(answer_to(&server, &long).contains("Hello World"));
        assert!(answer_to(&server, &text).contains("Hello World"));
    }
}

#[test]
fn a_request_whose_rest_comes_after_the_answer_ends_cleanly_200_times_of_200() {
    let server = Server::start();
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6000\r\n\r\n".to_owned();
    let brew = "BREW / HTTP/1.1\r\nContent-Length: 6000\r\n\r\n".to_owned();
    for head in [
        post.clone(),
        post + &"x".repeat(3000),
        "GET / HTTP/1.0\r\n\r\n".to_owned() + &"x".repeat(3000),
        brew + &"x".repeat(3000),
        "hello\nand ".to_owned() + &"y".repeat(3000),
    ] {
        for _ in 0..200 {
            let mut client = server.connect();
            client.sends(&head);
            let mut first = [0; 1];
            client.0.read_exact(&mut first).unwrap();
            client.sends("z".repeat(3000));
            let rest = client.answer();
            let answers = ["405 Method", "501 Not", "ello World"];
            assert!(answers.iter().any(|answer| rest.contains(answer)), "{rest}");
        }
    }
}

#[test]
fn two_requests_in_one_segment_get_one_answer_and_a_clean_end() {
    let server = Server::start();
    let both = [REQUEST, REQUEST].concat();
    assert_eq!(
        answer_to(&server, both).matches("HTTP/1.1 200 OK").count(),
        1
    );
}

// What is answered.

#[test]
fn a_request_may_come_in_any_pieces() {
    let server = Server::start();
    let request = "GET /?name=%E4%BD HTTP/1.1\r\nHost: localhost\r\nX: 你好\r\n\r\n";
    let (bytes, address) = (request.as_bytes(), server.address);
    thread::scope(|scope| {
        for cut in 1..bytes.len() {
            scope.spawn(move || {
                let mut client = Client::connect(address);
                client.0.set_nodelay(true).unwrap();
                client.sends(&bytes[..cut]);
                // Nothing comes back before the rest is there.
                client
                    .0
                    .set_read_timeout(Some(Duration::from_millis(400)))
                    .unwrap();
                let early = client.0.read(&mut [0; 1]).unwrap_err();
                assert!(is_timeout(&early), "{early}");
                client.0.set_read_timeout(Some(PATIENCE)).unwrap();
                client.sends(&bytes[cut..]);
                assert_eq!(client.status(), "HTTP/1.1 200 OK", "cut at {cut}");
            });
        }
    });
}

#[test]
fn a_character_cut_at_byte_1024_stays_whole() {
    let server = Server::start();
    let text = "x".repeat(1023) + "你好\n";
    let mut client = server.connect();
    client.sends(&text.as_bytes()[..1024]);
    client.0.set_nodelay(true).unwrap();
    client.sends(&text.as_bytes()[1024..]);
    assert!(client.answer().contains("Hello World"));
    let shown = server.screen.wait_for("Connection closed");
    assert!(shown.contains("x你好\n"), "{shown}");
}

#[test]
fn each_request_gets_its_status() {
    let server = Server::start();
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK"),
        ("GET /?a=b&c HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK"),
        ("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK"),
        ("GET / HTTP/1.0\r\n\r\n", "200 OK"),
        ("GET / HTTP/1.1\nHost: typed.by.hand\n\n", "200 OK"),
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK"),
        (
            "GET /favicon.ico HTTP/1.1\r\nHost: a\r\n\r\n",
            "404 Not Found",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
            "405 Method Not Allowed",
        ),
        ("GET / HTTP/1.1\r\n\r\n", "400 Bad Request"),
        ("GET /\r\n", "400 Bad Request"),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "400 Bad Request"),
        ("GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request"),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400 Bad Request"),
        (
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            "405 Method Not Allowed",
        ),
        (
            "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n",
            "501 Not Implemented",
        ),
        ("get / HTTP/1.1\r\n\r\n", "501 Not Implemented"),
    ] {
        let answer = answer_to(&server, request);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{request:?}: {head}"
        );
        assert!(head.contains("\r\nConnection: close"), "{head}");
        assert!(
            head.contains("\r\nContent-Type: text/html; charset=utf-8\r\n"),
            "{head}"
        );
        assert!(
            head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())),
            "{head}"
        );
        assert!(head.contains("\r\nDate: "), "{head}");
        assert_eq!(
            head.contains("\r\nAllow: GET, HEAD\r\n"),
            status.starts_with("405")
        );
        assert_eq!(
            body.contains("Hello World, Michael!"),
            status == "200 OK",
            "{body}"
        );
    }
}

#[test]
fn head_gets_what_get_gets_without_the_page() {
    let server = Server::start();
    let length = |answer: &str| {
        let line = answer
            .lines()
            .find(|line| line.starts_with("Content-Length: "));
        line.unwrap().to_owned()
    };
    let get = answer_to(&server, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = answer_to(&server, "HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(head.ends_with("\r\n\r\n"), "{head}");
    assert_eq!(length(&head), length(&get));
}

#[test]
fn plain_text_is_greeted_in_plain_text() {
    let server = Server::start();
    for text in [
        "hello\n",
        "hello",
        "你好",
        "\n",
        "PUT",
        "get / http/1.1\r\n",
        "BREW /pot HTCPCP/1.0\r\n",
        "BREW /pot HTTP/1.1",
    ] {
        let mut client = server.connect();
        client.sends(text);
        if text == "PUT" {
            client.half_closes(); // Without it, the rest of a request is waited for.
        }
        assert_eq!(client.answer(), "Hello World, Michael!\n", "{text:?}");
    }
}

#[test]
fn markup_stays_text() {
    let mut server = Program::start(PROGRAM, ["--port", "0", "--name", "<b>你好</b> & \"I\""]);
    let mut client = Client::connect(server.address());
    client.sends("GET / HTTP/1.1\r\nHost: a\r\nX: </pre><script>alert(1)</script>\r\n\r\n");
    let page = client.answer();
    assert!(
        page.contains("Hello World, &lt;b&gt;你好&lt;/b&gt; &amp; &quot;I&quot;!"),
        "{page}"
    );
    assert!(
        page.contains("X: &lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;\n"),
        "{page}"
    );
    assert!(!page.contains("<script"), "{page}");
    server.end_input();
}

// The terminal.

/// A terminal on which somebody has pressed Ctrl-S, until the channel's other end is dropped.
struct Paused(Receiver<()>);

impl Write for Paused {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        Err(ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_paused_terminal_holds_up_no_client() {
    let (resume, resumed) = channel::<()>();
    let server = Server::printing_to(Paused(resumed), &Limits::default(), "Michael".to_owned());
    let long = format!("GET /?{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(15_000));
    for _ in 0..100 {
        assert!(answer_to(&server, &long).contains("Hello World"));
    }
    server.serves();
    drop(resume);
}

#[test]
fn quiet_prints_the_first_line_only() {
    let server = Program::start(PROGRAM, ["--port", "0", "--quiet"]);
    for _ in 0..3 {
        serves(server.address());
    }
    assert_eq!(server.output.text().lines().count(), 1);
}

// The program.

#[test]
fn it_starts_again_at_once_on_the_same_port() {
    let server = Server::start();
    let address = server.address;
    server.serves(); // The server closes first, so its side is in TIME-WAIT now.
    drop(server);
    robust::listen(address).unwrap();
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

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_ends_it_at_once_with_the_usual_status() {
    use std::os::unix::process::ExitStatusExt;

    let server = Program::start_with_signals(PROGRAM, ["--port", "0"]);
    let _busy = Client::connect(server.address());
    let begin = Instant::now();
    server.signal("INT");
    assert_eq!(server.wait().status.signal(), Some(2));
    assert!(begin.elapsed() < AT_ONCE);
}
