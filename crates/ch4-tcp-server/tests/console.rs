//! What the server prints, and what it sends to whom.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use ch4_tcp_server::tutorial;
use console::testing::{PATIENCE, Program, Screen, normalise, plain};
use console::{Role, Stage, say};
use insta::assert_snapshot;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch4-tcp-server");

/// Lets a client send the bytes to the tutorial's server. When the server has printed `last`, the
/// client reads to the end. Returns both consoles.
fn tutorial_and_client(bytes: &[u8], last: &str) -> String {
    plain();
    let screen = Screen::default();
    let stage = Stage::new(screen.clone());
    let mut server = stage.player("server");
    let mut client = stage.player("client");

    let listener = tutorial::listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        let end = tutorial::serve(&listener, "Michael", &mut server);
        say(&mut server, Role::Event, end.unwrap_err()).unwrap();
    });

    let mut stream = connect(address);
    stage.wait_for("server", "Client connected").unwrap();
    writeln!(
        client,
        "sends {} bytes: {}",
        bytes.len(),
        bytes.escape_ascii()
    )
    .unwrap();
    stream.write_all(bytes).unwrap();
    stage.wait_for("server", last).unwrap();
    let mut answer = Vec::new();
    let end = match stream.read_to_end(&mut answer) {
        Ok(_) => "the end of the stream".to_owned(),
        Err(error) => error.kind().to_string(),
    };
    writeln!(client, "receives {}, then {end}", answer.escape_ascii()).unwrap();
    let transcript = normalise(&screen.text());

    // One of its faults ends the server, so that its thread doesn't outlive the test.
    if let Ok(mut stream) = TcpStream::connect(address) {
        stream.write_all(b"\xff").unwrap();
    }
    serving.join().unwrap();
    transcript
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn tutorial_greets_a_browser() {
    let request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
    assert_snapshot!(
        "tutorial_greets_a_browser",
        tutorial_and_client(request, "Connection closed.")
    );
}

#[test]
fn tutorial_ends_on_a_byte_that_is_not_utf_8() {
    assert_snapshot!(
        "tutorial_ends_on_a_byte_that_is_not_utf_8",
        tutorial_and_client(b"GET /caf\xe9", "can't decode")
    );
}

#[test]
fn tutorial_resets_a_request_of_more_than_1024_bytes() {
    let request = format!("GET /?q={}", "x".repeat(1100));
    assert_snapshot!(
        "tutorial_resets_a_request_of_more_than_1024_bytes",
        tutorial_and_client(request.as_bytes(), "Connection closed.")
            .replace(&"x".repeat(100), "[100 x]")
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
    error: can't listen on 127.0.0.1:[port]: [the system's words]; a program has this port, or had it within the last minute: stop it, wait, or choose another with --port
    [exit status: 1]
    ");
}

#[test]
fn port_below_1024() {
    if TcpListener::bind("127.0.0.1:1").is_ok() {
        return; // This user may: tests/external.rs takes the right away.
    }
    assert_snapshot!(Program::run(PROGRAM, ["--port", "1"]).report(), @"");
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
    error: can't find the address of "no such name": [the system's words]; look at the spelling of --host, or give an address such as 127.0.0.1
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
