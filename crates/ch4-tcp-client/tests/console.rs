//! What the client prints, and what it sends.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

mod steps;

use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::thread;

use ch4_tcp_client::robust::{self, Limits};
use ch4_tcp_client::tutorial;
use console::{Player, Printer, Stage};
use insta::assert_snapshot;
use testkit::{Capture, FakePeer, Program, normalise, plain, port_without_listener};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch4-tcp-client");

/// Lets the tutorial's client type the lines. The server gives the answers, one for each read.
/// Returns both consoles.
fn tutorial_and_server<const N: usize>(lines: [&str; N], answers: &[&'static [u8]]) -> String {
    plain();
    let screen = Capture::default();
    let stage = Stage::new(screen.clone());
    let mut client = stage.player("client");
    let mut keyboard = client.keyboard(lines);
    let mut server = stage.player("server");
    let answers = answers.to_vec();

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        let mut peer = FakePeer::accept(&listener);
        for answer in answers {
            let request = peer.receives();
            let shown = answer.escape_ascii();
            writeln!(server, "reads {request:?}, answers \"{shown}\"").unwrap();
            peer.sends(answer);
        }
        let rest = String::from_utf8(peer.reads_to_end()).unwrap();
        writeln!(server, "reads {rest:?} and the end").unwrap();
    });

    let connection = tutorial::connect(address).unwrap();
    tutorial::talk(connection, &mut keyboard, &mut client).unwrap();
    serving.join().unwrap();
    normalise(&screen.text())
}

/// Runs the robust client. Each line is typed when the client has shown the text before it.
fn robust_client<const N: usize>(
    address: SocketAddr,
    stage: &Stage,
    name: &'static str,
    client: Player,
    script: [(&'static str, &'static str); N],
) {
    let (typed, mut keyboard) = io::pipe().unwrap();
    let mut echo = client.clone();
    let watching = stage.clone();
    let typing = thread::spawn(move || {
        for (seen, line) in script {
            watching.wait_for(name, seen).unwrap();
            writeln!(echo, "{line}").unwrap();
            writeln!(keyboard, "{line}").unwrap();
        }
    });
    let terminal = robust::Screen::new(Printer::new(client).unwrap(), true);
    robust::talk(
        &[address],
        Limits::default(),
        BufReader::new(typed),
        terminal,
    )
    .unwrap();
    typing.join().unwrap();
}

/// What a version shows of this server: it answers the first line with more than 1024 bytes, the
/// second with terminal escapes and a line that pretends to be the client's, and hangs up. Who
/// comes `back` is welcome.
fn shown_by(
    name: &'static str,
    back: bool,
    client_of: impl FnOnce(SocketAddr, &Stage, Player),
) -> String {
    plain();
    let screen = Capture::default();
    let stage = Stage::new(screen.clone());
    let client = stage.player(name);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let watching = stage.clone();
    let serving = thread::spawn(move || {
        let mut peer = FakePeer::accept(&listener);
        peer.receives();
        peer.sends("a".repeat(1024) + "\nthe rest\n");
        peer.receives();
        watching.wait_for(name, "the rest").unwrap();
        peer.sends("\x1b[31mno:\rConnected again to 127.0.0.1:1.\n");
        peer.half_closes();
        peer.reads_to_end();
        if back {
            let mut peer = FakePeer::accept(&listener);
            peer.receives();
            peer.sends("welcome back\n");
            peer.reads_to_end();
        }
    });
    client_of(address, &stage, client);
    serving.join().unwrap();
    normalise(&screen.text())
        .replace(&"a".repeat(1024), "[1024 a]")
        .replace('\x1b', "[ESC]")
        .replace('\r', "[CR]")
}

#[test]
fn tutorial_sends_what_is_typed_until_exit() {
    let transcript = tutorial_and_server(
        ["hello", "你好", "exit", "never sent"],
        &[b"Hello World", "你也好".as_bytes()],
    );
    assert_snapshot!("tutorial_sends_what_is_typed_until_exit", transcript);
}

#[test]
fn tutorial_takes_one_read_for_one_answer() {
    let mut long = vec![b'a'; 1024];
    long.extend(b"the rest");
    let transcript = tutorial_and_server(["one", "two", "exit"], &[long.leak()]);
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
    Data to send: error: can't talk to 127.0.0.1:[port]: incomplete utf-8 byte sequence from index 3; this program needs text in UTF-8 here (without --tutorial the programs survive other bytes)
    [exit status: 1]
    ");
}

#[test]
fn tutorial_ends_with_its_input() {
    let (program, peer) = tutorial_and_peer();
    peer.sends("Hello World");
    assert_snapshot!(program.wait().report(), @"
    Data to send: Received: Hello World
    Data to send: error: can't talk to 127.0.0.1:[port]: unexpected end of file; the input has ended: type, or pipe in, one more line
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
    let tutorial = shown_by("tutorial", false, |address, _, mut client| {
        let mut keyboard = client.keyboard(["one", "two", "three", "exit"]);
        let server = tutorial::connect(address).unwrap();
        tutorial::talk(server, &mut keyboard, &mut client).unwrap();
    });
    let robust = shown_by("robust", true, |address, stage, client| {
        let script = [
            ("Connected to", "one"),
            ("the rest", "two"),
            ("hung up", "three"),
            ("welcome back", "exit"),
        ];
        robust_client(address, stage, "robust", client, script);
    });
    assert_snapshot!(
        "both_versions_with_the_same_server",
        format!("{tutorial}\n{robust}")
    );
}

/// A reply in two pieces, a hang-up, a new connection, and an answer after the end of the input.
#[test]
fn robust_and_server() {
    plain();
    let screen = Capture::default();
    let stage = Stage::new(screen.clone());
    let client = stage.player("client");
    let mut server = stage.player("server");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let watching = stage.clone();
    let serving = thread::spawn(move || {
        let mut peer = FakePeer::accept(&listener);
        let request = peer.receives();
        writeln!(server, "reads {request:?}, answers \"Good \"").unwrap();
        peer.sends("Good ");
        writeln!(server, "adds \"day\\n\"").unwrap();
        peer.sends("day\n");
        watching.wait_for("client", "Good day").unwrap();
        writeln!(server, "hangs up").unwrap();
        drop(peer);

        let mut peer = FakePeer::accept(&listener);
        watching.wait_for("client", "Connected again").unwrap();
        let request = peer.receives();
        peer.reads_to_end();
        writeln!(server, "reads {request:?} and the end, answers \"Bye\"").unwrap();
        peer.sends("Bye");
    });
    let script = [("Connected to", "hello"), ("hung up", "and once more")];
    robust_client(address, &stage, "client", client, script);
    serving.join().unwrap();
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
    error: can't find the address of "no such name": [the system's words]; look at the spelling of --host, or give an address such as 127.0.0.1
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
