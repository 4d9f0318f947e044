//! What the client prints, and what it sends.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use ch4_tcp_client::robust::{self, Limits};
use ch4_tcp_client::tutorial;
use console::{Action, Error, OrCannot, PlayerKeyboard, PlayerScreen, Printer, Stage};
use insta::assert_snapshot;
use testkit::{Capture, FakePeer, Program, normalise, plain, port_without_listener};

use crate::PROGRAM;

/// Starts a client on the stage. Returns the server's end of its connection, and the listener.
fn start(
    stage: &mut Stage<Capture>,
    name: &'static str,
    client: impl FnOnce(SocketAddr, BufReader<PlayerKeyboard>, PlayerScreen) -> Result<(), Error>
    + Send
    + 'static,
) -> (FakePeer, TcpListener) {
    plain();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = move |keyboard, screen| client(address, keyboard, screen);
    stage.start(name, "", client).unwrap();
    (FakePeer::accept(&listener), listener)
}

fn tutorial_client(
    address: SocketAddr,
    mut keyboard: BufReader<PlayerKeyboard>,
    mut screen: PlayerScreen,
) -> Result<(), Error> {
    let server = tutorial::connect(address).or_cannot(Action::Connect, address)?;
    tutorial::talk(server, &mut keyboard, &mut screen).or_cannot(Action::Talk, address)
}

fn robust_client(
    address: SocketAddr,
    keyboard: impl BufRead,
    screen: PlayerScreen,
) -> Result<(), Error> {
    let screen = robust::Screen::new(Printer::new(screen)?, true);
    robust::talk(&[address], Limits::default(), keyboard, screen)
}

/// Lets the tutorial's client type lines that the server answers, and the last ones, which it
/// doesn't. Returns both consoles.
fn tutorial_and_server(exchanges: &[(&str, &[u8])], last: &[&str]) -> String {
    let screen = Capture::default();
    let mut stage = Stage::new(screen.clone(), ["client", "server"]);
    let (mut peer, _listener) = start(&mut stage, "client", tutorial_client);
    for (line, answer) in exchanges {
        stage.types("client", line).unwrap();
        let request = peer.receives();
        let shown = answer.escape_ascii();
        let server = format!("reads {request:?}, answers \"{shown}\"");
        stage.shows("server", server).unwrap();
        peer.sends(answer);
    }
    for line in last {
        stage.types("client", line).unwrap();
    }
    let rest = String::from_utf8(peer.reads_to_end()).unwrap();
    let server = format!("reads {rest:?} and the end");
    stage.shows("server", server).unwrap();
    normalise(&screen.text())
}

#[test]
fn tutorial_sends_what_is_typed_until_exit() {
    let transcript = tutorial_and_server(
        &[("hello", b"Hello World"), ("你好", "你也好".as_bytes())],
        &["exit"],
    );
    assert_snapshot!("tutorial_sends_what_is_typed_until_exit", transcript);
}

#[test]
fn tutorial_takes_one_read_for_one_answer() {
    let long = "a".repeat(1024) + "the rest";
    let transcript = tutorial_and_server(&[("one", long.as_bytes())], &["two", "exit"]);
    assert_snapshot!(
        "tutorial_takes_one_read_for_one_answer",
        transcript.replace(&"a".repeat(1024), "[1024 a]")
    );
}

/// The tutorial's program, and the server's end of its connection after it has sent "hello".
fn tutorial_and_peer() -> (Program, FakePeer) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut program = Program::start(PROGRAM, ["--tutorial", "--port", &port]);
    let mut peer = FakePeer::accept(&listener);
    program.types("hello\n");
    assert_eq!(peer.receives(), "hello");
    (program, peer)
}

