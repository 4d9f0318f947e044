//! Judges an exercise that is functions: runs the test that calls them, and reads what it prints.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use supervise::{Command, Process};

use crate::finding::Finding;

/// How long the test may take. It takes milliseconds, unless a loop has no end.
const LIMIT: Duration = Duration::from_secs(10);

const ENDLESS: &str = "It doesn't end: is there a loop or a call without an end?";

/// What came of each check of this test, up to one that doesn't end. The test runs in this folder.
pub fn findings(test: &Path, folder: &Path) -> Vec<Finding> {
    let arguments = ["--include-ignored", "--format=json", "--test-threads=1"];
    let command = Command::new(test, arguments).within(folder);
    match Process::start(&command) {
        Ok(mut test) => {
            // If it breaks off, what it has printed counts.
            test.wait_for_end(LIMIT);
            read(&test.text())
        }
        Err(error) => vec![failure("starts", &error.to_string())],
    }
}

/// A line of JSON says that a check begins, and another one what came of it. As it begins, it may
/// never end.
fn read(printed: &str) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for line in printed.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let text = |name: &str| line[name].as_str().unwrap_or_default();
        if text("type") != "test" {
            continue;
        }
        // The file's name comes first.
        let title = text("name").split_once(": ").map_or("", |(_, title)| title);
        match (text("event"), findings.last_mut()) {
            ("started", _) => findings.push(failure(title, ENDLESS)),
            ("ok", Some(last)) => (last.passed, last.why) = (Some(true), Vec::new()),
            ("failed", Some(last)) => {
                let why = text("stdout").trim_end();
                let why = why.strip_prefix("Error: \"").unwrap_or(why);
                *last = failure(title, why.strip_suffix('"').unwrap_or(why));
            }
            _ => {}
        }
    }
    findings
}

fn failure(title: &str, why: &str) -> Finding {
    Finding {
        id: String::new(),
        title: title.to_owned(),
        passed: Some(false),
        why: vec![(String::new(), why.to_owned())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_begins_and_says_no_more_has_failed() {
        let printed = r#"
            { "type": "suite", "event": "started", "test_count": 4 }
            { "type": "test", "event": "started", "name": "half.rs: an even number" }
            { "type": "test", "name": "half.rs: an even number", "event": "ok" }
            { "type": "test", "event": "started", "name": "half.rs: an odd number" }
            { "type": "test", "name": "half.rs: an odd number", "event": "failed", "stdout": "Error: \"half(3)\n  saw: 2\"\n" }
            { "type": "test", "event": "started", "name": "half.rs: a large number" }
        "#;
        let findings = read(printed);
        let told: Vec<_> = findings
            .iter()
            .map(|it| {
                (
                    it.title.as_str(),
                    it.passed,
                    it.why.first().map(|it| it.1.as_str()),
                )
            })
            .collect();
        let expected = [
            ("an even number", Some(true), None),
            ("an odd number", Some(false), Some("half(3)\n  saw: 2")),
            ("a large number", Some(false), Some(ENDLESS)),
        ];
        assert_eq!(told, expected);
    }
}
