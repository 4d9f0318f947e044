//! The program under test: a command, its console in our hands, its end guaranteed.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display, Write as _};
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{self, ExitStatus};
use std::slice::SliceIndex;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};
use std::{fs, iter};

use console::safe;
#[cfg(windows)]
use process_wrap::std::JobObject;
#[cfg(unix)]
use process_wrap::std::ProcessSession;
use process_wrap::std::{ChildWrapper, CommandWrap};

use crate::guard;
use crate::limits::{self, Watched};
use crate::lock::lock;
use crate::strays::{self, Mark};
use crate::terminal::{self, Keyboard};

/// Maximum output to keep of a program, in bytes. A program that prints more is stopped.
pub const OUTPUT_LIMIT: usize = 1 << 20;

/// What begins the text that a crash leaves on a console, in the languages that students use.
///
/// A program that ends with one of these wasn't prepared for what has happened.
pub const STACK_TRACES: &[&str] = &[
    "Traceback (most recent call last)", // Python
    "panicked at",                       // Rust
    "stack backtrace:",                  // Rust
    "Exception in thread",               // Java, Kotlin
    "\n\tat ",                           // Java
    "Unhandled exception",               // .NET, Dart
    "[running]:",                        // Go
    "\n    at ",                         // JavaScript
    "(most recent call first)",          // Ruby, OCaml
    "\n\tfrom ",                         // Ruby
    "Stack trace:",                      // PHP
    "stack traceback:",                  // Lua
    "CallStack (from HasCallStack)",     // Haskell
    "terminate called",                  // C++
    "Segmentation fault",                // C
    "core dumped",                       // C
];

/// How often to look whether the command itself has ended while others keep its output open.
const GLANCE: Duration = Duration::from_millis(50);

/// How long the children of a program that was killed may take to end.
const CHILDREN_END: Duration = Duration::from_secs(1);

/// How long an executable file may be open for writing that was copied just now: if another thread
/// starts a program meanwhile, that has it open, too, until it runs.
const NO_LONGER_BUSY: Duration = Duration::from_secs(1);

/// How long a program may take to tidy up when it is asked to end.
#[cfg(unix)]
const GOODBYE: Duration = Duration::from_millis(600);

/// The place of the port in a command.
const PORT: &str = "{port}";

/// A command that starts a program, with `{port}` where it is told its port.
#[derive(Debug, Clone)]
pub struct Command {
    program: OsString,
    arguments: Vec<OsString>,
    /// Where it runs; by default where this process does. A program that is found by a relative
    /// path is looked for there on some systems and here on others, so give an absolute one.
    pub dir: Option<PathBuf>,
}

impl Command {
    /// A command of these words.
    pub fn new<W: Into<OsString>>(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = W>,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            dir: None,
        }
    }

    /// The command with this text replaced, wherever it is in the words: such as `{file}` by a
    /// path.
    #[must_use]
    pub fn with(&self, text: &str, replacement: &OsStr) -> Self {
        let replace = |word: &OsString| replace(word, text, replacement);
        Self {
            program: replace(&self.program),
            arguments: self.arguments.iter().map(replace).collect(),
            dir: self.dir.clone(),
        }
    }

    /// Whether the command has this text in one of its words.
    pub fn has(&self, text: &str) -> bool {
        let mut words = iter::once(&self.program).chain(&self.arguments);
        words.any(|word| word.to_string_lossy().contains(text))
    }

    /// Whether the command says where the port goes.
    pub fn takes_port(&self) -> bool {
        self.has(PORT)
    }

    /// What to change in a file that the system can't run, or runs as something else: if the
    /// program is given by its path, and there is something.
    pub(crate) fn trouble(&self) -> Option<&'static str> {
        let path = self.dir.clone().unwrap_or_default().join(&self.program);
        if path.components().count() < 2 {
            return None;
        }
        let mut start = [0; 128];
        let mut file = fs::File::open(&path).ok()?;
        let count = file.read(&mut start).ok()?;
        let start = start.get(..count)?;
        let first_line = start.split(|&byte| byte == b'\n').next()?;
        #[cfg(unix)]
        if std::os::unix::fs::PermissionsExt::mode(&file.metadata().ok()?.permissions()) & 0o111
            == 0
        {
            return Some(
                "The file isn't executable. Make it so (chmod +x), or give it to its interpreter: \
                 -- python3 server.py {port}",
            );
        }
        if !start.starts_with(b"#!") && !start.contains(&0) {
            return Some(
                "The file has no first line that names its interpreter, so a shell ran it. Begin \
                 it with #!/usr/bin/env python3, or whatever it is written in.",
            );
        }
        (start.starts_with(b"#!") && first_line.ends_with(b"\r")).then_some(
            "The file's lines end with CR and LF, as on Windows, so the name of its interpreter \
             ends with a CR. Save it with LF alone.",
        )
    }

    fn for_port(&self, port: u16) -> Self {
        self.with(PORT, OsStr::new(&port.to_string()))
    }

    /// The command with its port, as it is typed into a shell, more or less.
    pub fn shown(&self, port: u16) -> String {
        self.for_port(port).to_string()
    }
}

