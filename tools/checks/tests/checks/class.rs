//! What a class hands in, as scripts of the shell, which Windows doesn't have.

use insta::assert_snapshot;
use serde_json::Value;
use std::env;
#[cfg(target_os = "linux")]
use std::ffi::OsStr;
use std::fs;
use supervise::{Command, Process};
use tempfile::{TempDir, tempdir};
use testkit::PATIENCE;
use testkit::{Ended, Program, normalise};

use crate::FAULTY;
use crate::command::{CHECKS, json_lines};
use crate::marking::{TWO, hand_in, mark, marking};
use crate::shell::script;
use crate::shell::wait_until;

/// A script that does this and becomes a good server.
fn good(before: &str) -> String {
    format!("#!/bin/sh\n{before}\nexec '{FAULTY}' udp-server \"$1\"\n")
}

fn shown(ended: &Ended) -> String {
    ended.report().replace(FAULTY, "faulty")
}

#[test]
fn files_and_folders_are_rows_and_nothing_is_left_out_silently() {
    let class = tempdir().unwrap();
    let good = good("");
    script(class.path(), "an executable", &good);
    for (name, text) in [
        // Saved on Windows, and without the right to be executed.
        ("from windows", &*good.replacen("sh\n", "sh\r\n", 1)),
        ("王小明/homework/server.sh", &good),
        ("王小明/homework/old.sh", "#!/bin/sh\n"),
        ("王小明/homework/.backup.sh", "#!/bin/sh\n"),
        // What can't be started.
        ("which one/a.sh", &good),
        ("which one/b.sh", &good),
        ("{port}", &good),
        // Packed, and once unpacked as well.
        ("late.zip", "PK"),
        ("王小明.zip", "PK"),
        ("packed/server.tar.gz", ""),
        // A program by another name.
        ("李雷.txt", "import socket\n"),
        // What isn't judged.
        ("notes.txt", "Not a program, which would\nimport a library."),
        (".hidden", &good),
    ] {
        hand_in(&class, name, text);
    }
    fs::create_dir(class.path().join("nothing handed in")).unwrap();
    fs::create_dir(class.path().join("__pycache__")).unwrap();
    assert_snapshot!(shown(&mark(class.path(), &[])));
}

/// Only Linux has such names.
#[cfg(target_os = "linux")]
#[test]
fn names_need_not_be_utf8_and_two_of_them_are_not_one() {
    use std::os::unix::ffi::OsStrExt;
    let class = tempdir().unwrap();
    let reports = tempdir().unwrap();
    let names = [&b"\xff"[..], b"\xfe\n", b"-n"];
    for name in names {
        hand_in(&class, OsStr::from_bytes(name), good(""));
    }
    let to = reports.path().to_str().unwrap();
    let ended = mark(class.path(), &["--reports", to, "--format=csv"]);
    let mut rows = csv::Reader::from_reader(ended.output.as_bytes());
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    let names: Vec<_> = rows.iter().map(|row| &row[0]).collect();
    // A spreadsheet would take -n for a formula.
    assert_eq!(names, ["'-n", r"\xfe\n", r"\xff"], "{}", ended.output);
    assert!(reports.path().join(OsStr::from_bytes(b"\xff.txt")).exists());
}

