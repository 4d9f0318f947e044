//! Which of the workspace's own programs passes a check: a step, or the robust one.
//!
//! The table of checks and steps says so, which the judge writes: a snapshot of the external tests.

use std::fs;
use std::path::Path;

use checks::check::Role;

use crate::exercises::Exercise;

/// Where to look if an exercise doesn't pass this check.
pub fn hint(root: &Path, exercise: &Exercise, check: &str) -> String {
    let package = exercise.package;
    let Some(role) = exercise.role else {
        let file = format!("tests/solutions/{}.rs", exercise.name);
        let (_, page) = exercise.section();
        return format!(
            "{page} says more below the exercise; an answer is in crates/{package}/{file}"
        );
    };
    let (table, side, port) = match role {
        Role::TcpServer | Role::TcpClient => ("", "", 8080),
        Role::ChatServer => ("_of_the_host", "server ", 12345),
        Role::ChatClient => ("_of_the_guest", "client ", 12345),
        Role::UdpServer => ("_of_the_server", "server ", 1314),
        Role::UdpClient => ("_of_the_client", "client ", 1314),
    };
    let folder = root.join("crates").join(package);
    let table = format!("tests/snapshots/external__checks_and_steps{table}.snap");
    let table = fs::read_to_string(folder.join(table)).unwrap_or_default();
    let step = first_pass(&table, check).and_then(|step| example(&folder, step));
    let (file, run) = match step {
        Some(name) => (
            format!("examples/{name}.rs"),
            format!(" --example {name} -- {side}{port}"),
        ),
        None => (
            "src/robust.rs".to_owned(),
            format!(" -- {side}--port {port}"),
        ),
    };
    format!("crates/{package}/{file} passes here; try it: cargo run -p {package}{run}")
}

/// The step to look at for this check: the first that passes it, if the tutorial's program doesn't.
/// If that passes too, it may only be because it does so little. Then it is the first step that
/// passes all checks up to this one. (Step 1 takes its port as an exercise does.)
fn first_pass<'a>(table: &'a str, check: &str) -> Option<&'a str> {
    let head = table.lines().find(|line| line.ends_with(" robust"))?;
    let tutorial = head.find("tutorial")?;
    let mut first_for_all = tutorial;
    for row in table.lines().filter(|line| line.contains('+')) {
        let first = row.find('+')?;
        first_for_all = first_for_all.max(first);
        if row.split_whitespace().next() == Some(check) {
            let first = if first == tutorial {
                first_for_all
            } else {
                first
            };
            let column = head.get(first..)?.split_whitespace().next()?;
            return Some(if column == "tutorial" { "1" } else { column });
        }
    }
    None
}

/// The example that is the step of this number.
fn example(folder: &Path, number: &str) -> Option<String> {
    let start = format!("step{number}_");
    let mut files = fs::read_dir(folder.join("examples")).ok()?.flatten();
    files.find_map(|file| {
        let name = file.file_name().into_string().ok()?;
        let is_it = name.starts_with(&start);
        is_it.then(|| name.trim_end_matches(".rs").to_owned())
    })
}
