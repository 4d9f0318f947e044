//! How long it takes from a fresh clone to the first output.

use std::time::Instant;

use console::{Error, OrCannot};

use crate::figures::{Figure, Section, number};
use crate::programs::cargo;
use crate::progress;

/// Runs the chat, which tells its flags and ends, with an empty target directory.
///
/// # Errors
///
/// There is no cargo, or it doesn't build.
pub fn measure() -> Result<Section, Error> {
    let bar = progress::bar(1);
    progress::step(&bar, "build: cargo run -p ch4-chat -- --help");
    let target = tempfile::tempdir().or_cannot("create", "a temporary directory")?;
    let begin = Instant::now();
    let ran = cargo("run")
        .args(["-p", "ch4-chat", "--target-dir"])
        .arg(target.path())
        .args(["--", "--help"])
        .output()
        .or_cannot("run", "cargo")?;
    let elapsed = begin.elapsed();
    let told = String::from_utf8_lossy(&ran.stderr);
    if !ran.status.success() {
        let next = "correct the errors above";
        return Err(Error::cannot("build the chat", told, next));
    }
    let is_crate = |line: &&str| line.trim().starts_with("Compiling");
    let crates = told.lines().filter(is_crate).count() as u64;
    let figures = vec![
        Figure::new("time to its first line", elapsed.as_secs_f64(), "s", None),
        Figure::new("crates built", number(crates), "crates", None),
    ];
    let title = "cargo run -p ch4-chat -- --help, with an empty target directory";
    Ok(Section::of_figures("build", title, figures))
}
