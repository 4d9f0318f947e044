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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn waits_until_a_file_has_another_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("half.rs");
        fs::write(&file, "").unwrap();
        let files = vec![file.clone()];
        let before = times(&files);
        let (sender, seen) = mpsc::channel();
        thread::spawn(move || {
            wait(&files, &before);
            sender.send(())
        });
        assert!(seen.try_recv().is_err());
        let file = fs::File::options().write(true).open(file).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        seen.recv_timeout(Duration::from_secs(30)).unwrap();
    }
}
