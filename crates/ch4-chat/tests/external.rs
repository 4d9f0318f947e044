//! The chat at a terminal: tests that need tmux, which is a terminal that can be read.

#![cfg(target_os = "linux")] // They have addresses of their own.
#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use checks::check::Role;
use insta::assert_snapshot;
use judging::versions::table;
use testkit::{FakePeer, PATIENCE, Program, Terminal, example, own_loopback_address};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch4-chat");

/// A room of its own: the address for `--host`.
fn own_host() -> (Ipv4Addr, SocketAddr) {
    let host = own_loopback_address().unwrap();
    (host, SocketAddr::from((host, 12345)))
}

#[test]
#[ignore = "needs tmux"]
fn a_line_that_is_being_typed_is_not_torn() {
    let (host, _) = own_host();
    let (one, other) = (Terminal::open(60), Terminal::open(60));
    one.enters(&format!("{PROGRAM} --host {host}"));
    one.shows("Waiting for guests");
    other.enters(&format!("{PROGRAM} --host {host} --name Li"));
    one.shows("Li has joined");
    one.types("half a 句");
    one.shows("> half a 句");
    other.enters("hello 你好");
    let screen = one.shows("| Li: hello 你好");
    // The message stands above the line, and the line is as it was.
    assert!(
        screen.contains("| Li: hello 你好\n> half a 句\n"),
        "{screen}"
    );
    // Wide characters are erased whole.
    one.presses("BSpace");
    one.types("line");
    one.presses("Enter");
    other.shows("| half a line\n");
    // History.
    one.presses("Up");
    one.shows("> half a line\n> half a line");
    // A window that changes its size.
    one.resize(30);
    other.enters("still here?");
    one.shows("| Li: still here?");
    one.presses("C-u");
    one.enters("byebye");
    other.shows("The host has ended the chat.");
}

#[test]
#[ignore = "needs tmux"]
fn a_long_message_goes_on_behind_the_margin() {
    const FAKE: &str = "The host has ended the chat.";
    let (host, _) = own_host();
    let (one, other) = (Terminal::open(40), Terminal::open(80));
    one.enters(&format!("{PROGRAM} --host {host}"));
    one.shows("Waiting for guests");
    other.enters(&format!("{PROGRAM} --host {host} --name Li"));
    one.shows("Li has joined");
    one.types("half a line");
    one.shows("> half a line");
    other.enters(&format!("hello{}{FAKE}", " ".repeat(29)));
    one.shows_rows(&format!("| Li: hello\n|  {FAKE}\n> half a line\n"));
    other.enters(&"汉".repeat(30));
    let rows = ["汉".repeat(16), "汉".repeat(14)];
    one.shows_rows(&format!(
        "| Li: {}\n| {}\n> half a line\n",
        rows[0], rows[1]
    ));
    one.presses("C-u");

    one.enters(&format!("hello{}{FAKE}", " ".repeat(73)));
    other.shows_rows(&format!("| hello\n|  {FAKE}\n>"));
    one.enters(&"汉".repeat(50));
    let rows = ["汉".repeat(38), "汉".repeat(12)];
    other.shows_rows(&format!("| {}\n| {}\n>", rows[0], rows[1]));

    other.resize(50);
    one.enters(&format!("{}{FAKE}", "-".repeat(48)));
    other.shows_rows(&format!("| {}\n| -{FAKE}\n>", "-".repeat(47)));
}

#[test]
#[ignore = "needs tmux"]
fn pasted_lines_are_messages_each() {
    let (host, _) = own_host();
    let (one, other) = (Terminal::open(60), Terminal::open(60));
    one.enters(&format!("{PROGRAM} --host {host}"));
    one.shows("Waiting for guests");
    other.enters(&format!("{PROGRAM} --host {host} --name Li"));
    one.shows("Li has joined");
    other.tmux(&["set-buffer", "--", "first\nsecond\nthird"]);
    other.tmux(&["paste-buffer", "-p"]);
    other.presses("Enter");
    one.shows("| Li: first\n| Li: second\n| Li: third");
}

#[test]
#[ignore = "needs tmux"]
fn when_the_other_side_is_gone_enter_and_ctrl_c_leave_the_terminal_as_it_was() {
    for key in ["Enter", "C-c"] {
        let (host, address) = own_host();
        let listener = TcpListener::bind(address).unwrap();
        let terminal = Terminal::open(60);
        terminal.enters("stty -g > /dev/null; a=$(stty -g)");
        terminal.enters(&format!("{PROGRAM} client --host {host}; echo status $?"));
        let peer = FakePeer::accept(&listener);
        terminal.shows("Connected to");
        terminal.types("unfinished");
        terminal.shows("> unfinished");
        drop(peer);
        // Said at once, while the line is still being typed.
        let screen = terminal.shows("Press Enter to leave.");
        assert!(screen.contains("The host has gone."), "{screen}");
        terminal.presses(key);
        terminal.shows("status 0");
        terminal.enters("test \"$a\" = \"$(stty -g)\" && echo the same");
        terminal.shows("\nthe same\n");
    }
}

