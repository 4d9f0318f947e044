//! Runs every command that the README and `docs/` print, as printed.
//!
//! A trial is an `sh` block. Each of its lines runs in a separate shell. The next one starts when
//! the last one has ended or one of them has printed something, and all are quiet again. Nothing is
//! typed. If the block after it shows what the commands print, the trial waits for that and
//! compares it. If not, a command that ends must succeed. The trial kills what still runs then.
//!
//! `UPDATE_DOCS=1` writes what was printed into the pages instead.
//!
//! On Windows there may be no shell and, under Wine, no cargo. There it runs the blocks of chapters
//! 4.1 and 5 that need neither, only programs of the workspace. Build those before, as `cargo test
//! -p ch4-tcp-server -p ch5-udp -p tap --no-run` does.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use docs::page::{Block, CHINESE, COMMANDS_ABOVE, MEASURING, Page};
use docs::root;
use libtest_mimic::{Failed, Trial};
use socket2::{Domain, Socket, Type};
use supervise::Child;
use testkit::{PATIENCE, has_ipv6, normalise};

/// With `UPDATE_DOCS`, how long the shells must be quiet before a transcript counts as
/// complete. Some commands wait for five seconds to show that nothing comes.
const QUIET: Duration = Duration::from_secs(8);

/// How long the shells must be quiet before the next command starts, as a user looks before
/// typing. One command may end another, and the next must not come in between.
const PAUSE: Duration = Duration::from_millis(300);

/// How long the shells must be quiet before a program that runs on counts as started.
const STARTED: Duration = Duration::from_secs(1);

/// A trial for each `sh` block whose commands nothing else runs.
fn trials() -> Vec<Trial> {
    let ci = fs::read_to_string(root().join(".ci/run")).unwrap();
    let mut trials = Vec::new();
    for page in Page::all().unwrap() {
        if page.path == Path::new(CHINESE) {
            continue; // It has the README's commands: tests/pages.rs.
        }
        for (number, block) in page.blocks.iter().enumerate() {
            let commands: Vec<String> = block
                .commands()
                .filter(|command| !ci.lines().any(|line| line == *command))
                .filter(|command| !command.starts_with(MEASURING))
                .map(ToOwned::to_owned)
                .collect();
            let can_run = cfg!(unix) || {
                let name = page.path.to_string_lossy();
                let is_for_windows = ["4.1-", "5.1-", "5.2-"].iter().any(|it| name.contains(it));
                is_for_windows && commands.iter().all(|it| command_of(it).is_some())
            };
            if commands.is_empty() || !can_run {
                continue;
            }
            let next = page.blocks.get(number + 1);
            let shown = next.filter(|next| next.source.as_deref() == Some(COMMANDS_ABOVE));
            let may_fail = block.may_fail;
            let name = page.at(block.line);
            let (path, shown) = (page.path.clone(), shown.map(|shown| shown.text.clone()));
            let trial = Trial::test(name, move || {
                if commands.iter().any(|command| command.contains("::1")) && !has_ipv6() {
                    return Ok(());
                }
                build(&commands)?;
                let printed = run(&commands, shown.as_deref(), may_fail)?;
                if let Some(shown) = shown.filter(|shown| !is_same(shown, &printed)) {
                    if env::var_os("UPDATE_DOCS").is_none() {
                        return Err(format!(
                            "the page shows\n{shown}\nbut this was printed\n{printed}"
                        )
                        .into());
                    }
                    let page = Page::read(path)?;
                    update(&page, number + 1, &printed)?;
                }
                Ok(())
            });
            trials.push(trial.with_ignored_flag(true));
        }
    }
    trials
}

fn update(page: &Page, block: usize, printed: &str) -> io::Result<()> {
    let Some(Block { range, .. }) = page.blocks.get(block) else {
        return Ok(());
    };
    let mut text = page.text.clone();
    text.replace_range(range.clone(), printed);
    fs::write(root().join(&page.path), text)
}

