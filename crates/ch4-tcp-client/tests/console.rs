//! What the client prints, and what it sends.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use ch4_tcp_client::tutorial;
use console::testing::{PATIENCE, Program, Screen, normalise, plain, port_without_listener};
use console::{Error, Stage};
use insta::assert_snapshot;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch4-tcp-client");

/// Lets the tutorial's client type the lines. The server gives the answers, one for each read.
/// Returns both consoles and how the client ended.
fn tutorial_and_server<const N: usize>(
    lines: [&str; N],
    answers: &[&'static [u8]],
) -> (String, Result<(), Error>) {
    plain();
    let screen = Screen::default();
    let stage = Stage::new(screen.clone());
    let mut client = stage.player("client");
    let mut keyboard = client.keyboard(lines);
    let mut server = stage.player("server");
    let answers = answers.to_vec();

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        for answer in answers {
            let request = read_once(&mut stream);
            let shown = answer.escape_ascii();
            writeln!(server, "reads {request:?}, answers \"{shown}\"").unwrap();
            stream.write_all(answer).unwrap();
        }
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        writeln!(server, "reads {rest:?} and the end").unwrap();
    });

    let end = tutorial::talk(
        tutorial::connect(address).unwrap(),
        &mut keyboard,
        &mut client,
    );
    serving.join().unwrap();
    (normalise(&screen.text()), end)
}

fn read_once(stream: &mut TcpStream) -> String {
    let mut buffer = [0; 4096];
    let count = stream.read(&mut buffer).unwrap();
    String::from_utf8_lossy(&buffer[..count]).into_owned()
}

#[test]
fn tutorial_sends_what_is_typed_until_exit() {
    let (transcript, end) = tutorial_and_server(
        ["hello", "你好", "exit", "never sent"],
        &[b"Hello World", "你也好".as_bytes()],
    );
    end.unwrap();
    assert_snapshot!("tutorial_sends_what_is_typed_until_exit", transcript);
}

#[test]
fn tutorial_takes_one_read_for_one_answer() {
    let mut long = vec![b'a'; 1024];
    long.extend(b"the rest");
    let (transcript, end) = tutorial_and_server(["one", "two", "exit"], &[long.leak()]);
    end.unwrap();
    assert_snapshot!(
        "tutorial_takes_one_read_for_one_answer",
        transcript.replace(&"a".repeat(1024), "[1024 a]")
    );
}

#[test]
fn tutorial_ends_on_a_byte_that_is_not_utf_8() {
    let (transcript, end) = tutorial_and_server(["hello", "exit"], &[b"caf\xe9"]);
    assert_snapshot!("tutorial_ends_on_a_byte_that_is_not_utf_8", transcript);
    assert_snapshot!(normalise(&end.unwrap_err().to_string()), @"can't decode what came from 127.0.0.1:[port]: incomplete utf-8 byte sequence from index 3; this program needs text in UTF-8 here (without --tutorial the programs survive other bytes)");
}

#[test]
fn tutorial_ends_with_its_input() {
    let (_, end) = tutorial_and_server(["hello"], &[b"Hello World"]);
    assert_snapshot!(end.unwrap_err(), @"can't read the input: unexpected end of file; the input has ended: type, or pipe in, one line more");
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
    error: can't connect to 127.0.0.1:[port]: [the system's words]; nobody listens there: start the server first, or look at --host and --port again
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