#[test]
#[ignore = "needs tmux"]
fn a_host_that_says_byebye_needs_not_wait_until_enter_is_pressed() {
    let (host, address) = own_host();
    let listener = TcpListener::bind(address).unwrap();
    let terminal = Terminal::open(60);
    terminal.enters(&format!("{PROGRAM} client --host {host}; echo status $?"));
    let mut peer = FakePeer::accept(&listener);
    terminal.shows("> ");
    peer.sends("byebye\n");
    terminal.shows("Press Enter to leave.");
    assert_eq!(peer.reads_to_end(), b"");
    terminal.presses("Enter");
    terminal.shows("status 0");
}

#[test]
#[ignore = "needs tmux"]
fn ctrl_c_and_ctrl_d_at_the_prompt_say_byebye() {
    for key in ["C-c", "C-d"] {
        let (host, address) = own_host();
        let listener = TcpListener::bind(address).unwrap();
        let terminal = Terminal::open(60);
        terminal.enters("a=$(stty -g)");
        terminal.enters(&format!("{PROGRAM} client --host {host}; echo status $?"));
        let mut peer = FakePeer::accept(&listener);
        terminal.shows("Connected to");
        terminal.presses(key);
        assert_eq!(peer.reads_to_end(), b"byebye");
        drop(peer);
        terminal.shows("status 0");
        terminal.enters("test \"$a\" = \"$(stty -g)\" && echo the same");
        terminal.shows("\nthe same\n");
    }
}

#[test]
#[ignore = "needs tmux"]
fn a_dumb_terminal_gets_plain_lines() {
    let (host, address) = own_host();
    let listener = TcpListener::bind(address).unwrap();
    let terminal = Terminal::open(60);
    terminal.enters(&format!(
        "TERM=dumb {PROGRAM} client --host {host}; echo status $?"
    ));
    let mut peer = FakePeer::accept(&listener);
    terminal.shows("Connected to");
    terminal.enters("hello");
    assert_eq!(peer.reads_line(), "hello\n"); // The line is on the screen.
    peer.sends("hi\n");
    let screen = terminal.shows("| hi");
    assert!(screen.contains("\nhello\n| hi"), "{screen}");
    let fake = "The host has gone.";
    peer.sends(format!("{}{fake}\n", "-".repeat(58)));
    terminal.shows_rows(&format!("| {}\n| -{fake}\n", "-".repeat(57)));
    terminal.presses("C-d");
    assert_eq!(peer.reads_to_end(), b"byebye");
    drop(peer);
    terminal.shows("status 0");
}

/// With the default time, five seconds.
#[test]
#[ignore = "takes seconds"]
fn when_a_file_has_ended_the_talk_goes_on_until_it_is_quiet() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut guest = Program::start(PROGRAM, ["client", "--port", &port]);
    guest.types("one\n");
    guest.end_input();
    let mut host = FakePeer::accept(&listener);
    assert_eq!(host.reads_line(), "one\n");
    host.sends("an answer\n");
    let _ = guest.output.wait_for("| an answer");
    let begin = Instant::now();
    assert_eq!(host.reads_to_end(), b"byebye");
    let quiet = begin.elapsed();
    let expected = Duration::from_secs(4)..PATIENCE;
    assert!(expected.contains(&quiet), "{quiet:?}");
    drop(host);
    guest.wait().succeeds();
}

#[test]
#[ignore = "takes minutes"]
fn what_each_step_of_the_host_passes() {
    let step = |name| example(PROGRAM, name);
    let table = table(
        Role::ChatServer,
        &[
            ("tutorial", PROGRAM, "server --tutorial --port {port}"),
            ("1", &step("step1_lines"), "server {port}"),
            ("2", &step("step2_any_time"), "server {port}"),
            ("3", &step("step3_room"), "server {port}"),
            ("robust", PROGRAM, "server --port {port}"),
        ],
    );
    assert_snapshot!("checks_and_steps_of_the_host", table);
}

#[test]
#[ignore = "takes minutes"]
fn what_each_step_of_the_guest_passes() {
    let step = |name| example(PROGRAM, name);
    let table = table(
        Role::ChatClient,
        &[
            ("tutorial", PROGRAM, "client --tutorial --port {port}"),
            ("1", &step("step1_lines"), "client {port}"),
            ("2", &step("step2_any_time"), "client {port}"),
            ("3", &step("step3_room"), "client {port}"),
            ("robust", PROGRAM, "client --port {port}"),
        ],
    );
    assert_snapshot!("checks_and_steps_of_the_guest", table);
}