#[test]
fn tutorial_ends_on_a_byte_that_is_not_utf_8() {
    let (program, peer) = tutorial_and_peer();
    peer.sends(b"caf\xe9");
    assert_snapshot!(program.wait().report(), @"
    Data to send: error: can't talk to 127.0.0.1:[port]: incomplete utf-8 byte sequence from index 3; leave out --tutorial: the robust version survives such text
    [exit status: 1]
    ");
}

#[test]
fn tutorial_ends_with_its_input() {
    let (program, peer) = tutorial_and_peer();
    peer.sends("Hello World");
    assert_snapshot!(program.wait().report(), @"
    Data to send: Received: Hello World
    Data to send: error: can't talk to 127.0.0.1:[port]: unexpected end of file; the input has ended: type or pipe in one more line
    [exit status: 1]
    ");
}

#[test]
fn tutorial_ends_with_its_connection() {
    let (program, peer) = tutorial_and_peer();
    peer.resets();
    assert_snapshot!(program.wait().report(), @"
    Data to send: error: can't talk to 127.0.0.1:[port]: [the system's words]; the other side closed the connection: restart this program to reconnect
    [exit status: 1]
    ");
}

/// Compare: where each answer stands, what the terminal is sent, and who notices the hang-up.
#[test]
fn both_versions_with_the_same_server() {
    let long = "a".repeat(1024) + "\nthe rest\n";
    let lies = "\x1b[31mno:\rReconnected to 127.0.0.1:1.\n";
    let screen = Capture::default();
    let mut stage = Stage::new(screen.clone(), ["tutorial"]);
    let (mut peer, _listener) = start(&mut stage, "tutorial", tutorial_client);
    stage.types("tutorial", "one").unwrap();
    peer.receives();
    peer.sends(&long);
    stage.types("tutorial", "two").unwrap();
    peer.receives();
    stage.wait_for("tutorial", "the rest").unwrap();
    peer.sends(lies);
    peer.half_closes();
    stage.types("tutorial", "three").unwrap();
    stage.types("tutorial", "exit").unwrap();
    let tutorial = screen.text();

    let screen = Capture::default();
    let mut stage = Stage::new(screen.clone(), ["robust"]);
    let (mut peer, listener) = start(&mut stage, "robust", robust_client);
    stage.wait_for("robust", "Connected to").unwrap();
    stage.types("robust", "one").unwrap();
    peer.receives();
    peer.sends(&long);
    stage.wait_for("robust", "the rest").unwrap();
    stage.types("robust", "two").unwrap();
    peer.receives();
    peer.sends(lies);
    peer.half_closes();
    stage.wait_for("robust", "hung up").unwrap();
    stage.types("robust", "three").unwrap();
    let mut peer = FakePeer::accept(&listener);
    peer.receives();
    peer.sends("welcome back\n");
    stage.wait_for("robust", "welcome back").unwrap();
    stage.types("robust", "exit").unwrap();

    let both = normalise(&format!("{tutorial}\n{}", screen.text()))
        .replace(&"a".repeat(1024), "[1024 a]")
        .replace('\x1b', "[ESC]")
        .replace('\r', "[CR]");
    assert_snapshot!("both_versions_with_the_same_server", both);
}

/// A reply in two pieces, a hang-up, a new connection, and an answer after the end of the input.
#[test]
fn robust_and_server() {
    let screen = Capture::default();
    let mut stage = Stage::new(screen.clone(), ["client", "server"]);
    let (mut peer, listener) = start(&mut stage, "client", |address, keyboard, screen| {
        let both_lines = "hello\nand once more\n".len() as u64;
        robust_client(address, keyboard.take(both_lines), screen)
    });
    stage.wait_for("client", "Connected to").unwrap();
    stage.types("client", "hello").unwrap();
    let request = peer.receives();
    let server = format!("reads {request:?}, answers \"Good \"");
    stage.shows("server", server).unwrap();
    peer.sends("Good ");
    stage.shows("server", "adds \"day\\n\"").unwrap();
    peer.sends("day\n");
    stage.wait_for("client", "Good day").unwrap();
    stage.shows("server", "hangs up").unwrap();
    drop(peer);
    stage.wait_for("client", "hung up").unwrap();

    stage.types("client", "and once more").unwrap();
    let mut peer = FakePeer::accept(&listener);
    stage.wait_for("client", "Reconnected").unwrap();
    let request = peer.receives();
    peer.reads_to_end();
    let server = format!("reads {request:?} and the end, answers \"Bye\"");
    stage.shows("server", server).unwrap();
    peer.sends("Bye");
    drop(peer);
    stage.wait_for("client", "hung up").unwrap();
    assert_snapshot!("robust_and_server", normalise(&screen.text()));
}

/// The server's words have another colour than ours. `CLICOLOR_FORCE` stands for a terminal.
#[test]
fn in_colour() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut command = Command::new(PROGRAM);
    command
        .args(["--port", &port])
        .env("CLICOLOR_FORCE", "1")
        .env_remove("NO_COLOR");
    let program = Program::start_command(command);
    let peer = FakePeer::accept(&listener);
    peer.sends("one\n\ntwo");
    let _ = program.output.wait_for("two");
    drop(peer);
    let _ = program.output.wait_for("hung up");
    assert_snapshot!("in_colour", program.wait().report().replace('\x1b', "ESC"));
}

#[test]
fn help() {
    assert_snapshot!("help", Program::run(PROGRAM, ["--help"]).report());
}

#[test]
fn nobody_listens() {
    let (_held, address) = port_without_listener();
    let port = address.port().to_string();
    assert_snapshot!(Program::run(PROGRAM, ["--tutorial", "--port", &port]).report(), @"
    error: can't connect to 127.0.0.1:[port]: [the system's words]; nobody listens there: start the server first, or check --host and --port
    [exit status: 1]
    ");
    assert_snapshot!(Program::run(PROGRAM, ["--port", &port]).report(), @"
    error: can't connect to 127.0.0.1:[port]: [the system's words]; nobody listens there: start the server first, or check --host and --port
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
    assert_snapshot!(Program::run(PROGRAM, ["--port", "http"]).report(), @"
    error: invalid value 'http' for '--port <PORT>': invalid digit found in string

    For more information, try '--help'.
    [exit status: 2]
    ");
}
