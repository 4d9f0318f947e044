//! A child process that can't outlive its test.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::thread;

use supervise::Child;

use crate::{Capture, allow_many_files, normalise};

/// A program under test, with both ends of its console in the test's hands.
///
/// It is ended when this value is dropped. If the test has failed by then, the test's report shows
/// the command, its status and both its outputs.
#[derive(Debug)]
pub struct Program {
    command: String,
    child: Child,
    input: Option<ChildStdin>,
    /// What it has printed on standard output.
    pub output: Capture,
    /// What it has printed on standard error.
    pub errors: Capture,
}

/// How a program ended, and all that it printed.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// All of its standard output.
    pub output: String,
    /// All of its standard error.
    pub errors: String,
    _program: Program,
}

/// What a program is told: arguments of its command line.
pub trait Words: IntoIterator<Item: AsRef<OsStr>> {}

impl<I: IntoIterator<Item: AsRef<OsStr>>> Words for I {}

impl Ended {
    /// All that it printed and how it ended, as a snapshot shows it.
    pub fn report(&self) -> String {
        normalise(&format!("{}{}[{}]", self.output, self.errors, self.status))
    }

    /// Expects that it ended with status 0, and returns all of its standard output.
    #[track_caller]
    pub fn succeeds(self) -> String {
        assert!(self.status.success(), "{}", self.status);
        self.output
    }
}

impl Program {
    /// Starts the program.
    pub fn start(path: impl AsRef<OsStr>, arguments: impl Words) -> Self {
        let mut command = Command::new(path);
        command.args(arguments);
        Self::start_command(command)
    }

    /// The same for a command that has its own settings.
    pub fn start_command(command: Command) -> Self {
        Self::start_into(command, Stdio::piped())
    }

    /// The same with this as its standard output.
    pub fn start_into(mut command: Command, output: impl Into<Stdio>) -> Self {
        allow_many_files();
        let text = format!("{command:?}");
        // What the test's user has set colours no output.
        if command.get_envs().all(|(name, _)| name != "CLICOLOR_FORCE") {
            command.env_remove("CLICOLOR_FORCE");
        }
        command
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(Stdio::piped());
        let child = Child::start(command);
        let mut child = child.unwrap_or_else(|error| panic!("can't start {text}: {error}"));
        Self {
            command: text,
            input: child.process.stdin().take(),
            output: capture(child.process.stdout().take()),
            errors: capture(child.process.stderr().take()),
            child,
        }
    }

    /// Runs the program to its end, without any input.
    pub fn run(path: impl AsRef<OsStr>, arguments: impl Words) -> Ended {
        Self::start(path, arguments).wait()
    }

    /// The same with this as its standard output.
    pub fn run_into(path: &str, arguments: impl Words, output: impl Into<Stdio>) -> Ended {
        let mut command = Command::new(path);
        command.args(arguments);
        Self::start_into(command, output).wait()
    }

    /// The same with a standard output that nobody reads any more, as behind `| head -0`.
    pub fn run_unread(path: &str, arguments: impl Words) -> Ended {
        let (reader, mut output) = io::pipe().unwrap();
        drop(reader);
        // A process that another test starts now holds a copy of the reader for a while.
        while output.write(b"x").is_ok() {
            thread::yield_now();
        }
        Self::run_into(path, arguments, output)
    }

    /// Types bytes on its keyboard.
    pub fn types(&mut self, bytes: impl AsRef<[u8]>) {
        let input = self.input.as_mut().expect("the input is still open");
        input.write_all(bytes.as_ref()).unwrap();
    }

    /// Types bytes on its keyboard and ends its input, without waiting until it reads them.
    pub fn types_and_ends(&mut self, bytes: impl AsRef<[u8]> + Send + 'static) {
        let mut input = self.input.take().expect("the input is still open");
        // A program that ends before it has read everything closes the pipe.
        thread::spawn(move || input.write_all(bytes.as_ref()));
    }

    /// Ends its input.
    pub fn end_input(&mut self) {
        self.input = None;
    }

