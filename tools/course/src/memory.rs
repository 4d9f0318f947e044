//! Remembers what came of an executable, in a file that may be deleted at any time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// What was judged, and what came of it.
#[derive(Debug, Serialize, Deserialize)]
struct Memory {
    judged: Vec<Stamp>,
    findings: Vec<Finding>,
}

/// A file's size in bytes and its time in nanoseconds: another file of that name has others.
type Stamp = (u64, u128);

fn stamps(files: &[&Path]) -> io::Result<Vec<Stamp>> {
    let stamp = |file: &&Path| {
        let data = fs::metadata(file)?;
        let since = data.modified()?.duration_since(UNIX_EPOCH);
        Ok((data.len(), since.unwrap_or_default().as_nanos()))
    };
    files.iter().map(stamp).collect()
}

/// What came of these files, the exercise's executable and the judge's, last time. If that isn't
/// known, finds it out.
pub fn recall(
    folder: &Path,
    name: &str,
    files: &[&Path],
    find: impl FnOnce() -> Vec<Finding>,
) -> Vec<Finding> {
    let memory: PathBuf = folder.join(format!("{name}.json"));
    let judged = stamps(files).ok();
    let known = fs::read(&memory).ok();
    let known: Option<Memory> = known.and_then(|text| serde_json::from_slice(&text).ok());
    match (known, judged) {
        (Some(known), Some(judged)) if known.judged == judged => known.findings,
        (_, judged) => {
            let findings = find();
            if let Some(judged) = judged {
                let new = Memory {
                    judged,
                    findings: findings.clone(),
                };
                // If it can't be written, the next time takes as long as this one.
                let _ = fs::create_dir_all(folder)
                    .and_then(|()| fs::write(&memory, serde_json::to_vec(&new)?));
            }
            findings
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_a_file_that_has_changed_is_judged_again() {
        let folder = tempfile::tempdir().unwrap();
        let [memory, program] = ["memory", "program"].map(|name| folder.path().join(name));
        let is_judged = || {
            let mut is_judged = false;
            recall(&memory, "half", &[&program], || {
                is_judged = true;
                Vec::new()
            });
            is_judged
        };
        let write = |text: &str, time| {
            fs::write(&program, text).unwrap();
            let file = fs::File::options().write(true).open(&program).unwrap();
            file.set_modified(time).unwrap();
        };
        write("1", UNIX_EPOCH);
        assert!(is_judged(), "the first time");
        assert!(!is_judged(), "nothing has changed");
        write("22", UNIX_EPOCH);
        assert!(is_judged(), "it has another size");
        write("22", UNIX_EPOCH + Duration::from_secs(1));
        assert!(is_judged(), "it has another time");
        assert!(!is_judged(), "nothing has changed");
        fs::remove_dir_all(&memory).unwrap();
        assert!(is_judged(), "nothing is remembered");
        fs::create_dir_all(&memory).unwrap();
        fs::write(memory.join("half.json"), "{").unwrap();
        assert!(is_judged(), "what is remembered is broken");
    }
}
