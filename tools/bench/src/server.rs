//! A server under load: a separate process, which ends with its owner.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use console::{Action, Error, OrCannot};
#[cfg(target_os = "linux")]
use procfs::process::Process;
use supervise::{Child, lock};
use tempfile::NamedTempFile;

/// How long a server may take to start, and how much longer than planned a load may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What to do about a server that is stuck.
const STUCK: &str = "run it again on a machine that is less busy; if it stays, the program hangs";

/// A running server. It is ended when this value is dropped.
pub struct Server {
    child: Mutex<Child>,
    /// Where it listens.
    pub address: SocketAddr,
    /// What has to live as long as the server: the file that it prints to, its configuration.
    keep: Vec<Box<dyn Send + Sync>>,
}

/// What a process and its children have taken of the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Processor time, in the program and in the system on its behalf. To 10 ms.
    pub processor: Duration,
    /// Memory that is resident now, in KiB.
    pub resident_kib: u64,
    /// Maximum resident memory so far, in KiB.
    pub peak_kib: u64,
    /// Threads.
    pub threads: u64,
    /// Open descriptors.
    pub descriptors: u64,
}

impl Server {
    /// Starts a program that prints to a file, and first the address that it listens on.
    ///
    /// # Errors
    ///
    /// It can't be started, or ends or is silent instead.
    pub fn start(mut command: Command) -> Result<Self, Error> {
        let output = NamedTempFile::new().or_cannot("create", "a temporary file")?;
        let written = output.reopen().or_cannot("open", "a temporary file")?;
        // Nobody types. Held open: a room whose host has no more to say would end.
        command.stdin(Stdio::piped()).stdout(written);
        // The line is whole, or not there yet.
        let address = || {
            let text = fs::read_to_string(output.path()).ok()?;
            address_in(text.rsplit_once('\n')?.0)
        };
        Ok(Self::spawn(command, address)?.keep(output))
    }

    /// Starts a program that prints nothing and listens on `address`.
    ///
    /// # Errors
    ///
    /// It can't be started, or ends instead, or nobody can connect.
    pub fn start_at(address: SocketAddr, mut command: Command) -> Result<Self, Error> {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let listens = || TcpStream::connect(address).ok().map(|_| address);
        Self::spawn(command, listens)
    }

    /// Waits until the address is known, or the program has ended, or time is up.
    fn spawn(command: Command, address: impl Fn() -> Option<SocketAddr>) -> Result<Self, Error> {
        let what = command.get_program().to_string_lossy().into_owned();
        let mut child = Child::start(command).or_cannot("start", &what)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(address) = address() {
                return Ok(Self {
                    child: Mutex::new(child),
                    address,
                    keep: Vec::new(),
                });
            }
            let ended = child.process.try_wait().or_cannot("wait for", &what)?;
            if ended.is_some() || Instant::now() > deadline {
                let (cause, next) = match ended {
                    Some(status) => (status.to_string(), "its own message is above this line"),
                    None => ("it is silent".to_owned(), STUCK),
                };
                return Err(Error::cannot(format_args!("run {what}"), cause, next));
            }
            thread::yield_now();
        }
    }

    /// Keeps something for as long as the server runs.
    #[must_use]
    pub fn keep(mut self, it: impl Send + Sync + 'static) -> Self {
        self.keep.push(Box::new(it));
        self
    }

    /// Runs a load that should take this long.
    ///
    /// The clients have no time limits, which would be system calls that cost time. If they don't
    /// come to an end, the server is ended, and with it all their connections.
    ///
    /// # Errors
    ///
    /// The load's own, or that it had to be ended.
    pub fn under<T>(
        &self,
        time: Duration,
        load: impl FnOnce(SocketAddr) -> io::Result<T>,
    ) -> Result<T, Error> {
        let (done, ended) = channel::<()>();
        thread::scope(|scope| {
            let watchdog = scope.spawn(move || {
                let late = ended.recv_timeout(time + PATIENCE) == Err(RecvTimeoutError::Timeout);
                if late {
                    // It may have ended already.
                    let _ = lock(&self.child).process.start_kill();
                }
                late
            });
            let result = load(self.address);
            drop(done);
            match watchdog.join() {
                Ok(false) => result.or_cannot(Action::Talk, self.address),
                _ => Err(Error::cannot("finish the load", "it hangs", STUCK)),
            }
        })
    }

    /// What it has taken of the system so far; `None` on a system without Linux's proc(5).
    pub fn usage(&self) -> Option<Usage> {
        usage_of(lock(&self.child).process.id())
    }
}

/// The first IPv4 address and port in a text.
fn address_in(text: &str) -> Option<SocketAddr> {
    let mut words = text.split(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
    words.find_map(|word| word.trim_matches([':', '.']).parse().ok())
}

/// The sum over a process and its children.
#[cfg(target_os = "linux")]
fn usage_of(id: u32) -> Option<Usage> {
    let process = Process::new(id.try_into().ok()?).ok()?;
    let (stat, status) = (process.stat().ok()?, process.status().ok()?);
    let ticks = stat.utime + stat.stime;
    let mut usage = Usage {
        processor: Duration::from_millis(ticks * 1000 / procfs::ticks_per_second()),
        resident_kib: status.vmrss?,
        peak_kib: status.vmhwm?,
        threads: status.threads,
        // `fd_count` would count what threads in `accept` have reserved, too.
        descriptors: process.fd().ok()?.count() as u64,
    };
    // Not every Linux lists them.
    let children = process.task_main_thread().and_then(|task| task.children());
    for child in children.into_iter().flatten().filter_map(usage_of) {
        usage.processor += child.processor;
        usage.resident_kib += child.resident_kib;
        usage.peak_kib += child.peak_kib;
        usage.threads += child.threads;
        usage.descriptors += child.descriptors;
    }
    Some(usage)
}

#[cfg(not(target_os = "linux"))]
fn usage_of(_: u32) -> Option<Usage> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_what_programs_print() {
        let found = |text| address_in(text).map(|address| address.port());
        assert_eq!(
            found("Server started, waiting on http://127.0.0.1:8080/\n"),
            Some(8080)
        );
        assert_eq!(
            found("Waiting for guests on 127.0.0.1:5. Say byebye.\n"),
            Some(5)
        );
        assert_eq!(
            found("Serving on 127.0.0.1 port 9 (http://127.0.0.1:9/) ...\n"),
            Some(9)
        );
        assert_eq!(found("nothing here: 1.2.3\n"), None);
    }
}
