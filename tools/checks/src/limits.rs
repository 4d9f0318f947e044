//! What a program under test may take of this machine. One that takes more is stopped.
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
//! So one thread looks at all programs, ten times a second. On Windows nothing is limited.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// Maximum memory, in bytes.
pub const MEMORY: u64 = 2 << 30;

/// Maximum number of processes.
pub const PROCESSES: usize = 200;

/// Maximum size of files, in bytes.
pub const FILES: u64 = 64 << 20;

/// From now on what this process starts has these limits, and so has this process.
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

/// A program that is watched for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Watched {
    stopped: Arc<OnceLock<String>>,
}

impl Watched {
    /// Watches the program whose first process this is, and that runs in this folder.
    pub(crate) fn new(first: u32, folder: Option<PathBuf>) -> Self {
        let stopped = Arc::default();
        #[cfg(target_os = "linux")]
        watch::add(first, folder, &stopped);
        #[cfg(not(target_os = "linux"))]
        let _ = (first, folder);
        Self { stopped }
    }

    /// Why the program was stopped, if it was.
    pub(crate) fn stopped(&self) -> Option<&str> {
        self.stopped.get().map(String::as_str)
    }
}

#[cfg(target_os = "linux")]
mod watch {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
    use std::thread;
    use std::time::Duration;

    use rustix::process::{Pid, Signal, kill_process};

    use super::{FILES, MEMORY, PROCESSES};

    /// How long between two looks at the processes.
    const PAUSE: Duration = Duration::from_millis(100);

    /// At every how many looks the files are looked at, too.
    const FILES_EACH: u32 = 5;

    /// How often to look again, at once, whether what was stopped has left anything.
    const ROUNDS: usize = 50;

    static PROGRAMS: OnceLock<Mutex<Vec<Program>>> = OnceLock::new();

    /// A program under test.
    struct Program {
        /// Its processes, as far as they are known: their numbers, and when they started.
        processes: BTreeSet<(u32, u64)>,
        /// The first one, which leads their group.
        first: u32,
        folder: Option<PathBuf>,
        /// How large its folder was at the beginning, in bytes.
        had: Option<u64>,
        stopped: Weak<OnceLock<String>>,
    }

    /// A process, as `/proc/PID/stat` has it (proc(5)).
    struct Process {
        parent: u32,
        group: u32,
        session: u32,
        started: u64,
        /// In bytes.
        memory: u64,
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

    pub(super) fn add(first: u32, folder: Option<PathBuf>, stopped: &Arc<OnceLock<String>>) {
        if let Some(programs) = PROGRAMS.get() {
            let program = Program {
                processes: BTreeSet::new(),
                first,
                folder,
                had: None,
                stopped: Arc::downgrade(stopped),
            };
            programs
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(program);
        }
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
        let all = processes();
        for program in programs.iter_mut() {
            let Some(stopped) = program.stopped.upgrade() else {
                continue;
            };
            let too_much = program.too_much(&all, at_files);
            if let Some(why) = too_much {
                let _ = stopped.set(why);
                program.stop();
            }
        }
    }

    impl Program {
        /// What it takes too much of, in words.
        fn too_much(&mut self, all: &BTreeMap<u32, Process>, at_files: bool) -> Option<String> {
            self.find_processes(all);
            let count = self.processes.len();
            if count > PROCESSES {
                return Some(format!(
                    "it had {count} processes; the limit is {PROCESSES}"
                ));
            }
            let its_own = self
                .processes
                .iter()
                .filter_map(|(number, _)| all.get(number));
            let memory: u64 = its_own.map(|process| process.memory).sum();
            if memory > MEMORY {
                return Some(format!(
                    "it took {} MiB of memory; the limit is {}",
                    memory >> 20,
                    MEMORY >> 20
                ));
            }
            let folder = self
                .folder
                .as_ref()
                .filter(|_| at_files || self.had.is_none())?;
            let size = size(folder, 32);
            let more = size.saturating_sub(*self.had.get_or_insert(size));
            (more > FILES).then(|| {
                format!(
                    "it wrote {} MiB of files; the limit is {}",
                    more >> 20,
                    FILES >> 20
                )
            })
        }

        /// Finds all that it has started: in its group or session, or with a parent that it is known
        /// to have started.
        fn find_processes(&mut self, all: &BTreeMap<u32, Process>) {
            self.processes.retain(|(number, started)| {
                all.get(number)
                    .is_some_and(|process| process.started == *started)
            });
            loop {
                let known: BTreeSet<u32> =
                    self.processes.iter().map(|(number, _)| *number).collect();
                let is_its_own = |number: u32, process: &Process| {
                    number == self.first
                        || process.group == self.first
                        || process.session == self.first
                        || known.contains(&process.parent)
                };
                let new = all.iter().filter(|(number, process)| {
                    !known.contains(number) && is_its_own(**number, process)
                });
                let new: Vec<_> = new
                    .map(|(number, process)| (*number, process.started))
                    .collect();
                if new.is_empty() {
                    return;
                }
                self.processes.extend(new);
            }
        }

        /// Kills all its processes, and those that they have started meanwhile.
        fn stop(&mut self) {
            for signal in [Signal::STOP, Signal::KILL] {
                for _ in 0..ROUNDS {
                    let before = self.processes.clone();
                    for (number, _) in &self.processes {
                        let process = i32::try_from(*number).ok().and_then(Pid::from_raw);
                        // It fails if it has ended, which is what was wanted.
                        let _ = process.map(|process| kill_process(process, signal));
                    }
                    self.find_processes(&processes());
                    if self.processes.is_subset(&before) {
                        break;
                    }
                }
            }
        }
    }

    fn processes() -> BTreeMap<u32, Process> {
        let page = rustix::param::page_size() as u64;
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        numbers
            .filter_map(|number: u32| {
                let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
                // The name is in parentheses, and may have some, too.
                let (_, fields) = stat.rsplit_once(')')?;
                let fields: Vec<&str> = fields.split_whitespace().collect();
                let field = |index: usize| fields.get(index)?.parse::<u64>().ok();
                let id = |index| u32::try_from(field(index)?).ok();
                let process = Process {
                    parent: id(1)?,
                    group: id(2)?,
                    session: id(3)?,
                    started: field(19)?,
                    memory: field(21)?.saturating_mul(page),
                };
                // A zombie takes nothing any more.
                (fields.first() != Some(&"Z")).then_some((number, process))
            })
            .collect()
    }

    /// How much is in this folder, in bytes.
    fn size(folder: &Path, depth: usize) -> u64 {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let sizes = entries.filter_map(|entry| {
            let metadata = entry.path().symlink_metadata().ok()?;
            let below = metadata.is_dir() && depth > 0;
            let below = if below {
                size(&entry.path(), depth - 1)
            } else {
                0
            };
            Some(metadata.len().saturating_add(below))
        });
        sizes.fold(0, u64::saturating_add)
    }
}
