//! Signals that this process ignores. A child would ignore them too (execve(2)): so a script's
//! background command, which ignores SIGINT, would judge a program that nobody can interrupt. A
//! child doesn't ignore a signal that has a handler here. (Only Linux tells what is ignored.)

use std::sync::{Arc, Once};

use procfs::process::Process;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// From now on no child ignores what ends a program. This process does as before.
pub(crate) fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let status = Process::myself().and_then(|us| us.status());
        let ignored = status.map_or(0, |it| it.sigign);
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            if ignored >> (signal - 1) & 1 == 1 {
                // The handler sets a flag that nobody reads. Without one all is as it was.
                let _ = signal_hook::flag::register(signal, Arc::default());
            }
        }
    });
}
