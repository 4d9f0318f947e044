//! Ends what has left the process group of a program under test. A daemon makes itself the leader of
//! another session, its parent may have ended, and it may have emptied its environment. What it
//! keeps is its resource limits (fork(2), execve(2)). So on Linux each program gets a limit that no
//! other has, on what hasn't been limited since Linux 2.4.30: `RLIMIT_RSS` (getrlimit(2)). A program
//! can't raise it again. (On Windows nothing leaves a job. On macOS only the group is ended.)

#[cfg(target_os = "linux")]
pub(crate) use linux::{Mark, end, mark_of, pattern};

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Mutex, PoisonError};
    use std::time::{Duration, Instant};
    use std::{fs, process};

    use rustix::process::{
        Pid, Resource, Rlimit, Signal, getrlimit, getsid, kill_process, prlimit, setrlimit,
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

    /// The mark of this process, or what is in its place.
    pub(crate) fn mark_of(process: u32) -> Option<u64> {
        let limits = fs::read_to_string(format!("/proc/{process}/limits")).ok()?;
        let mut lines = limits.lines();
        let limit = lines.find_map(|line| line.strip_prefix("Max resident set"))?;
        limit.split_whitespace().next()?.parse().ok()
    }

    /// What `grep` finds in `/proc/PID/limits` of what this process has started.
    pub(crate) fn pattern() -> String {
        format!("^Max resident set  *4{:010}", process::id())
    }

    /// Kills all that has this mark, and goes on until nothing has it, for this time at most.
    pub(crate) fn end(mark: &Mark, limit: Duration) {
        let deadline = Instant::now() + limit;
        loop {
            let strays = marked(mark);
            if strays.is_empty() || Instant::now() > deadline {
                return;
            }
            for stray in strays {
                let _ = kill_process(stray, Signal::KILL);
            }
        }
    }

    /// The processes with this mark that are out of our session, as each program under test is: what
    /// another thread of ours started at the same instant has the mark too, and isn't.
    fn marked(mark: &Mark) -> Vec<Pid> {
        let ours = getsid(None).ok();
        let has_mark = |process: &Pid| {
            let number = u32::try_from(process.as_raw_nonzero().get()).unwrap_or_default();
            let is_marked = mark_of(number) == Some(mark.0);
            // A zombie has no limits but its own end.
            is_marked && getsid(Some(*process)).ok() != ours && !is_zombie(*process)
        };
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|entry| pid(entry.file_name().to_str()?.parse().ok()?))
            .filter(has_mark)
            .collect()
    }

    fn is_zombie(process: Pid) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
        // Its name is in parentheses, and its state follows (proc(5)).
        status.map_or(true, |status| {
            status
                .rsplit(')')
                .next()
                .is_some_and(|rest| rest.starts_with(" Z"))
        })
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
