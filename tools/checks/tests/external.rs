//! Programs in other languages are judged as well: those of `zoo/`, each with the verdicts that it
//! should get. `.ci/run` installs what they need and runs this.
//!
//! A program that is judged wrongly goes there, with the right verdicts.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

#[path = "external/course.rs"]
mod course;

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
#[cfg(target_os = "linux")]
use std::thread;
use std::time::Duration;
#[cfg(target_os = "linux")]
use std::time::Instant;

use checks::check::{Check, Role, Verdict};
use checks::judge::{Submission, judge};
use checks::machine::Machine;
use checks::parallel::in_order;
#[cfg(target_os = "linux")]
use checks::port::Port;
use checks::report;
use checks::run::Patience;
use supervise::Command;
#[cfg(target_os = "linux")]
use supervise::Process;

/// How many programs are judged at the same time. They mostly wait.
const AT_ONCE: usize = 8;

/// All programs share it, so one that has to run alone does.
static MACHINE: LazyLock<Arc<Machine>> = LazyLock::new(Arc::default);

fn zoo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/zoo")
}

/// The command that starts a program of the zoo. What must be compiled goes into this folder, and
/// it runs there.
fn command(file: &str, words: &[&str], folder: &Path) -> Command {
    let path = zoo().join(file).to_str().unwrap().to_owned();
    let folder_name = folder.to_str().unwrap().to_owned();
    let (name, ending) = file.split_once('.').unwrap();
    let compile = |compiler: &str, arguments: &[&str]| {
        let status = std::process::Command::new(compiler)
            .args(arguments)
            .status();
        assert!(status.unwrap().success(), "{compiler} {arguments:?}");
    };
    let start = match ending {
        "py" => vec!["python3".to_owned(), path],
        "js" => vec!["node".to_owned(), path],
        "c" => {
            let program = format!("{folder_name}/{name}");
            compile("cc", &["-D_GNU_SOURCE", "-o", &program, &path]);
            vec![program]
        }
        "java" => {
            compile("javac", &["-d", &folder_name, &path]);
            ["java", "-cp", &folder_name, name]
                .map(str::to_owned)
                .to_vec()
        }
        _ => panic!("what runs {file}?"),
    };
    let (program, rest) = start.split_first().unwrap();
    let rest = rest.iter().map(String::as_str);
    let words = rest.chain(words.iter().copied()).chain(["{port}"]);
    Command::new(program, words).within(folder)
}

/// With a user's patience, but not at a user's pace.
#[test]
#[ignore = "takes long, and the chapters' robust programs show most of it"]
fn a_program_without_a_fault_passes_every_check() {
    let failures_of = |role: &Role| {
        let words = [&role.to_string(), "{port}"];
        let submission = Submission {
            jobs: role.checks().len(),
            patience: Patience {
                speed: 10,
                ..Patience::default()
            },
            machine: MACHINE.clone(),
            ..Submission::new(Command::new(env!("CARGO_BIN_EXE_faulty"), words))
        };
        differences(*role, &submission, |_| Verdict::Passed)
    };
    let mut failures = String::new();
    in_order(&Role::ALL, Role::ALL.len(), failures_of, |_, found| {
        failures.push_str(&found);
        true
    });
    assert_eq!(failures, "");
}

/// Each verdict that isn't as expected, explained.
fn differences(
    role: Role,
    submission: &Submission,
    expected: impl Fn(&Check) -> Verdict,
) -> String {
    let checks: Vec<_> = role.checks().iter().collect();
    let mut differences = String::new();
    judge(&checks, submission, |check, outcome| {
        if outcome.verdict != expected(check) {
            let line = report::line(check, &outcome);
            let explanation = report::explanation(check, &outcome);
            writeln!(differences, "{line}\n{explanation}").unwrap();
        }
    });
    differences
}

/// A line of the table.
struct Animal<'a> {
    role: Role,
    file: &'a str,
    words: Vec<&'a str>,
    fails: Vec<&'a str>,
}

impl<'a> Animal<'a> {
    fn of(line: &'a str) -> Self {
        let columns: Vec<Vec<&str>> = line
            .split('|')
            .map(|column| column.split_whitespace().collect())
            .collect();
        let [role, program, fails] = columns.as_slice() else {
            panic!("three columns: {line}")
        };
        Self {
            role: *Role::ALL
                .iter()
                .find(|it| it.to_string() == role[0])
                .unwrap(),
            file: program[0],
            words: program[1..].to_vec(),
            fails: fails.clone(),
        }
    }

