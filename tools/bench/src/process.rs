//! A program under load: a process of its own, which ends with its guard.

use std::fs;
use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use console::{Error, OrCannot};
use tempfile::NamedTempFile;

/// How long a program may take to start, and beyond its time to finish a load.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a stuck program means to the user.
const STUCK: &str = "run it again on a machine that is less busy; if it stays, the program hangs";

/// A running program. It is ended when this value is dropped.
pub struct Running {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// What has to live as long as the program: the file that it prints to, its configuration.
    #[allow(dead_code, reason = "it is held, not read")]
    keep: Box<dyn Send + Sync>,
    /// It has processes of its own, which only end if it is asked to, not if it is killed.
    has_children: bool,
}

/// What a process, and those that it started, have taken of the system. Each is `None` where the
/// system doesn't say: it is read from Linux's proc(5).
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Processor time, in the program and in the system on its behalf. To 10 ms.
    pub processor: Option<Duration>,
    /// Memory that is resident now, in KiB.
    pub resident_kib: Option<u64>,
    /// The most that it was, in KiB.
    pub peak_kib: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Open descriptors.
    pub descriptors: Option<u64>,
}

impl Running {
    /// Starts a program that prints to a file, and first the address that it listens on.
    ///
    /// # Errors
    ///
    /// It can't be started, or ends or is silent instead.
    pub fn start(mut command: Command) -> Result<Self, Error> {
        let what = name_of(&command);
        let output = NamedTempFile::new().or_cannot("create", "a temporary file")?;
        let written = output.reopen().or_cannot("open", "a temporary file")?;
        let child = command
            // Nobody types. Held open: a room whose host has no more to say would end.
            .stdin(Stdio::piped())
            .stdout(Stdio::from(written))
            .spawn()
            .or_cannot("start", &what)?;
        let mut running = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            keep: Box::new(()),
            has_children: false,
        };
        running.address = running.until(&what, || {
            let mut text = String::new();
            // Opened anew, so that it is read from its beginning. Whole or not yet.
            let mut file = output.reopen().ok()?;
            file.read_to_string(&mut text).ok()?;
            text.contains('\n').then(|| address_in(&text)).flatten()
        })?;
        running.keep = Box::new(output);
        Ok(running)
    }

    /// Starts a program that prints nothing and listens on `address`, with children of its own.
    /// `keep` is kept as long as it runs.
    ///
    /// # Errors
    ///
    /// It can't be started, or ends instead, or nobody can connect.
    pub fn start_at(
        address: SocketAddr,
        mut command: Command,
        keep: impl Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let what = name_of(&command);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .or_cannot("start", &what)?;
        let mut running = Self {
            child,
            address,
            keep: Box::new(keep),
            has_children: true,
        };
        running.until(&what, || TcpStream::connect(address).ok())?;
        Ok(running)
    }

    /// Tries until there is something, or the program has ended, or time is up.
    fn until<T>(&mut self, what: &str, mut attempt: impl FnMut() -> Option<T>) -> Result<T, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(there) = attempt() {
                return Ok(there);
            }
            let ended = self.child.try_wait().or_cannot("wait for", what)?;
            if let Some(status) = ended {
                let next = "what it said stands above";
                return Err(Error::cannot(
                    format_args!("run {what}"),
                    status.to_string(),
                    next,
                ));
            }
            if Instant::now() > deadline {
                return Err(Error::cannot(
                    format_args!("wait for {what}"),
                    "it is silent",
                    STUCK,
                ));
            }
            thread::yield_now();
        }
    }

    /// Runs a load that should take this long.
    ///
    /// The clients have no time limits of their own, which would be system calls that cost time.
    /// If they don't come to an end, the program is ended, and with it all their connections.
    ///
    /// # Errors
    ///
    /// The load's own, or that it had to be ended.
    pub fn under<T: Send>(
        &mut self,
        time: Duration,
        load: impl FnOnce(&Self) -> Result<T, Error> + Send,
    ) -> Result<T, Error> {
        let (done, finished) = sync_channel(1);
        let id = self.child.id();
        thread::scope(|scope| {
            let running = &*self;
            let loading = scope.spawn(move || {
                let result = load(running);
                // Who waits for it may have given up.
                let _ = done.send(());
                result
            });
            let in_time = finished.recv_timeout(time + PATIENCE);
            let stuck = in_time.is_err_and(|_| !loading.is_finished());
            if stuck {
                end(id, "-KILL");
            }
            match loading.join() {
                Ok(result) if !stuck => result,
                Ok(_) => Err(Error::cannot("finish the load", "it hangs", STUCK)),
                Err(_) => Err(Error::cannot(
                    "finish the load",
                    "a thread of it failed",
                    STUCK,
                )),
            }
        })
    }

    /// What it has taken of the system so far.
    pub fn usage(&self) -> Usage {
        usage_of(self.child.id())
    }

    /// Its process number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.has_children {
            end(self.child.id(), "-TERM");
        } else {
            // It may have ended already, which is what is wanted.
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Sends a signal with kill(1): the standard library only knows how to kill.
fn end(id: u32, signal: &str) {
    // If there is no such program, the process ends with whoever started it.
    let _ = Command::new("kill")
        .args([signal, &id.to_string()])
        .status();
}

fn name_of(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

/// The first IPv4 address and port that a text names.
fn address_in(text: &str) -> Option<SocketAddr> {
    let mut words = text.split(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
    words.find_map(|word| word.trim_matches([':', '.']).parse().ok())
}

/// The sum over a process and its children, as proc(5) has it.
fn usage_of(id: u32) -> Usage {
    let file = |name: &str| fs::read_to_string(format!("/proc/{id}/{name}")).ok();
    let status = file("status");
    let field = |name: &str| {
        let mut lines = status.as_deref()?.lines();
        let value = lines.find_map(|line| line.strip_prefix(name))?;
        value
            .trim_start_matches(':')
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    };
    let entries = fs::read_dir(format!("/proc/{id}/fd"));
    let mut usage = Usage {
        processor: file("stat").as_deref().and_then(processor_time),
        resident_kib: field("VmRSS"),
        peak_kib: field("VmHWM"),
        threads: field("Threads"),
        descriptors: entries.ok().map(|entries| entries.count() as u64),
    };
    let children = file(&format!("task/{id}/children")).unwrap_or_default();
    for child in children.split_whitespace().filter_map(|id| id.parse().ok()) {
        usage.add(&usage_of(child));
    }
    usage
}

/// From `/proc/PID/stat`: the name, in parentheses, may have spaces; after it, field 3 is first.
fn processor_time(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11);
    let mut next = || ticks.next()?.parse::<u64>().ok();
    let (in_program, in_system) = (next()?, next()?);
    // In ticks (time(7), USER_HZ): a hundred a second on every Linux that Rust knows.
    Some(Duration::from_millis((in_program + in_system) * 10))
}

impl Usage {
    fn add(&mut self, other: &Self) {
        fn sum<T: std::ops::Add<Output = T>>(one: &mut Option<T>, other: Option<T>) {
            *one = match (one.take(), other) {
                (Some(one), Some(other)) => Some(one + other),
                (one, other) => one.or(other),
            };
        }
        sum(&mut self.processor, other.processor);
        sum(&mut self.resident_kib, other.resident_kib);
        sum(&mut self.peak_kib, other.peak_kib);
        sum(&mut self.threads, other.threads);
        sum(&mut self.descriptors, other.descriptors);
    }
}

/// Whether a program of that name can be started.
pub fn is_installed(program: &str, version: &str) -> bool {
    let tried = Command::new(program)
        .arg(version)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    !matches!(tried, Err(error) if error.kind() == ErrorKind::NotFound)
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

    #[test]
    fn processor_time_is_the_sum_of_the_two_fields_behind_any_name() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 1 2 3 4 150 25 0 0 20 0 1 0 9 8 7";
        assert_eq!(processor_time(stat), Some(Duration::from_millis(1750)));
        assert_eq!(processor_time("7 (a) S 1"), None);
    }
}
