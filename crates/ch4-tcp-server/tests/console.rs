//! What the server prints, and what it sends to whom.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::process::Command;

use ch4_tcp_server::robust::{self, Limits};
use ch4_tcp_server::tutorial;
use console::{Log, PlayerScreen, Printer, Stage};
use insta::assert_snapshot;
use testkit::{Capture, PATIENCE, Program, normalise, plain};

use crate::PROGRAM;
const ANY_PORT: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

/// Lets a client send the bytes to both versions, and returns the consoles of both sides. The
/// tutorial's server prints `last` when it is done.
fn both_versions(bytes: &[u8], last: &str) -> String {
    let listener = tutorial::listen(ANY_PORT).unwrap();
    let tutorial = conversation(bytes, last, listener, |listener, mut screen| {
        let end = tutorial::serve(listener, "Michael", &mut screen);
        writeln!(screen, "ends: {}", end.unwrap_err()).unwrap();
    });
    let listener = robust::listen(ANY_PORT).unwrap();
    let robust = conversation(bytes, "Connection closed", listener, |listener, screen| {
        let log = Log::new(Printer::new(screen).unwrap(), false);
        robust::serve(listener, "Michael", &Limits::default(), &log).unwrap_err();
    });
    format!("--tutorial\n{tutorial}\nrobust\n{robust}")
}

/// Runs a server on a thread, lets a client send the bytes, and returns both consoles.
fn conversation(
    bytes: &[u8],
    last: &str,
    listener: TcpListener,
    serve: impl FnOnce(&TcpListener, PlayerScreen) + Send + 'static,
) -> String {
    plain();
    let screen = Capture::default();
    let mut stage = Stage::new(screen.clone(), ["server", "client"]);
    let address = listener.local_addr().unwrap();
    // Its thread ends with the test's process.
    let serving = stage.start("server", "", move |_, screen| {
        serve(&listener, screen);
        Ok(())
    });
    serving.unwrap();

    stage.wait_for("server", "started").unwrap();
    let mut stream = connect(address);
    stage.wait_for("server", "Client connected").unwrap();
    let sends = format!("sends {} bytes: {}", bytes.len(), bytes.escape_ascii());
    stage.shows("client", sends).unwrap();
    stream.write_all(bytes).unwrap();

    let mut answer = Vec::new();
    let end = match stream.read_to_end(&mut answer) {
        Ok(_) => "the end of the stream".to_owned(),
        Err(error) => error.kind().to_string(),
    };
    drop(stream);
    // What the server does without the client comes first in the transcript.
    stage.wait_for("server", last).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let (answer, page) = answer.split_once("<!DOCTYPE").unwrap_or((&answer, ""));
    let mut client = |line: String| stage.shows("client", line).unwrap();
    for line in answer.lines().filter(|line| !line.starts_with("Date: ")) {
        client(format!("receives {line}"));
    }
    if !page.is_empty() {
        client("receives a page".to_owned());
    }
    client(format!("sees {end}"));
    normalise(&screen.text())
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn a_browser() {
    let request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: text/html\r\n\r\n";
    assert_snapshot!("a_browser", both_versions(request, "Connection closed"));
}

#[test]
fn a_byte_that_is_not_utf_8() {
    assert_snapshot!(
        "a_byte_that_is_not_utf_8",
        both_versions(b"caf\xe9, please", "ends: ")
    );
}

/// On other systems it is chance whether the reset takes away the answer, which the client hasn't
/// read yet.
#[test]
#[cfg(target_os = "linux")]
fn more_than_1024_bytes() {
    let request = format!("GET /?q={} HTTP/1.0\r\n\r\n", "x".repeat(1100));
    let consoles = both_versions(request.as_bytes(), "Connection closed");
    assert_snapshot!(
        "more_than_1024_bytes",
        consoles.replace(&"x".repeat(100), "[100 x]")
    );
}

/// Text that imitates the server's own lines, and a terminal's escape sequence.
#[test]
fn lines_that_look_like_the_servers_own() {
    let request = "GET / HTTP/1.0\r\n\nClient connected: 10.0.0.1:4\n\x1b[2JServer started";
    let consoles = both_versions(request.as_bytes(), "Connection closed");
    assert_snapshot!(
        "lines_that_look_like_the_servers_own",
        consoles.replace('\x1b', "ESC")
    );
}

#[test]
fn a_line_of_text() {
    assert_snapshot!(
        "a_line_of_text",
        both_versions("你好\n".as_bytes(), "Connection closed")
    );
}

/// The whole answer, as `--name` has it, and not a byte more.
#[test]
fn tutorial_answers_with_the_bare_status_line_and_the_greeting() {
    let server = Program::start(PROGRAM, ["--tutorial", "--port", "0", "--name", "李雷"]);
    for _ in 0..2 {
        let mut stream = connect(server.address());
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "HTTP/1.1 200 OK\r\n\r\nHello World, 李雷!");
    }
}

