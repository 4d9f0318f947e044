//! How much of this machine a program under test may use. The judge stops one that uses more.
//!
//! | | limit | on |
//! | --- | --- | --- |
//! | memory of all its processes | [`MEMORY`] | Linux |
//! | memory of one process that it has to itself (`RLIMIT_DATA`) | [`MEMORY`] | Linux |
//! | processes | [`PROCESSES`] | Linux |
//! | files beyond those its folder had at the start, each 4 KiB more than its size | [`FILES`] | Linux |
//! | one file (`RLIMIT_FSIZE`) | [`FILES`] | Linux, macOS |
//!
//! `RLIMIT_…` are limits of the system (getrlimit(2)), which a child has from its first
//! instruction. `RLIMIT_NPROC` isn't used: it counts all processes of a user, and none of root's.
//! So one thread looks at all programs, five times a second. On Windows nothing is limited.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::strays::Mark;

/// Maximum memory, in bytes.
pub const MEMORY: u64 = 2 << 30;

/// Maximum number of processes.
pub const PROCESSES: usize = 200;

/// Maximum size of files, in bytes.
pub const FILES: u64 = 64 << 20;

/// What the system needs for a file or folder besides its bytes, more or less. So the limit holds
/// for many empty files, too.
const BLOCK: u64 = 4096;

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

/// How much of the disk a file or folder takes, in bytes, more or less.
pub fn size_of(metadata: &Metadata) -> u64 {
    metadata.len().saturating_add(BLOCK)
}

/// How much is in this folder and those in it, in bytes. Counts no further once it is more than
/// `most`.
pub(crate) fn size(folder: &Path, most: u64) -> u64 {
    let mut sum = 0_u64;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if metadata.is_dir() {
                folders.push(entry.path());
            }
            sum = sum.saturating_add(size_of(&metadata));
            if sum > most {
                return sum;
            }
        }
    }
    sum
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
    use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
    use std::thread;
    use std::time::Duration;

    use rustix::process::Signal;

    use super::{FILES, MEMORY, PROCESSES, size};
    use crate::strays::{self, Mark, Process};

    /// How long between two looks at the processes.
    const PAUSE: Duration = Duration::from_millis(200);

    /// At every how many looks the files are looked at, too.
    const FILES_EACH: u32 = 2;

    /// How often to look again, at once, whether a program that was stopped has started more.
    const ROUNDS: usize = 50;

    static PROGRAMS: OnceLock<Mutex<Vec<Program>>> = OnceLock::new();

    /// How long what was stopped may take to end.
    const END: Duration = Duration::from_secs(1);

    /// A program under test.
    struct Program {
        /// What its processes have in common.
        mark: Mark,
        /// The folder that it runs in, and how many bytes that had at the start.
        folder: Option<(PathBuf, u64)>,
        stopped: Weak<OnceLock<String>>,
    }

    /// Starts the thread that looks.
    pub(super) fn start() {
        if PROGRAMS.set(Mutex::default()).is_ok() {
            // Without it only the limits of the system hold.
            let _ = thread::Builder::new().spawn(|| {
                for look in 0_u32.. {
                    thread::park_timeout(PAUSE);
                    look_at_all(look % FILES_EACH == 0);
                }
            });
        }
    }

    pub(super) fn add(mark: Mark, folder: Option<(PathBuf, u64)>, stopped: &Arc<OnceLock<String>>) {
        let Some(programs) = PROGRAMS.get() else {
            return;
        };
        let stopped = Arc::downgrade(stopped);
        let mut programs = programs.lock().unwrap_or_else(PoisonError::into_inner);
        programs.push(Program {
            mark,
            folder,
            stopped,
        });
    }

    fn look_at_all(at_files: bool) {
        let Some(programs) = PROGRAMS.get() else {
            return;
        };
        let mut programs = programs.lock().unwrap_or_else(PoisonError::into_inner);
        programs.retain(|program| program.stopped.strong_count() > 0);
        if programs.is_empty() {
            return;
        }
        let all = strays::processes();
        for program in programs.iter_mut() {
            if let Some(why) = program.too_much(&all, at_files) {
                if let Some(stopped) = program.stopped.upgrade() {
                    let _ = stopped.set(why);
                }
                program.stop();
            }
        }
    }

    impl Program {
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
            let most = had.saturating_add(FILES);
            let limit = FILES >> 20;
            (size(folder, most) > most).then(|| {
                format!(
                    "it wrote more than {limit} MiB of files, which is the limit; an empty one \
                     counts as 4 KiB"
                )
            })
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
            let program = |mark| Program {
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    use super::*;

    #[test]
    fn empty_files_count_and_nothing_is_counted_in_vain() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        for name in 0..10 {
            fs::write(deep.join(name.to_string()), "").unwrap();
        }
        let all = size(folder.path(), u64::MAX);
        assert!(all >= 12 * BLOCK, "{all}");
        let some = size(folder.path(), 5 * BLOCK);
        assert!(some > 5 * BLOCK && some < all, "{some} of {all}");
    }
}
