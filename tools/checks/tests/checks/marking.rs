//! `--submissions` on all systems: the command that marks a class. (What scripts need is in
//! `class.rs`.)

use std::fs;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use tempfile::{TempDir, tempdir};
use testkit::{Ended, Program};

use crate::FAULTY;
use crate::command::CHECKS;

/// Two checks that take little time.
pub(crate) const TWO: [&str; 2] = ["--only=udp-server/binds", "--only=udp-server/numbers"];

/// The command that marks this folder.
pub(crate) fn marking(folder: &Path) -> Command {
    let mut checks = Command::new(CHECKS);
    checks.args(["udp-server", "--submissions"]).arg(folder);
    checks
}

/// Marks this folder by two checks.
pub(crate) fn mark(folder: &Path, more: &[&str]) -> Ended {
    let mut checks = marking(folder);
    checks.args(TWO).args(more);
    Program::start_command(checks).wait()
}

/// Puts a file of this name into a class's folder, and the folders that it is in.
pub(crate) fn hand_in(class: &TempDir, name: impl AsRef<Path>, text: impl AsRef<[u8]>) {
    let path = class.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// With names of files as elsewhere, also on Windows.
fn shown(text: &str) -> String {
    let faulty = std::path::absolute(FAULTY).unwrap();
    let text = text.replace(faulty.to_str().unwrap(), "faulty");
    text.replace(r".\", "./")
}

/// Here `faulty` stands for a language's interpreter: it knows no fault of a file's name.
#[test]
fn a_class_is_marked_by_a_command() {
    let (class, reports) = (tempdir().unwrap(), tempdir().unwrap());
    for name in ["li.py", "王小明/homework/server.py"] {
        hand_in(&class, name, "import socket");
    }
    fs::create_dir(class.path().join("nobody")).unwrap();
    let to = reports.path().to_str().unwrap();
    let command = ["--", FAULTY, "udp-server", "--fault", "{file}", "{port}"];
    let ended = mark(class.path(), &[&["--reports", to][..], &command].concat());
    assert_snapshot!(shown(&ended.report()));
    let names = fs::read_dir(reports.path()).unwrap().flatten();
    let mut names: Vec<_> = names.map(|it| it.file_name()).collect();
    names.sort();
    assert_eq!(names, ["li.py.txt", "nobody.txt", "王小明.txt"]);

    let ended = mark(class.path(), &[&["--format=csv"][..], &command].concat());
    let (_, rows) = ended.output.split_once('\n').unwrap();
    assert_snapshot!(shown(rows));
}

#[test]
fn a_command_that_can_not_be_used_is_told() {
    let class = tempdir().unwrap();
    hand_in(&class, "student/start.lua", "");
    let ended = mark(class.path(), &["--", "python3", "{port}"]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.errors.contains("{file}"), "{}", ended.errors);
    let ended = mark(
        class.path(),
        &["--", "no-such-language", "{file}", "{port}"],
    );
    assert!(
        ended
            .output
            .contains("no points   - of 2  student: the system can't start no-such-language ")
    );
}

/// A student has neither the class's folder nor a command for it.
#[test]
fn a_report_has_nothing_for_those_who_mark() {
    let class = tempdir().unwrap();
    let reports = tempdir().unwrap();
    for name in ["go.go", "late.zip"] {
        hand_in(&class, name, "");
    }
    let mut checks = marking(class.path());
    checks.arg("--reports").arg(reports.path());
    let ended = Program::start_command(checks).wait();
    let report = |name| fs::read_to_string(reports.path().join(name)).unwrap();
    for (name, why) in [
        ("go.go", "the judge doesn't know how to start it"),
        ("late.zip", "it is an archive; hand in its contents"),
    ] {
        let row = format!("{name}: {why} (to mark it, ");
        assert!(ended.output.contains(&row), "{}", ended.output);
        let whole = format!("udp-server: {name}\n\nnot judged: {why}\n");
        assert_eq!(report(format!("{name}.txt")), whole);
    }
}

/// Who has no reports after an hour has to judge the class again.
#[test]
fn reports_that_can_not_be_written_are_told_first() {
    let class = tempdir().unwrap();
    hand_in(&class, "half.sh", "");
    let folder = class.path().to_str().unwrap();
    let mut places = vec![folder.to_owned(), format!("{folder}/half.sh")];
    if cfg!(target_os = "linux") {
        places.push("/proc".to_owned());
    }
    for place in places {
        let ended = mark(class.path(), &["--reports", &place]);
        assert_eq!(
            (ended.status.code(), &*ended.output),
            (Some(1), ""),
            "{place}"
        );
        let error = format!("error: can't write reports into {place}: ");
        assert!(ended.errors.starts_with(&error), "{}", ended.errors);
    }
}
