//! What `cargo course` says of the workspace's files is so.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use course::exercises::{self, SECTIONS};
use course::steps::hint;
use regex_lite::Regex;

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap().to_owned()
}

#[test]
fn each_starter_is_in_the_course() {
    let mut files = BTreeSet::new();
    for package in fs::read_dir(root().join("crates")).unwrap() {
        let folder = package.unwrap().path().join("exercises");
        for file in fs::read_dir(folder).into_iter().flatten() {
            let path = file.unwrap().path();
            files.insert(path.strip_prefix(root()).unwrap().to_owned());
        }
    }
    let known = exercises::all()
        .into_iter()
        .map(|it| PathBuf::from(it.file()));
    assert_eq!(known.collect::<BTreeSet<_>>(), files);
}

/// In a student's tree fewer are left.
#[test]
fn each_todo_names_its_function_and_is_shown_whole() {
    let todo = Regex::new(r#"fn (\w+)\([^{]*\{\s*todo!\(\s*"((?:[^"\\]|\\.|\\\n)*)""#).unwrap();
    for exercise in exercises::all() {
        let source = fs::read_to_string(root().join(exercise.file())).unwrap();
        let mut count = 0;
        for found in todo.captures_iter(&source) {
            let (name, text) = (
                found.get(1).unwrap().as_str(),
                found.get(2).unwrap().as_str(),
            );
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let text = text.replace("\\ ", "");
            assert!(text.starts_with(&format!("write `{name}`: ")), "{text}");
            // The judge cuts lines of more than 160 characters.
            assert!("not yet implemented: ".len() + text.len() <= 160, "{text}");
            count += 1;
        }
        assert_eq!(
            count,
            source.matches("todo!(").count(),
            "{}",
            exercise.file()
        );
    }
}

#[test]
fn each_starter_of_a_program_says_how_far_its_functions_alone_go() {
    const NUMBERS: [&str; 9] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight",
    ];
    let far = Regex::new(r"the first (\w+) checks pass, up to\s+//! `([^`]+)`").unwrap();
    for exercise in exercises::all() {
        let Some(role) = exercise.role else { continue };
        let source = fs::read_to_string(root().join(exercise.file())).unwrap();
        // In a student's tree it may be gone.
        let Some(found) = far.captures(&source) else {
            continue;
        };
        let number = NUMBERS.iter().position(|it| *it == &found[1]).unwrap();
        let check = &role.checks()[number - 1];
        let file = exercise.file();
        assert_eq!(
            check.id, &found[2],
            "{file}: how far it says that its functions alone go"
        );
    }
}

#[test]
fn a_hint_names_a_file_of_the_workspace_for_each_check() {
    for exercise in exercises::all() {
        for check in exercise.role.map_or(&[][..], |role| role.checks()) {
            let hint = hint(&root(), &exercise, check.id);
            let (file, _) = hint.split_once(' ').unwrap();
            assert!(root().join(file).is_file(), "{}: {hint}", check.id);
        }
    }
}

#[test]
fn a_hint_names_the_step_that_adds_what_is_missing() {
    let hint = |name: &str, check| {
        let exercise = exercises::all().into_iter().find(|it| it.name == name);
        hint(&root(), &exercise.unwrap(), check)
    };
    let hints = [
        hint("tcp_server", "tcp-server/listens"),
        hint("tcp_server", "tcp-server/silent-client"),
        // The tutorial's program passes it too: it reads only once.
        hint("tcp_server", "tcp-server/endless-header"),
        hint("udp_client", "udp-client/lost-answer"),
        hint("checksum", ""),
    ];
    insta::assert_snapshot!(hints.join("\n"), @"
    crates/ch4-tcp-server/examples/step1_reuse.rs passes here; try it: cargo run -p ch4-tcp-server --example step1_reuse -- 8080
    crates/ch4-tcp-server/examples/step3_threads.rs passes here; try it: cargo run -p ch4-tcp-server --example step3_threads -- 8080
    crates/ch4-tcp-server/examples/step6_close.rs passes here; try it: cargo run -p ch4-tcp-server --example step6_close -- 8080
    crates/ch5-udp/examples/step2_again.rs passes here; try it: cargo run -p ch5-udp --example step2_again -- client 1314
    docs/1.1-ip.md says more below the exercise; an answer is in crates/ch1-tcp-ip/tests/solutions/checksum.rs
    ");
}

/// A student who follows `cargo course` reads each page of the table in docs/README.md.
#[test]
fn the_sections_are_the_chapters_of_the_book() {
    let readme = fs::read_to_string(root().join("docs/README.md")).unwrap();
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| ["));
    let pages = rows.filter_map(|row| row.split_once("](")?.1.split_once(')'));
    let pages: Vec<_> = pages.map(|(page, _)| format!("docs/{page}")).collect();
    let sections: Vec<_> = SECTIONS.iter().map(|it| it.page).collect();
    assert_eq!(sections, pages);
}
