//! One run of a program under test: what happens in it, step by step.
//!
//! A check and all its peers share one run. Each tells the run its next step before it takes it, so
//! when an expectation fails, the last step is the one that failed.

use std::fmt::{Display, Write as _};
use std::io;
use std::mem;
use std::net::{Shutdown, TcpStream};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use console::safe;
use socket2::SockRef;
use supervise::ending::{self, signal};
use supervise::last_words::{LINE_END, cut, last_words, stack_trace};
use supervise::{Process, lock};

use crate::by_hand::{ByHand, Deed};

/// How long a program may take. Far longer than it needs, so that a busy machine decides nothing.
#[derive(Debug, Clone)]
pub struct Patience {
    /// Until a server listens, a client has connected, or a program has shown something: 30 s, and
    /// up to four times as long if it waits for a processor.
    pub start: Duration,
    /// For what a program does in milliseconds, an answer or a line of output: 5 s.
    pub answer: Duration,
    /// For the same, of a program that must do it while somebody else keeps it waiting: 2.5 s. A
    /// program that only gives up on the other does so after 1, 2, 3, 5 or 10 s, as its author
    /// chose, so this is none of these.
    pub meanwhile: Duration,
    /// Until a program that was left without an answer does what comes next: 6.5 s, which again
    /// isn't a time limit that anybody chooses.
    pub next: Duration,
    /// Until a program ends that has a reason to: 10 s.
    pub end: Duration,
    /// Until a client gives up that gets no answer over UDP: 16 s, a little more than three times
    /// 5 s, or 1, 2, 4 and 8 s.
    pub giving_up: Duration,
    /// How many times faster than people the peers and the user are: 1. Their pauses are divided by
    /// it; the steps name them as people make them. More is for tests of our own programs, which
    /// need no time to see what has happened.
    pub speed: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(30),
            answer: Duration::from_secs(5),
            meanwhile: Duration::from_millis(2500),
            next: Duration::from_millis(6500),
            end: Duration::from_secs(10),
            giving_up: Duration::from_secs(16),
            speed: 1,
        }
    }
}

impl Patience {
    /// For tests in which many programs fail, each by doing nothing for as long as this.
    pub fn short() -> Self {
        Self {
            start: Duration::from_secs(4),
            answer: Duration::from_millis(800),
            meanwhile: Duration::from_millis(800),
            next: Duration::from_millis(800),
            end: Duration::from_millis(800),
            giving_up: Duration::from_millis(800),
            speed: 4,
        }
    }
}

/// How long a program that is about to end gets, so that the report can say that it has ended.
const PROGRAM_END: Duration = Duration::from_secs(1);

/// How long a program that has ended is listened to, unless its output has ended too.
pub(crate) const OUTPUT_END: Duration = Duration::from_secs(2);

/// How many times as long as usual a program may take to start, if it waits for a processor.
pub(crate) const LONGEST_START: u32 = 4;

/// Maximum number of characters of a message that a step shows.
pub(crate) const SHOWN: usize = 60;

/// Why a check stops before its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stop {
    /// What should have happened.
    pub expected: String,
    /// What happened instead. If the check can't be made: why.
    pub saw: String,
    /// What to change, if it isn't what the check is about.
    pub advice: Option<String>,
    /// What to look at first: the program has crashed, which may have any reason.
    pub first: Option<&'static str>,
    /// What kind of failure this is.
    pub kind: Kind,
    /// A datagram was expected, and none came, not even a wrong one.
    pub is_silence: bool,
    /// The program waits for nothing.
    pub(crate) is_busy: bool,
}

impl Stop {
    pub(crate) fn of(kind: Kind, expected: impl Display, saw: impl Display) -> Self {
        let saw = saw.to_string();
        Self {
            expected: expected.to_string(),
            advice: unwritten(&saw).map(|task| format!("Next: {task}")),
            saw,
            kind,
            ..Self::default()
        }
    }

    /// The name of the error, or of the signal, that has made the program crash, if one has.
    pub(crate) fn crash(&self) -> Option<&str> {
        let mut words = self.saw.rsplit(|c: char| !c.is_alphanumeric());
        let is_name = |word: &&str| {
            word.ends_with("Error") || word.ends_with("Exception") || word.starts_with("SIG")
        };
        self.first.and_then(|_| words.find(is_name))
    }

