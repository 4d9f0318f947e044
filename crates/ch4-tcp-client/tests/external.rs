//! Tests that need a program besides cargo: most need tmux, a terminal that can be read.

#![cfg(target_os = "linux")] // They have addresses of their own.
#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::io;
use std::net::TcpListener;

use checks::check::Role;
use checks::testing::table;
use insta::assert_snapshot;
use testkit::{FakePeer, Program, Terminal, example, own_loopback_address};

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
