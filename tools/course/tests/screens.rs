//! What a student sees, as snapshots: of states made up here, and of a small workspace that is
//! built.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails with a panic"
)]

use std::fs;
use std::path::Path;

use course::course::Course;
use course::exercises::{self, Exercise};
use course::finding::Finding;
use course::screen::{State, details, overview};
use indicatif::ProgressBar;
use insta::assert_snapshot;

const BROKEN: &str = "error[E0308]: mismatched types
  --> crates/ch4-tcp-server/exercises/tcp_server.rs:35:5
   |
34 | fn port() -> u16 {
   |              --- expected `u16` because of return type
35 |     \"8080\"
   |     ^^^^^^ expected `u16`, found `&str`";

/// Nothing but starters.
fn starters() -> Vec<(Exercise, State)> {
    let state = |exercise: &Exercise| State::Judged(findings(exercise, 0, &todo("port")));
    let exercises = exercises::all().into_iter();
    exercises
        .map(|exercise| (exercise, state(&exercise)))
        .collect()
}

/// The same, but for the server of section 4.1.
fn with_server(change: impl FnOnce(&Exercise) -> State) -> Vec<(Exercise, State)> {
    let mut states = starters();
    let server = states
        .iter_mut()
        .find(|(it, _)| it.name == "tcp_server")
        .unwrap();
    server.1 = change(&server.0);
    states
}

/// As many checks pass, and the next one fails for this reason.
fn findings(exercise: &Exercise, passed: usize, why: &[(String, String)]) -> Vec<Finding> {
    let checks = match exercise.role {
        Some(role) => role.checks().iter().map(|it| (it.id, it.title)).collect(),
        None => vec![("", "two bytes"), ("", "no bytes")],
    };
    let count = checks.len();
    let finding = |(index, (id, title)): (usize, (&str, &str))| Finding {
        id: id.to_owned(),
        title: title.to_owned(),
        // The last two fail as well; what the others do isn't known.
        passed: (index <= passed || index + 2 >= count).then_some(index < passed),
        why: if index == passed {
            why.to_vec()
        } else {
            Vec::new()
        },
    };
    checks.into_iter().enumerate().map(finding).collect()
}

fn todo(name: &str) -> Vec<(String, String)> {
    let next = format!("Next: write `{name}`: make a socket, and return it with the answer inside");
    [("saw", "it ended at once"), ("change", &next)]
        .map(owned)
        .to_vec()
}

fn owned((name, text): (&str, &str)) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

fn begun(exercise: &Exercise) -> State {
    let why = [
        (
            "expected",
            "the greeting \"Hello World\" comes within 2.5 s",
        ),
        (
            "saw",
            "nothing came, and the connection stayed open; it printed nothing",
        ),
        ("steps", "1. $ target/debug/tcp_server 8080"),
        ("", "2. client 1 connects"),
        (
            "",
            "3. client 2 connects and sends \"GET / HTTP/1.1\" (14 bytes)  <- here",
        ),
        ("change", "Serve each client in a thread of its own."),
        (
            "read",
            "docs/pitfalls.md, \"A silent client blocks everybody\"",
        ),
    ];
    State::Judged(findings(exercise, 15, &why.map(owned)))
}

fn done(exercise: &Exercise) -> State {
    State::Judged(findings(exercise, usize::MAX, &[]))
}

/// A screen at 80 columns and one at 60, neither with a longer line.
fn in_both_widths(screen: impl Fn(usize) -> String) -> String {
    let screens = [80, 60].map(|width| {
        let screen = screen(width);
        let longest = screen.lines().map(|line| line.chars().count()).max();
        assert!(longest.unwrap() <= width, "{screen}");
        screen
    });
    screens.join(&format!("{}\n", "-".repeat(60)))
}

#[test]
fn nothing_is_begun() {
    assert_snapshot!(in_both_widths(|width| overview(&starters(), width)));
}

#[test]
fn one_is_begun() {
    let states = with_server(begun);
    assert_snapshot!(in_both_widths(|width| overview(&states, width)));
}

#[test]
fn one_is_done_and_the_next_one_follows() {
    let states = with_server(done);
    assert_snapshot!(in_both_widths(|width| overview(&states, width)));
}

#[test]
fn all_are_done() {
    let states = starters().into_iter();
    let states: Vec<_> = states.map(|(it, _)| (it, done(&it))).collect();
    assert_snapshot!(in_both_widths(|width| overview(&states, width)));
}

#[test]
fn one_does_not_compile() {
    let states = with_server(|_| State::Broken(BROKEN.to_owned()));
    assert_snapshot!(in_both_widths(|width| overview(&states, width)));
}

#[test]
fn details_of_one() {
    let server = exercises::all()
        .into_iter()
        .find(|it| it.name == "tcp_server")
        .unwrap();
    let hint = || Some("crates/ch4-tcp-server/examples/step3_threads.rs passes here".to_owned());
    let none = || None;
    let written = State::Judged(findings(&server, 1, &todo("accept")));
    let show = |state: &State, hint: &dyn Fn() -> Option<String>| {
        in_both_widths(|width| details(&server, state, hint(), width))
    };
    assert_snapshot!("details_with_a_todo", show(&written, &none));
    assert_snapshot!("details_with_a_failure", show(&begun(&server), &none));
    assert_snapshot!("details_with_a_hint", show(&begun(&server), &hint));
    assert_snapshot!("details_when_done", show(&done(&server), &none));
    // What the compiler says stays as it is.
    let broken = State::Broken(BROKEN.to_owned());
    assert_snapshot!("details_when_broken", details(&server, &broken, None, 60));
}

/// A workspace with the first three exercises, whose tests are these programs, and one of chapter
/// 4.
fn workspace(root: &Path, tests: [&str; 3], server: &str) {
    let write = |file: &str, text: &str| {
        let file = root.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n");
    write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n",
    );
    // One after the other, so that the first failure is in the way of the others.
    write(".cargo/config.toml", "[build]\njobs = 1\n");
    let mut manifest = package("ch1-tcp-ip");
    for (name, test) in ["checksum", "headers", "states"].iter().zip(tests) {
        manifest.extend(["[[test]]\nname = \"", name, "\"\nharness = false\n"]);
        write(&format!("crates/ch1-tcp-ip/tests/{name}.rs"), test);
    }
    write("crates/ch1-tcp-ip/Cargo.toml", &manifest);
    write("crates/ch1-tcp-ip/src/lib.rs", "");
    let bin = "[[bin]]\nname = \"tcp_server\"\npath = \"exercises/tcp_server.rs\"\n";
    write(
        "crates/ch4-tcp-server/Cargo.toml",
        &(package("ch4-tcp-server") + bin),
    );
    write("crates/ch4-tcp-server/exercises/tcp_server.rs", server);
}

#[test]
fn one_that_does_not_compile_leaves_the_others_judged() {
    if testkit::wine_lacks("cargo") {
        return;
    }
    let passes = r##"fn main() {
        println!("{}", r#"{"type": "test", "event": "started", "name": "a.rs: two bytes"}"#);
        println!("{}", r#"{"type": "test", "event": "ok", "name": "a.rs: two bytes"}"#);
    }"##;
    let breaks_off = r##"fn main() {
        println!("{}", r#"{"type": "test", "event": "started", "name": "a.rs: two bytes"}"#);
    }"##;
    let broken = "fn main() {\n    let port: u16 = \"8080\";\n}\n";
    let starter = "fn main() {\n    todo!(\"write `port`: return the first argument\")\n}\n";
    let folder = tempfile::tempdir().unwrap();
    workspace(folder.path(), [passes, broken, breaks_off], starter);
    let course = Course {
        root: folder.path().to_owned(),
        memory: folder.path().join("target/course"),
        judge: folder.path().join("Cargo.toml"),
    };
    let mut exercises = exercises::all();
    exercises.retain(|it| ["ch1-tcp-ip", "ch4-tcp-server"].contains(&it.package));
    let progress = ProgressBar::hidden();
    assert_snapshot!(course.screen(&exercises, false, 80, &progress).unwrap());
}
