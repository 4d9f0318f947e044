//! Ends what has left the process group of a program under test: a daemon makes itself the leader of
//! a session of its own. What it can't get rid of is the environment that it was born with, and by
//! a variable there it is found, on Linux. (On Windows nothing leaves a job.)

#[cfg(target_os = "linux")]
use std::fs;
use std::process;
#[cfg(target_os = "linux")]
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The variable that a program under test has, and all that it starts.
pub(crate) const VARIABLE: &str = "CHECKED_PROGRAM";

/// A value of it that no other program has. It begins with the number of this process and a dot.
pub(crate) fn new_mark() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{}.{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Kills all that has this mark, and goes on until nothing has it, for this time at most. It looks
/// twice, as a process that is being executed has no environment for a moment.
pub(crate) fn end(mark: &str, limit: Duration) {
    let deadline = Instant::now() + limit;
    let mut looked_in_vain = 0;
    while looked_in_vain < 2 && Instant::now() < deadline {
        let strays = marked(mark);
        if strays.is_empty() {
            looked_in_vain += 1;
        } else {
            looked_in_vain = 0;
            kill(&strays);
        }
    }
}

/// The numbers of the processes with this mark.
#[cfg(target_os = "linux")]
fn marked(mark: &str) -> Vec<String> {
    let mark = format!("{VARIABLE}={mark}");
    let has_mark = |process: &String| {
        // Nobody may read the environment of other users' processes, and these aren't ours.
        let variables = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        let mut variables = variables.split(|&byte| byte == 0);
        variables.any(|variable| variable == mark.as_bytes())
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.parse::<u32>().is_ok())
        .filter(has_mark)
        .collect()
}

#[cfg(target_os = "linux")]
fn kill(processes: &[String]) {
    // It fails if they have ended meanwhile, which is what was wanted.
    let _ = process::Command::new("sh")
        .args(["-c", r#"kill -KILL "$@""#, "sh"])
        .args(processes)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

#[cfg(not(target_os = "linux"))]
fn marked(_: &str) -> Vec<String> {
    Vec::new()
}

#[cfg(not(target_os = "linux"))]
fn kill(_: &[String]) {}