    /// The check can't be made, for this reason.
    pub(crate) fn skipped(why: impl Display) -> Self {
        Self::of(Kind::Skipped, "", why)
    }
}

/// The check can't be made, for this reason, and because of an error of the system.
pub(crate) fn skip(why: &str) -> impl FnOnce(io::Error) -> Stop {
    move |error| Stop::skipped(format_args!("{why}: {error}"))
}

/// What a program's last words say is to be written, if it has reached a `todo!` of Rust.
fn unwritten(saw: &str) -> Option<&str> {
    let (_, task) = saw.split_once("not yet implemented: ")?;
    task.split(LINE_END).next()
}

/// Kinds of failures: what they say about the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// It did something wrong.
    Wrong,
    /// Something didn't come in time. That counts if it happens again when the program runs alone.
    Missing,
    /// It ended before it did anything. That counts if it happens again when the program runs
    /// alone: there are programs that can't run twice at the same time.
    Ended,
    /// The same, but somebody else may have its port, which is worth another try on another one.
    PortLost,
    /// None: the check can't be made.
    #[default]
    Skipped,
}

/// An expectation may have better advice than the check.
pub(crate) trait Advise: Sized {
    /// The same result; if it is a failure that has no advice yet, this is its advice.
    #[must_use]
    fn advise(self, advice: &str) -> Self {
        self.advise_if(|_| true, advice)
    }

    /// The same for a failure of which the condition is true.
    #[must_use]
    fn advise_if(self, is_so: impl FnOnce(&Stop) -> bool, advice: &str) -> Self;
}

impl<T> Advise for Told<T> {
    fn advise_if(self, is_so: impl FnOnce(&Stop) -> bool, advice: &str) -> Self {
        self.map_err(|mut stop| {
            if is_so(&stop) {
                stop.advice.get_or_insert_with(|| advice.to_owned());
            }
            stop
        })
    }
}

/// The result of a step.
pub type Told<T = ()> = Result<T, Stop>;

/// What to look at first in a program that has printed a stack trace.
const TRACE: &str = "First read the stack trace: it names the error, and usually the line.";

/// What Node prints of an error that came as an event.
const UNHANDLED: &str = "Unhandled 'error' event";

/// What to look at first in a program for which Node has printed that: its stack trace seldom has a
/// line of the program.
const NO_LISTENER: &str = "Node ended it, as nothing listens to the event 'error' of this socket or \
    server. Add a listener to each: socket.on('error', …), server.on('error', …).";

/// The same, in one that was ended by SIGPIPE (signal(7)).
const SIGPIPE: &str = "The signal SIGPIPE ended it: it sent to a connection that was gone. Ignore \
    the signal (signal(SIGPIPE, SIG_IGN)), and handle the error that send returns then.";

/// What a system says of a call that a signal has ended (EINTR, signal(7)).
const EINTR: &str = "Interrupted system call";

/// What to look at first in a program that ended after it had printed that.
const INTERRUPTED: &str = "A signal has interrupted a call that waits, such as SIGCHLD, which comes \
    when a child process ends: set SA_RESTART (sigaction), or make the call again if errno is EINTR.";

/// The same, in one that was ended by its own fault, such as SIGSEGV or SIGABRT.
const CRASH: &str = "It crashed. Look first for an exception that nothing catches, a std::thread \
    that is neither joined nor detached, a write beyond the end of a buffer, or the use of \
    something that no longer exists: a debugger shows the place.";

/// The run of one check, as the check or one of its peers sees it.
#[derive(Debug, Clone)]
pub struct Run {
    shared: Arc<Shared>,
    /// The peer's name, with which its steps begin, and its number.
    pub(crate) name: String,
    number: usize,
}

#[derive(Debug, Default)]
struct Shared {
    steps: Mutex<Vec<String>>,
    by_hand: Mutex<ByHand>,
    program: Mutex<Option<Process>>,
    patience: Patience,
    /// The next program will have the same port.
    port_is_reused: bool,
    /// Connections that nobody has closed on purpose.
    connections: Mutex<Vec<Arc<TcpStream>>>,
}

impl Run {
    /// A run that has only begun. `port_is_reused` if the program's port is that of the next
    /// program too, which can't be started as long as a connection of the port's is in TIME-WAIT.
    pub fn new(port_is_reused: bool, patience: &Patience) -> Self {
        let shared = Shared {
            port_is_reused,
            patience: patience.clone(),
            ..Shared::default()
        };
        Self {
            shared: Arc::new(shared),
            name: String::new(),
            number: 0,
        }
    }