impl Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.program.to_string_lossy().into_owned();
        for word in &self.arguments {
            let word = word.to_string_lossy();
            shown.push(' ');
            if word.is_empty() || word.contains(|c: char| c.is_whitespace() || "'\"&;|".contains(c))
            {
                // Writing to a string can't fail.
                let _ = write!(shown, "{word:?}");
            } else {
                shown.push_str(&word);
            }
        }
        f.write_str(&safe::escape(&shown))
    }
}

/// The word with this text replaced wherever it is, although the word may not be UTF-8.
fn replace(word: &OsStr, text: &str, replacement: &OsStr) -> OsString {
    let Some(start) = word
        .as_encoded_bytes()
        .windows(text.len().max(1))
        .position(|window| window == text.as_bytes())
    else {
        return word.to_owned();
    };
    let mut replaced = part(word, ..start);
    replaced.push(replacement);
    replaced.push(replace(
        &part(word, start + text.len()..),
        text,
        replacement,
    ));
    replaced
}

/// A part of a word that begins and ends at the word's ends or beside UTF-8.
fn part(word: &OsStr, range: impl SliceIndex<[u8], Output = [u8]>) -> OsString {
    let bytes = word.as_encoded_bytes().get(range).unwrap_or_default();
    #[cfg(unix)]
    return <OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes).to_owned();
    // Only a name that no program prints either is changed by this.
    #[cfg(not(unix))]
    return String::from_utf8_lossy(bytes).into_owned().into();
}

/// A program that runs.
///
/// When it is dropped, it is ended with all its children: they are one session (on Windows, one
/// job). On Linux those that have left the session are found as well.
pub struct Program {
    child: Box<dyn ChildWrapper>,
    keyboard: Option<Keyboard>,
    output: Arc<Output>,
    /// By which all is known that it has started.
    mark: Mark,
    watched: Watched,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Program({})", self.child.id())
    }
}

/// What the program has printed, filled by a thread for each of its two outputs.
#[derive(Debug, Default)]
struct Output {
    printed: Mutex<Printed>,
    /// Rung whenever there is more, or an output has been closed.
    news: Condvar,
}

#[derive(Debug, Default)]
struct Printed {
    /// Standard output and standard error.
    streams: [Vec<u8>; 2],
    /// How many of the two have been closed.
    closed: usize,
    /// There was more than [`OUTPUT_LIMIT`].
    flooded: bool,
}

