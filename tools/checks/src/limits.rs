//! How much of this machine a program under test may use. The judge stops one that uses more.
//!
//! | | limit | on |
//! | --- | --- | --- |
//! | memory of all its processes | [`MEMORY`] | Linux |
//! | memory of one process that it has to itself (`RLIMIT_DATA`) | [`MEMORY`] | Linux |
//! | processes | [`PROCESSES`] | Linux |
//! | files, more than its folder had at the start | [`FILES`] | Linux |
//! | one file (`RLIMIT_FSIZE`) | [`FILES`] | Linux, macOS |
//!
//! `RLIMIT_…` are limits of the system (getrlimit(2)), which a child has from its first
//! instruction. `RLIMIT_NPROC` isn't used: it counts all processes of a user, and none of root's.
//! So one thread looks at all programs, five times a second. On Windows nothing is limited.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::strays::Mark;

/// Maximum memory, in bytes.
pub const MEMORY: u64 = 2 << 30;

/// Maximum number of processes.
pub const PROCESSES: usize = 200;

/// Maximum size of files, in bytes.
pub const FILES: u64 = 64 << 20;

/// How deep to look into a folder.
pub(crate) const DEPTH: usize = 32;

/// Sets these limits for this process, and for all that it starts from now on.
pub fn set() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = |most: u64| Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        // It fails where there was a smaller one, which is as good. No core is dumped: it would
        // count as a file of the program.
        let _ = setrlimit(Resource::Core, limit(0));
        let _ = setrlimit(Resource::Fsize, limit(FILES));
        if cfg!(target_os = "linux") {
            let _ = setrlimit(Resource::Data, limit(MEMORY));
        }
    }
    #[cfg(target_os = "linux")]
    watch::start();
}

/// How much is in this folder, in bytes, down to this depth.
pub(crate) fn size(folder: &Path, depth: usize) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| {
        let metadata = entry.path().symlink_metadata().ok()?;
        let is_deeper = metadata.is_dir() && depth > 0;
        let below = is_deeper.then(|| size(&entry.path(), depth - 1));
        Some(metadata.len().saturating_add(below.unwrap_or(0)))
    });
    sizes.fold(0, u64::saturating_add)
}

/// A program that is watched for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Watched {
    stopped: Arc<OnceLock<String>>,
}

impl Watched {
    /// Watches a program whose processes have this mark. It runs in this folder, which had so many
    /// bytes before the program started.
    pub(crate) fn new(mark: Mark, folder: Option<(PathBuf, u64)>) -> Self {
        let stopped = Arc::default();
        #[cfg(target_os = "linux")]
        watch::add(mark, folder, &stopped);
        #[cfg(not(target_os = "linux"))]
        let _ = (mark, folder);
        Self { stopped }
    }

    /// Why the program was stopped, if it was.
    pub(crate) fn stopped(&self) -> Option<&str> {
        self.stopped.get().map(String::as_str)
    }
}

#[cfg(target_os = "linux")]
mod watch {
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex, Once, OnceLock, Weak};
    use std::thread;
    use std::time::Duration;

    use rustix::process::Signal;

    use super::{DEPTH, FILES, MEMORY, PROCESSES, size};
    use crate::lock::lock;
    use crate::strays::{self, Mark, Process};

    /// How long between two looks at the processes.
    const PAUSE: Duration = Duration::from_millis(200);

    /// At every how many looks the files are looked at, too.
    const FILES_EACH: u32 = 2;

    /// How often to look again, at once, whether a program that was stopped has started more.
    const ROUNDS: usize = 50;

    static BUDGETS: Mutex<Vec<Budget>> = Mutex::new(Vec::new());

    /// Whether anybody looks at them.
    static WATCH: Once = Once::new();

    /// How long what was stopped may take to end.
    const END: Duration = Duration::from_secs(1);

    /// What one program under test may take of the machine.
    struct Budget {
        /// What its processes have in common.
        mark: Mark,
        /// The folder that it runs in, and how many bytes that had at the start.
        folder: Option<(PathBuf, u64)>,
        stopped: Weak<OnceLock<String>>,
    }

    /// Starts the thread that looks.
    pub(super) fn start() {
        WATCH.call_once(|| {
            // Without it only the limits of the system hold.
            let _ = thread::Builder::new().spawn(|| {
                for look in 0_u32.. {
                    thread::park_timeout(PAUSE);
                    look_at_all(look % FILES_EACH == 0);
                }
            });
        });
    }

    pub(super) fn add(mark: Mark, folder: Option<(PathBuf, u64)>, stopped: &Arc<OnceLock<String>>) {
        if WATCH.is_completed() {
            let stopped = Arc::downgrade(stopped);
            lock(&BUDGETS).push(Budget {
                mark,
                folder,
                stopped,
            });
        }
    }

    fn look_at_all(at_files: bool) {
        let mut budgets = lock(&BUDGETS);
        budgets.retain(|budget| budget.stopped.strong_count() > 0);
        if budgets.is_empty() {
            return;
        }
        let all = strays::processes();
        for budget in budgets.iter_mut() {
            if let Some(why) = budget.too_much(&all, at_files) {
                if let Some(stopped) = budget.stopped.upgrade() {
                    let _ = stopped.set(why);
                }
                budget.stop();
            }
        }
    }

    impl Budget {
        /// What it takes too much of, in words.
        fn too_much(&mut self, all: &[Process], at_files: bool) -> Option<String> {
            let its_own = || all.iter().filter(|process| process.mark == self.mark);
            let count = its_own().count();
            if count > PROCESSES {
                let limit = PROCESSES;
                return Some(format!("it had {count} processes; the limit is {limit}"));
            }
            let memory: u64 = its_own().map(|process| process.memory).sum();
            if memory > MEMORY {
                let (took, limit) = (memory >> 20, MEMORY >> 20);
                return Some(format!(
                    "it took {took} MiB of memory; the limit is {limit}"
                ));
            }
            let (folder, had) = self.folder.as_ref().filter(|_| at_files)?;
            let more = size(folder, DEPTH).saturating_sub(*had);
            let (wrote, limit) = (more >> 20, FILES >> 20);
            (more > FILES).then(|| format!("it wrote {wrote} MiB of files; the limit is {limit}"))
        }

        /// Kills all its processes, and those that they have started meanwhile. They are stopped
        /// first, so that they start no more.
        fn stop(&self) {
            let mut before = 0;
            for _ in 0..ROUNDS {
                let count = strays::signal(self.mark, Signal::STOP);
                if count == before {
                    break;
                }
                before = count;
            }
            strays::end(self.mark, END);
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_memory_and_the_processes_of_a_program_are_counted_together() {
            let program = |mark| Budget {
                mark: Process::made_up(mark, 0).mark,
                folder: None,
                stopped: Weak::new(),
            };
            let half = MEMORY / 2;
            let mut all = vec![Process::made_up(1, half), Process::made_up(1, half)];
            all.push(Process::made_up(2, MEMORY));
            assert_eq!(program(1).too_much(&all, true), None);
            all.push(Process::made_up(1, 1 << 20));
            let why = "it took 2049 MiB of memory; the limit is 2048";
            assert_eq!(program(1).too_much(&all, true).as_deref(), Some(why));
            assert_eq!(program(2).too_much(&all, true), None);

            let many = |count| {
                (0..count)
                    .map(|_| Process::made_up(1, 0))
                    .collect::<Vec<_>>()
            };
            assert_eq!(program(1).too_much(&many(PROCESSES), true), None);
            assert!(program(1).too_much(&many(PROCESSES + 1), true).is_some());
        }
    }
}
