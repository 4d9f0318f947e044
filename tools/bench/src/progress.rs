//! One line on standard error that says how far it is, if a terminal is there to show it.

use std::io::{self, IsTerminal, Write};

/// How wide the bar is, in characters.
const WIDTH: usize = 30;

/// A bar that grows by one step at a time.
pub struct Progress {
    shown: bool,
    steps: usize,
    done: usize,
}

impl Progress {
    /// A bar of that many steps. It is shown only on a terminal.
    pub fn new(steps: usize) -> Self {
        Self {
            shown: io::stderr().is_terminal(),
            steps: steps.max(1),
            done: 0,
        }
    }

    /// The next step begins.
    pub fn step(&mut self, what: &str) {
        let full = (self.done * WIDTH / self.steps).min(WIDTH);
        let bar = "#".repeat(full) + &".".repeat(WIDTH - full);
        self.show(&format!("[{bar}] {}/{} {what}", self.done + 1, self.steps));
        self.done += 1;
    }

    fn show(&self, line: &str) {
        if self.shown {
            // CR goes back to the line's beginning, and the escape sequence clears it (ECMA-48,
            // EL). If nobody can see it, the figures count all the same.
            let _ = write!(io::stderr(), "\r\x1b[K{line}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.show("");
    }
}
