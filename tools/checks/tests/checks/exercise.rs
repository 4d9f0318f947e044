//! What a student is told who isn't done yet.

use std::path::Path;
use std::thread;

use checks::check::Role;
use judging::program::{Exercise, run};
use libtest_mimic::Arguments;
use tempfile::tempdir;

use crate::FAULTY;
use crate::shell::script;

/// How many of two checks that program fails, and how many are kept for later, if its source is
/// this.
fn judged(program: &'static str, source: &'static str, told: &Path) -> (u64, u64) {
    let exercise = Exercise {
        role: Role::TcpServer,
        file: "server.rs",
        source,
        program,
    };
    let arguments = Arguments {
        include_ignored: true,
        filter: Some("/reset".to_owned()),
        logfile: Some(told.to_str().unwrap().to_owned()),
        ..Arguments::default()
    };
    let conclusion = run(&[exercise], arguments);
    (conclusion.num_failed, conclusion.num_ignored)
}

#[test]
fn while_a_todo_is_left_only_the_first_failure_is_told() {
    let folder = tempdir().unwrap();
    // A server that never answers.
    let text = format!("#!/bin/sh\nexec '{FAULTY}' tcp-server --fault answers \"$1\"\n");
    script(folder.path(), "server", &text);
    let program = folder.path().join("server");
    let program = String::leak(program.to_str().unwrap().to_owned());

    let told = |source| folder.path().join(format!("told about {source:?}"));
    let [begun, done] = thread::scope(|scope| {
        let judge = |source| judged(program, source, &told(source));
        ["todo!()", ""]
            .map(|source| scope.spawn(move || judge(source)))
            .map(|judging| judging.join().unwrap())
    });
    assert_eq!(begun, (1, 1));
    assert_eq!(done, (2, 0));
}
