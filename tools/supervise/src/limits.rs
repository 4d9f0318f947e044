//! How much of this machine a program may use. One that uses more is stopped.
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
//! So one thread looks at all programs, four times a second. On Windows nothing is limited.

use std::fs::{self, Metadata};
use std::path::Path;

#[cfg(unix)]
use rustix::process::{Resource, Rlimit, setrlimit};

#[cfg(target_os = "linux")]
pub(crate) use watch::watch;

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
    // It fails where there was a smaller one, which is as good. No core is dumped: it would count
    // as a file of the program.
    #[cfg(unix)]
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Fsize, FILES),
        #[cfg(target_os = "linux")]
        (Resource::Data, MEMORY),
    ] {
        let (current, maximum) = (Some(most), Some(most));
        let _ = setrlimit(resource, Rlimit { current, maximum });
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
    // Not by recursion: the program decides how deep its folders are.
    let (mut sum, mut folders) = (0_u64, vec![folder.to_owned()]);
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

/// Elsewhere nobody looks.
#[cfg(not(target_os = "linux"))]
pub(crate) fn watch<F>(
    _: crate::strays::Mark,
    _: F,
) -> std::sync::Arc<std::sync::OnceLock<String>> {
    std::sync::Arc::default()
}

#[cfg(target_os = "linux")]
mod watch {
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex, OnceLock, Weak};
    use std::thread;
    use std::time::Duration;

    use procfs::process::Stat;

    use super::{FILES, MEMORY, PROCESSES, size};
    use crate::lock::lock;
    use crate::strays::{Mark, processes};

    /// How long between two looks at all programs.
    const PAUSE: Duration = Duration::from_millis(250);

    static ALL: Mutex<Vec<Watched>> = Mutex::new(Vec::new());

    /// A program that is watched.
    struct Watched {
        /// What its processes have in common.
        mark: Mark,
        /// How many bytes its folder had before it started, and that folder.
        folder: Option<(u64, PathBuf)>,
        /// Why it was stopped, if it was. Its owner has this as long as there is a program.
        stopped: Weak<OnceLock<String>>,
    }

    /// Watches a program, if anybody looks. Returns where it is told why the program was stopped.
    pub(crate) fn watch(mark: Mark, folder: Option<(u64, PathBuf)>) -> Arc<OnceLock<String>> {
        let why = Arc::default();
        let stopped = Arc::downgrade(&why);
        let mut all = lock(&ALL);
        all.retain(|program| program.stopped.strong_count() > 0);
        all.push(Watched {
            mark,
            folder,
            stopped,
        });
        why
    }

    /// Starts the thread that looks.
    pub(super) fn start() {
        // Without it only the limits of the system hold.
        let _ = thread::Builder::new().spawn(|| {
            loop {
                thread::sleep(PAUSE);
                look_at_all();
            }
        });
    }

    fn look_at_all() {
        let processes: Vec<_> = processes().collect();
        for program in &*lock(&ALL) {
            let Some(stopped) = program.stopped.upgrade() else {
                continue;
            };
            if let Some(why) = program.too_much(&processes) {
                let _ = stopped.set(why);
                program.mark.end();
            }
        }
    }

    impl Watched {
        /// What it takes too much of, in words.
        fn too_much(&self, all: &[Stat]) -> Option<String> {
            let its_own = || all.iter().filter(|process| self.mark.is_of(process));
            let count = its_own().count();
            if count > PROCESSES {
                let limit = PROCESSES;
                return Some(format!("it had {count} processes; the limit is {limit}"));
            }
            let pages: u64 = its_own().map(|process| process.rss).sum();
            let memory = pages.saturating_mul(procfs::page_size());
            if memory > MEMORY {
                let (took, limit) = (memory >> 20, MEMORY >> 20);
                return Some(format!(
                    "it took {took} MiB of memory; the limit is {limit}"
                ));
            }
            let (had, folder) = self.folder.as_ref()?;
            let most = had.saturating_add(FILES);
            let limit = FILES >> 20;
            (size(folder, most) > most).then(|| {
                format!(
                    "it wrote more than {limit} MiB of files, which is the limit; an empty one \
                     counts as 4 KiB"
                )
            })
        }
    }

    #[cfg(test)]
    mod tests {
        use procfs::process::Process;

        use super::*;

        #[test]
        fn the_memory_and_the_processes_of_a_program_are_counted_together() {
            let (mark, us) = Mark::start(|| Process::myself().unwrap().stat());
            let process = |memory: u64| {
                let mut process = us.as_ref().unwrap().clone();
                process.rss = memory / procfs::page_size();
                process
            };
            let program = Watched {
                mark,
                folder: None,
                stopped: Weak::new(),
            };
            let mut all = vec![process(MEMORY / 2), process(MEMORY / 2), process(MEMORY)];
            all[2].rsslim = 0;
            assert_eq!(program.too_much(&all), None);
            all.push(process(1 << 20));
            let why = "it took 2049 MiB of memory; the limit is 2048";
            assert_eq!(program.too_much(&all).as_deref(), Some(why));

            let mut many = vec![process(0); PROCESSES];
            assert_eq!(program.too_much(&many), None);
            many.push(process(0));
            assert!(program.too_much(&many).is_some());
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

    /// A process usually has 1024 of them.
    #[cfg(target_os = "linux")]
    #[test]
    fn folders_may_be_deeper_than_there_are_descriptors() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/".repeat(1100))).unwrap();
        let one = size_of(&fs::metadata(folder.path().join("a")).unwrap());
        assert_eq!(size(folder.path(), u64::MAX), 1100 * one);
    }
}