/// Builds what the commands run, as Cargo will, so that they start at once.
fn build(commands: &[String]) -> Result<(), Failed> {
    for command in commands.iter().filter(|_| cfg!(unix)) {
        let Some((_, cargo)) = command.split_once("cargo ") else {
            continue;
        };
        let mut words = cargo.split(' ');
        let only_build: &[_] = match words.next() {
            Some("run") => &["build"],
            Some("test") => &["test", "--no-run"],
            Some("course") => {
                // It builds the exercises, and into a pipe it doesn't say so.
                let mut course = Command::new("cargo");
                course.arg("course").stdout(Stdio::null());
                course.stderr(Stdio::null()).current_dir(root()).status()?;
                continue;
            }
            Some("tap") => {
                words = "-p tap".split(' '); // .cargo/config.toml
                &["build"]
            }
            _ => continue,
        };
        let flags = words.take_while(|word| !["--", "|", "||"].contains(word));
        let mut cargo = Command::new("cargo");
        cargo.args(only_build).args(flags).arg("--quiet");
        if !cargo.current_dir(root()).status()?.success() {
            return Err(format!("{command}: it can't be built").into());
        }
    }
    Ok(())
}

/// Runs the commands, and returns what they printed as soon as it is what is `shown`, or when
/// nothing more happens.
fn run(commands: &[String], shown: Option<&str>, may_fail: bool) -> Result<String, Failed> {
    wait_for_ports(commands)?;
    let (events, happened) = channel();
    let mut shells = Shells {
        all: Vec::new(),
        happened,
    };
    for command in commands {
        shells
            .all
            .push(Shell::start(command, shells.all.len(), &events)?);
        // It may build first, in silence.
        if !shells.look(PATIENCE * 5) {
            return Err(format!("nothing happens after: {command}").into());
        }
        while shells.look(PAUSE) {}
    }
    let updating = env::var_os("UPDATE_DOCS").is_some();
    let quiet = match shown {
        Some(_) if updating => QUIET,
        Some(_) => PATIENCE,
        None => STARTED,
    };
    while shells.all.iter().any(|it| it.ended.is_none()) {
        let is_done = !updating && shown.is_some_and(|shown| is_same(shown, &shells.transcript()));
        if is_done || !shells.look(quiet) {
            break;
        }
    }
    let printed = shells.transcript();
    let failed = |it: &&Shell| it.ended.is_some_and(|status| !status.success());
    if shown.is_none() && !may_fail && shells.all.iter().any(|it| failed(&it)) {
        return Err(format!("a command failed:\n{printed}").into());
    }
    Ok(printed)
}

/// What runs the command: a shell.
#[cfg(unix)]
#[allow(
    clippy::unnecessary_wraps,
    reason = "on Windows not every command can run"
)]
fn command_of(command: &str) -> Option<Command> {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    Some(shell)
}

/// The program of the workspace that the command runs with cargo, and nothing else.
#[cfg(not(unix))]
fn command_of(command: &str) -> Option<Command> {
    let command = command.replace("cargo tap ", "cargo run -p tap -- ");
    let words = command.strip_prefix("cargo run -p ")?;
    let (name, arguments) = words.split_once(" -- ").unwrap_or((words, ""));
    let is_plain = !arguments.contains(['|', '&', '$', '"', '<', '>', ';']);
    // An example's package is in front of it.
    let example = name.split_once(" --example ");
    let name = example.map_or(name.to_owned(), |(_, name)| format!("examples/{name}"));
    let test = env::current_exe().ok()?;
    let program = test.parent()?.parent()?.join(name).with_extension("exe");
    // Every other part is in quotes.
    let mut words = Vec::new();
    for (number, part) in arguments.split('\'').enumerate() {
        if number % 2 == 1 {
            words.push(part);
        } else {
            words.extend(part.split_whitespace());
        }
    }
    let mut command = Command::new(program);
    command.args(words);
    is_plain.then_some(command)
}

/// Whether a page shows what was printed. The systems have different words for an error.
fn is_same(shown: &str, printed: &str) -> bool {
    shown == printed || cfg!(windows) && normalise(shown) == normalise(printed)
}

/// All shells of a trial.
struct Shells {
    all: Vec<Shell>,
    /// What a shell has printed, by its number. Nothing, if its command has ended.
    happened: Receiver<(usize, Vec<u8>)>,
}

/// A running command, and what it has printed.
struct Shell {
    child: Child,
    printed: Vec<u8>,
    ended: Option<ExitStatus>,
}

impl Shell {
    fn start(command: &str, number: usize, events: &Sender<(usize, Vec<u8>)>) -> io::Result<Self> {
        let (mut output, input) = io::pipe()?;
        let mut command = command_of(command).unwrap_or_else(|| Command::new("sh"));
        command
            .current_dir(root())
            // What Cargo says of building isn't shown; what the program says is.
            .env("CARGO_TERM_QUIET", "true")
            .env_remove("CLICOLOR_FORCE")
            .env_remove("PYTHONUNBUFFERED")
            .stdin(Stdio::piped())
            .stdout(input.try_clone()?)
            .stderr(input);
        let child = Child::start(command)?;
        let events = events.clone();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            loop {
                let count = output.read(&mut piece).unwrap_or(0);
                if events.send((number, piece[..count].to_vec())).is_err() || count == 0 {
                    return;
                }
            }
        });
        Ok(Self {
            child,
            printed: Vec::new(),
            ended: None,
        })
    }
}

