//! How long it takes from a fresh clone to the first output.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use console::{Error, OrCannot};

use crate::progress::Progress;
use crate::report::{Fact, Facts, Section};
use crate::stats::number;

/// Runs the README's first command with an empty target directory.
///
/// # Errors
///
/// There is no cargo, or it doesn't build.
pub fn measure() -> Result<Vec<Section>, Error> {
    let mut progress = Progress::new(1);
    progress.step("build: cargo run -p ch4-chat -- demo");
    let target = tempfile::tempdir().or_cannot("create", "a temporary directory")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let begin = Instant::now();
    let mut child = Command::new(cargo)
        .args(["run", "--locked", "-p", "ch4-chat"])
        .arg("--target-dir")
        .arg(target.path())
        .args(["--", "demo"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .or_cannot("run", "cargo")?;
    let errors = child.stderr.take();
    let told = thread::spawn(move || {
        let mut text = String::new();
        // What can't be read isn't counted.
        let _ = errors.map(|mut errors| errors.read_to_string(&mut text));
        text
    });
    let mut line = String::new();
    let output = child.stdout.take().map(BufReader::new);
    let read = output.map_or(Ok(0), |mut output| output.read_line(&mut line));
    let elapsed = begin.elapsed();
    // What it prints further, nobody reads: that ends it, and so it should.
    let _ = child.kill();
    let _ = child.wait();
    let told = told.join().unwrap_or_default();
    if read.or_cannot("read from", "cargo")? == 0 {
        return Err(Error::cannot(
            "build the chat",
            told,
            "mend what stands above",
        ));
    }
    let crates = told
        .lines()
        .filter(|line| line.trim().starts_with("Compiling"))
        .count();
    Ok(vec![Section::Facts(Facts {
        id: "build".to_owned(),
        title: "cargo run -p ch4-chat -- demo, with an empty target directory".to_owned(),
        facts: vec![
            Fact::new("until its first line", elapsed.as_secs_f64(), "s"),
            Fact::new("crates that are built", number(crates as u64), "crates"),
        ],
    })])
}
