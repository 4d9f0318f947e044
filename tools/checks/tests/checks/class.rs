//! `--submissions`: what a class hands in, and the marks.

use insta::assert_snapshot;
use serde_json::Value;
#[cfg(unix)]
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
#[cfg(unix)]
use supervise::{Command, Process};
use tempfile::{TempDir, tempdir};
#[cfg(unix)]
use testkit::PATIENCE;
use testkit::{Ended, Program, normalise};

use crate::FAULTY;
#[cfg(unix)]
use crate::command::wait_until;
use crate::command::{CHECKS, script};

/// Two checks that take little time.
const TWO: [&str; 2] = ["--only=udp-server/binds", "--only=udp-server/numbers"];

/// Marks this folder by two checks of `udp-server`.
fn mark(folder: &Path, more: &[&str]) -> Ended {
    let arguments = ["udp-server", "--submissions"].into_iter().map(OsStr::new);
    let arguments = arguments.chain([folder.as_os_str()]);
    let arguments = arguments.chain(TWO.iter().chain(more).map(OsStr::new));
    Program::run(CHECKS, arguments)
}

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
    let at = |name: &str| class.path().join(name);
    script(class.path(), "an executable", &good(""));
    // Saved on Windows, and without the right to be executed.
    fs::write(at("from windows"), good("").replacen("sh\n", "sh\r\n", 1)).unwrap();
    fs::create_dir_all(at("王小明/homework")).unwrap();
    fs::write(at("王小明/homework/server.sh"), good("")).unwrap();
    fs::write(at("王小明/homework/old.sh"), "#!/bin/sh\n").unwrap();
    fs::write(at("王小明/homework/.backup.sh"), "#!/bin/sh\n").unwrap();
    // What can't be started.
    fs::create_dir(at("nothing handed in")).unwrap();
    fs::create_dir(at("which one")).unwrap();
    for name in ["a.sh", "b.sh"] {
        fs::write(at("which one").join(name), good("")).unwrap();
    }
    fs::write(at("{port}"), good("")).unwrap();
    // Packed, and once unpacked as well.
    fs::write(at("late.zip"), "PK").unwrap();
    fs::write(at("王小明.zip"), "PK").unwrap();
    fs::create_dir(at("packed")).unwrap();
    fs::write(at("packed/server.tar.gz"), "").unwrap();
    // A program by another name.
    fs::write(at("李雷.txt"), "import socket\n").unwrap();
    // What isn't judged.
    fs::write(
        at("notes.txt"),
        "Not a program, which would\nimport a library.",
    )
    .unwrap();
    fs::write(at(".hidden"), good("")).unwrap();
    fs::create_dir(at("__pycache__")).unwrap();
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
        fs::write(class.path().join(OsStr::from_bytes(name)), good("")).unwrap();
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
    let student = class.path().join("student");
    fs::create_dir(&student).unwrap();
    // It needs a file of its own, and can't run twice in one folder.
    let before = "cat settings/file >/dev/null && mkdir running || exit 1";
    fs::write(student.join("server.sh"), good(before)).unwrap();
    fs::create_dir(student.join("settings")).unwrap();
    fs::write(student.join("settings/file"), "").unwrap();
    let ended = mark(class.path(), &[]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
    assert!(!student.join("running").exists());
}

/// A classmate's program may be found in the place of a library, or be compiled as a part of this
/// one. What can't be a program may be data that comes with the task.
#[test]
fn a_file_has_only_data_beside_it() {
    let class = tempdir().unwrap();
    let at = |name: &str| class.path().join(name);
    let has = "alone.sh config.json task.txt";
    let before = format!("[ \"$(echo *)\" = '{has}' ] || {{ echo *; exit 1; }}");
    fs::write(at("alone.sh"), good(&before)).unwrap();
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
        fs::write(at(name), "exit").unwrap();
    }
    fs::create_dir(at("socket")).unwrap();
    let large = fs::File::create(at("a large one.bin")).unwrap();
    large.set_len(64 << 20).unwrap();
    let ended = mark(class.path(), &[]);
    let row = ended.output.lines().find(|row| row.contains("alone.sh"));
    assert!(row.unwrap().contains("2 of 2"), "{}", ended.output);
}

