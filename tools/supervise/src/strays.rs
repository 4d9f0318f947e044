//! Ends what has left the process group of a program. A daemon makes itself the leader
//! of another session, its parent may have ended, and it may have emptied its environment. What it
//! keeps is its resource limits (getrlimit(2)). So on Linux each program gets a limit that no other
//! has, on what hasn't been limited since Linux 2.4.30: `RLIMIT_RSS` (same page). A program can't
//! raise it again. (On Windows nothing leaves a job. On macOS only the group is ended.)

use std::sync::Mutex;
use std::time::Duration;

use crate::lock::lock;

/// How long the children of a program that was killed may take to end.
pub(crate) const CHILDREN_END: Duration = Duration::from_secs(1);

/// How many programs were started. They start one at a time: until a new process runs its program,
/// it holds what we have open. If that is a program that we are copying, nobody can start the copy
/// (`ETXTBSY`: execve(2)).
static STARTED: Mutex<u64> = Mutex::new(0);

/// Does something while no program is being started: one would hold a copy of what is opened here,
/// for a moment.
pub fn while_none_starts<T>(work: impl FnOnce() -> T) -> T {
    let _alone = lock(&STARTED);
    work()
}

#[cfg(target_os = "linux")]
pub(crate) use linux::{Mark, pattern, processes, without_mark};

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::process;
    use std::time::{Duration, Instant};

    use procfs::FromRead;
    use procfs::process::{FDTarget, Process, Stat};
    use rustix::process::{
        Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit, setrlimit,
    };

    use super::{CHILDREN_END, STARTED, while_none_starts};
    use crate::lock::lock;

    /// The limit of all that a program has started. In decimal digits: a 4, ten of this
    /// process's number, and eight more.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Mark(u64);

    impl Mark {
        /// Starts something that has a new mark. [`Self::fix`] it then.
        pub(crate) fn start<T>(start: impl FnOnce() -> T) -> (Self, T) {
            let mut started = lock(&STARTED);
            *started = (*started + 1) % 100_000_000;
            let mark = 4 * 10_u64.pow(18) + u64::from(process::id()) * 10_u64.pow(8) + *started;
            (Self(mark), start_limited(Some(mark), start))
        }

        /// This process, which was started with the mark, can't raise it again.
        pub(crate) fn fix(self, process: u32) {
            let limit = Rlimit {
                current: Some(self.0),
                maximum: Some(self.0),
            };
            // For 0, prlimit would set the limit of this process, and nothing could raise it again.
            if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
                let _ = prlimit(Some(process), Resource::Rss, limit);
            }
        }

        /// Whether it is that of this process.
        pub(crate) fn is_of(self, process: &Stat) -> bool {
            process.rsslim == self.0
        }

        /// Kills all processes with this mark, and goes on until there are none, for
        /// [`CHILDREN_END`] at most.
        pub(crate) fn end(self) {
            let deadline = Instant::now() + CHILDREN_END;
            loop {
                let its_own = self.processes();
                for process in &its_own {
                    // It fails if the process has ended, which is what was wanted.
                    let _ = Pid::from_raw(process.pid).map(|it| kill_process(it, Signal::KILL));
                }
                if its_own.is_empty() || Instant::now() > deadline {
                    break;
                }
            }
        }

        fn processes(self) -> Vec<Stat> {
            processes().filter(|it| self.is_of(it)).collect()
        }

        /// How long the processes with this mark that run now have kept a processor busy, and how
        /// long they have waited for one.
        pub(crate) fn cpu_time(self) -> (Duration, Duration) {
            let its_own = self.processes();
            let ticks: u64 = its_own.iter().map(|it| it.utime + it.stime).sum();
            let tasks = |it: &Stat| Process::new(it.pid).ok()?.tasks().ok();
            let tasks = its_own.iter().filter_map(tasks).flatten().flatten();
            let waited = tasks.filter_map(|task| Some(task.schedstat().ok()?.run_delay));
            (
                Duration::from_millis(ticks * 1000 / procfs::ticks_per_second()),
                Duration::from_nanos(waited.sum()),
            )
        }

        /// The numbers (inodes) of the sockets that the processes with this mark have open.
        pub(crate) fn sockets(self) -> Vec<u64> {
            let its_own = self.processes();
            let open = |it: &Stat| Process::new(it.pid).ok()?.fd().ok();
            let open = its_own.iter().filter_map(open).flatten().flatten();
            open.filter_map(|it| match it.target {
                FDTarget::Socket(number) => Some(number),
                _ => None,
            })
            .collect()
        }
    }

    /// Starts something that hasn't the mark of this process, which somebody may have started.
    pub(crate) fn without_mark<T>(start: impl FnOnce() -> T) -> T {
        while_none_starts(|| start_limited(getrlimit(Resource::Rss).maximum, start))
    }

    /// Starts something that is born with this limit, which is our own meanwhile. So nothing that it
    /// starts can be born without.
    fn start_limited<T>(current: Option<u64>, start: impl FnOnce() -> T) -> T {
        let usual = getrlimit(Resource::Rss);
        let _ = setrlimit(Resource::Rss, Rlimit { current, ..usual });
        let started = start();
        let _ = setrlimit(Resource::Rss, usual);
        started
    }

    /// What `grep` finds in `/proc/PID/limits` of what this process has started.
    pub(crate) fn pattern() -> String {
        format!("^Max resident set  *4{:010}", process::id())
    }

    /// The processes outside our session that have a mark of ours. Each program has its own session.
    /// A child that another thread started at the same instant may have the mark too, and is in
    /// ours.
    pub(crate) fn processes() -> impl Iterator<Item = Stat> {
        let us = Process::myself().and_then(|us| us.stat()).ok();
        let ours = us.map(|us| us.session);
        // Few have one: to look for it takes far less time than to parse all the numbers.
        let marks = format!(" 4{:010}", process::id());
        let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
        let is_process = |folder: &fs::DirEntry| {
            let name = folder.file_name();
            name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
        };
        folders
            .filter(is_process)
            .filter_map(|folder| fs::read(folder.path().join("stat")).ok())
            .filter(move |stat| String::from_utf8_lossy(stat).contains(&marks))
            .filter_map(|stat| Stat::from_read(&*stat).ok())
            // The main thread may end before the others (pthread_exit(3)), and be a zombie.
            .filter(|process| process.state != 'Z' || process.num_threads > 1)
            .filter(move |process| Some(process.session) != ours)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// Else what is started later has no mark of its own.
        #[test]
        fn what_cannot_be_started_leaves_no_mark_on_us() {
            // What other tests start has its mark on us for a moment, but not its maximum.
            let before = getrlimit(Resource::Rss).maximum;
            let (mark, ()) = Mark::start(|| ());
            mark.fix(0);
            assert_eq!(getrlimit(Resource::Rss).maximum, before);
            assert!(!processes().any(|process| mark.is_of(&process)));
        }

        #[test]
        fn we_have_the_mark_for_a_moment_and_are_none_of_the_processes() {
            let (mark, us) = Mark::start(|| Process::myself().unwrap().stat());
            let us = us.unwrap();
            assert!(mark.is_of(&us));
            assert!(!processes().any(|process| process.pid == us.pid));
        }
    }
}

/// Elsewhere nothing can be marked.
#[cfg(not(target_os = "linux"))]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark;

#[cfg(not(target_os = "linux"))]
impl Mark {
    pub(crate) fn start<T>(start: impl FnOnce() -> T) -> (Self, T) {
        (Self, while_none_starts(start))
    }

    pub(crate) fn fix(self, _: u32) {}

    pub(crate) fn end(self) {}

    /// Elsewhere nobody is known to be busy.
    pub(crate) fn cpu_time(self) -> (Duration, Duration) {
        (Duration::ZERO, Duration::ZERO)
    }

    /// Elsewhere none is known.
    pub(crate) fn sockets(self) -> Vec<u64> {
        Vec::new()
    }
}