    /// The same run, as another peer sees it, which takes part from now on.
    pub(crate) fn of(&self, name: impl Into<String>) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            name: name.into(),
            number: self.by_hand().begins(),
        }
    }

    /// How long the program may take.
    pub fn patience(&self) -> &Patience {
        &self.shared.patience
    }

    /// How long a pause is in this run that people make this long.
    pub fn pause(&self, of_people: Duration) -> Duration {
        of_people / self.patience().speed.max(1)
    }

    pub(crate) fn port_is_reused(&self) -> bool {
        self.shared.port_is_reused
    }

    /// The next step.
    pub fn tell(&self, step: impl Display) {
        let step = format!("{} {step}", self.name);
        lock(&self.shared.steps).push(step.trim_start().to_owned());
    }

    /// Notes what this peer does, to be repeated by hand.
    pub(crate) fn notes(&self, deed: Deed) {
        self.by_hand().does(self.number, deed);
    }

    /// The next step is this.
    pub(crate) fn does(&self, deed: Deed, step: impl Display) {
        self.notes(deed);
        self.tell(step);
    }

    /// What this peer expects of an answer, in words.
    pub(crate) fn reaches(&self, what: impl Display, limit: Duration) -> String {
        format!("{what} reaches {} within {}", self.name, time(limit))
    }

    /// Adds to the last step what became of it.
    pub fn add(&self, more: impl Display) {
        if let Some(last) = lock(&self.shared.steps).last_mut() {
            // Writing to a string can't fail.
            let _ = write!(last, " {more}");
        }
    }

    /// All steps so far.
    pub fn steps(&self) -> Vec<String> {
        lock(&self.shared.steps).clone()
    }

    /// What the peers do, as commands.
    pub(crate) fn by_hand(&self) -> MutexGuard<'_, ByHand> {
        lock(&self.shared.by_hand)
    }

    /// Notes that `tap` can't do what the peers do.
    pub(crate) fn goes_beyond_tap(&self) {
        self.by_hand().is_beyond_tap = true;
    }

    /// The program of this run, once it has been started.
    pub fn program(&self) -> MutexGuard<'_, Option<Process>> {
        lock(&self.shared.program)
    }

    /// Does this with the program. If it wasn't started: nothing, and the result is the default.
    pub(crate) fn with<T: Default>(&self, act: impl FnOnce(&mut Process) -> T) -> T {
        self.program().as_mut().map(act).unwrap_or_default()
    }

    /// How the program has ended, if it was started and has.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.with(Process::ended)
    }

    /// Waits until the program has ended, for this time at most. Returns whether it has.
    pub fn ends_within(&self, limit: Duration) -> bool {
        self.with(|program| program.wait_for_end(limit).is_some())
    }

    /// All that the program has printed.
    pub fn output(&self) -> String {
        self.with(Process::text)
    }

    /// Waits until what the program has printed satisfies the condition, for this time at most.
    /// Returns whether it does.
    pub fn shows(&self, limit: Duration, is_there: impl Fn(&str) -> bool) -> bool {
        self.with(|program| program.wait_for(limit, is_there))
    }

    /// Takes part in a connection, until it is closed on purpose ([`Run::lets_go`]).
    pub(crate) fn holds(&self, stream: &Arc<TcpStream>) {
        lock(&self.shared.connections).push(Arc::clone(stream));
    }

    pub(crate) fn lets_go(&self, stream: &Arc<TcpStream>) {
        lock(&self.shared.connections).retain(|held| !Arc::ptr_eq(held, stream));
    }

    /// On every connection, says that no more will come.
    pub(crate) fn half_closes_all(&self) {
        for stream in lock(&self.shared.connections).iter() {
            // It fails on one that has ended.
            let _ = stream.shutdown(Shutdown::Write);
        }
    }

    /// Ends the program and all its children, and then the connections: by a reset, so that none
    /// lingers in TIME-WAIT and keeps the port from the next program.
    pub fn close(&self) {
        drop(self.program().take());
        for stream in mem::take(&mut *lock(&self.shared.connections)) {
            reset(&stream);
        }
    }

    /// The last step failed: `expected`, but the program did something else, `saw`. What became of
    /// the program is added.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn failed<T>(&self, expected: impl Display, saw: impl Display) -> Told<T> {
        self.stopped(Kind::Wrong, expected, saw)
    }

    /// The last step failed: `expected`, but nothing came, or too late. If the program has ended,
    /// waiting was in vain for that reason, and then that is what it did wrong.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn missed<T>(&self, expected: impl Display, saw: impl Display) -> Told<T> {
        self.stopped(Kind::Missing, expected, saw)
    }

    pub(crate) fn stopped<T>(
        &self,
        kind: Kind,
        expected: impl Display,
        saw: impl Display,
    ) -> Told<T> {
        let mut saw = saw.to_string();
        let is_busy = self.is_busy() && kind == Kind::Missing;
        if is_busy {
            saw += ", but it is busy all the time, as in a loop that never ends";
        }
        let end = self.ended();
        // As a system without memory ends programs. That isn't its fault, unless it happens when it
        // runs alone. (What the judge itself has killed fails for that reason.)
        let was_killed = end.and_then(signal) == Some(9);
        let has_failed = end.is_some_and(|end| !end.success()) && !was_killed;
        let first = self.crash_advice();
        let kind = match kind {
            _ if was_killed => Kind::Missing,
            Kind::Missing if end.is_some() => Kind::Wrong,
            kind => kind,
        };
        let mut parts = vec![saw, self.aftermath()];
        // What explains the rest comes first.
        if first.is_some() || has_failed {
            parts.reverse();
        }
        parts.retain(|part| !part.is_empty());
        let mut stop = Stop::of(kind, expected, parts.join("; "));
        // Unless it is known what is to be written next.
        stop.first = first.filter(|_| stop.advice.is_none());
        stop.is_busy = is_busy;
        Err(stop)
    }

    /// What to look at first, if the program has crashed, or a thread of it.
    fn crash_advice(&self) -> Option<&'static str> {
        match self.ended().and_then(signal) {
            Some(13) => Some(SIGPIPE),
            Some(4..=8 | 11) => Some(CRASH),
            _ if self.output().contains(UNHANDLED) => Some(NO_LISTENER),
            _ if self.ended().is_some() && self.output().contains(EINTR) => Some(INTERRUPTED),
            _ => self.has_stack_trace().then_some(TRACE),
        }
    }

    /// Whether it has printed a [`stack_trace`].
    pub(crate) fn has_stack_trace(&self) -> bool {
        stack_trace(&self.output()).is_some()
    }

    /// Gives a program that is about to end a moment to do so, and to say its last words. Returns
    /// whether it has ended.
    pub(crate) fn ends_in_a_moment(&self) -> bool {
        let has_ended = self.ends_within(self.pause(PROGRAM_END));
        if has_ended {
            self.ends_within(self.pause(OUTPUT_END));
        }
        has_ended
    }

    /// Gives the program that moment. Whether it doesn't end, and keeps a processor busy: then it
    /// gets another moment, as a runtime may be busy for one.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_busy_for_a_moment() && self.is_busy_for_a_moment()
    }

    fn is_busy_for_a_moment(&self) -> bool {
        let cpu_time = || self.with(|program| program.cpu_time());
        let (cpu, queue) = cpu_time();
        if self.ends_in_a_moment() {
            return false;
        }
        let (cpu_now, queue_now) = cpu_time();
        let busy = cpu_now.saturating_sub(cpu);
        let wants = busy + queue_now.saturating_sub(queue);
        // One that waits needs next to nothing. On a busy machine a loop may get little more, but
        // it is always in the queue for a processor.
        let moment = self.pause(PROGRAM_END);
        busy > moment / 10 || wants > moment * 3 / 4
    }

    /// What has become of the program, in words: how it ended, if it has, and what it printed last.
    pub(crate) fn aftermath(&self) -> String {
        self.with(|program| {
            let end = program.ended().map(ending::in_words);
            let end = end.map(|it| format!("the program ended ({it}); "));
            end.unwrap_or_default() + &last_words(&program.text())
        })
    }
}

