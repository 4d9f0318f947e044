//! The workspace's programs, built as users build them, and the floors.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use console::{Error, OrCannot};

use crate::server::Server;

/// The programs to measure.
const NAMES: [&str; 3] = ["ch4-tcp-server", "ch4-chat", "ch5-udp"];

/// The workspace's programs, built in the profile of this one.
pub struct Built {
    /// This program, which is also the floors.
    this: PathBuf,
}

impl Built {
    /// Builds them, or finds them beside this program if it runs without cargo.
    ///
    /// # Errors
    ///
    /// They don't build, or aren't there.
    pub fn ready() -> Result<Self, Error> {
        let this = env::current_exe().or_cannot("find", "this program's own file")?;
        if let Some(cargo) = env::var_os("CARGO") {
            let mut command = Command::new(cargo);
            command.args(["build", "--locked"]);
            if !cfg!(debug_assertions) {
                command.arg("--release");
            }
            // target/release/bench: whatever directory cargo was told to use.
            if let Some(target) = this.ancestors().nth(2) {
                command.arg("--target-dir").arg(target);
            }
            let status = command
                .args(NAMES.map(|name| format!("--package={name}")))
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .status()
                .or_cannot("run", "cargo")?;
            if !status.success() {
                let (cause, next) = (status.to_string(), "correct the errors above");
                return Err(Error::cannot("build the programs", cause, next));
            }
        }
        let built = Self { this };
        match NAMES.iter().find(|name| !built.path(name).is_file()) {
            None => Ok(built),
            Some(name) => Err(Error::cannot(
                format_args!("find the program {name}"),
                "it isn't in the folder of this program",
                "run this with cargo run --release -p bench, which builds the programs too",
            )),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        self.this.with_file_name(file)
    }

    /// What starts one of them, or a floor, on a free port. The `line` is its command line.
    ///
    /// # Errors
    ///
    /// It can't be started.
    pub fn start<'a>(&'a self, line: &str) -> impl Fn() -> Result<Server, Error> + use<'a> {
        let line = line.to_owned();
        move || {
            let mut words = line.split_whitespace();
            let mut command = Command::new(self.path(words.next().unwrap_or_default()));
            command.args(words).args(["--port", "0"]);
            Server::start(command.env("NO_COLOR", "1"))
        }
    }
}
