//! What host and guest print, and what they send to each other.

use std::net::TcpListener;
use std::process::Command;

use insta::assert_snapshot;
use testkit::{FakePeer, Program, own_loopback_address, port_without_listener};

use crate::PROGRAM;

fn tutorial_host() -> Program {
    Program::start(PROGRAM, ["server", "--tutorial", "--port", "0"])
}

fn tutorial_guest(listener: &TcpListener) -> Program {
    let port = listener.local_addr().unwrap().port().to_string();
    Program::start(PROGRAM, ["client", "--tutorial", "--port", &port])
}

/// Each version's conversation, one beside the other.
#[test]
fn host_and_guests() {
    let tutorial = Program::run(PROGRAM, ["demo", "--tutorial"]).report();
    let robust = Program::run(PROGRAM, ["demo"]).report();
    assert_snapshot!("tutorial_host_and_guest", tutorial);
    assert_snapshot!("robust_host_and_guests", robust);
}

/// The one test with colour: `CLICOLOR_FORCE` stands for a terminal.
#[test]
fn in_colour() {
    let mut command = Command::new(PROGRAM);
    command
        .args(["demo", "--tutorial"])
        .env("CLICOLOR_FORCE", "1")
        .env_remove("NO_COLOR");
    let demo = Program::start_command(command).wait();
    assert_snapshot!("in_colour", demo.report().replace('\x1b', "ESC"));
}

