//! A program that runs: its keyboard and its output in our hands, its end guaranteed.

use std::fmt;
use std::io::{self, Read, Write};
use std::process::{self, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::child::Child;
use crate::command::Command;
use crate::limits;
use crate::strays::CHILDREN_END;
use crate::terminal;

/// Maximum output of a program, in bytes. A program that prints more is stopped.
pub const OUTPUT_LIMIT: usize = 1 << 20;

/// How often to look whether the command itself has ended while others keep its output open.
const GLANCE: Duration = Duration::from_millis(50);

/// How long a program may take to tidy up when it is asked to end.
#[cfg(unix)]
const TIDY_UP: Duration = Duration::from_millis(600);

/// A program that runs.
///
/// When it is dropped, it is asked to end, and then killed with all its children, as [`Child`] is.
/// On Linux those that have left the session are found as well.
pub struct Process {
    child: Child,
    keyboard: Option<Box<dyn Write + Send>>,
    has_terminal: bool,
    /// What comes out of its two outputs, each with a thread that reads it. Ends with them.
    news: Receiver<(usize, Vec<u8>)>,
    /// All that has come out of them: standard output, and standard error.
    printed: [Vec<u8>; 2],
    stopped: Arc<OnceLock<String>>,
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Process({})", self.child.process.id())
    }
}

impl Process {
    /// Starts the command, at a terminal if there is one.
    ///
    /// The locale is `C.UTF-8`, so that each language prints UTF-8.
    ///
    /// # Errors
    ///
    /// The system can't start it: there is no such file, or it isn't executable.
    pub fn start(command: &Command) -> io::Result<Self> {
        let mut start = process::Command::new(&command.program);
        if let Some(dir) = &command.dir {
            start.current_dir(dir);
        }
        start
            .args(&command.arguments)
            // Else Java and Ruby print question marks for what they can't write in the locale "C".
            .env("LC_ALL", "C.UTF-8")
            // The message of a panic says enough.
            .env_remove("RUST_BACKTRACE");
        let folder = command.dir.clone();
        let folder = folder.map(|dir| (limits::size(&dir, u64::MAX), dir));
        let streams = terminal::open(&mut start)?;
        let child = Child::start(start)?;
        child.mark.fix(child.process.id());
        let (sender, news) = channel();
        let program = Self {
            stopped: limits::watch(child.mark, folder),
            child,
            keyboard: Some(streams.keyboard),
            has_terminal: streams.is_terminal,
            news,
            printed: Default::default(),
        };
        for (stream, pipe) in streams.outputs.into_iter().enumerate() {
            let sender = sender.clone();
            thread::Builder::new().spawn(move || read_all(pipe, stream, &sender))?;
        }
        Ok(program)
    }

    /// Whether it has a terminal. If not, its input and its outputs are pipes.
    pub fn has_terminal(&self) -> bool {
        self.has_terminal
    }

    /// Types a line on its keyboard, and Enter. (This waits only if more is typed than fits into a
    /// pipe.)
    ///
    /// # Errors
    ///
    /// Its input is closed, as it is when it has ended.
    pub fn types(&mut self, line: &str) -> io::Result<()> {
        // A key sends CR; the terminal makes it LF, unless the program has told it not to.
        let enter = if self.has_terminal { "\r" } else { "\n" };
        let keyboard = self.keyboard.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        keyboard.write_all(format!("{line}{enter}").as_bytes())
    }

    /// Ends its input: by Ctrl-D, or by closing the pipe.
    pub fn end_input(&mut self) {
        let keyboard = self.keyboard.as_mut().filter(|_| self.has_terminal);
        if keyboard.is_none_or(|keyboard| keyboard.write_all(b"\x04").is_err()) {
            self.keyboard = None;
        }
    }

    /// How the command itself has ended, if it has. One that floods its output is ended here:
    /// nobody reads on, so it would wait forever.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.floods() {
            // It fails if it has ended already.
            let _ = self.child.process.start_kill();
        }
        self.child.process.try_wait().ok().flatten()
    }

    /// All that it has printed: standard output, then standard error.
    pub fn text(&mut self) -> String {
        self.hears();
        let [output, errors] = &self.printed;
        let mut text = String::from_utf8_lossy(output).into_owned();
        // Two streams are no line together.
        if !text.is_empty() && !text.ends_with('\n') && !errors.is_empty() {
            text.push('\n');
        }
        text + &String::from_utf8_lossy(errors)
    }

    /// Keeps what its outputs have printed meanwhile. Returns whether they are closed.
    fn hears(&mut self) -> bool {
        loop {
            match self.news.try_recv() {
                Ok((stream, piece)) => self.printed[stream].extend(piece),
                Err(error) => return error == TryRecvError::Disconnected,
            }
        }
    }

    /// How long it has kept a processor busy, and how long it has waited for one. Only Linux tells;
    /// elsewhere both are zero.
    pub fn cpu_time(&self) -> (Duration, Duration) {
        self.child.mark.cpu_time()
    }

    /// The numbers (inodes) of the sockets that it has open. Only Linux tells; elsewhere there are
    /// none.
    pub fn sockets(&self) -> Vec<u64> {
        self.child.mark.sockets()
    }

    /// Why it was stopped, if it took too much of the machine.
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.get().map(String::as_str)
    }

    /// Whether it has printed more than [`OUTPUT_LIMIT`].
    pub fn floods(&mut self) -> bool {
        self.hears();
        self.printed.iter().map(Vec::len).sum::<usize>() > OUTPUT_LIMIT
    }

    /// Waits until it has ended and closed its output, for this time at most. Returns how it ended.
    pub fn wait_for_end(&mut self, limit: Duration) -> Option<ExitStatus> {
        self.wait_for(limit, |_| false);
        self.ended()
    }

    /// Waits for output, for this time at most.
    pub fn wait_for_news(&mut self, limit: Duration) {
        match self.news.recv_timeout(limit) {
            Ok((stream, piece)) => self.printed[stream].extend(piece),
            // Nothing tells when it ends.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(limit),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }

    /// Waits until what it has printed satisfies the condition, for this time at most. Doesn't
    /// wait for more when no more can come. Returns whether the condition is satisfied.
    pub fn wait_for(&mut self, limit: Duration, is_there: impl Fn(&str) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            let is_over = self.ended().is_some() && self.hears();
            if is_there(&self.text()) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || is_over || self.floods() {
                return false;
            }
            // Its outputs close when it ends. A child of it may keep them open, so glance.
            self.wait_for_news(left.min(GLANCE));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // As a user asks it to end, with Ctrl-C, and a system: it may have to tidy up.
        #[cfg(unix)]
        for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
            if self.ended().is_none() {
                let _ = self.child.process.signal(signal.as_raw());
                self.wait_for(TIDY_UP, |_| false);
            }
        }
        self.child.end();
        self.child.mark.end();
        // The command itself has ended, or does so now. Its children end by themselves, and a port
        // of theirs is free when they have: then nobody has the output open any more.
        self.wait_for(CHILDREN_END, |_| false);
    }
}

/// Tells what comes out of this pipe, up to its end, or more than [`OUTPUT_LIMIT`].
fn read_all(pipe: Box<dyn Read + Send>, stream: usize, news: &Sender<(usize, Vec<u8>)>) {
    let mut pipe = pipe.take(OUTPUT_LIMIT as u64 + 1);
    let mut piece = [0; 8192];
    // An error means the same as the end: there is no more to read.
    while let Ok(count @ 1..) = pipe.read(&mut piece) {
        if news.send((stream, piece[..count].to_vec())).is_err() {
            break;
        }
    }
}
