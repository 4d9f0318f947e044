//! The chat at a terminal: tests that need tmux, which is a terminal that can be read.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use console::testing::{PATIENCE, Program, own_loopback_address};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch4-chat");

/// A terminal 60 columns wide, with a shell in it. It ends with this value.
struct Terminal {
    /// The name of a tmux server of its own.
    name: String,
}

impl Terminal {
    fn open() -> Self {
        let id = own_loopback_address().to_bits();
        let terminal = Self {
            name: format!("chat-test-{id}"),
        };
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "60",
            "-y",
            "20",
            "env",
            "PS1=$ ",
            "TERM=screen",
            "sh",
        ]);
        terminal.shows("$");
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let arguments = [&["-L", &self.name], arguments].concat();
        let tmux = Program::run("tmux", &arguments);
        assert!(tmux.status.success(), "{arguments:?}: {tmux:?}");
        tmux.output
    }

    /// Types text, key by key.
    fn types(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Presses a key that has a name, such as Enter, Up or C-c.
    fn presses(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    fn enters(&self, line: &str) {
        self.types(line);
        self.presses("Enter");
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-J"])
    }

    /// Waits until the screen shows the text.
    #[track_caller]
    fn shows(&self, text: &str) -> String {
        let begin = Instant::now();
        loop {
            let screen = self.screen();
            if screen.contains(text) {
                return screen;
            }
            assert!(begin.elapsed() < PATIENCE, "no {text:?} on\n{screen}");
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = Program::run("tmux", ["-L", &self.name, "kill-server"]);
    }
}

/// A room of its own: the address for `--host`.
fn own_host() -> (Ipv4Addr, SocketAddr) {
    let host = own_loopback_address();
    (host, SocketAddr::from((host, 12345)))
}

#[test]
#[ignore = "needs tmux"]
fn a_line_that_is_being_typed_is_not_torn() {
    let (host, _) = own_host();
    let (one, other) = (Terminal::open(), Terminal::open());
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
    one.tmux(&["resize-window", "-x", "30"]);
    other.enters("still here?");
    one.shows("| Li: still here?");
    one.presses("C-u");
    one.enters("byebye");
    other.shows("The host has ended the chat.");
}

#[test]
#[ignore = "needs tmux"]
fn pasted_lines_are_messages_each() {
    let (host, _) = own_host();
    let (one, other) = (Terminal::open(), Terminal::open());
    one.enters(&format!("{PROGRAM} --host {host}"));
    one.shows("Waiting for guests");
    other.enters(&format!("{PROGRAM} --host {host} --name Li"));
    one.shows("Li has joined");
    other.tmux(&["set-buffer", "first\nsecond\nthird"]);
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
        let terminal = Terminal::open();
        terminal.enters("stty -g > /dev/null; a=$(stty -g)");
        terminal.enters(&format!("{PROGRAM} client --host {host}; echo status $?"));
        let peer = listener.accept().unwrap().0;
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
fn ctrl_c_and_ctrl_d_at_the_prompt_say_byebye() {
    for key in ["C-c", "C-d"] {
        let (host, address) = own_host();
        let listener = TcpListener::bind(address).unwrap();
        let terminal = Terminal::open();
        terminal.enters("a=$(stty -g)");
        terminal.enters(&format!("{PROGRAM} client --host {host}; echo status $?"));
        let mut peer = listener.accept().unwrap().0;
        peer.set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        terminal.shows("Connected to");
        terminal.presses(key);
        let mut said = String::new();
        std::io::Read::read_to_string(&mut peer, &mut said).unwrap();
        assert_eq!(said, "byebye");
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
    let terminal = Terminal::open();
    terminal.enters(&format!(
        "TERM=dumb {PROGRAM} client --host {host}; echo status $?"
    ));
    let mut peer = listener.accept().unwrap().0;
    terminal.shows("Connected to");
    terminal.enters("hello");
    std::io::Write::write_all(&mut peer, b"hi\n").unwrap();
    let screen = terminal.shows("| hi");
    assert!(screen.contains("\nhello\n| hi"), "{screen}");
    terminal.presses("C-d");
    let mut said = String::new();
    std::io::Read::read_to_string(&mut peer, &mut said).unwrap();
    assert_eq!(said, "hello\nbyebye");
    drop(peer);
    terminal.shows("status 0");
}
