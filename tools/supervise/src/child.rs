//! A child process that ends with its owner, however that ends.

use std::io::{self, ErrorKind};
use std::mem;
use std::process::{self, Command};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(windows)]
use process_wrap::std::JobObject;
#[cfg(unix)]
use process_wrap::std::ProcessSession;
use process_wrap::std::{ChildWrapper, CommandWrap};

use crate::guard;
#[cfg(target_os = "linux")]
use crate::signals;
use crate::strays::Mark;

/// How long a program's file may be busy.
const BUSY: Duration = Duration::from_secs(1);

/// A process, and all that it has started: they are one session (on Windows, one job).
///
/// When this value is dropped, they are killed. On Unix they are also killed if this process is. On
/// Linux this includes those that have left the session.
#[derive(Debug)]
pub struct Child {
    /// The process that was started, which is the first of them.
    pub process: Box<dyn ChildWrapper>,
    pub(crate) mark: Mark,
    is_over: bool,
}

impl Child {
    /// Starts the command. Then its ends of the streams are closed here.
    ///
    /// # Errors
    ///
    /// The system can't start it: there is no such file, or it isn't executable.
    pub fn start(command: Command) -> io::Result<Self> {
        let mut command = CommandWrap::from(command);
        #[cfg(unix)]
        command.wrap(ProcessSession);
        #[cfg(windows)]
        command.wrap(JobObject);
        #[cfg(target_os = "linux")]
        signals::prepare();
        guard::prepare();
        let (mark, started) = Mark::start(|| command.spawn_with(spawn));
        // `spawn` may fail after the process has started.
        let process = started.inspect_err(|_| mark.end())?;
        guard::watch(process.id());
        Ok(Self {
            process,
            mark,
            is_over: false,
        })
    }

    /// Kills all processes of the session or job. Later calls do nothing: once it has ended,
    /// another process may get its number.
    pub fn end(&mut self) {
        if mem::replace(&mut self.is_over, true) {
            return;
        }
        // It fails if all have ended already, which is what was wanted. On Windows `kill` would
        // wait for the job's message that all have ended, forever if `try_wait` has taken it.
        let _ = if cfg!(windows) {
            self.process.start_kill()
        } else {
            self.process.kill()
        };
        guard::forget(self.process.id());
    }
}

/// Tries again while the program's file is busy (`ETXTBSY`: execve(2)). On a busy machine, the
/// process that was started before this one may hold for an instant what we had open for writing.
fn spawn(command: &mut Command) -> io::Result<process::Child> {
    let deadline = Instant::now() + BUSY;
    loop {
        let started = command.spawn();
        let is_busy = matches!(&started, Err(it) if it.kind() == ErrorKind::ExecutableFileBusy);
        if !is_busy || Instant::now() > deadline {
            return started;
        }
        thread::yield_now();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}