/// One write of many lines, as a paste without marks is, or a fast typist.
#[test]
#[ignore = "needs tmux"]
fn lines_that_are_typed_ahead_all_arrive_in_order() {
    let (host, address) = own_host();
    let listener = TcpListener::bind(address).unwrap();
    let terminal = Terminal::open(60);
    terminal.enters(&format!("{PROGRAM} client --host {host}"));
    let mut peer = FakePeer::accept(&listener);
    terminal.shows("> ");
    let lines: Vec<String> = (1..=20).map(|number| format!("line {number}\n")).collect();
    terminal.types(&lines.concat().replace('\n', "\r"));
    for line in lines {
        assert_eq!(peer.reads_line(), line);
    }
    terminal.enters("byebye");
    assert_eq!(peer.reads_to_end(), b"byebye");
}

/// A shell that sets its terminal again before its prompt would hide a fault: dash doesn't.
#[test]
#[ignore = "needs tmux"]
fn ctrl_z_stops_and_fg_goes_on_where_it_was() {
    let (host, address) = own_host();
    let listener = TcpListener::bind(address).unwrap();
    let terminal = Terminal::open(60);
    terminal.enters("a=$(stty -g)");
    terminal.enters(&format!("{PROGRAM} client --host {host}"));
    let mut peer = FakePeer::accept(&listener);
    terminal.shows("Connected to");
    for round in 1..=10 {
        terminal.types(&format!("half {round}"));
        terminal.shows(&format!("> half {round}"));
        terminal.presses("C-z");
        terminal.shows_rows("\n$\n");
        terminal.enters(&format!(
            "test \"$a\" = \"$(stty -g)\" && echo same $(({round} + 100))"
        ));
        terminal.shows(&format!("\nsame {}\n", round + 100));
        terminal.enters("fg");
        terminal.types(" and whole");
        terminal.shows(&format!("> half {round} and whole"));
        terminal.presses("Enter");
        assert_eq!(peer.reads_line(), format!("half {round} and whole\n"));
    }
    terminal.enters("byebye");
    assert_eq!(peer.reads_to_end(), b"byebye");
}

/// A guest that a shell starts after this command, its terminal, its host and its process number.
/// When it ends, the shell shows its status.
fn guest_of_a_shell(before: &str) -> (Terminal, FakePeer, String) {
    let (host, address) = own_host();
    let listener = TcpListener::bind(address).unwrap();
    let terminal = Terminal::open(60);
    terminal.enters("a=$(stty -g)");
    terminal.enters(&format!(
        "sh -c '{before}echo pid $$.; exec {PROGRAM} client --host {host}'; echo status $?"
    ));
    let peer = FakePeer::accept(&listener);
    let screen = terminal.shows("> ");
    let (_, pid) = screen.rsplit_once("pid ").unwrap();
    let (pid, _) = pid.split_once('.').unwrap();
    (terminal, peer, pid.to_owned())
}

/// The guest of the shell has ended, and the terminal is as it was before.
fn has_left_the_terminal_as_it_was(terminal: &Terminal, status: i32) {
    terminal.shows(&format!("status {status}"));
    terminal.enters("test \"$a\" = \"$(stty -g)\" && echo the same");
    terminal.shows("\nthe same\n");
}

#[test]
#[ignore = "needs tmux"]
fn signals_leave_the_terminal_as_it_was() {
    for (signal, status) in [
        ("TERM", 143),
        ("HUP", 129),
        ("QUIT", 131),
        ("ALRM", 142),
        ("USR1", 138),
        ("USR2", 140),
        ("INT", 0),
    ] {
        let (terminal, peer, pid) = guest_of_a_shell("");
        terminal.types("half");
        terminal.shows("> half");
        Program::run("kill", ["-s", signal, &pid]).succeeds();
        drop(peer);
        has_left_the_terminal_as_it_was(&terminal, status);
    }
}

/// As under `nohup`. It changes nothing, and another signal still ends the program.
#[test]
#[ignore = "needs tmux"]
fn a_signal_that_is_ignored_leaves_the_editor_as_it_was() {
    let (terminal, mut peer, pid) = guest_of_a_shell("trap \"\" HUP; ");
    for word in ["one", "two"] {
        Program::run("kill", ["-s", "HUP", &pid]).succeeds();
        terminal.types(word);
        terminal.shows(&format!("> {word}"));
        terminal.presses("Enter");
        assert_eq!(peer.reads_line(), format!("{word}\n"));
    }
    Program::run("kill", ["-s", "TERM", &pid]).succeeds();
    has_left_the_terminal_as_it_was(&terminal, 143);
}

