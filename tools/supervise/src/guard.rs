//! Ends programs even if this process can't: it was interrupted, or killed.
//!
//! A program has its own process group, so Ctrl-C at our terminal doesn't reach it, and a process
//! that is killed drops nothing. So on Unix one helper, a small shell script, knows which
//! groups run, how to find what has left them, and which folder has their files. It reads that from
//! a pipe, and the pipe closes with this process, however it ends. (On Windows a program that runs
//! when this process is killed goes on.)

use std::io::Write;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use crate::lock::lock;

/// Tells the helper something. The first call starts it. If that fails, all works as long as nobody
/// kills this process.
fn tell(words: &str) {
    static PIPE: OnceLock<Option<Mutex<ChildStdin>>> = OnceLock::new();
    if cfg!(windows) {
        return;
    }
    let pipe = PIPE.get_or_init(|| {
        let mut helper = Command::new("sh");
        helper.args(["-c", include_str!("guard.sh"), "sh"]);
        #[cfg(target_os = "linux")]
        helper.arg(crate::strays::pattern());
        // Out of Ctrl-C's reach.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut helper, 0);
        helper.stdin(Stdio::piped()).stdout(Stdio::null());
        helper.stderr(Stdio::null());
        // Whoever ends us by our mark must leave the helper to end what we have started.
        #[cfg(target_os = "linux")]
        let helper = crate::strays::without_mark(|| helper.spawn());
        #[cfg(not(target_os = "linux"))]
        let helper = helper.spawn();
        helper.ok()?.stdin.map(Mutex::new)
    });
    if let Some(pipe) = pipe {
        let _ = lock(pipe).write_all(format!("{words}\n").as_bytes());
    }
}

/// From now on no program outlives this process.
pub(crate) fn prepare() {
    tell("prepare");
}

/// From now on this process group doesn't outlive this process.
pub(crate) fn watch(group: u32) {
    tell(&format!("watch {group}"));
}

/// This process group has ended; its number may become another's.
pub(crate) fn forget(group: u32) {
    tell(&format!("forget {group}"));
}

/// This folder, with all that is in it, doesn't outlive this process. The last one counts.
pub fn remove(folder: &Path) {
    if let Some(name) = folder.to_str().filter(|name| !name.contains('\n')) {
        tell(&format!("remove {name}"));
    }
}