    fn expected(&self, check: &Check) -> Verdict {
        let name = check.id.split_once('/').unwrap().1;
        let first = self.role.checks().first().unwrap().id;
        if self.fails.contains(&name) {
            Verdict::Failed
        } else if self.fails.iter().any(|name| first.ends_with(name)) {
            Verdict::Skipped
        } else {
            Verdict::Passed
        }
    }

    /// What differs from the table, explained.
    fn differences(&self) -> String {
        let folder = tempfile::tempdir().unwrap();
        let submission = Submission {
            machine: MACHINE.clone(),
            ..Submission::new(command(self.file, &self.words, folder.path()))
        };
        let found = differences(self.role, &submission, |check| self.expected(check));
        match found.as_str() {
            "" => found,
            _ => format!("{}:\n{found}", self.file),
        }
    }
}

/// Set ZOO to a part of a line of the table to judge these programs only.
#[test]
#[ignore = "needs python3, node, a C compiler and a JDK"]
fn each_program_of_the_zoo_gets_its_verdicts() {
    let table = fs::read_to_string(zoo().join("verdicts.txt")).unwrap();
    for file in fs::read_dir(zoo()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(
            table.contains(&name) || name == "verdicts.txt",
            "{name} isn't in the table"
        );
    }
    let is_program = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let lines: Vec<&str> = table.lines().filter(is_program).collect();
    if let Ok(only) = env::var("ZOO") {
        let wanted = lines.iter().filter(|line| line.contains(&only));
        let differences: String = wanted.map(|line| Animal::of(line).differences()).collect();
        assert!(differences.is_empty(), "{differences}");
        return;
    }
    let mut differences = String::new();
    let judge_it = |line: &&str| differences_of(line);
    in_order(&lines, AT_ONCE, judge_it, |_, found| {
        differences.push_str(&found);
        true
    });
    assert!(differences.is_empty(), "{differences}");
}

/// Judges one program in its own process: only there it has to run alone now and then, so no other
/// program waits for it.
fn differences_of(line: &str) -> String {
    let this_test = ["each_program_of_the_zoo", "--include-ignored"];
    let ended = std::process::Command::new(env::current_exe().unwrap())
        .args(this_test)
        .env("ZOO", line)
        .output()
        .unwrap();
    if ended.status.success() {
        return String::new();
    }
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

/// A daemon whose main thread has ended looks like a zombie, but it has the port.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs a C compiler"]
fn a_daemon_without_a_main_thread_is_ended() {
    const DAEMON: &str = "
        #include <arpa/inet.h>
        #include <pthread.h>
        #include <stdlib.h>
        #include <unistd.h>
        static void *wait(void *nothing) { sleep(60); return nothing; }
        int main(int count, char **words) {
            struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
            int server = socket(AF_INET, SOCK_STREAM, 0);
            pthread_t thread;
            if (fork()) return 0;
            setsid();
            pthread_create(&thread, 0, wait, 0);
            bind(server, (struct sockaddr *)&address, sizeof address);
            listen(server, count);
            pthread_exit(0);
        }";
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("daemon.c"), DAEMON).unwrap();
    let mut compiler = std::process::Command::new("cc");
    compiler.args(["-pthread", "-o", &path("daemon"), &path("daemon.c")]);
    assert!(compiler.status().unwrap().success());
    let port = Port::free().unwrap();
    let command = Command::new(path("daemon"), [port.number.to_string()]);
    let program = Process::start(&command).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while !port.is_taken() {
        assert!(Instant::now() < deadline, "it never listens");
        thread::yield_now();
    }
    drop(program);
    assert!(!port.is_taken());
}

/// A process with much memory takes a while to end, and has its port until then.
#[test]
#[ignore = "needs python3"]
fn a_child_that_takes_its_time_to_end_is_waited_for() {
    let server = fs::read_to_string(zoo().join("server_tutorial.py")).unwrap();
    let heavy = format!("memory = b'x' * 300_000_000\n{server}");
    let in_a_child = r#"python3 -c "$0" "$1" & wait"#;
    let command = Command::new("sh", ["-c", in_a_child, &heavy, "{port}"]);
    let restart = Role::TcpServer.check("restart");
    let mut submission = Submission::new(command);
    // Much memory takes a busy machine a while to give, too.
    submission.patience.start = Duration::from_mins(1);
    let outcome = restart.unwrap().judge(&submission);
    assert_eq!(outcome.verdict, Verdict::Passed, "{outcome:#?}");
}
