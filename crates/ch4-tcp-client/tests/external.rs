//! The client at a terminal: tests that need tmux, which is a terminal that can be read.

#![cfg(target_os = "linux")] // They have addresses of their own.
#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::io::{Read, Write};
use std::net::TcpListener;

use console::testing::{PATIENCE, Terminal, own_loopback_address};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch4-tcp-client");

#[test]
#[ignore = "needs tmux"]
fn a_long_line_goes_on_behind_a_new_margin() {
    const FAKE: &str = "The server has hung up.";
    let host = own_loopback_address().unwrap();
    let listener = TcpListener::bind((host, 8080)).unwrap();
    let terminal = Terminal::open(80);
    terminal.enters(&format!("{PROGRAM} --host {host}"));
    let mut server = listener.accept().unwrap().0;
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    terminal.shows("Connected to");

    // In pieces: what is shown in between doesn't end a row.
    server.write_all("-".repeat(50).as_bytes()).unwrap();
    terminal.shows(&"-".repeat(50));
    server
        .write_all(format!("{}{FAKE}\n", " ".repeat(28)).as_bytes())
        .unwrap();
    terminal.shows_rows(&format!("| {}\n|  {FAKE}\n", "-".repeat(50)));

    // The user's Enter ends a row, and the next begins anew.
    server.write_all(b"Name? ").unwrap();
    terminal.shows("| Name? ");
    terminal.enters("Li");
    server.read_exact(&mut [0; 3]).unwrap(); // The client knows that Enter was pressed.
    server
        .write_all(format!("{}{FAKE}\n", "汉".repeat(39)).as_bytes())
        .unwrap();
    terminal.shows_rows(&format!("| Name? Li\n| {}\n| 汉{FAKE}\n", "汉".repeat(38)));

    terminal.resize(40);
    server
        .write_all(format!("{}{FAKE}\n", "-".repeat(38)).as_bytes())
        .unwrap();
    terminal.shows_rows(&format!("| {}\n| -{FAKE}\n", "-".repeat(37)));
}
