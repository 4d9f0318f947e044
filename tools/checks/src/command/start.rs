//! How a program is started whose command isn't given: by its first line or its ending.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use checks::program::{Command, Program, ending};
use console::safe;

use crate::folder;
use crate::program_file::{Kind, Language, ProgramFile, begin};
use crate::source::Java;

/// How long a compiler may take.
const COMPILE: Duration = Duration::from_mins(2);

/// Maximum lines of a compiler's words that are shown.
const COMPILER_LINES: usize = 20;

/// The command that starts the program, and the folder to start it in. Compiles it there, if
/// necessary.
///
/// # Errors
///
/// It can't be compiled, or nobody knows how to start it. The error says why.
pub(crate) fn command(program: &ProgramFile) -> Result<(Command, &Path), String> {
    let file = program.dotted_name()?;
    let folder = program.folder();
    let port = OsString::from("{port}");
    match &program.kind {
        Kind::Script(words) => {
            let mut words = words.iter().map(OsString::from).chain([file, port]);
            let interpreter = words.next().unwrap_or_default();
            Ok((Command::new(interpreter, words), folder))
        }
        Kind::Executable => {
            make_executable(&program.path).map_err(|error| error.to_string())?;
            Ok((Command::new(file, [port]), folder))
        }
        Kind::Source(Language::Java) => {
            let mut path = program.path.clone();
            let source = begin(&path).map_err(|error| error.to_string())?;
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let java = Java::of(&String::from_utf8_lossy(&source), &stem);
            // A learning platform may have renamed the file. The compiler wants its old name.
            let old = path.with_file_name(java.stem.clone() + ".java");
            if !old.exists() {
                fs::rename(&path, &old).map_err(|error| error.to_string())?;
                path = old;
            }
            // The folder that the packages start from, unless the export has flattened them.
            let packages: PathBuf = java.package.iter().collect();
            let depth = if folder.ends_with(&packages) {
                java.package.len()
            } else {
                0
            };
            let folder = folder.ancestors().nth(depth).unwrap_or(folder);
            let path = path.strip_prefix(folder).unwrap_or(&path);
            // Editors on Windows in China saved it so, and Java before 18 read it so.
            let encoding = str::from_utf8(&source).map_or("GB18030", |_| "UTF-8");
            // Without a limit, Java asks for a share of the machine, more than the judge allows.
            let words = ["-J-Xmx512m", "-encoding", encoding];
            let words = [&words[..], &["-sourcepath", ".", "-d", "."]].concat();
            compile("javac", &words, [path.to_owned()], folder)?;
            let words = ["-Xmx1g", "-cp", ".", &java.full_name(), "{port}"];
            Ok((Command::new("java", words), folder))
        }
        Kind::Source(Language::C) => {
            let parts = c_parts(program).map_err(|error| error.to_string())?;
            let words = [
                "-O1",
                "-pthread",
                "-Iinclude",
                "-I../include",
                "-o",
                &compiled(),
            ];
            compile(
                "cc",
                &words,
                parts.into_iter().chain(["-lm".into()]),
                folder,
            )?;
            Ok((Command::new(compiled(), ["{port}"]), folder))
        }
        Kind::Source(Language::Rust) => {
            let words = ["--edition=2024", "-O", "-o", &compiled()];
            compile("rustc", &words, [PathBuf::from(file)], folder)?;
            Ok((Command::new(compiled(), ["{port}"]), folder))
        }
        Kind::Foreign | Kind::Other | Kind::Part => {
            let why = program.kind.trouble(false);
            Err(why.unwrap_or_default().to_owned())
        }
    }
}

/// What a compiler makes, in the program's folder.
fn compiled() -> String {
    format!("./a.out{}", env::consts::EXE_SUFFIX)
}

fn compile(
    compiler: &str,
    words: &[&str],
    files: impl IntoIterator<Item = PathBuf>,
    folder: &Path,
) -> Result<(), String> {
    let words = words.iter().map(OsString::from);
    let mut command = Command::new(compiler, words.chain(files.into_iter().map(Into::into)));
    command.dir = Some(folder.to_owned());
    let can_not = |why: &str| format!("it can't be compiled by {compiler}: {why}");
    let mut started = Program::start(&command, 0).map_err(|error| can_not(&error.to_string()))?;
    match started.wait_for_end(COMPILE) {
        Some(status) if status.success() => Ok(()),
        Some(_) if started.stopped().is_some() => {
            Err(can_not(started.stopped().unwrap_or_default()))
        }
        Some(status) => {
            let text = started.text();
            let lines: Vec<_> = text
                .lines()
                .take(COMPILER_LINES)
                .map(safe::escape)
                .collect();
            let is_reason =
                |line: &&String| line.contains("error") || line.contains("undefined reference");
            let first = lines.iter().find(is_reason);
            let first = first.cloned().unwrap_or_else(|| ending(status));
            Err(format!("{}\n\n{}", can_not(&first), lines.join("\n")))
        }
        None => Err(can_not(&format!(
            "it takes more than {} s",
            COMPILE.as_secs()
        ))),
    }
}

/// The files of a program in C: its own, and those beside it that have no `main`.
fn c_parts(program: &ProgramFile) -> io::Result<Vec<PathBuf>> {
    let mut parts = Vec::new();
    for entry in fs::read_dir(program.folder())? {
        let path = entry?.path();
        let is_c = path.extension().is_some_and(|ending| ending == "c");
        // For each file, macOS may have packed a hidden one with the same ending.
        let is_part = || !folder::is_by_the_way(&path) && !has_own_main(&path);
        if is_c && path.is_file() && (path == program.path || is_part()) {
            parts.push(Path::new(".").join(path.file_name().unwrap_or_default()));
        }
    }
    parts.sort();
    Ok(parts)
}

fn has_own_main(source: &Path) -> bool {
    ProgramFile::of(source).is_some_and(|it| it.kind != Kind::Part)
}

#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path)?.permissions().mode();
    fs::set_permissions(path, fs::Permissions::from_mode(mode | 0o700))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> io::Result<()> {
    Ok(())
}
