//! Ends what has left the process group of a program under test. A daemon makes itself the leader
//! of another session, its parent may have ended, and it may have emptied its environment. What it
//! keeps is its resource limits (getrlimit(2)). So on Linux each program gets a limit that no other
//! has, on what hasn't been limited since Linux 2.4.30: `RLIMIT_RSS` (same page). A program can't
//! raise it again. (On Windows nothing leaves a job. On macOS only the group is ended.)

#[cfg(target_os = "linux")]
pub(crate) use linux::{Mark, Process, cpu_time, end, pattern, processes, signal};

#[cfg(target_os = "linux")]
mod linux {
    use std::io::Read;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Mutex, PoisonError};
    use std::time::{Duration, Instant};
    use std::{fs, process};

    use rustix::process::{
        Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit, setrlimit,
    };

    /// The limit of all that a program under test has started. In decimal digits: a 4, ten of this
    /// process's number, and eight more.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Mark(u64);

    impl Mark {
        /// Starts something that has a new mark, and a process number if it could be started.
        pub(crate) fn start<T>(
            start: impl FnOnce() -> T,
            number: impl FnOnce(&T) -> Option<u32>,
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
            // To prlimit, no process is this one, which would have the mark for good.
            if let Some(process) = number(&started).and_then(pid) {
                let limit = Rlimit {
                    current: Some(mark),
                    maximum: Some(mark),
                };
                let _ = prlimit(Some(process), Resource::Rss, limit);
            }
            (Self(mark), started)
        }
    }

    /// What `grep` finds in `/proc/PID/limits` of what this process has started.
    pub(crate) fn pattern() -> String {
        format!("^Max resident set  *4{:010}", process::id())
    }

    /// Kills all processes with this mark, and goes on until there are none, for this time at most.
    pub(crate) fn end(mark: Mark, limit: Duration) {
        let deadline = Instant::now() + limit;
        while signal(mark, Signal::KILL) > 0 && Instant::now() < deadline {}
    }

    /// Sends a signal to all processes with this mark. Returns how many there were.
    pub(crate) fn signal(mark: Mark, signal: Signal) -> usize {
        let mut processes = processes();
        processes.retain(|process| process.mark == mark);
        for process in &processes {
            // It fails if the process has ended, which is what was wanted.
            let _ = pid(process.number).map(|process| kill_process(process, signal));
        }
        processes.len()
    }

    /// How long the processes with this mark that run now have kept a processor busy.
    pub(crate) fn cpu_time(mark: Mark) -> Duration {
        let its_own = processes().into_iter().filter(|it| it.mark == mark);
        its_own.map(|process| process.cpu_time).sum()
    }

    /// The processes outside our session. Each program under test has its own session. A child that
    /// another thread started at the same instant may have the mark too, and is in ours.
    pub(crate) fn processes() -> Vec<Process> {
        let ours = Process::read(process::id()).map(|us| us.session);
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(Process::read)
            .filter(|process| Some(process.session) != ours)
            .collect()
    }

    /// Some fields of `/proc/PID/stat` (proc(5)).
    pub(crate) struct Process {
        number: u32,
        /// 0 if the session's leader is outside our PID namespace, as in many containers. (`getsid`
        /// of rustix panics there.)
        session: i64,
        cpu_time: Duration,
        /// Resident memory, in bytes.
        pub(crate) memory: u64,
        /// Its soft `RLIMIT_RSS`.
        pub(crate) mark: Mark,
    }

    impl Process {
        /// One that isn't there.
        #[cfg(test)]
        pub(crate) fn made_up(mark: u64, memory: u64) -> Self {
            Self {
                number: 0,
                session: 0,
                cpu_time: Duration::ZERO,
                memory,
                mark: Mark(mark),
            }
        }

        /// `None` if the process has ended, if only as a zombie.
        fn read(number: u32) -> Option<Self> {
            let mut stat = [0; 1024];
            let mut file = fs::File::open(format!("/proc/{number}/stat")).ok()?;
            let count = file.read(&mut stat).ok()?;
            let stat = String::from_utf8_lossy(stat.get(..count)?);
            // The name is in parentheses, and may have some, too.
            let (_, fields) = stat.rsplit_once(')')?;
            let mut fields = fields.trim_ascii().split(' ');
            let is_zombie = fields.next()? == "Z";
            let session = fields.nth(2)?.parse().ok()?;
            let user: u64 = fields.nth(7)?.parse().ok()?;
            let system: u64 = fields.next()?.parse().ok()?;
            let millis = (user + system) * 1000 / rustix::param::clock_ticks_per_second();
            let threads: u32 = fields.nth(4)?.parse().ok()?;
            let pages: u64 = fields.nth(3)?.parse().ok()?;
            let mark = Mark(fields.next()?.parse().ok()?);
            // The main thread may end before the others (pthread_exit(3)), and be a zombie.
            (!is_zombie || threads > 1).then_some(Self {
                number,
                session,
                cpu_time: Duration::from_millis(millis),
                memory: pages.saturating_mul(rustix::param::page_size() as u64),
                mark,
            })
        }
    }

    fn pid(number: u32) -> Option<Pid> {
        Pid::from_raw(i32::try_from(number).ok()?)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// Else what is started later has no mark of its own.
        #[test]
        fn what_cannot_be_started_leaves_no_mark_on_us() {
            let before = getrlimit(Resource::Rss);
            let (mark, ()) = Mark::start(|| (), |()| None);
            assert_eq!(getrlimit(Resource::Rss), before);
            assert!(processes().iter().all(|process| process.mark != mark));
        }

        #[test]
        fn a_process_is_read_as_the_system_tells() {
            let us = Process::read(process::id()).unwrap();
            assert_eq!(
                Some(us.mark.0),
                getrlimit(Resource::Rss).current.or(Some(u64::MAX))
            );
            // In KiB, as one of the lines. It grows while this runs.
            let status = fs::read_to_string("/proc/self/status").unwrap();
            let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            let resident = resident.unwrap().trim().strip_suffix(" kB").unwrap();
            let resident = resident.parse::<u64>().unwrap() << 10;
            assert!((resident / 2..=2 * resident).contains(&us.memory));
            assert!(
                !processes()
                    .iter()
                    .any(|process| process.number == us.number)
            );
        }
    }
}

/// Elsewhere nothing can be marked.
#[cfg(not(target_os = "linux"))]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark;

#[cfg(not(target_os = "linux"))]
impl Mark {
    pub(crate) fn start<T>(
        start: impl FnOnce() -> T,
        _: impl FnOnce(&T) -> Option<u32>,
    ) -> (Self, T) {
        (Self, start())
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn end(_: Mark, _: std::time::Duration) {}

/// Elsewhere nobody is known to be busy.
#[cfg(not(target_os = "linux"))]
pub(crate) fn cpu_time(_: Mark) -> std::time::Duration {
    std::time::Duration::ZERO
}

/// Matches nothing.
#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) fn pattern() -> String {
    "^$".to_owned()
}