#[test]
fn each_check_has_a_fresh_copy_of_the_folder() {
    let class = tempdir().unwrap();
    // It needs a file of its own, and can't run twice in one folder.
    let before = "cat settings/file >/dev/null && mkdir running || exit 1";
    hand_in(&class, "student/server.sh", good(before));
    hand_in(&class, "student/settings/file", "");
    let ended = mark(class.path(), &[]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
    assert!(!class.path().join("student/running").exists());
}

/// A classmate's program may be found in the place of a library, or be compiled as a part of this
/// one. What can't be a program may be data that comes with the task.
#[test]
fn a_file_has_only_data_beside_it() {
    let class = tempdir().unwrap();
    let has = "alone.sh config.json task.txt";
    let before = format!("[ \"$(echo *)\" = '{has}' ] || {{ echo *; exit 1; }}");
    hand_in(&class, "alone.sh", good(&before));
    for name in [
        // Data.
        "config.json",
        "task.txt",
        // Programs that nobody starts here, and parts of programs.
        "bob.c",
        "Bob.java",
        "bob.lua",
        "bob.zip",
        "socket.so",
        // It would change what Node makes of the others' programs.
        "package.json",
        // Another run left it.
        "server.pid",
    ] {
        // It is an error in each language: what ends without one may have left a server behind.
        hand_in(&class, name, "exit");
    }
    fs::create_dir(class.path().join("socket")).unwrap();
    let large = fs::File::create(class.path().join("a large one.bin")).unwrap();
    large.set_len(64 << 20).unwrap();
    let ended = mark(class.path(), &[]);
    let row = ended.output.lines().find(|row| row.contains("alone.sh"));
    assert!(row.unwrap().contains("2 of 2"), "{}", ended.output);
}

#[test]
fn what_tools_made_is_not_copied() {
    let class = tempdir().unwrap();
    let has = "node_modules server.sh venv/pyvenv.cfg .env";
    let before = format!("[ \"$(echo n* s* v*/* .[a-z]* __*)\" = '{has} __*' ] || exit 1");
    for (name, text) in [
        ("server.sh", &*good(&before)),
        (".env", ""),
        ("node_modules/a/index.js", ""),
        (".git/config", ""),
        ("__pycache__/server.pyc", ""),
        ("venv/pyvenv.cfg", ""),
        ("venv/lib/server.py", ""),
    ] {
        hand_in(&class, format!("student/{name}"), text);
    }
    let ended = mark(class.path(), &[]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
}

/// A program that can't be read, a part of one, and a name of the greatest length.
#[test]
fn whatever_is_handed_in_has_a_row_and_a_report() {
    let class = tempdir().unwrap();
    let reports = tempdir().unwrap();
    let long = "王".repeat(84);
    fs::create_dir(class.path().join(&long)).unwrap();
    std::os::unix::fs::symlink("/nowhere", class.path().join("gone.py")).unwrap();
    hand_in(&class, "part.c", "int part;");
    for name in ["Report.DOCX", "server.py.txt", "data.txt"] {
        hand_in(&class, name, "");
    }
    fs::create_dir(class.path().join("龙")).unwrap();
    std::os::unix::fs::symlink(&long, class.path().join("龙/link")).unwrap();
    // Nobody can write this report. The others don't depend on it.
    fs::create_dir(reports.path().join("part.c.txt")).unwrap();
    let ended = mark(
        class.path(),
        &["--reports", reports.path().to_str().unwrap()],
    );
    for row in [
        "gone.py: it can't be copied: gone.py: No such file",
        "part.c: it has no main, so it is only a part of a program",
        "Report.DOCX: it is a document",
        "server.py.txt: its name ends in .txt",
        &format!("{long}: no program in it"),
        "龙: no program in it",
    ] {
        assert!(ended.output.contains(row), "{row}: {}", ended.output);
    }
    let error = "can't write the report of part.c";
    assert!(ended.errors.contains(error), "{}", ended.errors);
    let names = fs::read_dir(reports.path()).unwrap().flatten();
    let mut names: Vec<_> = names.map(|it| it.file_name()).collect();
    names.sort();
    let short = "王".repeat(83) + "~5.txt";
    assert_eq!(
        names,
        [
            "Report.DOCX.txt",
            "gone.py.txt",
            "part.c.txt",
            "server.py.txt.txt",
            &short,
            "龙.txt"
        ]
    );
}

/// The compiler is a script of ours.
#[test]
fn nothing_is_compiled_while_a_program_runs_alone() {
    let class = tempdir().unwrap();
    let tools = tempdir().unwrap();
    let folder = tools.path().to_str().unwrap();
    // It fails beside others, and then tells the compiler that it runs alone.
    let before = format!(
        "cd '{folder}'
        until [ -e compiles ]; do :; done
        if mkdir failed; then exit 1; fi
        touch alone; [ -e compiled ] || exit 1"
    );
    hand_in(&class, "a.sh", good(&before));
    hand_in(&class, "b.c", "int main(void) {}");
    let compiler = format!(
        "#!/bin/sh
        cd '{folder}'; touch compiles
        for wait in 1 2 3 4 5 6; do [ -e alone ] || sleep 0.1; done
        touch compiled; exit 1"
    );
    script(tools.path(), "cc", &compiler);
    let mut checks = marking(class.path());
    let path = format!("{folder}:{}", env::var("PATH").unwrap());
    checks.env("PATH", path).arg(TWO[0]);
    let ended = Program::start_command(checks).wait();
    assert!(ended.output.contains("1 of 1  a.sh"), "{}", ended.output);
}

/// The student has no `a.out`.
#[test]
fn a_report_says_how_the_program_was_compiled() {
    let (class, tools, reports) = (tempdir().unwrap(), tempdir().unwrap(), tempdir().unwrap());
    hand_in(&class, "wu.c", "int main(void) {}");
    // It fails at once: nobody waits for a server that it may have left in the background.
    let compiler = "#!/bin/sh\nprintf '#!/bin/sh\\nexit 1\\n' > a.out; chmod +x a.out";
    script(tools.path(), "cc", compiler);
    let mut checks = marking(class.path());
    let path = env::var("PATH").unwrap();
    let path = format!("{}:{path}", tools.path().display());
    checks.env("PATH", path).arg(TWO[0]);
    checks.arg("--reports").arg(reports.path());
    Program::start_command(checks).wait();
    let report = fs::read_to_string(reports.path().join("wu.c.txt")).unwrap();
    let how = "-o ./a.out ./wu.c -lm\nstarted with: ./a.out {port}\n";
    assert!(report.contains("compiled with: cc "), "{report}");
    assert!(report.contains(how), "{report}");
}

/// Nothing is dropped by a process that is killed.
#[test]
fn no_copy_is_left_even_if_the_checks_are_killed() {
    let (class, copies) = (tempdir().unwrap(), tempdir().unwrap());
    hand_in(&class, "good.sh", good(""));
    let mut checks = marking(class.path());
    checks.env("TMPDIR", copies.path());
    let checks = Program::start_command(checks);
    let folders = || fs::read_dir(copies.path()).unwrap().flatten();
    let has_copy =
        |folder: fs::DirEntry| fs::read_dir(folder.path()).is_ok_and(|it| it.count() > 0);
    wait_until(|| folders().any(has_copy));
    drop(checks);
    wait_until(|| folders().count() == 0);
}

#[test]
fn a_folder_that_is_too_large_is_a_row() {
    let class = tempdir().unwrap();
    hand_in(&class, "student/server.sh", good(""));
    // Its size is a number only.
    let large = fs::File::create(class.path().join("student/video")).unwrap();
    large.set_len(64 << 20).unwrap();
    let ended = mark(class.path(), &[]);
    assert!(
        ended
            .output
            .contains("student: it can't be copied: it has more than 64 MiB")
    );
}

#[test]
fn a_command_says_where_the_program_and_its_folder_go() {
    let class = tempdir().unwrap();
    hand_in(&class, "student/start.lua", "exec \"$@\"\n");
    let command = [
        "--",
        "sh",
        "-c",
        "test -e \"$2\"/start.lua && sh \"$0\" \"$1\" udp-server $3",
    ];
    let words = ["{file}", FAULTY, "{dir}", "{port}"];
    let ended = mark(class.path(), &[&command[..], &words].concat());
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
}

#[test]
fn what_a_command_names_is_looked_for_where_it_is_given() {
    let class = tempdir().unwrap();
    let here = tempdir().unwrap();
    hand_in(&class, "student/server.lua", good(""));
    script(here.path(), "run", "#!/bin/sh\nexec sh \"$@\"\n");
    for start in [&["./run"][..], &["sh", "./run"]] {
        let mut checks = marking(class.path());
        checks.current_dir(here.path()).args([TWO[0], "--"]);
        checks.args(start).args(["{file}", "{port}"]);
        let ended = Program::start_command(checks).wait();
        assert_eq!(ended.status.code(), Some(0), "{}", ended.report());
    }
}

fn class_of_three() -> TempDir {
    let class = tempdir().unwrap();
    hand_in(&class, "good.sh", good(""));
    // It ends after its first answer, so nobody waits for the second one.
    let half = format!("exec '{FAULTY}' udp-server --fault serves-again \"$1\"");
    hand_in(&class, "half.sh", good(&half));
    fs::create_dir(class.path().join("nobody")).unwrap();
    class
}

#[test]
fn csv_has_a_row_for_each() {
    let class = class_of_three();
    hand_in(&class, "late.txt", "");
    let ended = mark(class.path(), &["--format=csv"]);
    assert_eq!(ended.status.code(), Some(1));
    // What has no row is named all the same.
    assert!(ended.errors.contains("late.txt"), "{}", ended.report());
    assert_snapshot!(ended.output);
}

#[test]
fn json_has_a_line_for_each() {
    let class = class_of_three();
    let lines = json_lines(&mark(class.path(), &["--format=json"]));
    let summary = lines.iter().map(|line| {
        let [name, command, points] = ["submission", "command", "points"].map(|it| &line[it]);
        let is_started = line["not_started"].is_null();
        let checks = line["checks"].as_array().unwrap().iter();
        let verdicts: Value = checks.map(|check| check["verdict"].clone()).collect();
        let (basic, total) = (&points["basic"], &points["total"]);
        format!("{name} {command} {is_started} {basic} {total} {verdicts}")
    });
    let expected = [
        r#""good.sh" "/bin/sh ./good.sh {port}" true 2 2 ["passed","passed"]"#,
        r#""half.sh" "/bin/sh ./half.sh {port}" true 1 1 ["passed","failed"]"#,
        r#""nobody" null false null null []"#,
    ];
    assert_eq!(summary.collect::<Vec<_>>(), expected);
}

#[test]
fn each_student_has_a_report() {
    let class = class_of_three();
    // The folder is no submission, even if it is among them.
    let reports = class.path().join("reports");
    let ended = mark(class.path(), &["--reports", reports.to_str().unwrap()]);
    assert!(
        ended
            .output
            .contains("Not judged (hidden, made by a tool, or no program): reports\n")
    );
    let mut names: Vec<_> = fs::read_dir(&reports)
        .unwrap()
        .flatten()
        .map(|it| it.file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["good.sh.txt", "half.sh.txt", "nobody.txt"]);
    let half = fs::read_to_string(reports.join("half.sh.txt")).unwrap();
    let half = normalise(&half.replace(FAULTY, "faulty"));
    let shown: Vec<_> = half.lines().map(crate::command::without_port).collect();
    assert_snapshot!(shown.join("\n"));
    let nobody = fs::read_to_string(reports.join("nobody.txt")).unwrap();
    assert!(nobody.contains("not judged: no program in it"), "{nobody}");
}

/// A word that its language doesn't know, or a library that isn't there, is none of the checks'
/// business.
#[test]
fn what_ends_at_once_is_a_row_that_says_so() {
    let class = tempdir().unwrap();
    let reports = tempdir().unwrap();
    let ends = "#!/bin/sh\necho \"$PWD/a of $PWD\"\nexit 1\n";
    hand_in(&class, "wu.sh", ends);
    let to = reports.path().to_str().unwrap();
    let ended = mark(class.path(), &["--reports", to]);
    let why = "wu.sh: it ended at once (exit status 1); it printed last: a of {dir}";
    let row = format!("no points   - of 2  {why}");
    assert!(ended.output.contains(&row), "{}", ended.output);
    let report = fs::read_to_string(reports.path().join("wu.sh.txt")).unwrap();
    let begin =
        "udp-server: wu.sh\nstarted with: /bin/sh ./wu.sh {port}\n\nnot judged: it ended at once";
    assert!(report.starts_with(begin), "{report}");
    // The advice mentions the step that begins with $.
    assert!(report.contains("1. $ /bin/sh ./wu.sh "), "{report}");
    assert!(report.contains("Read its last words."), "{report}");
    // The student can't change it.
    assert!(!report.contains("into the command"), "{report}");
}

/// Each of these two servers waits until the other one runs, too.
#[test]
fn several_are_judged_at_the_same_time_and_their_rows_are_in_order() {
    let class = tempdir().unwrap();
    let meeting = tempdir().unwrap();
    let meeting = meeting.path().to_str().unwrap();
    for (name, other) in [("a", "b"), ("b", "a")] {
        let before =
            format!("touch '{meeting}/{name}'; until [ -e '{meeting}/{other}' ]; do :; done");
        hand_in(&class, format!("{name}.sh"), good(&before));
    }
    let ended = mark(class.path(), &["--format=csv"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
    let names = ended
        .output
        .lines()
        .map(|line| line.split(',').next().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["submission", "a.sh", "b.sh"]);
    // Nobody sees the bar.
    assert_eq!(ended.errors, "1 of 2 judged: a.sh\n2 of 2 judged: b.sh\n");
}

/// Each program writes down how many of them run. It is slow to start, so that more would meet.
#[test]
fn jobs_are_those_of_all_submissions_together() {
    let class = tempdir().unwrap();
    let running = tempdir().unwrap();
    let folder = running.path().to_str().unwrap();
    let before = format!(
        "cd '{folder}'; touch $$; sleep 0.2
        for id in $(ls); do kill -0 $id 2>/dev/null && echo $id; done > of$$.new
        mv of$$.new of$$; cd \"$OLDPWD\""
    );
    for name in ["a.sh", "b.sh"] {
        hand_in(&class, name, good(&before));
    }
    // Two submissions at a time, and two checks of each. If each had four, more would run.
    let more = ["--only=no-number", "--only=empty", "--jobs=4"];
    let ended = mark(class.path(), &more);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
    let counts = fs::read_dir(running.path())
        .unwrap()
        .flatten()
        .map(|it| it.path());
    let counts = counts.filter(|path| path.to_string_lossy().contains("/of"));
    let counts: Vec<_> = counts
        .map(|path| fs::read_to_string(path).unwrap().lines().count())
        .collect();
    // A check is made twice if the machine is very busy.
    assert!(counts.len() >= 8, "{counts:?}");
    assert!(counts.iter().all(|count| *count <= 4), "{counts:?}");
}

/// Where standard error is a terminal.
#[test]
fn a_bar_shows_how_many_are_done() {
    let class = tempdir().unwrap();
    hand_in(&class, "good.sh", good(""));
    let script = r#"unset NO_COLOR; TERM=xterm exec "$0" "$@" 2>&1"#;
    let words = [
        "-c",
        script,
        CHECKS,
        "udp-server",
        TWO[0],
        "--submissions",
        ".",
    ];
    let command = Command::new("sh", words).within(class.path());
    let mut checks = Process::start(&command).unwrap();
    assert!(checks.wait_for(PATIENCE, |text| text.contains("] 0 of 1 submissions")));
    checks.wait_for_end(PATIENCE);
    let text = checks.text();
    assert!(text.contains("] 1 of 1 submissions"), "{text:?}");
    assert!(text.contains(" good.sh"), "{text:?}");
    // The bar is gone before what comes below the table.
    let (_, after) = text.rsplit_once("submissions").unwrap();
    let (between, _) = after.split_once("+ passed").unwrap();
    assert!(between.contains("\x1b[2K"), "{text:?}");
}

/// What the check of a program says that takes too much.
#[cfg(target_os = "linux")]
fn told_of(runaway: &str) -> String {
    let class = tempdir().unwrap();
    hand_in(&class, "runaway.sh", format!("#!/bin/sh\n{runaway}\n"));
    let line = &json_lines(&mark(class.path(), &["--format=json"]))[0];
    let told = line["not_started"].as_str();
    let told = told.or(line["checks"][0]["saw"].as_str());
    told.unwrap().to_owned()
}

/// They leave the session, and their parent ends. They end by themselves, if nobody stops them.
#[cfg(target_os = "linux")]
#[test]
fn a_program_with_too_many_processes_is_stopped() {
    // To copy a shell is cheaper than to start another program.
    let many = "n=0; while [ $n -lt 250 ]; do (read x <fifo) & n=$((n+1)); done; sleep 20 >fifo";
    let saw = told_of(&format!("mkfifo fifo; (setsid sh -c '{many}' &); sleep 20"));
    assert!(saw.contains("processes; the limit is 200"), "{saw}");
}

/// In pieces, as the system itself limits a file.
#[cfg(target_os = "linux")]
#[test]
fn a_program_that_writes_too_much_is_stopped() {
    let files = "truncate -s 40M one two; sleep 20";
    let saw = told_of(files);
    assert!(saw.contains("more than 64 MiB of files"), "{saw}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_system_limits_memory_and_files() {
    let limits = told_of("ulimit -d; ulimit -f; ulimit -c; exit 3");
    // In units of 1024, 512 and 512 bytes.
    assert!(limits.contains("2097152 / 131072 / 0"), "{limits}");
}