#[test]
fn tutorial_ends_at_a_byte_that_is_not_utf_8_and_says_what_helps() {
    let server = Program::start(PROGRAM, ["--tutorial", "--port", "0"]);
    connect(server.address()).write_all(b"caf\xe9").unwrap();
    assert_snapshot!(server.wait().report(), @"
    Server started, waiting for clients on http://127.0.0.1:[port]/
    Client connected: 127.0.0.1:[port]
    error: can't serve clients on 127.0.0.1:[port]: incomplete utf-8 byte sequence from index 3; leave out --tutorial: the robust version survives such text
    [exit status: 1]
    ");
}

#[test]
fn tutorial_reads_at_most_1024_bytes() {
    let server = Program::start(PROGRAM, ["--tutorial", "--port", "0"]);
    let mut stream = connect(server.address());
    stream.write_all("a".repeat(1024).as_bytes()).unwrap();
    stream.write_all("b".repeat(1024).as_bytes()).unwrap();
    let text = server.output.wait_for("Connection closed.");
    assert_eq!(text.matches('b').count(), 0, "{text}");
}

#[test]
fn help() {
    assert_snapshot!("help", Program::run(PROGRAM, ["--help"]).report());
}

#[test]
fn port_taken() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    assert_snapshot!(Program::run(PROGRAM, ["--port", &port]).report(), @"
    error: can't listen on 127.0.0.1:[port]: [the system's words]; stop the other program, wait a minute, or choose another --port
    [exit status: 1]
    ");
}

#[test]
fn port_below_1024() {
    if TcpListener::bind("127.0.0.1:1").is_ok() {
        return; // This user may: tests/external.rs takes the right away.
    }
    assert_snapshot!(Program::run(PROGRAM, ["--port", "1"]).report(), @"
    error: can't listen on 127.0.0.1:[port]: [the system's words]; the system reserves most ports below 1024: choose a higher --port
    [exit status: 1]
    ");
}

#[test]
fn an_address_that_is_not_ours() {
    // RFC 5737: 192.0.2.0/24 is for documentation, so no machine has it.
    assert_snapshot!(Program::run(PROGRAM, ["--host", "192.0.2.1"]).report(), @"
    error: can't listen on 192.0.2.1:[port]: [the system's words]; this machine doesn't have that address: use one it has, such as --host 127.0.0.1
    [exit status: 1]
    ");
}

#[test]
fn a_name_that_does_not_resolve() {
    assert_snapshot!(Program::run(PROGRAM, ["--host", "no such name"]).report(), @r#"
    error: can't find the address of "no such name": [the system's words]; check the spelling of --host, or give an address such as 127.0.0.1
    [exit status: 1]
    "#);
}

#[test]
fn bad_flags() {
    assert_snapshot!(Program::run(PROGRAM, ["--port", "65536"]).report(), @"
    error: invalid value '65536' for '--port <PORT>': 65536 is not in 0..=65535

    For more information, try '--help'.
    [exit status: 2]
    ");
    assert_snapshot!(Program::run(PROGRAM, ["--prot", "80"]).report(), @"
    error: unexpected argument '--prot' found

      tip: a similar argument exists: '--port'

    Usage: ch4-tcp-server --port <PORT>

    For more information, try '--help'.
    [exit status: 2]
    ");
}

#[test]
fn a_server_whose_output_nobody_reads_ends_quietly() {
    assert_snapshot!(Program::run_unread(PROGRAM, ["--port", "0"]).report(), @"[exit status: 0]");
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_that_can_not_print_says_why() {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    assert_snapshot!(Program::run_into(PROGRAM, ["--port", "0"], full).report(), @"
    error: can't write the output: [the system's words]; check that its disk has room and its terminal is open
    [exit status: 1]
    ");
}

#[test]
fn a_system_without_threads_is_an_error() {
    let mut command = Command::new(PROGRAM);
    command
        .args(["--port", "0"])
        .env("RUST_MIN_STACK", "1000000000000000");
    assert_snapshot!(Program::start_command(command).wait().report(), @"
    error: can't start a thread that prints: [the system's words]; this machine is short of threads or memory: stop other programs (Unix: see ulimit -u)
    [exit status: 1]
    ");
}
