//! The program as a whole: signals, pipes, the command line.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

mod server;

use std::net::SocketAddr;
use std::process::Command;

use insta::assert_snapshot;
use server::{Server, listen};
use testkit::{Program, has_ipv6};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch4-tcp-client");

/// The program, connected to this server.
fn program(server: SocketAddr) -> Program {
    let (host, port) = (server.ip().to_string(), server.port().to_string());
    let program = Program::start(PROGRAM, ["--host", &host, "--port", &port]);
    let _ = program.output.wait_for("Connected to");
    program
}

#[test]
fn head_of_one_line_ends_the_program_quietly() {
    let listener = listen("127.0.0.1:0");
    let port = listener.local_addr().unwrap().port().to_string();
    let mut shell = Command::new("sh");
    let script = r#"{ "$0" --port "$1"; echo "status $?" >&2; } | head -1"#;
    shell.args(["-c", script, PROGRAM, &port]);
    let shell = Program::start_command(shell);
    // It sends until the client has gone; the input stays open and idle meanwhile.
    Server::accept(&listener).floods().join().unwrap();
    let _ = shell.errors.wait_for("status");
    let ended = shell.wait();
    assert_eq!(ended.errors, "status 0\n");
    assert_eq!(ended.output.lines().count(), 1, "{}", ended.output);
}

#[test]
fn ipv6() {
    if !has_ipv6() {
        return;
    }
    let listener = listen("[::1]:0");
    let mut program = program(listener.local_addr().unwrap());
    let mut server = Server::accept(&listener);
    program.types("hello\n");
    assert_eq!(server.reads_line(), "hello\n");
    server.sends("hello yourself\n");
    let _ = program.output.wait_for("hello yourself");
    program.types("exit\n");
    assert_snapshot!(program.wait().report(), @r#"
    Connected to [::1]:[port]. Each line is sent; "exit" or the end of input leaves.
    | hello yourself
    [exit status: 0]
    "#);
}

/// What the keyboard and the shell do to the program.
#[cfg(target_os = "linux")]
mod signals {
    use std::io::BufRead;
    use std::thread;
    use std::time::Instant;

    use testkit::PATIENCE;

    use super::*;
    use crate::server::long_line;

    #[test]
    fn ctrl_c_ends_it_at_once() {
        let listener = listen("127.0.0.1:0");
        let port = listener.local_addr().unwrap().port().to_string();
        let program = Program::start_with_signals(PROGRAM, ["--port", &port]);
        let _server = Server::accept(&listener);
        let _ = program.output.wait_for("Connected to");
        program.signal("INT");
        assert_snapshot!(program.wait().report(), @r#"
    Connected to 127.0.0.1:[port]. Each line is sent; "exit" or the end of input leaves.
    [signal: 2 (SIGINT)]
    "#);
    }

    /// Ctrl-Z and `fg` while a line is on its way: what waits in a system call is interrupted.
    #[test]
    fn to_be_stopped_and_continued_harms_nothing() {
        let listener = listen("127.0.0.1:0");
        let mut program = program(listener.local_addr().unwrap());
        let mut server = Server::accept(&listener);
        program.types_and_ends(long_line());
        // It has begun to send, and can't end before the server reads.
        assert!(!server.stream.fill_buf().unwrap().is_empty());
        for _ in 0..10 {
            program.signal("STOP");
            wait_for_state(&program, "T");
            program.signal("CONT");
            // Waiting in its system calls again.
            wait_for_state(&program, "S");
        }
        assert_eq!(server.reads_line().len(), long_line().len());
        server.sends("all of it\n");
        drop(server);
        assert_snapshot!(program.wait().report(), @r#"
    Connected to 127.0.0.1:[port]. Each line is sent; "exit" or the end of input leaves.
    | all of it
    The server has hung up.
    [exit status: 0]
    "#);
    }

    /// Waits for the state in which all threads of the program are, as `ps` names it.
    fn wait_for_state(program: &Program, expected: &str) {
        let begin = Instant::now();
        let id = program.id();
        loop {
            let threads = std::fs::read_dir(format!("/proc/{id}/task")).unwrap();
            let states: Vec<String> = threads
                .map(|thread| std::fs::read_to_string(thread.unwrap().path().join("stat")).unwrap())
                .map(|stat| stat.split(' ').nth(2).unwrap().to_owned())
                .collect();
            if states.iter().all(|state| state == expected) {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "{states:?}");
            thread::yield_now();
        }
    }
}