/// The terminal is full, and takes nothing that programs print, until the value that this returns is
/// dropped.
fn pauses(terminal: &Terminal) -> impl Drop {
    struct Paused(String);
    impl Drop for Paused {
        fn drop(&mut self) {
            let _ = Program::run("kill", ["-s", "CONT", &self.0]);
        }
    }
    let ask = |format| terminal.tmux(&["display-message", "-p", format]);
    let output = format!("of={}", ask("#{pane_tty}").trim());
    let paused = Paused(ask("#{pid}").trim().to_owned());
    Program::run("kill", ["-s", "STOP", &paused.0]).succeeds();
    // It ends with an error when no more fits. Then the system may make room once more.
    let fill = ["if=/dev/zero", &output, "oflag=nonblock"];
    let begin = Instant::now();
    while !Program::run("dd", fill).errors.contains("\n0 bytes") {
        assert!(begin.elapsed() < PATIENCE, "it takes more and more");
    }
    paused
}

/// Several times: a full terminal may have some room again.
#[test]
#[ignore = "needs tmux"]
fn a_signal_ends_it_even_if_its_terminal_is_paused() {
    for _ in 0..5 {
        let (terminal, mut peer, pid) = guest_of_a_shell("");
        let paused = pauses(&terminal);
        Program::run("kill", ["-s", "TERM", &pid]).succeeds();
        assert_eq!(peer.reads_to_end(), b"");
        drop(paused);
        terminal.shows("status 143");
    }
}

/// Another program has made it so, and a non-blocking terminal that is full fails.
#[test]
#[ignore = "needs Python and tmux"]
fn a_non_blocking_terminal_is_waited_for() {
    let (host, address) = own_host();
    let listener = TcpListener::bind(address).unwrap();
    let terminal = Terminal::open(60);
    let non_blocking = "python3 -c \"import os; os.set_blocking(0, False)\"";
    terminal.enters(&format!(
        "sh -c '{non_blocking}; exec {PROGRAM} client --host {host}'; echo status $?"
    ));
    let mut peer = FakePeer::accept(&listener);
    terminal.shows("> ");
    let line = "x".repeat(20_000) + "\n";
    peer.sends(line.repeat(20) + "the end\n");
    terminal.shows("| the end\n");
    terminal.enters("hello");
    assert_eq!(peer.reads_line(), "hello\n");
    terminal.enters("byebye");
    assert_eq!(peer.reads_to_end(), b"byebye");
    drop(peer);
    terminal.shows("status 0");
}

#[test]
#[ignore = "needs tmux"]
fn terminals_that_the_editor_does_not_know_get_plain_lines() {
    for term in ["TERM=emacs", "TERM=cons25", "TERM=DUMB", "TERM=", "-u TERM"] {
        let (host, address) = own_host();
        let listener = TcpListener::bind(address).unwrap();
        let terminal = Terminal::open(60);
        terminal.enters(&format!(
            "env {term} {PROGRAM} client --host {host}; echo status $?"
        ));
        let mut peer = FakePeer::accept(&listener);
        terminal.shows("Connected to");
        terminal.enters("hello");
        assert_eq!(peer.reads_line(), "hello\n");
        let screen = terminal.shows("\nhello\n");
        assert!(!screen.contains("> "), "{screen}");
        terminal.presses("C-d");
        assert_eq!(peer.reads_to_end(), b"byebye");
        drop(peer);
        terminal.shows("status 0");
    }
}

#[test]
#[ignore = "needs tmux"]
fn a_pipe_on_either_side_gets_plain_lines() {
    for (before, after) in [("echo hello | ", ""), ("", " | cat")] {
        let (host, address) = own_host();
        let listener = TcpListener::bind(address).unwrap();
        let terminal = Terminal::open(60);
        terminal.enters(&format!("{before}{PROGRAM} client --host {host}{after}"));
        let mut peer = FakePeer::accept(&listener);
        terminal.shows("Connected to");
        if before.is_empty() {
            terminal.enters("hello");
        }
        assert_eq!(peer.reads_line(), "hello\n");
        peer.sends("byebye");
        let screen = terminal.shows("The host has ended the chat.");
        assert!(!screen.contains("> "), "{screen}");
    }
}

/// The editor can't read it: maybe the keyboard has another encoding.
#[test]
#[ignore = "needs tmux"]
fn a_key_that_is_not_utf_8_sends_nothing_and_the_chat_goes_on() {
    let (host, address) = own_host();
    let listener = TcpListener::bind(address).unwrap();
    let terminal = Terminal::open(200);
    terminal.enters(&format!("{PROGRAM} client --host {host}; echo status $?"));
    let mut peer = FakePeer::accept(&listener);
    terminal.shows("Connected to");
    terminal.tmux(&["send-keys", "-H", "ff"]);
    terminal.shows("Not sent: the line isn't UTF-8.");
    terminal.enters("hello");
    assert_eq!(peer.reads_line(), "hello\n");
    terminal.enters("byebye");
    terminal.shows("status 0");
    assert_eq!(peer.reads_to_end(), b"byebye");
}
