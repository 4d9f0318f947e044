//! Remembers what came of an executable, in a file that may be deleted at any time.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::finding::Finding;

/// What was judged, and the fields of each finding. JSON has tuples as lists.
type Memory = (Vec<Stamp>, Vec<Fields>);

/// What a [`Finding`] consists of.
type Fields = (String, String, Option<bool>, Vec<(String, String)>);

/// A file's size in bytes and the time of its last change: another file of that name has others.
type Stamp = (u64, SystemTime);

fn stamp(file: &&Path) -> io::Result<Stamp> {
    let data = fs::metadata(file)?;
    Ok((data.len(), data.modified()?))
}

/// What came of these files, the exercise's executable and the judge's, last time. If that isn't
/// known, finds it out.
pub fn recall(
    folder: &Path,
    name: &str,
    files: &[&Path],
    find: impl FnOnce() -> Vec<Finding>,
) -> Vec<Finding> {
    let Ok(judged) = files.iter().map(stamp).collect::<io::Result<Vec<_>>>() else {
        return find();
    };
    let file = folder.join(format!("{name}.json"));
    let last = fs::read(&file).ok();
    let last: Option<Memory> = last.and_then(|text| serde_json::from_slice(&text).ok());
    if let Some((_, findings)) = last.filter(|last| last.0 == judged) {
        return findings.into_iter().map(finding).collect();
    }
    let findings = find();
    let new: Memory = (judged, findings.iter().cloned().map(fields).collect());
    // If it can't be written, the next time takes as long as this one.
    let _ = fs::create_dir_all(folder).and_then(|()| fs::write(&file, serde_json::to_vec(&new)?));
    findings
}

fn fields(finding: Finding) -> Fields {
    (finding.id, finding.title, finding.passed, finding.why)
}

fn finding((id, title, passed, why): Fields) -> Finding {
    Finding {
        id,
        title,
        passed,
        why,
    }
}

#[cfg(test)]
mod tests {
    use std::slice;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn only_a_file_that_has_changed_is_judged_again() {
        let folder = tempfile::tempdir().unwrap();
        let [memory, program] = ["memory", "program"].map(|name| folder.path().join(name));
        let found = Finding {
            id: "id".to_owned(),
            title: "title".to_owned(),
            passed: None,
            why: vec![("saw".to_owned(), "nothing".to_owned())],
        };
        let is_judged = || {
            let mut is_judged = false;
            let findings = recall(&memory, "half", &[&program], || {
                is_judged = true;
                vec![found.clone()]
            });
            assert_eq!(findings, slice::from_ref(&found));
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
