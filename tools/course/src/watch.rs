//! Waits for a student to save a file.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime};

/// The time of each file's last change; `None` for one that isn't there, as while an editor
/// replaces it.
pub fn times(files: &[PathBuf]) -> Vec<Option<SystemTime>> {
    let time = |file: &PathBuf| fs::metadata(file).and_then(|data| data.modified()).ok();
    files.iter().map(time).collect()
}

/// Returns when one of the files has changed since these were its times. It looks twice a second:
/// no system tells of changes in the same way as another.
pub fn wait(files: &[PathBuf], since: &[Option<SystemTime>]) {
    while times(files) == since {
        thread::sleep(Duration::from_millis(500));
    }
}