impl Shells {
    /// Waits until something happens. Returns whether it did.
    fn look(&mut self, limit: Duration) -> bool {
        let Ok((number, bytes)) = self.happened.recv_timeout(limit) else {
            return false;
        };
        let shell = &mut self.all[number];
        if bytes.is_empty() {
            shell.ended = shell.child.process.wait().ok();
        }
        shell.printed.extend(bytes);
        true
    }

    /// What all shells printed, one after the other, without what differs from run to run.
    fn transcript(&self) -> String {
        let mut transcript = String::new();
        for (number, shell) in (1..).zip(&self.all) {
            let mut screen = String::from_utf8_lossy(&shell.printed).into_owned();
            if let Some(status) = shell.ended.filter(|status| !status.success()) {
                let is_within_line = !screen.is_empty() && !screen.ends_with('\n');
                screen += if is_within_line { "\n[" } else { "[" };
                screen.extend([&status.to_string(), "]"]);
            }
            for line in screen.lines() {
                let line = plain(&line.replace('\x1b', "ESC"));
                let line = if self.all.len() == 1 {
                    line
                } else {
                    format!("{number} | {line}")
                };
                transcript += line.trim_end();
                transcript.push('\n');
            }
        }
        transcript
    }
}

/// The line without what differs from run to run, and without long runs of one letter.
fn plain(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    // A line of the tap begins with a time.
    if let Some((time, event)) = line.split_once(" #")
        && time.parse::<f64>().is_ok()
    {
        plain += "[n] #";
        rest = event;
    }
    while let Some(first) = rest.chars().next() {
        let is_number = |c: char| c.is_ascii_digit() && first.is_ascii_digit();
        let same = rest.chars().take_while(|&c| c == first).count();
        let length = if same > 60 {
            same * first.len_utf8()
        } else {
            rest.find(|c| c != first && !is_number(c))
                .unwrap_or(rest.len())
        };
        let (run, after) = rest.split_at(length);
        let is_port = run.parse().is_ok_and(|it: u16| it >= 32_768);
        let shown = if is_port && plain.ends_with([':', ' ']) {
            "[port]".to_owned()
        } else if plain.ends_with("after ") && after.starts_with(" m") {
            "[n]".to_owned() // curl's milliseconds
        } else if plain.ends_with("pid=") {
            "[pid]".to_owned() // a process, as ss shows it
        } else if same > 60 {
            format!("[{same} {first}]")
        } else {
            run.to_owned()
        };
        plain += &shown;
        rest = after;
    }
    plain
}

/// Waits until the commands' ports are free: another program may have them, and a server of the
/// tutorial can't bind within a minute after the last connection.
fn wait_for_ports(commands: &[String]) -> Result<(), Failed> {
    let started = Instant::now();
    for command in commands {
        let tutorial = command.contains("--tutorial");
        for port in ports(command) {
            while !is_free(port, tutorial) {
                if started.elapsed() > PATIENCE * 5 {
                    return Err(format!("port {port} isn't free").into());
                }
                thread::sleep(Duration::from_secs(1));
            }
        }
    }
    Ok(())
}

/// The ports that a command names, or else the one that its program has by default.
fn ports(command: &str) -> Vec<u16> {
    let numbers = command.split(|c: char| !c.is_ascii_digit());
    let numbers = numbers.filter_map(|it| it.parse().ok());
    let named: Vec<u16> = numbers.filter(|port| *port >= 1024).collect();
    let defaults = [("ch4-tcp-", 8080), ("ch4-chat", 12345)];
    let default = defaults.iter().find(|(name, _)| command.contains(name));
    match default {
        Some((_, port)) if named.is_empty() => vec![*port],
        _ => named,
    }
}

/// Whether a program could listen there, with or without `SO_REUSEADDR`.
fn is_free(port: u16, without: bool) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let try_it = || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_reuse_address(!without)?;
        socket.bind(&address.into())?;
        socket.listen(1)
    };
    try_it().is_ok()
}

fn main() {
    let mut arguments = libtest_mimic::Arguments::from_args();
    // They share ports.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials()).exit();
}
