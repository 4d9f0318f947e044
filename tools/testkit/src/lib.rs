//! What the chapters' tests share: one normaliser for snapshots, a screen to read from, and a
//! child process that can't outlive its test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::print_stderr,
    reason = "a test fails with a panic"
)]

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use regex_lite::Regex;
use socket2::{Domain, Socket, Type};

use console::end_accept;

pub mod exercise;
#[cfg(target_os = "linux")]
mod terminal;

#[cfg(target_os = "linux")]
pub use terminal::Terminal;

/// How long a test waits for anything at all. Far longer than it takes, far shorter than for ever.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Replaces what differs from run to run and from system to system.
///
/// - the port of a socket address: `127.0.0.1:[port]`
/// - an operating system's wording: `[the system's words] (os error)`
/// - Windows' words for how a program ended and what it is called: `exit code: 1`, `program.exe`
#[must_use]
pub fn normalise(text: &str) -> String {
    static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let rule = |pattern, replacement| (Regex::new(pattern).unwrap(), replacement);
        vec![
            rule(r"(\b\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):\d+", "$1:[port]"),
            rule(r"[^:\n]+ \(os error \d+\)", " [the system's words]"),
            rule(
                r"failed to lookup address information: [^;\n]+",
                "[the system's words]",
            ),
            rule(r"\[exit code: (0x)?", "[exit status: "),
            rule(r"\b(ch\d[\w-]*)\.exe\b", "$1"),
        ]
    });
    let mut text = text.to_owned();
    for (pattern, replacement) in RULES.iter() {
        text = pattern.replace_all(&text, *replacement).into_owned();
    }
    text
}

/// Switches colour off in this process, whatever the environment says.
pub fn plain() {
    colored::control::set_override(false);
}

/// A loopback address that no other test uses, so that a program under test can have a fixed port
/// on it. `None` on macOS, which has 127.0.0.1 only; elsewhere all of 127.0.0.0/8 is there
/// (RFC 1122, section 3.2.1.3).
pub fn own_loopback_address() -> Option<Ipv4Addr> {
    static USED: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, USED.fetch_add(1, Ordering::Relaxed), high, low);
    (!cfg!(target_os = "macos")).then_some(own)
}

/// Whether the tests run under Wine, which lacks `what` although Windows has it. A test that needs
/// it has nothing to test then, and this prints so.
#[must_use]
pub fn wine_lacks(what: &str) -> bool {
    let is_wine = cfg!(windows) && Path::new(r"C:\windows\system32\winecfg.exe").exists();
    if is_wine {
        eprintln!("skipped: Wine has no {what}");
    }
    is_wine
}

/// Whether this system has IPv6: some containers don't. A test of it has nothing to test then.
#[must_use]
pub fn has_ipv6() -> bool {
    TcpListener::bind("[::1]:0").is_ok()
}

/// A port on which nobody listens and which nobody else can take while the socket is held.
pub fn port_without_listener() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket
        .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
        .unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}

/// Ends a server that runs on a thread of the test, however many threads of its own wait in
/// `accept`. Whether it has ended, its `JoinHandle` knows.
pub fn stop(listener: &TcpListener, has_ended: impl Fn() -> bool) {
    let begin = Instant::now();
    while !has_ended() {
        assert!(begin.elapsed() < PATIENCE, "the server doesn't end");
        // Each connection wakes one thread. It has been served when the server closes it.
        if let Ok(mut client) = end_accept(listener) {
            let _ = client.shutdown(Shutdown::Write);
            let _ = client.set_read_timeout(Some(Duration::from_millis(200)));
            let _ = client.read(&mut [0; 64]);
        }
    }
}

