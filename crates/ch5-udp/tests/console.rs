//! What the server and the client print, and what they send to each other.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::net::{SocketAddr, UdpSocket};

use console::testing::{PATIENCE, Program};
use insta::assert_snapshot;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch5-udp");

/// A socket that speaks as the tutorial's programs do.
fn stand_in() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn receive(socket: &UdpSocket) -> (String, SocketAddr) {
    let mut buffer = [0; 2048];
    let (count, from) = socket.recv_from(&mut buffer).unwrap();
    (String::from_utf8_lossy(&buffer[..count]).into_owned(), from)
}

#[test]
fn tutorial_server_and_client() {
    let demo = Program::run(PROGRAM, ["demo", "--tutorial"]);
    assert_snapshot!("tutorial_server_and_client", demo.report());
}

#[test]
fn tutorial_server_answers_once_and_ends() {
    for (request, reply) in [
        ("100", "212.0"),
        ("-40", "-40.0"),
        ("36.6", "97.88000000000001"),
        (" 37.5\n", "99.5"),
    ] {
        let server = Program::start(PROGRAM, ["server", "--tutorial", "--port", "0"]);
        let client = stand_in();
        client
            .send_to(request.as_bytes(), server.address())
            .unwrap();
        let expected = format!("Converted temperature (degrees Fahrenheit): {reply}");
        assert_eq!(receive(&client).0, expected);
        assert!(server.wait().status.success());
    }
}

#[test]
fn tutorial_server_ends_on_what_is_no_number() {
    let server = Program::start(PROGRAM, ["server", "--tutorial", "--port", "0"]);
    stand_in().send_to(b"warm", server.address()).unwrap();
    assert_snapshot!(server.wait().report(), @"
    UDP server bound to 127.0.0.1:[port]
    error: can't find a number in the request of 127.0.0.1:[port]: invalid float literal; try again; if it stays, the text before this one is what to search for
    [exit status: 1]
    ");

    let server = Program::start(PROGRAM, ["server", "--tutorial", "--port", "0"]);
    stand_in().send_to(b"\xff", server.address()).unwrap();
    assert_snapshot!(server.wait().report(), @"
    UDP server bound to 127.0.0.1:[port]
    error: can't decode what came from 127.0.0.1:[port]: invalid utf-8 sequence of 1 bytes from index 0; this program needs text in UTF-8 here (without --tutorial the programs survive other bytes)
    [exit status: 1]
    ");
}

#[test]
fn tutorial_client_sends_the_line_as_it_was_typed() {
    let server = stand_in();
    let port = server.local_addr().unwrap().port().to_string();
    let mut client = Program::start(PROGRAM, ["client", "--tutorial", "--port", &port]);
    client.types(" 36.6 \n");
    let (request, from) = receive(&server);
    assert_eq!(request, " 36.6 ");
    server.send_to("华氏温度:97.88".as_bytes(), from).unwrap();
    assert_snapshot!(client.wait().report(), @"
    Degrees Celsius: 华氏温度:97.88
    [exit status: 0]
    ");
}

#[test]
fn tutorial_client_ends_with_its_input() {
    assert_snapshot!(Program::run(PROGRAM, ["client", "--tutorial"]).report(), @"
    Degrees Celsius: error: can't read the input: unexpected end of file; the input has ended: type, or pipe in, one line more
    [exit status: 1]
    ");
}

#[test]
fn help() {
    assert_snapshot!("help", Program::run(PROGRAM, ["--help"]).report());
    assert_snapshot!(
        "help_server",
        Program::run(PROGRAM, ["server", "--help"]).report()
    );
    assert_snapshot!(
        "help_client",
        Program::run(PROGRAM, ["client", "--help"]).report()
    );
}

#[test]
fn port_taken() {
    let holder = stand_in();
    let port = holder.local_addr().unwrap().port().to_string();
    assert_snapshot!(Program::run(PROGRAM, ["server", "--port", &port]).report(), @"
    error: can't receive on 127.0.0.1:[port]: [the system's words]; a program has this port, or had it within the last minute: stop it, wait, or choose another with --port
    [exit status: 1]
    ");
}

#[test]
fn port_below_1024() {
    if UdpSocket::bind("127.0.0.1:1").is_ok() {
        return; // This user may: tests/external.rs takes the right away.
    }
    assert_snapshot!(Program::run(PROGRAM, ["server", "--port", "1"]).report(), @"");
}

#[test]
fn an_address_that_is_not_ours() {
    // RFC 5737: 192.0.2.0/24 is for documentation, so no machine has it.
    assert_snapshot!(Program::run(PROGRAM, ["server", "--host", "192.0.2.1"]).report(), @"
    error: can't receive on 192.0.2.1:[port]: [the system's words]; this machine doesn't have that address: use one it has, such as --host 127.0.0.1
    [exit status: 1]
    ");
}

#[test]
fn a_name_that_does_not_resolve() {
    assert_snapshot!(Program::run(PROGRAM, ["client", "--host", "no such name"]).report(), @r#"
    error: can't find the address of "no such name": [the system's words]; look at the spelling of --host, or give an address such as 127.0.0.1
    [exit status: 1]
    "#);
}

#[test]
fn bad_flags() {
    assert_snapshot!(Program::run(PROGRAM, [] as [&str; 0]).report(), @"
    Degrees Celsius to Fahrenheit over UDP (chapter 5)

    Usage: ch5-udp [OPTIONS] <COMMAND>

    Commands:
      server  Answer requests (section 5.1)
      client  Ask the server (section 5.2)
      demo    Both sides in this terminal, on a free port
      help    Print this message or the help of the given subcommand(s)

    Options:
          --host <HOST>  Name or address to listen on or to connect to [default: 127.0.0.1]
          --port <PORT>  Port number; a server that is given 0 takes a free one and says which [default: 1314]
          --tutorial     Run the tutorial's version, faults and all
      -h, --help         Print help
      -V, --version      Print version
    [exit status: 2]
    ");
    assert_snapshot!(Program::run(PROGRAM, ["serve"]).report(), @"
    error: unrecognized subcommand 'serve'

      tip: a similar subcommand exists: 'server'

    Usage: ch5-udp [OPTIONS] <COMMAND>

    For more information, try '--help'.
    [exit status: 2]
    ");
    assert_snapshot!(Program::run(PROGRAM, ["client", "--port", "-1"]).report(), @"
    error: invalid value '-1' for '--port <PORT>': -1 is not in 0..=65535

    For more information, try '--help'.
    [exit status: 2]
    ");
}
