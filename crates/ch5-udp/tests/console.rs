//! What the server and the client print, and what they send to each other.

use std::net::UdpSocket;
use std::process::Command;

use insta::assert_snapshot;
use testkit::{Program, wine_lacks};

use crate::PROGRAM;
use crate::common::{CLOSED_PORT, client, converted, port_without_server, receive, stand_in};
#[cfg(unix)]
use crate::common::{ask, server};

#[test]
fn robust_server_and_client() {
    assert_snapshot!(
        "robust_server_and_client",
        Program::run(PROGRAM, ["demo"]).report()
    );
}

/// The consoles of both versions, one below the other.
#[cfg(unix)]
fn both(peer: &str, tutorial: &str, robust: &str) -> String {
    // A snapshot must not do to a reader's terminal what the peer wants.
    let (tutorial, robust) = (
        tutorial.replace('\x1b', "ESC"),
        robust.replace('\x1b', "ESC"),
    );
    format!("{peer}\n\n--tutorial:\n{tutorial}\n\nwithout:\n{robust}\n\n\n")
}

/// What the same client gets from both servers, and what they print.
#[test]
#[cfg(unix)]
fn both_servers_for_the_same_client() {
    let requests: [(&str, &[u8]); 4] = [
        ("A client asks for 36.6", b"36.6"),
        ("A client asks for -300", b"-300"),
        ("A client sends 37,5", b"37,5"),
        (
            "A client sends ESC [2J, text that looks like our line, and a byte that isn't UTF-8",
            b"\x1b[2J\nRequest from 127.0.0.1:1: 5\xff",
        ),
    ];
    let mut consoles = String::new();
    for (client, request) in requests {
        let tutorial = Program::start(PROGRAM, ["server", "--tutorial", "--port", "0"]);
        let asking = stand_in();
        asking.send_to(request, tutorial.address()).unwrap();
        // It ends after one request, whatever that was.
        let tutorial = tutorial.wait().report();
        asking.set_nonblocking(true).unwrap();
        let mut buffer = [0; 1024];
        let reply = match asking.recv(&mut buffer) {
            Ok(count) => String::from_utf8_lossy(&buffer[..count]),
            Err(_) => "(waits forever)".into(),
        };
        let tutorial = format!("{tutorial}\nclient: {reply}");

        let server = server();
        let reply = ask(server.address(), request);
        let _ = server.output.wait_for("Reply to");
        server.signal("INT"); // It would answer forever.
        let robust = format!("{}\nclient: {reply}", server.wait().report());
        consoles += &both(client, &tutorial, &robust);
    }
    assert_snapshot!("both_servers_for_the_same_client", consoles);
}

/// What both clients print when the same server answers, or nobody does.
#[test]
#[cfg(unix)]
fn both_clients_for_the_same_server() {
    let replies: [(&str, &[u8]); 4] = [
        (
            "The server answers",
            b"Converted temperature (degrees Fahrenheit): 97.88",
        ),
        ("The server sends nothing in its reply", b""),
        (
            "The server sends ESC [2J and text that looks like our line",
            b"\x1b[2J\nReply to 36.6: 451",
        ),
        ("The server sends a byte that isn't UTF-8", b"\xff"),
    ];
    let server = stand_in();
    let address = server.local_addr().unwrap();
    let mut consoles = String::new();
    for (peer, reply) in replies {
        let [tutorial, robust] = [&["--tutorial"][..], &[]].map(|version| {
            let mut client = client(address, version);
            client.types("36.6\n");
            let (_, from) = receive(&server);
            server.send_to(reply, from).unwrap();
            client.wait().report()
        });
        consoles += &both(peer, &tutorial, &robust);
    }

    let (_held, closed) = port_without_server();
    let mut tutorial = client(closed, &["--tutorial"]);
    tutorial.types("36.6\n");
    let _ = tutorial.output.wait_for("Celsius: ");
    let mut robust = client(closed, &[]);
    robust.types("36.6\n");
    let robust = robust.wait().report();
    tutorial.signal("INT"); // It would wait forever.
    consoles += &both("Nobody has the port", &tutorial.wait().report(), &robust);
    assert_snapshot!("both_clients_for_the_same_server", consoles);
}