#[test]
fn tutorial_host_with_a_stand_in_that_says_byebye() {
    let mut host = tutorial_host();
    let mut guest = FakePeer::connect(host.address());
    guest.sends("你好");
    host.types("hi\n");
    assert_eq!(guest.receives(), "hi");
    guest.sends("byebye");
    assert_eq!(guest.receives(), "");
    assert_snapshot!(host.wait().report(), @"
    Waiting for a guest on 127.0.0.1:[port]
    Connected: 127.0.0.1:[port]
    Received: 你好
    Message: [exit status: 0]
    ");
}

#[test]
fn tutorial_host_that_says_byebye() {
    let mut host = tutorial_host();
    let address = host.address();
    let mut guest = FakePeer::connect(address);
    guest.sends("hello");
    host.types("byebye\nnever sent\n");
    assert_eq!(guest.receives(), "byebye");
    assert_eq!(guest.receives(), "");
    assert_snapshot!(host.wait().report(), @"
    Waiting for a guest on 127.0.0.1:[port]
    Connected: 127.0.0.1:[port]
    Received: hello
    Message: [exit status: 0]
    ");

    // It closed first, so its port is in TIME-WAIT. (Windows lends such a port again.)
    if cfg!(unix) {
        let port = address.port().to_string();
        let again = Program::run(PROGRAM, ["server", "--tutorial", "--port", &port]);
        let error = format!("error: can't listen on {address}: ");
        assert!(again.errors.starts_with(&error), "{again:?}");
    }
}

#[test]
fn tutorial_guest_with_a_stand_in_that_says_byebye() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut guest = tutorial_guest(&listener);
    let mut host = FakePeer::accept(&listener);
    guest.types("hello\n");
    assert_eq!(host.receives(), "hello");
    host.sends("byebye");
    assert_eq!(host.receives(), "");
    assert_snapshot!(guest.wait().report(), @"
    Connected to 127.0.0.1:[port]
    Message: Received: byebye
    [exit status: 0]
    ");
}

#[test]
fn tutorial_guest_that_says_byebye() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut guest = tutorial_guest(&listener);
    let mut host = FakePeer::accept(&listener);
    guest.types("byebye\n");
    assert_eq!(host.receives(), "byebye");
    assert_eq!(host.receives(), "");
    assert_snapshot!(guest.wait().report(), @"
    Connected to 127.0.0.1:[port]
    Message: [exit status: 0]
    ");
}

#[test]
fn tutorial_cuts_a_character_at_byte_1024_and_ends() {
    let host = tutorial_host();
    let guest = FakePeer::connect(host.address());
    guest.sends("你".repeat(400));
    assert_snapshot!(host.wait().report(), @"
    Waiting for a guest on 127.0.0.1:[port]
    Connected: 127.0.0.1:[port]
    error: can't serve clients on 127.0.0.1:[port]: incomplete utf-8 byte sequence from index 1023; leave out --tutorial: the robust version survives such text
    [exit status: 1]
    ");
}

#[test]
fn tutorial_ends_with_its_input() {
    let host = tutorial_host();
    let guest = FakePeer::connect(host.address());
    guest.sends("hello");
    assert_snapshot!(host.wait().report(), @"
    Waiting for a guest on 127.0.0.1:[port]
    Connected: 127.0.0.1:[port]
    Received: hello
    Message: error: can't serve clients on 127.0.0.1:[port]: unexpected end of file; the input has ended: type or pipe in one more line
    [exit status: 1]
    ");
}

#[test]
fn tutorial_ends_with_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut guest = tutorial_guest(&listener);
    let mut host = FakePeer::accept(&listener);
    guest.types("hello\n");
    assert_eq!(host.receives(), "hello");
    host.resets();
    assert_snapshot!(guest.wait().report(), @"
    Connected to 127.0.0.1:[port]
    Message: error: can't talk to 127.0.0.1:[port]: [the system's words]; the other side closed the connection: restart this program to reconnect
    [exit status: 1]
    ");
}

#[test]
fn the_same_command_twice_makes_a_host_and_a_guest() {
    let Some(host_address) = own_loopback_address() else {
        return;
    };
    let host_address = host_address.to_string();
    let start = || Program::start(PROGRAM, ["--tutorial", "--host", &host_address]);
    let mut host = start();
    let _ = host.output.wait_for("Waiting");
    let mut guest = start();
    guest.types("hello\n");
    let _ = host.output.wait_for("hello");
    host.types("byebye\n");
    guest.wait().succeeds();
    host.wait().succeeds();

    // The host closed first, so its port is in TIME-WAIT: that keeps nobody from meeting again.
    let again = start();
    let _ = again.output.wait_for("Waiting");
}

#[test]
fn a_port_that_is_taken_and_can_not_be_joined() {
    let (_held, address) = port_without_listener();
    let port = address.port().to_string();
    assert_snapshot!(Program::run(PROGRAM, ["--port", &port]).report(), @"
    error: can't listen on 127.0.0.1:[port]: [the system's words]; stop the other program, wait a minute, or choose another --port
    [exit status: 1]
    ");
}

#[test]
fn help() {
    assert_snapshot!("help", Program::run(PROGRAM, ["--help"]).report());
}

#[test]
fn port_taken() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    assert_snapshot!(Program::run(PROGRAM, ["server", "--port", &port]).report(), @"
    error: can't listen on 127.0.0.1:[port]: [the system's words]; stop the other program, wait a minute, or choose another --port
    [exit status: 1]
    ");
}

#[test]
fn port_below_1024() {
    if TcpListener::bind("127.0.0.1:1").is_ok() {
        return; // This user may: tests/external.rs takes the right away.
    }
    assert_snapshot!(Program::run(PROGRAM, ["server", "--port", "1"]).report(), @"
    error: can't listen on 127.0.0.1:[port]: [the system's words]; the system reserves most ports below 1024: choose a higher --port
    [exit status: 1]
    ");
}

#[test]
fn nobody_hosts() {
    let (_held, address) = port_without_listener();
    let port = address.port().to_string();
    assert_snapshot!(Program::run(PROGRAM, ["client", "--port", &port]).report(), @"
    error: can't connect to 127.0.0.1:[port]: [the system's words]; nobody listens there: start the server first, or check --host and --port
    [exit status: 1]
    ");
}

#[test]
fn an_address_that_is_not_ours() {
    // RFC 5737: 192.0.2.0/24 is for documentation, so no machine has it.
    assert_snapshot!(Program::run(PROGRAM, ["server", "--host", "192.0.2.1"]).report(), @"
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
    assert_snapshot!(Program::run(PROGRAM, ["talk"]).report(), @"
    error: invalid value 'talk' for '[SIDE]'
      [possible values: server, client, demo]

    For more information, try '--help'.
    [exit status: 2]
    ");
    assert_snapshot!(Program::run(PROGRAM, ["--port"]).report(), @"
    error: a value is required for '--port <PORT>' but none was supplied

    For more information, try '--help'.
    [exit status: 2]
    ");
}

#[test]
fn a_name_that_nobody_can_have() {
    assert_snapshot!(Program::run(PROGRAM, ["--name", "😀"]).report(), @"
    error: invalid value '😀' for '--name <NAME>': use letters or digits, and don't begin with guest-

    For more information, try '--help'.
    [exit status: 2]
    ");
    assert_snapshot!(Program::run(PROGRAM, ["--name", "guest-1"]).report(), @"
    error: invalid value 'guest-1' for '--name <NAME>': use letters or digits, and don't begin with guest-

    For more information, try '--help'.
    [exit status: 2]
    ");
}

/// The others see that name, so its owner has to know it.
#[test]
fn a_name_that_is_cleaned_is_said() {
    let mut host = Program::start(PROGRAM, ["server", "--port", "0", "--name", "Ann:"]);
    let port = host.address().port().to_string();
    let mut guest = Program::start(PROGRAM, ["client", "--port", &port, "--name", "Li: "]);
    guest.types("byebye\n");
    assert_snapshot!(guest.wait().report(), @"
    Connected to 127.0.0.1:[port]. Say byebye to leave.
    Your name is Li.
    [exit status: 0]
    ");
    host.types("byebye\n");
    assert_snapshot!(host.wait().report(), @"
    Waiting for guests on 127.0.0.1:[port]. Say byebye to end the chat.
    Your name is Ann.
    Li has joined from 127.0.0.1:[port].
    | Li: byebye
    Li has left.
    [exit status: 0]
    ");
}

#[cfg(target_os = "linux")]
#[test]
fn a_host_that_can_not_print_says_why() {
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

#[test]
fn a_host_whose_output_nobody_reads_ends_quietly() {
    let ended = Program::run_unread(PROGRAM, ["server", "--port", "0"]);
    assert_snapshot!(ended.report(), @"[exit status: 0]");
}

#[test]
fn so_does_a_demo() {
    for version in [&["demo"][..], &["demo", "--tutorial"]] {
        let ended = Program::run_unread(PROGRAM, version);
        assert_eq!(ended.report(), "[exit status: 0]");
    }
}