/// When a wait for a program is over.
pub(crate) struct Deadline<'a> {
    pub(crate) run: &'a Run,
    begun: Instant,
    limit: Duration,
    /// The limit, and the whole seconds that were added to it so far.
    pub(crate) granted: Duration,
    /// The most that may be granted.
    most: Duration,
}

impl<'a> Deadline<'a> {
    /// It is over after this time.
    pub(crate) fn after(run: &'a Run, limit: Duration) -> Self {
        Self {
            run,
            begun: Instant::now(),
            limit,
            granted: limit,
            most: limit,
        }
    }

    /// The same for a program that was just started: the time doesn't count for which its processes
    /// wait for a processor. But they may do so forever, in a loop, so it is over after
    /// [`LONGEST_START`] times the limit.
    pub(crate) fn of_start(run: &'a Run, limit: Duration) -> Self {
        Self {
            most: limit * LONGEST_START,
            ..Self::after(run, limit)
        }
    }

    /// How much time is left.
    pub(crate) fn left(&mut self) -> Duration {
        let passed = self.begun.elapsed();
        // Only now, as it takes a while to look at all processes.
        if passed >= self.granted && self.granted < self.most {
            let (_, queue) = self.run.with(|program| program.cpu_time());
            let added = Duration::from_secs(queue.as_secs());
            self.granted = (self.limit + added).min(self.most);
        }
        self.granted.saturating_sub(passed)
    }
}

