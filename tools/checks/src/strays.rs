//! Ends what has left the process group of a program under test. A daemon makes itself the leader of
//! another session, its parent may have ended, and it may have emptied its environment. What it
//! keeps is its resource limits (fork(2), execve(2)). So on Linux each program gets a limit that no
//! other has, on what hasn't been limited since Linux 2.4.30: `RLIMIT_RSS` (getrlimit(2)). A program
//! can't raise it again. (On Windows nothing leaves a job. On macOS only the group is ended.)

#[cfg(target_os = "linux")]
pub(crate) use linux::{Mark, Marked, Marks, end, pattern};

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Mutex, PoisonError};
    use std::time::{Duration, Instant};
    use std::{fs, process};

    use rustix::process::{
        Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit, setrlimit,
    };

    /// The limit of all that a program under test has started. In decimal digits: a 4, ten of this
    /// process's number, and eight more.
    #[derive(Debug)]
    pub(crate) struct Mark(u64);

    impl Mark {
        /// Starts something that has a new mark.
        pub(crate) fn start<T>(
            start: impl FnOnce() -> T,
            number: impl FnOnce(&T) -> u32,
        ) -> (Self, T) {
            static NEXT: AtomicU64 = AtomicU64::new(0);
            static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
            let next = NEXT.fetch_add(1, Ordering::Relaxed) % 100_000_000;
            let mark = 4 * 10_u64.pow(18) + u64::from(process::id()) * 10_u64.pow(8) + next;
            let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
            let usual = getrlimit(Resource::Rss);
            // It is born with the mark, so nothing that it starts can be born without.
            let _ = setrlimit(
                Resource::Rss,
                Rlimit {
                    current: Some(mark),
                    ..usual
                },
            );
            let started = start();
            let _ = setrlimit(Resource::Rss, usual);
            drop(guard);
            let limit = Rlimit {
                current: Some(mark),
                maximum: Some(mark),
            };
            let _ = prlimit(pid(number(&started)), Resource::Rss, limit);
            (Self(mark), started)
        }
    }

    impl Mark {
        /// It as a number.
        pub(crate) fn number(&self) -> u64 {
            self.0
        }
    }

    /// What `grep` finds in `/proc/PID/limits` of what this process has started.
    pub(crate) fn pattern() -> String {
        format!("^Max resident set  *4{:010}", process::id())
    }

    /// Kills all processes with this mark, and goes on until there are none, for this time at most.
    pub(crate) fn end(mark: &Mark, limit: Duration) {
        let deadline = Instant::now() + limit;
        loop {
            let mut strays = Marks::default().processes();
            strays.retain(|process| process.mark == mark.0);
            if strays.is_empty() || Instant::now() > deadline {
                return;
            }
            for stray in strays {
                stray.signal(Signal::KILL);
            }
        }
    }

    /// A process that has a mark.
    pub(crate) struct Marked {
        number: u32,
        pub(crate) mark: u64,
        /// In bytes.
        pub(crate) memory: u64,
    }

    impl Marked {
        pub(crate) fn signal(&self, signal: Signal) {
            // It fails if the process has ended, which is what was wanted.
            let _ = pid(self.number).map(|process| kill_process(process, signal));
        }
    }

    /// The marks of all processes. A process never changes its own, so each is read once.
    #[derive(Default)]
    pub(crate) struct Marks {
        /// By the process's number and when it started.
        known: BTreeMap<(u32, u64), Option<u64>>,
    }

    impl Marks {
        /// The processes that have a mark and aren't in our session. Each program under test has a
        /// session of its own; what another thread of ours started at the same instant may have the
        /// mark too, and is in ours.
        pub(crate) fn processes(&mut self) -> Vec<Marked> {
            let page = rustix::param::page_size() as u64;
            let ours = Stat::of(process::id()).map(|stat| stat.session);
            let mut known = BTreeMap::new();
            let mut processes = Vec::new();
            for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
                let number = entry
                    .file_name()
                    .to_str()
                    .and_then(|name| name.parse().ok());
                let Some((number, stat)) =
                    number.and_then(|number| Some((number, Stat::of(number)?)))
                else {
                    continue;
                };
                let key = (number, stat.started);
                let mark = match self.known.get(&key) {
                    Some(mark) => *mark,
                    None => mark_of(number),
                };
                known.insert(key, mark);
                if let Some(mark) = mark.filter(|_| Some(stat.session) != ours) {
                    let memory = stat.pages.saturating_mul(page);
                    processes.push(Marked {
                        number,
                        mark,
                        memory,
                    });
                }
            }
            self.known = known;
            processes
        }
    }

    /// The mark of this process, or what is in its place.
    fn mark_of(process: u32) -> Option<u64> {
        let limits = fs::read_to_string(format!("/proc/{process}/limits")).ok()?;
        let mut lines = limits.lines();
        let limit = lines.find_map(|line| line.strip_prefix("Max resident set"))?;
        limit.split_whitespace().next()?.parse().ok()
    }

    /// Some fields of `/proc/PID/stat` (proc(5)).
    struct Stat {
        /// 0 if the session's leader is outside our PID namespace, as in many containers. (`getsid`
        /// of rustix panics there.)
        session: i64,
        started: u64,
        pages: u64,
    }

    impl Stat {
        /// `None` if the process has ended, if only as a zombie.
        fn of(number: u32) -> Option<Self> {
            let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
            // The name is in parentheses, and may have some, too.
            let (_, fields) = stat.rsplit_once(')')?;
            let fields: Vec<&str> = fields.split_whitespace().collect();
            if fields.first() == Some(&"Z") {
                return None;
            }
            Some(Self {
                session: fields.get(3)?.parse().ok()?,
                started: fields.get(19)?.parse().ok()?,
                pages: fields.get(21)?.parse().ok()?,
            })
        }
    }

    fn pid(number: u32) -> Option<Pid> {
        Pid::from_raw(i32::try_from(number).ok()?)
    }
}

/// Elsewhere nothing can be marked.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(crate) struct Mark;

#[cfg(not(target_os = "linux"))]
impl Mark {
    pub(crate) fn start<T>(start: impl FnOnce() -> T, _: impl FnOnce(&T) -> u32) -> (Self, T) {
        (Self, start())
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn end(_: &Mark, _: std::time::Duration) {}

/// Matches nothing.
#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) fn pattern() -> String {
    "^$".to_owned()
}
