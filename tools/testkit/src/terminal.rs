//! A terminal that a test can type on and read. It needs tmux.

use std::time::Instant;

use super::{PATIENCE, Program, own_loopback_address};

/// A terminal with a shell in it: a tmux server of this name. It ends with this value.
pub struct Terminal(String);

impl Terminal {
    /// Opens a terminal of so many columns, and 20 rows.
    pub fn open(columns: usize) -> Self {
        let id = own_loopback_address().unwrap().to_bits();
        let terminal = Self(format!("terminal-of-a-test-{id}"));
        let session = format!("-f /dev/null new-session -d -x {columns} -y 20");
        let shell = ["env", "PS1=$ ", "TERM=screen", "sh"];
        let arguments: Vec<_> = session.split(' ').chain(shell).collect();
        terminal.tmux(&arguments);
        terminal.shows("$");
        terminal
    }

    /// Gives it another number of columns, and waits until programs see that.
    pub fn resize(&self, columns: usize) {
        self.tmux(&["resize-window", "-x", &columns.to_string()]);
        let device = self.tmux(&["display-message", "-p", "#{pane_tty}"]);
        let size = || Program::run("stty", ["-F", device.trim(), "size"]).output;
        wait_for(&format!("20 {columns}\n"), size);
    }

    /// Types text, key by key.
    pub fn types(&self, text: &str) {
        self.tmux(&["send-keys", "-l", "--", text]);
    }

    /// Presses a key that has a name, such as Enter, Up or C-c.
    pub fn presses(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    /// Types a line.
    pub fn enters(&self, line: &str) {
        self.types(line);
        self.presses("Enter");
    }

    /// Waits until the text is there, and returns all that is. A line that the terminal itself has
    /// wrapped is one line.
    #[track_caller]
    pub fn shows(&self, text: &str) -> String {
        wait_for(text, || self.tmux(&["capture-pane", "-p", "-J"]))
    }

    /// The same with rows as they are on the screen, without the spaces at their ends.
    #[track_caller]
    pub fn shows_rows(&self, rows: &str) -> String {
        wait_for(rows, || self.tmux(&["capture-pane", "-p"]))
    }

    /// Runs one of tmux's commands on it, and returns what that prints: tmux(1).
    pub fn tmux(&self, arguments: &[&str]) -> String {
        let arguments = [&["-L", &self.0], arguments].concat();
        Program::run("tmux", &arguments).succeeds()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = Program::run("tmux", ["-L", &self.0, "kill-server"]);
    }
}

/// Looks again and again, until the text is there.
#[track_caller]
fn wait_for(text: &str, look: impl Fn() -> String) -> String {
    let begin = Instant::now();
    loop {
        let seen = look();
        if seen.contains(text) {
            return seen;
        }
        assert!(begin.elapsed() < PATIENCE, "no {text:?} in\n{seen}");
    }
}
