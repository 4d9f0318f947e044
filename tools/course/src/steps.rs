//! Which of the workspace's own programs passes a check: the tutorial's, a step, or the robust one.
//!
//! The table of checks and steps that the judge has written says so: it is the snapshot of the
//! external tests of each crate.

use std::fs;
use std::path::Path;

use checks::check::Role;

use crate::exercises::Exercise;

/// A program that passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its column in the table: `tutorial`, the step's number, or `robust`.
    pub name: String,
    /// Its file, from the workspace's root.
    pub file: String,
    /// What runs it.
    pub command: String,
}

/// The first program that passes this check. `None` if the table isn't there or doesn't say.
pub fn that_passes(root: &Path, exercise: &Exercise, id: &str) -> Option<Step> {
    let role = exercise.role?;
    let package = exercise.package;
    let (of, side) = match role {
        Role::TcpServer | Role::TcpClient => ("", ""),
        Role::ChatServer => ("_of_the_host", "server "),
        Role::ChatClient => ("_of_the_guest", "client "),
        Role::UdpServer => ("_of_the_server", "server "),
        Role::UdpClient => ("_of_the_client", "client "),
    };
    let folder = root.join("crates").join(package);
    let table = format!("tests/snapshots/external__checks_and_steps{of}.snap");
    let table = fs::read_to_string(folder.join(table)).ok()?;
    let name = first_pass(&table, id)?;
    let (file, command) = match name {
        "tutorial" => ("src/tutorial.rs".to_owned(), format!("-- {side}--tutorial")),
        "robust" => ("src/robust.rs".to_owned(), format!("-- {side}")),
        number => {
            let example = example(&folder, number)?;
            let port = match role {
                Role::TcpServer | Role::TcpClient => 8080,
                Role::ChatServer | Role::ChatClient => 12345,
                Role::UdpServer | Role::UdpClient => 1314,
            };
            let command = format!("--example {example} -- {side}{port}");
            (format!("examples/{example}.rs"), command)
        }
    };
    let command = format!("cargo run -p {package} {command}");
    Some(Step {
        name: name.to_owned(),
        file: format!("crates/{package}/{file}"),
        command: command.trim_end_matches([' ', '-']).to_owned(),
    })
}

/// The column of the first `+` in the row of this check.
fn first_pass<'a>(table: &'a str, id: &str) -> Option<&'a str> {
    let head = table.lines().find(|line| line.ends_with("robust"))?;
    let mut rows = table.lines();
    let row = rows.find(|line| line.split_whitespace().next() == Some(id))?;
    head.get(row.find('+')?..)?.split_whitespace().next()
}

/// The name of the example that is the step of this number.
fn example(folder: &Path, number: &str) -> Option<String> {
    let start = format!("step{number}_");
    let mut files = fs::read_dir(folder.join("examples")).ok()?.flatten();
    files.find_map(|file| {
        let name = file.file_name().into_string().ok()?;
        let name = name.strip_suffix(".rs")?;
        name.starts_with(&start).then(|| name.to_owned())
    })
}