/// Makes the close of the connection a reset.
pub(crate) fn reset(stream: &TcpStream) {
    // It fails only on a connection that is gone anyway.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// Bytes as a step shows them: in quotes, harmless, their number after them, cut if they are many.
pub fn shown(bytes: &[u8]) -> String {
    let text = match str::from_utf8(bytes) {
        // Or else a program that sends \ and n would seem to send a line end.
        Ok(text) => safe::escape(&text.replace('\\', r"\\")),
        Err(_) => bytes.escape_ascii().to_string(),
    };
    let (text, count) = (cut(&text, SHOWN), bytes.len());
    let unit = if count == 1 { "byte" } else { "bytes" };
    format!("\"{text}\" ({count} {unit})")
}

/// A length of time, in words.
pub fn time(duration: Duration) -> String {
    match duration.as_millis() {
        millis @ 0..1000 => format!("{millis} ms"),
        _ => format!("{} s", duration.as_secs_f64()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
pub(crate) mod tests {
    #[cfg(unix)]
    use supervise::Command;

    use super::*;

    /// What kind of failure it is, if it is one.
    pub(crate) fn kind<T>(told: Told<T>) -> Option<Kind> {
        told.err().map(|stop| stop.kind)
    }

    /// A run in which this command of the shell has been started.
    #[cfg(unix)]
    fn started(script: &str) -> Run {
        let run = Run::new(false, &Patience::short());
        let command = Command::new("sh", ["-c", script]);
        *run.program() = Some(Process::start(&command).unwrap());
        run
    }

    #[test]
    fn a_backslash_is_shown_as_two_and_no_line_end() {
        assert_eq!(shown(b"\\n"), r#""\\n" (2 bytes)"#);
        assert_eq!(shown(b"\n"), r#""\n" (1 byte)"#);
    }

    /// What a crash has left on the screen explains the rest, so it comes first.
    #[cfg(unix)]
    #[test]
    fn a_crash_comes_before_what_was_seen_and_before_the_checks_advice() {
        const TRACED: &str = "echo 'Traceback (most recent call last):' >&2; ";
        for (script, begins, first) in [
            ("echo done", "none; the program ended (exit", None),
            ("echo full; exit 1", "the program ended (exit", None),
            (
                &format!("{TRACED} exit 1"),
                "the program ended",
                Some(TRACE),
            ),
            (&format!("{TRACED} sleep 60"), "it printed", Some(TRACE)),
            (
                &format!("echo \"throw er; // {UNHANDLED}\"; exit 1"),
                "the program ended",
                Some(NO_LISTENER),
            ),
            (
                &format!("echo accept: {EINTR}; exit 1"),
                "the program ended",
                Some(INTERRUPTED),
            ),
            ("kill -PIPE $$", "the program ended", Some(SIGPIPE)),
            (
                &format!("{TRACED} kill -PIPE $$"),
                "the program ended",
                Some(SIGPIPE),
            ),
            // What is to be written next is known.
            (
                r"printf 'panicked at x\nnot yet implemented: y\n'; exit 1",
                "the program ended",
                None,
            ),
            ("kill -SEGV $$", "the program ended", Some(CRASH)),
            ("sh -c 'kill -ABRT $$'; exit $?", "the program", Some(CRASH)),
            ("exec sleep 60", "none; it printed nothing", None),
        ] {
            let (run, waits) = (started(script), script.contains("sleep"));
            let limit = Duration::from_secs(30);
            assert!(!waits || first.is_none() || run.shows(limit, |text| !text.is_empty()));
            assert!(waits || run.ends_within(limit));
            let failure = run.failed::<()>("an answer", "none").unwrap_err();
            assert!(failure.saw.starts_with(begins), "{script}: {}", failure.saw);
            assert!(failure.saw.contains("none"), "{}", failure.saw);
            assert_eq!(failure.first, first, "{script}");
            let failure = run.failed::<()>("the program goes on", "").unwrap_err();
            assert!(!failure.saw.starts_with(';'), "{script}: {}", failure.saw);
        }
    }

    #[test]
    fn a_crash_has_the_name_of_its_error() {
        for (saw, name) in [
            (
                "it printed last: File \"x.py\" / ValueError: no",
                "ValueError",
            ),
            (
                "java.lang.NumberFormatException: For input",
                "NumberFormatException",
            ),
            ("the program ended (signal: 13 (SIGPIPE))", "SIGPIPE"),
        ] {
            let mut stop = Stop::of(Kind::Wrong, "an answer", saw);
            // It may have printed a name without a crash.
            assert_eq!(stop.crash(), None);
            stop.first = Some(TRACE);
            assert_eq!(stop.crash(), Some(name));
        }
    }

    /// Processes that have waited for a processor for this time, all together, and go on.
    #[cfg(target_os = "linux")]
    pub(crate) fn waiting_for_a_processor(time: Duration) -> Run {
        const MANY: &str = "for i in $(seq $(($(nproc) * 20)))
            do nice -n 19 sh -c 'while :; do :; done' & done; wait";
        let run = started(MANY);
        let deadline = Instant::now() + Duration::from_mins(1);
        while run.with(|program| program.cpu_time()).1 < time {
            assert!(Instant::now() < deadline, "each has a processor");
            assert!(!run.ends_within(Duration::from_millis(20)));
        }
        run
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_start_may_take_longer_if_the_program_waits_for_a_processor_but_not_forever() {
        const LIMIT: Duration = Duration::from_secs(4);
        let is_over = |mut deadline: Deadline, passed: u64| {
            let passed = Duration::from_secs(passed);
            deadline.begun = deadline.begun.checked_sub(passed).unwrap();
            deadline.left().is_zero()
        };
        let waits = waiting_for_a_processor(Duration::from_secs(13));
        let mut deadline = Deadline::of_start(&waits, LIMIT);
        assert_eq!(deadline.granted, LIMIT);
        deadline.begun = deadline.begun.checked_sub(LIMIT * 2).unwrap();
        deadline.left();
        assert_eq!(deadline.granted, LIMIT * LONGEST_START);
        assert!(!is_over(Deadline::of_start(&waits, LIMIT), 12));
        assert!(is_over(Deadline::of_start(&waits, LIMIT), 16));
        assert!(is_over(Deadline::after(&waits, LIMIT), 4));
        let sleeps = started("exec sleep 60");
        assert!(is_over(Deadline::of_start(&sleeps, LIMIT), 12));
    }

    /// As a system without memory kills. A shell tells of its child's signal by its status.
    #[cfg(unix)]
    #[test]
    fn what_a_program_leaves_undone_that_was_killed_is_missing() {
        for (script, expected) in [
            ("kill -KILL $$", Kind::Missing),
            ("sh -c 'kill -KILL $$'; exit $?", Kind::Missing),
            ("kill -TERM $$", Kind::Wrong),
            ("exit 1", Kind::Wrong),
        ] {
            let run = started(script);
            assert!(run.ends_within(Duration::from_secs(30)));
            let (missed, failed) = (
                run.missed("an answer", "none"),
                run.failed("one", "another"),
            );
            for told in [missed, failed] {
                assert_eq!(kind::<()>(told), Some(expected), "{script}");
            }
        }
    }

    #[test]
    fn a_todo_that_was_reached_is_the_advice() {
        let printed = "thread 'main' panicked at a.rs:9:5:\n\
            not yet implemented: write `accept`: take a connection\n\
            note: run with `RUST_BACKTRACE=1`";
        let saw = format!("it ended at once; {}", last_words(printed));
        let failed: Told = Err(Stop::of(Kind::Ended, "it listens", saw));
        let failure = failed.advise("Look at the port.").unwrap_err();
        let advice = failure.advice.as_deref();
        assert_eq!(advice, Some("Next: write `accept`: take a connection"));
    }
}
