//! A script for several programs on one stage, where anybody may speak at any time.
//!
//! Programs that run at the same time print in an order that differs from run to run. A script
//! says which line is shown next; what a program prints waits until it is its turn. So a
//! conversation reads from cause to effect, and the same each time.

use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use console::{Error, Player, Stage};

/// How long a program may take to print what the script says.
const PATIENCE: Duration = Duration::from_secs(20);

/// One of the programs, as the script sees it. What it types and prints appears under its name.
pub struct Actor {
    player: Player,
    name: &'static str,
    keyboard: Sender<String>,
    printed: Receiver<Printed>,
}

/// The terminal that belongs to an actor's program.
pub struct Terminal {
    /// What is typed.
    pub keyboard: Keyboard,
    /// What is printed.
    pub screen: Screen,
}

enum Printed {
    Line(String),
    /// A question without a line end: what is typed stands behind it.
    Prompt(String),
}

/// An actor, and the terminal for its program.
pub fn actor(stage: &Stage, name: &'static str) -> (Actor, Terminal) {
    let (keyboard, typed) = channel();
    let (print, printed) = channel();
    let actor = Actor {
        player: stage.player(name),
        name,
        keyboard,
        printed,
    };
    let terminal = Terminal {
        keyboard: Keyboard {
            typed,
            line: Vec::new(),
        },
        screen: Screen {
            print,
            unfinished: Vec::new(),
        },
    };
    (actor, terminal)
}

impl Actor {
    /// Types a line.
    ///
    /// # Errors
    ///
    /// The stage can't be shown.
    pub fn types(&mut self, line: &str) -> Result<(), Error> {
        self.show(&format!("> {line}"))?;
        // A program that has ended doesn't read it.
        let _ = self.keyboard.send(format!("{line}\n"));
        Ok(())
    }

    /// Types a line as soon as the program asks for it.
    ///
    /// # Errors
    ///
    /// It doesn't ask, or the stage can't be shown.
    pub fn answers(&mut self, line: &str) -> Result<(), Error> {
        loop {
            match self.next("a question")? {
                Printed::Prompt(prompt) => break self.show(&(prompt + line))?,
                Printed::Line(line) => self.show(&line)?,
            }
        }
        let _ = self.keyboard.send(format!("{line}\n"));
        Ok(())
    }

    /// Shows what the program prints, up to a line that contains `text`.
    ///
    /// # Errors
    ///
    /// No such line comes, or the stage can't be shown.
    pub fn sees(&mut self, text: &str) -> Result<(), Error> {
        loop {
            let (Printed::Line(line) | Printed::Prompt(line)) = self.next(text)?;
            self.show(&line)?;
            if line.contains(text) {
                return Ok(());
            }
        }
    }

    /// Shows what the program prints until it ends.
    ///
    /// # Errors
    ///
    /// The stage can't be shown.
    pub fn ends(mut self) -> Result<(), Error> {
        while let Ok(Printed::Line(line) | Printed::Prompt(line)) =
            self.printed.recv_timeout(PATIENCE)
        {
            self.show(&line)?;
        }
        Ok(())
    }

    fn next(&self, awaited: &str) -> Result<Printed, Error> {
        self.printed.recv_timeout(PATIENCE).map_err(|error| {
            Error::cannot(
                format_args!("see {awaited:?} from {}", self.name),
                error,
                "run it again on a machine that is less busy",
            )
        })
    }

    fn show(&mut self, line: &str) -> Result<(), Error> {
        writeln!(self.player, "{line}").map_err(Error::output)
    }
}

/// The keyboard of an actor's program. It ends with the actor.
pub struct Keyboard {
    typed: Receiver<String>,
    line: Vec<u8>,
}

impl Read for Keyboard {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Keyboard {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.line.is_empty()
            && let Ok(line) = self.typed.recv()
        {
            self.line = line.into_bytes();
        }
        Ok(&self.line)
    }

    fn consume(&mut self, count: usize) {
        self.line.drain(..count);
    }
}

/// The screen of an actor's program.
pub struct Screen {
    print: Sender<Printed>,
    unfinished: Vec<u8>,
}

impl Screen {
    fn print(&self, printed: Printed) -> io::Result<()> {
        // Without its actor nobody is left to see it.
        let sent = self.print.send(printed);
        sent.map_err(|_| ErrorKind::BrokenPipe.into())
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.unfinished.extend(part);
            if part.ends_with(b"\n") {
                let line = String::from_utf8_lossy(&self.unfinished);
                self.print(Printed::Line(line.trim_end().to_owned()))?;
                self.unfinished.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.unfinished.is_empty() {
            let prompt = String::from_utf8_lossy(&self.unfinished).into_owned();
            self.print(Printed::Prompt(prompt))?;
            self.unfinished.clear();
        }
        Ok(())
    }
}