impl Program {
    /// Starts the command for this port, at a terminal if there is one.
    ///
    /// The locale is `C.UTF-8`, so that each language prints UTF-8.
    ///
    /// # Errors
    ///
    /// The system can't start it: there is no such file, or it isn't executable.
    pub fn start(command: &Command, port: u16) -> io::Result<Self> {
        let command = command.for_port(port);
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
        guard::prepare();
        let folder = command.dir.map(|dir| {
            let had = limits::size(&dir, u64::MAX);
            (dir, had)
        });
        let spawn = |start| {
            let mut start = CommandWrap::from(start);
            #[cfg(unix)]
            start.wrap(ProcessSession);
            #[cfg(windows)]
            start.wrap(JobObject);
            let deadline = Instant::now() + NO_LONGER_BUSY;
            loop {
                let (mark, started) = Mark::start(|| start.spawn());
                let Err(error) = started else {
                    return started.map(|child| (mark, child));
                };
                // It may have been started before that.
                strays::end(mark, CHILDREN_END);
                let is_busy = error.kind() == io::ErrorKind::ExecutableFileBusy;
                if !is_busy || Instant::now() > deadline {
                    return Err(error);
                }
                thread::yield_now();
            }
        };
        let (mark, child, console) = terminal::start(start, spawn)?;
        mark.fix(child.id());
        guard::watch(child.id());
        let watched = Watched::new(mark, folder);
        let program = Self {
            child,
            keyboard: console.keyboard,
            output: Arc::default(),
            mark,
            watched,
        };
        for (stream, pipe) in console.outputs.into_iter().enumerate() {
            program.keep(stream, pipe)?;
        }
        Ok(program)
    }

    /// Whether it has a terminal. If not, its input and its outputs are pipes.
    pub fn has_terminal(&self) -> bool {
        self.keyboard
            .as_ref()
            .is_some_and(|keyboard| keyboard.is_terminal)
    }

    /// Keeps what comes out of this pipe, on a separate thread, which ends with the pipe.
    fn keep(&self, stream: usize, pipe: Option<Box<dyn Read + Send>>) -> io::Result<()> {
        let output = Arc::clone(&self.output);
        let read_all = move || {
            let mut piece = [0; 8192];
            let mut pipe = pipe;
            // An error means the same as the end: there is no more to read.
            while let Some(Ok(count @ 1..)) = pipe.as_mut().map(|pipe| pipe.read(&mut piece)) {
                if !output.add(stream, piece.get(..count).unwrap_or_default()) {
                    break;
                }
            }
            // First the pipe: a program that floods finds its output closed.
            drop(pipe);
            output.lock().closed += 1;
            output.news.notify_all();
        };
        thread::Builder::new().spawn(read_all).map(drop)
    }

    /// Types a line on its keyboard. (All that a check types fits into a pipe, so this doesn't
    /// wait.)
    ///
    /// # Errors
    ///
    /// Its input is closed, as it is when it has ended.
    pub fn types(&mut self, line: &str) -> io::Result<()> {
        match &mut self.keyboard {
            Some(keyboard) => keyboard.types(line),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Ends its input, by Ctrl-D.
    pub fn end_input(&mut self) {
        self.keyboard = self.keyboard.take().and_then(Keyboard::end);
    }

    /// How the command itself has ended, if it has. One that floods its output is ended here:
    /// nobody reads on, so it would wait forever.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.floods() {
            // It fails if it has ended already.
            let _ = self.child.start_kill();
        }
        self.child.try_wait().ok().flatten()
    }

    /// Whether it has ended by SIGKILL (signal(7)), or as a shell does whose child has.
    pub(crate) fn was_killed(&mut self) -> bool {
        #[cfg(unix)]
        if let Some(status) = self.ended() {
            let signal = std::os::unix::process::ExitStatusExt::signal(&status);
            return signal == Some(9) || status.code() == Some(128 + 9);
        }
        false
    }

    /// All that it has printed: standard output, then standard error.
    pub fn text(&self) -> String {
        self.output.lock().text()
    }

    /// How long it has kept a processor busy. Only Linux tells; elsewhere it is zero.
    pub(crate) fn cpu_time(&self) -> Duration {
        strays::cpu_time(self.mark)
    }

    /// Why it was stopped, if it took too much of the machine.
    pub fn stopped(&self) -> Option<&str> {
        self.watched.stopped()
    }

    /// Whether it has printed more than [`OUTPUT_LIMIT`].
    pub fn floods(&self) -> bool {
        self.output.lock().flooded
    }

    /// Waits until it has ended and closed its output, for this time at most. Returns how it ended.
    pub fn wait_for_end(&mut self, limit: Duration) -> Option<ExitStatus> {
        self.wait_for(limit, |_| false);
        self.ended()
    }

    /// Waits for output, its end or a moment of time, whichever comes first.
    pub fn wait_for_news(&mut self, limit: Duration) {
        let lock = self.output.lock();
        let before = (lock.length(), lock.closed);
        // Whether it was the time or the news makes no difference to the caller.
        let _ = self
            .output
            .news
            .wait_timeout_while(lock, limit, |now| (now.length(), now.closed) == before);
    }