/// The next connection. It is waited for no longer than anything else, nor is what it sends.
pub fn accept(listener: &TcpListener) -> TcpStream {
    let arrival = thread::scope(|scope| {
        let (arrived, arrivals) = channel();
        scope.spawn(move || arrived.send(listener.accept()));
        let arrival = arrivals.recv_timeout(PATIENCE);
        if arrival.is_err() {
            // The scope waits for the thread.
            let _ = end_accept(listener);
        }
        arrival
    });
    let (stream, _) = arrival.expect("nobody has connected").unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// An output that a test can read. Clones share their text.
#[derive(Debug, Clone, Default)]
pub struct Screen(Arc<(Mutex<Written>, Condvar)>);

#[derive(Debug, Default)]
struct Written {
    bytes: Vec<u8>,
    /// The program that writes has closed it.
    closed: bool,
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Screen {
    /// All that was written so far.
    #[must_use]
    pub fn text(&self) -> String {
        self.written().text()
    }

    /// Waits until `text` was written, and returns all that was written so far.
    #[must_use]
    pub fn wait_for(&self, text: &str) -> String {
        let (there, seen) = self.wait_until(PATIENCE, |written| written.text().contains(text));
        assert!(there, "waited for {text:?}, but saw:\n{seen}");
        seen
    }

    /// Whether `text` was written or is written in this time.
    #[must_use]
    pub fn shows_within(&self, text: &str, time: Duration) -> bool {
        self.wait_until(time, |written| written.text().contains(text))
            .0
    }

    /// Waits until whoever writes has closed it, and returns all that was written.
    fn wait_for_end(&self) -> String {
        let (ended, seen) = self.wait_until(PATIENCE, |written| written.closed);
        assert!(
            ended,
            "waited for the program's end, but so far it printed:\n{seen}"
        );
        seen
    }

    fn wait_until(&self, time: Duration, is_there: impl Fn(&Written) -> bool) -> (bool, String) {
        let (lock, changed) = &*self.0;
        let (written, timeout) = changed
            .wait_timeout_while(
                lock.lock().unwrap_or_else(PoisonError::into_inner),
                time,
                |written| !is_there(written) && !written.closed,
            )
            .unwrap_or_else(PoisonError::into_inner);
        (!timeout.timed_out() && is_there(&written), written.text())
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.written().closed = true;
        self.0.1.notify_all();
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written().bytes.extend_from_slice(bytes);
        self.0.1.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A program under test, with both ends of its console in the test's hands.
///
/// It is ended when this value is dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    input: Option<ChildStdin>,
    /// What it has printed on standard output.
    pub output: Screen,
    /// What it has printed on standard error.
    pub errors: Screen,
}

/// How a program ended, and all that it printed.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// All of its standard output.
    pub output: String,
    /// All of its standard error.
    pub errors: String,
}

impl Ended {
    /// All that it printed and how it ended, as a snapshot shows it.
    #[must_use]
    pub fn report(&self) -> String {
        let Self {
            status,
            output,
            errors,
        } = self;
        normalise(&format!("{output}{errors}[{status}]"))
    }
}

impl Program {
    /// Starts the program. No setting of the environment colours its output.
    #[must_use]
    pub fn start<A: AsRef<std::ffi::OsStr>>(
        path: impl AsRef<std::ffi::OsStr>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let mut command = Command::new(path);
        command.args(arguments);
        Self::start_plain(command)
    }

    /// The same for a program that shall be interrupted: whoever runs the tests may ignore Ctrl-C,
    /// as a shell's background jobs do, and children inherit that. (GNU `env` undoes it.)
    #[must_use]
    pub fn start_with_signals<A: AsRef<std::ffi::OsStr>>(
        path: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        if !cfg!(target_os = "linux") {
            return Self::start(path, arguments);
        }
        let mut command = Command::new("env");
        command.args(["--default-signal=INT", path]).args(arguments);
        Self::start_plain(command)
    }

    fn start_plain(mut command: Command) -> Self {
        for variable in ["CLICOLOR", "CLICOLOR_FORCE", "NO_COLOR"] {
            command.env_remove(variable);
        }
        Self::start_command(command)
    }

    /// The same for a command with settings of its own.
    #[must_use]
    pub fn start_command(command: Command) -> Self {
        Self::start_into(command, Stdio::piped())
    }

    fn start_into(mut command: Command, output: Stdio) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("can't start {command:?}: {error}"));
        let (output, errors) = (Screen::default(), Screen::default());
        match child.stdout.take() {
            Some(printed) => copy(printed, output.clone()),
            None => output.close(),
        }
        copy(child.stderr.take().unwrap(), errors.clone());
        Self {
            input: child.stdin.take(),
            child,
            output,
            errors,
        }
    }

    /// Runs the program to its end, without any input.
    #[must_use]
    pub fn run<A: AsRef<std::ffi::OsStr>>(
        path: impl AsRef<std::ffi::OsStr>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Ended {
        Self::start(path, arguments).wait()
    }

    /// Runs the program to its end, without any input, and with this as its standard output.
    #[must_use]
    pub fn run_into<A: AsRef<std::ffi::OsStr>>(
        path: impl AsRef<std::ffi::OsStr>,
        arguments: impl IntoIterator<Item = A>,
        output: impl Into<Stdio>,
    ) -> Ended {
        let mut command = Command::new(path);
        command.args(arguments);
        Self::start_into(command, output.into()).wait()
    }

    /// The same with a standard output that nobody reads any more, as behind `| head -0`.
    #[must_use]
    pub fn run_unread<A: AsRef<std::ffi::OsStr>>(
        path: impl AsRef<std::ffi::OsStr>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Ended {
        let (reader, output) = io::pipe().unwrap();
        drop(reader);
        Self::run_into(path, arguments, output)
    }

    /// Types bytes on its keyboard.
    pub fn types(&mut self, bytes: impl AsRef<[u8]>) {
        let input = self.input.as_mut().expect("the input is still open");
        input.write_all(bytes.as_ref()).unwrap();
        input.flush().unwrap();
    }

    /// Types bytes on its keyboard and ends its input, without waiting until it reads them.
    pub fn types_and_ends(&mut self, bytes: impl AsRef<[u8]> + Send + 'static) {
        let mut input = self.input.take().expect("the input is still open");
        // A program that ends before it has read everything closes the pipe.
        thread::spawn(move || input.write_all(bytes.as_ref()));
    }

    /// Ends its input.
    pub fn end_input(&mut self) {
        self.input = None;
    }

    /// The first socket address that it names: a server says on its first line where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        static ADDRESS: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):\d+").unwrap());
        let text = self.output.wait_for("\n");
        let address = ADDRESS
            .find(&text)
            .unwrap_or_else(|| panic!("no address in {text:?}"));
        address.as_str().parse().unwrap()
    }

    /// Its process number, with which the system's tools name it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, such as `INT`, which is what Ctrl-C does, or `STOP` (Ctrl-Z).
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let kill = Self::run("kill", ["-s", name, &self.id().to_string()]);
        assert!(kill.status.success(), "{kill:?}");
    }

    /// Ends its input, waits for it to end by itself, and returns what it printed.
    #[must_use]
    pub fn wait(mut self) -> Ended {
        self.end_input();
        // Its outputs close when it ends.
        let output = self.output.wait_for_end();
        let errors = self.errors.wait_for_end();
        let status = self.child.wait().unwrap();
        Ended {
            status,
            output,
            errors,
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already, which is what was wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Copies on a thread of its own, which ends with the program.
fn copy(mut from: impl Read + Send + 'static, mut to: Screen) {
    thread::spawn(move || {
        // A program that is killed closes its output; what it printed until then counts.
        let _ = io::copy(&mut from, &mut to);
        to.close();
    });
}
