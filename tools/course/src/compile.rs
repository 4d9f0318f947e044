//! Builds the exercises with cargo, all at once, and looks through the messages for each one's
//! executable or first error.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::exercises::Exercise;

/// What came of an exercise: its executable, or the compiler's first error.
pub type Built = Result<PathBuf, String>;

/// Builds these exercises of the workspace at `root`. One that doesn't compile doesn't keep the
/// others from it.
///
/// # Errors
///
/// Cargo can't be started.
pub fn build(root: &Path, exercises: &[Exercise]) -> io::Result<Vec<Built>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--keep-going", "--message-format=json"])
        .current_dir(root)
        .stdin(Stdio::null());
    for exercise in exercises {
        let kind = exercise.role.map_or("--test", |_| "--bin");
        command.args(["-p", exercise.package, kind, exercise.name]);
    }
    let output = command.output()?;
    let messages = String::from_utf8_lossy(&output.stdout);
    let messages: Vec<Value> = messages
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let said = String::from_utf8_lossy(&output.stderr);
    let built = exercises.iter().map(|exercise| {
        let own = |message: &&Value| message["target"]["name"] == exercise.name;
        let executable = |message: &Value| message["executable"].as_str().map(PathBuf::from);
        let executable = messages.iter().filter(own).find_map(executable);
        // Without an error of its own it needs something that doesn't compile.
        executable.ok_or_else(|| {
            let mut own = messages.iter().filter(own).filter_map(error);
            let first = || messages.iter().find_map(error);
            let shown = own
                .next()
                .or_else(first)
                .unwrap_or_else(|| said.trim().to_owned());
            match own.count() {
                0 => shown,
                more => format!("{shown}\n\nThis is the first of {} errors.", more + 1),
            }
        })
    });
    Ok(built.collect())
}

/// The error that a message of cargo's tells, as the compiler writes it.
fn error(message: &Value) -> Option<String> {
    let message = &message["message"];
    let text = message["rendered"].as_str()?;
    // Functions are a module of their test by its path, and so the compiler calls it.
    let text = text.trim_end().replace("tests/../", "");
    // The last one only says how many there were.
    let is_one = message["level"] == "error" && !text.starts_with("error: aborting due to");
    is_one.then_some(text)
}
