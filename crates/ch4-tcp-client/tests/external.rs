//! Tests that need a program besides cargo: most need tmux, a terminal that can be read.

#![cfg(target_os = "linux")] // They have addresses of their own.
#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use checks::check::Role;
use insta::assert_snapshot;
use judging::versions::table;
use socket2::SockRef;
use testkit::{FakePeer, PATIENCE, Program, Terminal, example, own_loopback_address};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch4-tcp-client");

#[test]
#[ignore = "needs tmux"]
fn a_long_line_goes_on_behind_a_new_margin() {
    const FAKE: &str = "The server has hung up.";
    let host = own_loopback_address().unwrap();
    let listener = TcpListener::bind((host, 8080)).unwrap();
    let terminal = Terminal::open(80);
    terminal.enters(&format!("{PROGRAM} --host {host}"));
    let mut server = FakePeer::accept(&listener);
    terminal.shows("Connected to");

    // In pieces: what is shown in between doesn't end a row.
    server.sends("-".repeat(50));
    terminal.shows(&"-".repeat(50));
    server.sends(format!("{}{FAKE}\n", " ".repeat(28)));
    terminal.shows_rows(&format!("| {}\n|  {FAKE}\n", "-".repeat(50)));

    // The user's Enter ends a row, and the next begins anew.
    server.sends("Name? ");
    terminal.shows("| Name? ");
    terminal.enters("Li");
    assert_eq!(server.reads_line(), "Li\n"); // The client knows that Enter was pressed.
    server.sends(format!("{}{FAKE}\n", "汉".repeat(39)));
    terminal.shows_rows(&format!("| Name? Li\n| {}\n| 汉{FAKE}\n", "汉".repeat(38)));

    terminal.resize(40);
    server.sends(format!("{}{FAKE}\n", "-".repeat(38)));
    terminal.shows_rows(&format!("| {}\n| -{FAKE}\n", "-".repeat(37)));
}

/// Their line end appears nowhere, so it ends no row.
#[test]
#[ignore = "needs tmux"]
fn lines_from_a_pipe_end_no_row() {
    let host = own_loopback_address().unwrap();
    let listener = TcpListener::bind((host, 8080)).unwrap();
    let terminal = Terminal::open(80);
    terminal.enters(&format!("stty -echo; head -n 1 | {PROGRAM} --host {host}"));
    let mut server = FakePeer::accept(&listener);
    server.sends("Name? ");
    terminal.shows("| Name? ");
    terminal.enters("Li");
    assert_eq!(server.reads_line(), "Li\n");
    server.sends("Hello!\n");
    terminal.shows_rows("| Name? Hello!\n");
}

/// The line has half a gigabyte, the client a quarter.
#[test]
#[ignore = "needs prlimit, head and sh"]
fn a_line_may_be_longer_than_memory() {
    const LENGTH: usize = 500_000_000;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let script = r#"head -c "$2" /dev/zero | prlimit --as=250000000 "$0" --port "$1""#;
    let length = LENGTH.to_string();
    let client = Program::start("sh", ["-c", script, PROGRAM, &port, &length]);
    let server = FakePeer::accept(&listener);
    let received = io::copy(&mut server.stream(), &mut io::sink()).unwrap();
    assert_eq!(received, LENGTH as u64 + 1); // and an LF
    drop(server);
    client.wait().succeeds();
}

/// More than all buffers between the two hold, however large this system lets them grow.
#[test]
#[ignore = "needs head, sh, tr and wc"]
fn an_echo_of_64_mib_comes_back_whole() {
    const LENGTH: usize = 64 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let script = r#"head -c "$2" /dev/zero | tr '\0' x | "$0" --port "$1" | tr -cd x | wc -c"#;
    let length = LENGTH.to_string();
    let client = Program::start("sh", ["-c", script, PROGRAM, &port, &length]);
    let server = FakePeer::accept(&listener);
    io::copy(&mut server.stream(), &mut server.stream()).unwrap();
    drop(server);
    // The first line that the client prints has an x too, in "exit".
    assert_eq!(client.wait().succeeds().trim(), (LENGTH + 1).to_string());
}

/// With the default limits. `tests/robust.rs` has shorter ones.
mod five_seconds {
    use super::*;

    /// The program, on its way to this server.
    fn start(server: SocketAddr) -> Program {
        let (host, port) = (server.ip().to_string(), server.port().to_string());
        Program::start(PROGRAM, ["--host", &host, "--port", &port])
    }

    fn expect_five_seconds_since(begin: Instant) {
        let elapsed = begin.elapsed();
        let expected = Duration::from_millis(4900)..PATIENCE;
        assert!(expected.contains(&elapsed), "{elapsed:?}");
    }

    /// Where the backlog is full, Linux lets a connection attempt hang: listen(2).
    #[test]
    #[ignore = "takes seconds"]
    fn to_connect() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        SockRef::from(&listener).listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
            queued.push(stream);
        }
        let begin = Instant::now();
        let client = start(address);
        let _ = client.errors.wait_for("timed out");
        expect_five_seconds_since(begin);
    }

    #[test]
    #[ignore = "takes seconds"]
    fn to_send_a_line() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = start(listener.local_addr().unwrap());
        let server = FakePeer::accept(&listener);
        client.types_and_ends(vec![b'x'; 64 << 20]);
        assert_eq!(server.stream().peek(&mut [0]).unwrap(), 1);
        let begin = Instant::now();
        let _ = client.output.wait_for("can't send all of this line");
        expect_five_seconds_since(begin);
    }

    #[test]
    #[ignore = "takes seconds"]
    fn to_close() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = start(listener.local_addr().unwrap());
        let mut server = FakePeer::accept(&listener);
        let _ = client.output.wait_for("Connected to");
        let begin = Instant::now();
        client.end_input();
        assert_eq!(server.reads_to_end(), b"");
        client.wait().succeeds();
        expect_five_seconds_since(begin);
    }
}

#[test]
#[ignore = "takes minutes"]
fn what_each_step_passes() {
    let step = |name| example(PROGRAM, name);
    let table = table(
        Role::TcpClient,
        &[
            ("tutorial", PROGRAM, "--tutorial --port {port}"),
            ("1", &step("step1_answer"), "{port}"),
            ("2", &step("step2_directions"), "{port}"),
            ("robust", PROGRAM, "--port {port}"),
        ],
    );
    assert_snapshot!("checks_and_steps", table);
}