    /// Waits until what it has printed satisfies the condition, for this time at most. Doesn't
    /// wait for more when no more can come. Returns whether the condition is satisfied.
    pub fn wait_for(&mut self, limit: Duration, is_there: impl Fn(&str) -> bool) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            let over = self.ended().is_some();
            let printed = self.output.lock();
            if is_there(&printed.text()) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let all_closed = printed.closed == printed.streams.len();
            if left.is_zero() || printed.flooded || (over && all_closed) {
                return false;
            }
            // Its outputs close when it ends. A child of it may keep them open, so glance.
            let _ = self.output.news.wait_timeout(printed, left.min(GLANCE));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.interrupt();
        // It fails if all have ended already, which is what was wanted. On Windows `kill` would
        // wait for the job's message that all have ended, forever if `try_wait` has taken it.
        let _ = if cfg!(windows) {
            self.child.start_kill()
        } else {
            self.child.kill()
        };
        strays::end(self.mark, CHILDREN_END);
        // The command itself has ended, or does so now. Its children end by themselves, and a port
        // of theirs is free when they have: then nobody has the output open any more.
        self.wait_for(CHILDREN_END, |_| false);
        guard::forget(self.child.id());
    }
}

impl Program {
    /// Asks it to end, as a user does with Ctrl-C and a system with SIGTERM: it may have to tidy
    /// up.
    fn interrupt(&mut self) {
        #[cfg(unix)]
        for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
            let id = i32::try_from(self.child.id()).ok();
            if let (None, Some(id)) = (self.ended(), id.and_then(rustix::process::Pid::from_raw)) {
                let _ = rustix::process::kill_process_group(id, signal);
                self.wait_for(GOODBYE, |_| false);
            }
        }
    }
}

impl Output {
    fn lock(&self) -> MutexGuard<'_, Printed> {
        lock(&self.printed)
    }

    /// Keeps these bytes. Returns false if that was too much.
    fn add(&self, stream: usize, bytes: &[u8]) -> bool {
        let mut printed = self.lock();
        let room = OUTPUT_LIMIT.saturating_sub(printed.length());
        let kept = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        printed.flooded |= kept.len() < bytes.len();
        if let Some(stream) = printed.streams.get_mut(stream) {
            stream.extend_from_slice(kept);
        }
        self.news.notify_all();
        !printed.flooded
    }
}

impl Printed {
    fn length(&self) -> usize {
        self.streams.iter().map(Vec::len).sum()
    }

    fn text(&self) -> String {
        let [output, errors] = &self.streams;
        let mut text = String::from_utf8_lossy(output).into_owned();
        // Two streams are no line together.
        if !text.is_empty() && !text.ends_with('\n') && !errors.is_empty() {
            text.push('\n');
        }
        text + &String::from_utf8_lossy(errors)
    }
}

/// Whether a program ended on purpose: with exit status 0, or by SIGTERM or SIGINT (signal(7)), by
/// which one of its processes may end the others. (The judge sends them only when all is judged.)
pub(crate) fn is_success(status: ExitStatus) -> bool {
    #[cfg(unix)]
    if matches!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(2 | 15)
    ) {
        return true;
    }
    status.success()
}

/// How a program ended, in words.
pub fn ending(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit status {code}"),
        None => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_replaced_wherever_it_is() {
        let command = Command::new("{dir}/run", ["{file}", "-p{port},{port}", "{"]);
        let command = command.with("{dir}", OsStr::new("/a b"));
        let command = command.with("{file}", OsStr::new("{file}x"));
        assert_eq!(command.shown(7), "/a b/run {file}x -p7,7 {");
    }

    #[cfg(unix)]
    #[test]
    fn words_need_not_be_utf8() {
        use std::os::unix::ffi::OsStrExt;
        let name = OsStr::from_bytes(b"\xff{port}\xfe");
        let command = Command::new(name, [""; 0]).for_port(80);
        assert_eq!(command.program.as_bytes(), b"\xff80\xfe");
    }
}
