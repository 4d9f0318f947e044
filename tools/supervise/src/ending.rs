//! How a program has ended.

use std::process::ExitStatus;

/// The number of the signal that ended it (signal(7)), or a shell's child: then its status is 128
/// more.
#[cfg(unix)]
pub fn signal(status: ExitStatus) -> Option<i32> {
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    signal.or(status.code().map(|code| code - 128).filter(|it| *it > 0))
}

/// There are no signals.
#[cfg(not(unix))]
pub fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// Whether a program ended on purpose: with exit status 0, or by SIGINT, SIGKILL or SIGTERM
/// (signal(7)), by which one of its processes or threads may end the others. (The judge sends them
/// only when all is judged.)
pub fn is_success(status: ExitStatus) -> bool {
    status.success() || (status.code().is_none() && matches!(signal(status), Some(2 | 9 | 15)))
}

/// How a program ended, in words.
pub fn in_words(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit status {code}"),
        None => status.to_string(),
    }
}