    /// The first socket address that it names: a server says on its first line where it listens.
    pub fn address(&self) -> SocketAddr {
        let text = self.output.wait_for("\n");
        let mut words = text.split(|character| !"0123456789abcdef.:[]".contains(character));
        let address = words.find_map(|word| word.trim_end_matches('.').parse().ok());
        address.unwrap_or_else(|| panic!("no address in {text:?}"))
    }

    /// Its process number, with which the system's tools name it.
    pub fn id(&self) -> u32 {
        self.child.process.id()
    }

    /// Sends it a signal, such as `INT`, which is what Ctrl-C does, or `STOP` (Ctrl-Z).
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        // The shell's own `kill`: a container may have no other.
        Self::run("sh", ["-c", &format!("kill -s {name} {}", self.id())]).succeeds();
    }

    /// Ends its input, waits for it to end by itself, and returns what it printed.
    pub fn wait(mut self) -> Ended {
        self.end_input();
        // Its outputs close when it ends.
        let (output, errors) = (self.output.wait_for_end(), self.errors.wait_for_end());
        let status = self.child.process.wait().unwrap();
        self.child.end();
        Ended {
            status,
            output,
            errors,
            _program: self,
        }
    }
}

/// Shows the program in the report of a test that fails while this value is alive.
impl Drop for Program {
    fn drop(&mut self) {
        if thread::panicking() {
            let status = self.child.process.try_wait().ok().flatten();
            let status = status.map_or("still running".into(), |status| status.to_string());
            let (command, output, errors) = (&self.command, self.output.text(), self.errors.text());
            eprintln!("{command}: {status}\nstandard output: {output}\nstandard error: {errors}");
        }
    }
}

/// What comes out of the pipe. A thread reads it, and ends with the program.
fn capture(pipe: Option<impl Read + Send + 'static>) -> Capture {
    let capture = Capture::default();
    let mut written = capture.clone();
    thread::spawn(move || {
        // A program that is killed closes its output; what it printed until then counts.
        let _ = pipe.map(|mut pipe| io::copy(&mut pipe, &mut written));
        written.close();
    });
    capture
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::env;

    use super::*;

    const AGAIN: &str = "TESTKIT_AGAIN";

    /// What runs a test of these again, which finds this value of [`AGAIN`] in its environment.
    fn again(test: &str, value: &str) -> Command {
        let mut command = Command::new(env::current_exe().unwrap());
        let name = format!("program::tests::{test}");
        command
            .args(["--exact", &name, "--nocapture"])
            .env(AGAIN, value);
        command
    }

    /// Nor do the programs of its programs.
    #[test]
    fn a_program_does_not_outlive_a_test_that_is_killed() {
        let again = |value| again("a_program_does_not_outlive_a_test_that_is_killed", value);
        let command = match env::var(AGAIN).as_deref() {
            Ok("test") => again("program"),
            Ok(_) => {
                let mut command = Command::new("sh");
                command.args(["-c", "echo it runs; sleep 1000; :"]);
                command
            }
            Err(_) => again("test"),
        };
        if env::var_os(AGAIN).is_some() {
            let _program = Program::start_into(command, Stdio::inherit());
            loop {
                thread::park();
            }
        }
        let test = Program::start_command(command);
        let _ = test.output.wait_for("it runs");
        test.signal("KILL");
        // The program has the test's output open.
        let _ = test.wait();
    }

    #[test]
    fn a_test_that_fails_shows_command_status_and_output_of_its_programs() {
        if env::var_os(AGAIN).is_some() {
            let running = Program::start("sh", ["-c", "echo hello; echo oh >&2; read line"]);
            let _ = running.output.wait_for("hello");
            let _ = running.errors.wait_for("oh");
            let _ = Program::run("sh", ["-c", "echo bye; exit 3"]).succeeds();
        }
        let name = "a_test_that_fails_shows_command_status_and_output_of_its_programs";
        let report = Program::start_command(again(name, "")).wait().errors;
        for account in [
            "\"sh\" \"-c\" \"echo bye; exit 3\": exit status: 3\nstandard output: bye\n\nstandard error: \n",
            "read line\": still running\nstandard output: hello\n\nstandard error: oh\n",
        ] {
            assert!(report.contains(account), "{account}");
        }
    }
}