#[test]
fn what_tools_made_is_not_copied() {
    let class = tempdir().unwrap();
    let student = class.path().join("student");
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
        let path = student.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let ended = mark(class.path(), &[]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
}

/// A program that can't be read, a part of one, and a name of the greatest length.
#[cfg(unix)]
#[test]
fn whatever_is_handed_in_has_a_row_and_a_report() {
    let class = tempdir().unwrap();
    let reports = tempdir().unwrap();
    let long = "王".repeat(84);
    fs::create_dir(class.path().join(&long)).unwrap();
    std::os::unix::fs::symlink("/nowhere", class.path().join("gone.py")).unwrap();
    fs::write(class.path().join("part.c"), "int part;").unwrap();
    for name in ["Report.DOCX", "server.py.txt", "data.txt"] {
        fs::write(class.path().join(name), "").unwrap();
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
#[cfg(unix)]
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
    fs::write(class.path().join("a.sh"), good(&before)).unwrap();
    fs::write(class.path().join("b.c"), "int main(void) {}").unwrap();
    let compiler = format!(
        "#!/bin/sh
        cd '{folder}'; touch compiles
        for wait in 1 2 3 4 5 6; do [ -e alone ] || sleep 0.1; done
        touch compiled; exit 1"
    );
    script(tools.path(), "cc", &compiler);
    let mut checks = std::process::Command::new(CHECKS);
    let path = format!("{folder}:{}", env::var("PATH").unwrap());
    checks.env("PATH", path).args(["udp-server", TWO[0]]);
    checks.arg("--submissions").arg(class.path());
    let ended = Program::start_command(checks).wait();
    assert!(ended.output.contains("1 of 1  a.sh"), "{}", ended.output);
}

/// The student has no `a.out`.
#[cfg(unix)]
#[test]
fn a_report_says_how_the_program_was_compiled() {
    let (class, tools, reports) = (tempdir().unwrap(), tempdir().unwrap(), tempdir().unwrap());
    fs::write(class.path().join("wu.c"), "int main(void) {}").unwrap();
    // It fails at once: nobody waits for a server that it may have left in the background.
    let compiler = "#!/bin/sh\nprintf '#!/bin/sh\\nexit 1\\n' > a.out; chmod +x a.out";
    script(tools.path(), "cc", compiler);
    let mut checks = std::process::Command::new(CHECKS);
    let path = env::var("PATH").unwrap();
    let path = format!("{}:{path}", tools.path().display());
    checks.env("PATH", path).args(["udp-server", TWO[0]]);
    checks.arg("--submissions").arg(class.path());
    checks.arg("--reports").arg(reports.path());
    Program::start_command(checks).wait();
    let report = fs::read_to_string(reports.path().join("wu.c.txt")).unwrap();
    let how = "-o ./a.out ./wu.c -lm\nstarted with: ./a.out {port}\n";
    assert!(report.contains("compiled with: cc "), "{report}");
    assert!(report.contains(how), "{report}");
}

/// Nothing is dropped by a process that is killed.
#[cfg(unix)]
#[test]
fn no_copy_is_left_even_if_the_checks_are_killed() {
    let (class, copies) = (tempdir().unwrap(), tempdir().unwrap());
    fs::write(class.path().join("good.sh"), good("")).unwrap();
    let mut checks = std::process::Command::new(CHECKS);
    checks
        .env("TMPDIR", copies.path())
        .args(["udp-server", "--submissions"])
        .arg(class.path());
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
    let student = class.path().join("student");
    fs::create_dir(&student).unwrap();
    script(&student, "server", &good(""));
    // Its size is a number only.
    let large = fs::File::create(student.join("video")).unwrap();
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
    let student = class.path().join("student");
    fs::create_dir(&student).unwrap();
    fs::write(student.join("start.lua"), "exec \"$@\"\n").unwrap();
    let command = [
        "--",
        "sh",
        "-c",
        "test -e \"$2\"/start.lua && sh \"$0\" \"$1\" udp-server $3",
    ];
    let words = ["{file}", FAULTY, "{dir}", "{port}"];
    let ended = mark(class.path(), &[&command[..], &words].concat());
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);

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
            .contains("not started   - of 2  student: the system can't start no-such-language ")
    );
}

#[cfg(unix)]
#[test]
fn what_a_command_names_is_looked_for_where_it_is_given() {
    let class = tempdir().unwrap();
    let here = tempdir().unwrap();
    fs::create_dir(class.path().join("student")).unwrap();
    fs::write(class.path().join("student/server.lua"), good("")).unwrap();
    script(here.path(), "run", "#!/bin/sh\nexec sh \"$@\"\n");
    for start in [&["./run"][..], &["sh", "./run"]] {
        let mut checks = std::process::Command::new(CHECKS);
        checks.current_dir(here.path()).args(["udp-server", TWO[0]]);
        checks.arg("--submissions").arg(class.path()).arg("--");
        checks.args(start).args(["{file}", "{port}"]);
        let ended = Program::start_command(checks).wait();
        assert_eq!(ended.status.code(), Some(0), "{}", ended.report());
    }
}

