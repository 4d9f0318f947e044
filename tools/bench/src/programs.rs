//! The workspace's programs, built as users build them, and the floors.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use console::{Error, OrCannot};

use crate::server::Server;

/// The programs to measure.
const NAMES: [&str; 3] = ["ch4-tcp-server", "ch4-chat", "ch5-udp"];

/// Builds them in this program's profile and target directory.
///
/// # Errors
///
/// There is no cargo, or they don't build.
pub fn build() -> Result<(), Error> {
    let mut build = cargo("build");
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    // target/release/bench: whatever directory cargo was told to use.
    if let Some(target) = this()?.ancestors().nth(2) {
        build.arg("--target-dir").arg(target);
    }
    let packages = NAMES.map(|name| format!("--package={name}"));
    let status = build.args(packages).status().or_cannot("run", "cargo")?;
    if status.success() {
        return Ok(());
    }
    let next = "correct the errors above";
    Err(Error::cannot("build the programs", status, next))
}

/// Starts one of them, or a floor, on a free port. The `line` is its command line.
///
/// # Errors
///
/// It can't be started.
pub fn start(line: &str) -> Result<Server, Error> {
    let mut words = line.split_whitespace();
    let file = words.next().unwrap_or_default().to_owned() + env::consts::EXE_SUFFIX;
    let mut command = Command::new(this()?.with_file_name(file));
    command.args(words).args(["--port", "0"]);
    command.env("NO_COLOR", "1");
    Server::start(command)
}

/// The file of this program, which is also the floors. The other programs are beside it.
fn this() -> Result<PathBuf, Error> {
    env::current_exe().or_cannot("find", "this program's own file")
}

/// A command of cargo's for this workspace. If cargo runs this program, it is the same cargo.
pub fn cargo(command: &str) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args([command, "--locked"]);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    cargo
}