/// A closed port, for temperatures that stand on the command line.
#[test]
fn nobody_has_the_port() {
    if wine_lacks(CLOSED_PORT) {
        return;
    }
    let (_held, closed) = port_without_server();
    assert_snapshot!(client(closed, &["36.6", "100"]).wait().report(), @"
    error: can't receive from 127.0.0.1:[port]: [the system's words]; nobody listens there: start the server first, or check --host and --port
    error: can't receive from 127.0.0.1:[port]: [the system's words]; nobody listens there: start the server first, or check --host and --port
    [exit status: 1]
    ");
}

#[test]
#[cfg(unix)]
fn quiet_server() {
    let server = Program::start(PROGRAM, ["server", "--quiet", "--port", "0"]);
    ask(server.address(), "36.6");
    ask(server.address(), "warm");
    server.signal("INT");
    assert_snapshot!(server.wait().report(), @"
    UDP server bound to 127.0.0.1:[port]
    [signal: 2 (SIGINT)]
    ");
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
        assert_eq!(receive(&client).0, converted(reply));
        assert!(server.wait().status.success());
    }
}

#[test]
fn tutorial_server_ends_on_what_is_no_number() {
    let server = Program::start(PROGRAM, ["server", "--tutorial", "--port", "0"]);
    stand_in().send_to(b"warm", server.address()).unwrap();
    assert_snapshot!(server.wait().report(), @"
    UDP server bound to 127.0.0.1:[port]
    error: can't serve clients on 127.0.0.1:[port]: invalid float literal; leave out --tutorial: the robust version survives such text
    [exit status: 1]
    ");

    let server = Program::start(PROGRAM, ["server", "--tutorial", "--port", "0"]);
    stand_in().send_to(b"\xff", server.address()).unwrap();
    assert_snapshot!(server.wait().report(), @"
    UDP server bound to 127.0.0.1:[port]
    error: can't serve clients on 127.0.0.1:[port]: invalid utf-8 sequence of 1 bytes from index 0; leave out --tutorial: the robust version survives such text
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
    Degrees Celsius: error: can't talk to 127.0.0.1:[port]: unexpected end of file; the input has ended: type or pipe in one more line
    [exit status: 1]
    ");
}

#[test]
fn tutorial_client_ends_on_what_is_no_text() {
    let mut client = Program::start(PROGRAM, ["client", "--tutorial"]);
    client.types(b"caf\xe9\n");
    assert_snapshot!(client.wait().report(), @"
    Degrees Celsius: error: can't talk to 127.0.0.1:[port]: stream did not contain valid UTF-8; leave out --tutorial: the robust version survives such text
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
    error: can't bind a socket to 127.0.0.1:[port]: [the system's words]; stop the other program, wait a minute, or choose another --port
    [exit status: 1]
    ");
}

#[test]
fn port_below_1024() {
    if UdpSocket::bind("127.0.0.1:1").is_ok() {
        return; // This user may: tests/external.rs takes the right away.
    }
    assert_snapshot!(Program::run(PROGRAM, ["server", "--port", "1"]).report(), @"
    error: can't bind a socket to 127.0.0.1:[port]: [the system's words]; the system reserves most ports below 1024: choose a higher --port
    [exit status: 1]
    ");
}

#[test]
fn an_address_that_is_not_ours() {
    // RFC 5737: 192.0.2.0/24 is for documentation, so no machine has it.
    assert_snapshot!(Program::run(PROGRAM, ["server", "--host", "192.0.2.1"]).report(), @"
    error: can't bind a socket to 192.0.2.1:[port]: [the system's words]; this machine doesn't have that address: use one it has, such as --host 127.0.0.1
    [exit status: 1]
    ");
}

#[test]
fn a_name_that_does_not_resolve() {
    assert_snapshot!(Program::run(PROGRAM, ["client", "--host", "no such name"]).report(), @r#"
    error: can't find the address of "no such name": [the system's words]; check the spelling of --host, or give an address such as 127.0.0.1
    [exit status: 1]
    "#);
}

/// Every text but our flags goes to the server, wherever it stands.
#[test]
fn what_is_no_flag_is_asked() {
    let server = stand_in();
    let port = server.local_addr().unwrap().port().to_string();
    let port = port.as_str();
    let mut last_request = None;
    for (arguments, requests) in [
        (&["-40"][..], &["-40"][..]),
        (
            &["-.5", "-1,5", "-inf", "-1e3"],
            &["-.5", "-1,5", "-inf", "-1e3"],
        ),
        (
            &["-", "-.", "--5", "--.5", "---"],
            &["-", "-.", "--5", "--.5", "---"],
        ),
        (
            &["-x", "-hot", "-V", "-１", "--é"],
            &["-x", "-hot", "-V", "-１", "--é"],
        ),
        (
            &["5", " -6 ", "exit", "help", ""],
            &["5", "-6", "exit", "help", ""],
        ),
        // Flags may come after numbers.
        (&["-.5", "--host", "127.0.0.1", "7"], &["-.5", "7"]),
        // What looks like a flag.
        (
            &["5", "--", "-h", "--port", "-.5", "--"],
            &["5", "-h", "--port", "-.5", "--"],
        ),
    ] {
        for first in [&["client", "--port", port], &["--port", port, "client"]] {
            let client = Program::start(PROGRAM, [first, arguments].concat());
            for &request in requests {
                // A slow machine's client may ask twice, from the same address.
                let (asked, from) = loop {
                    let request = receive(&server);
                    if last_request.replace(request.clone()).as_ref() != Some(&request) {
                        break request;
                    }
                };
                assert_eq!(asked, request, "{arguments:?}");
                server.send_to(b"0", from).unwrap();
            }
            let ended = client.wait();
            assert!(ended.status.success(), "{}", ended.report());
            let replies = ended.output.matches("Reply to");
            assert_eq!(replies.count(), requests.len(), "{}", ended.output);
        }
    }

    let server = stand_in();
    let client = client(server.local_addr().unwrap(), &["--tutorial", "-.5"]);
    let (asked, from) = receive(&server);
    assert_eq!(asked, "-.5");
    server.send_to(b"0", from).unwrap();
    assert!(client.wait().status.success());
}

#[test]
fn an_unknown_flag_is_an_error() {
    for arguments in [
        &["client", "36.6", "--prot", "5"][..],
        &["client", "--inf"],
        &["client", "-.5", "--port"],
        &["client", "-.5", "--port", "-.5"],
        &["server", "-x"],
        &["-x"],
    ] {
        let status = Program::run(PROGRAM, arguments).status;
        assert_eq!(status.code(), Some(2), "{arguments:?}");
    }
    assert!(Program::run(PROGRAM, ["-V"]).status.success());
    assert_snapshot!(Program::run(PROGRAM, ["client", "36.6", "--prot", "5"]).report(), @"
    error: unexpected argument '--prot' found

      tip: a similar argument exists: '--port'

    Usage: ch5-udp client --port <PORT> <CELSIUS>...

    For more information, try '--help'.
    [exit status: 2]
    ");
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
          --port <PORT>  Port number; with 0, a server takes a free one and says which [default: 1314]
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

#[cfg(target_os = "linux")]
#[test]
fn a_server_that_can_not_print_says_why() {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    assert_snapshot!(Program::run_into(PROGRAM, ["server", "--port", "0"], full).report(), @"
    error: can't write the output: [the system's words]; check that its disk has room and its terminal is open
    [exit status: 1]
    ");
}

#[test]
fn a_system_without_threads_is_an_error() {
    let mut command = Command::new(PROGRAM);
    command
        .args(["server", "--port", "0"])
        .env("RUST_MIN_STACK", "1000000000000000");
    assert_snapshot!(Program::start_command(command).wait().report(), @"
    error: can't start a thread that prints: [the system's words]; this machine is short of threads or memory: stop other programs (Unix: see ulimit -u)
    [exit status: 1]
    ");
}