fn class_of_three() -> TempDir {
    let class = tempdir().unwrap();
    fs::write(class.path().join("good.sh"), good("")).unwrap();
    // It ends after its first answer, so nobody waits for the second one.
    let half = format!("exec '{FAULTY}' udp-server --fault serves-again \"$1\"");
    fs::write(class.path().join("half.sh"), good(&half)).unwrap();
    fs::create_dir(class.path().join("nobody")).unwrap();
    class
}

#[test]
fn csv_has_a_row_for_each() {
    let class = class_of_three();
    fs::write(class.path().join("late.txt"), "").unwrap();
    let ended = mark(class.path(), &["--format=csv"]);
    assert_eq!(ended.status.code(), Some(1));
    // What has no row is named all the same.
    assert!(ended.errors.contains("late.txt"), "{}", ended.report());
    assert_snapshot!(ended.output);
}

#[test]
fn json_has_a_line_for_each() {
    let class = class_of_three();
    let ended = mark(class.path(), &["--format=json"]);
    let lines: Vec<Value> = ended
        .output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let summary = lines.iter().map(|line| {
        let checks = line["checks"].as_array().unwrap();
        let verdicts = checks
            .iter()
            .map(|check| check["verdict"].as_str().unwrap());
        let verdicts: Vec<_> = verdicts.collect();
        (
            line["submission"].as_str().unwrap(),
            line["command"].as_str().unwrap_or("none"),
            line["not_started"].is_string(),
            line["points"]["basic"].as_u64(),
            line["points"]["total"].as_u64(),
            verdicts.join(" "),
        )
    });
    let expected = [
        (
            "good.sh",
            "/bin/sh ./good.sh {port}",
            false,
            Some(2),
            Some(2),
            "passed passed",
        ),
        (
            "half.sh",
            "/bin/sh ./half.sh {port}",
            false,
            Some(1),
            Some(1),
            "passed failed",
        ),
        ("nobody", "none", true, None, None, ""),
    ];
    let expected = expected.map(|it| (it.0, it.1, it.2, it.3, it.4, it.5.to_owned()));
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
#[cfg(unix)]
#[test]
fn what_ends_at_once_is_a_row_that_says_so() {
    let class = tempdir().unwrap();
    let reports = tempdir().unwrap();
    fs::write(
        class.path().join("wu.sh"),
        "#!/bin/sh\necho \"$PWD/a of $PWD\"\nexit 1\n",
    )
    .unwrap();
    let to = reports.path().to_str().unwrap();
    let ended = mark(class.path(), &["--reports", to]);
    let why = "wu.sh: it ended at once (exit status 1); it printed last: a of {dir}";
    let row = format!("not started   - of 2  {why}");
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

/// A student has neither the class's folder nor a command for it.
#[test]
fn a_report_has_nothing_for_those_who_mark() {
    let class = tempdir().unwrap();
    let reports = tempdir().unwrap();
    for name in ["go.go", "late.zip"] {
        fs::write(class.path().join(name), "").unwrap();
    }
    let to = reports.path().to_str().unwrap();
    let arguments = ["udp-server", "--reports", to, "--submissions"].map(OsStr::new);
    let ended = Program::run(CHECKS, arguments.iter().chain([&class.path().as_os_str()]));
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
    let class = class_of_three();
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

/// Each of these two servers waits until the other one runs, too.
#[test]
fn several_are_judged_at_the_same_time_and_their_rows_are_in_order() {
    let class = tempdir().unwrap();
    let meeting = tempdir().unwrap();
    let meeting = meeting.path().to_str().unwrap();
    for (name, other) in [("a", "b"), ("b", "a")] {
        let before =
            format!("touch '{meeting}/{name}'; until [ -e '{meeting}/{other}' ]; do :; done");
        fs::write(class.path().join(name).with_extension("sh"), good(&before)).unwrap();
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
        fs::write(class.path().join(name), good(&before)).unwrap();
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
#[cfg(unix)]
#[test]
fn a_bar_shows_how_many_are_done() {
    let class = tempdir().unwrap();
    fs::write(class.path().join("good.sh"), good("")).unwrap();
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
    fs::write(
        class.path().join("runaway.sh"),
        format!("#!/bin/sh\n{runaway}\n"),
    )
    .unwrap();
    let ended = mark(class.path(), &["--format=json"]);
    let line: Value = serde_json::from_str(&ended.output).unwrap();
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
