//! How a program is started whose command isn't given: by its first line or its ending.

use std::env;
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use console::safe;
use supervise::{Command, Process};

use crate::folder;
use crate::program_file::{FileKind, ProgramFile, begin, begin_text, ending};
use crate::source::{Java, is_in_package};

/// How long a compiler may take.
const COMPILE: Duration = Duration::from_mins(2);

/// Maximum lines of a compiler's words that are shown.
const COMPILER_LINES: usize = 20;

/// What to do with a program that can't be compiled by itself, and has a `Cargo.toml`.
const BY_CARGO: &str = "it has a Cargo.toml, but only a program without libraries is compiled here \
    (to mark it, see \"Cargo.toml\" in docs/instructors.md, which has a command)";

/// The command that starts the program, in a folder in `root`. Compiles the program there, if
/// necessary, and says by which command.
///
/// # Errors
///
/// It can't be compiled, or nobody knows how to start it. The error says why.
pub(crate) fn command(
    program: &ProgramFile,
    root: &Path,
) -> Result<(Command, Option<String>), Box<dyn Error>> {
    let (file, folder) = (program.dotted_name(), program.folder());
    match &program.kind {
        FileKind::Script(interpreter) => {
            let (folder, script) = match package_of(program, root) {
                Some((folder, module)) => (folder, vec!["-m".into(), module.into()]),
                None => (folder, vec![file]),
            };
            let words = interpreter.iter().map(OsString::from).chain(script);
            let mut words = words.chain(["{port}".into()]);
            let interpreter = words.next().unwrap_or_default();
            Ok((Command::new(interpreter, words).within(folder), None))
        }
        FileKind::Executable => {
            make_executable(&program.path)?;
            Ok((Command::new(file, ["{port}"]).within(folder), None))
        }
        FileKind::Java => java(program),
        FileKind::C(compiler) => {
            let files = c_parts(program)?.into_iter().chain(["-lm".into()]);
            let words = "-O1 -pthread -Iinclude -I../include";
            compile_to_file(compiler, words, files, folder)
        }
        FileKind::Rust => {
            let mut above = folder.ancestors().take_while(|it| it.starts_with(root));
            let is_cargos = above.any(|it| it.join("Cargo.toml").exists());
            match compile_to_file("rustc", "--edition=2024 -O", [file.into()], folder) {
                Err(why) if is_cargos => Err(format!("{BY_CARGO}\n\n{why}").into()),
                compiled => compiled,
            }
        }
        _ => Err(program.kind.trouble(false).unwrap_or_default().into()),
    }
}

/// Compiles a program in Java, in the folder that its packages start from.
fn java(program: &ProgramFile) -> Result<(Command, Option<String>), Box<dyn Error>> {
    let (mut path, folder) = (program.path.clone(), program.folder());
    let source = begin(&path)?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let java = Java::of(&String::from_utf8_lossy(&source), &stem);
    // A learning platform may have renamed the file. The compiler wants its old name.
    let old = path.with_file_name(java.stem.clone() + ".java");
    if !old.exists() {
        fs::rename(&path, &old)?;
        path = old;
    }
    // An export may have flattened the packages' folders.
    let packages: PathBuf = java.package.iter().collect();
    let above = folder.ancestors().nth(java.package.len());
    let above = above.filter(|_| folder.ends_with(&packages));
    let folder = above.unwrap_or(folder);
    let path = path.strip_prefix(folder).unwrap_or(&path);
    // Editors on Windows in China saved it so, and Java before 18 read it so.
    let encoding = str::from_utf8(&source).map_or("GB18030", |_| "UTF-8");
    // Without a limit, Java asks for a share of the machine, more than the judge allows.
    let words = format!("-J-Xmx512m -encoding {encoding} -sourcepath . -d .");
    let compiled = compile("javac", &words, [path.to_owned()], folder)?;
    let words = ["-Xmx1g", "-cp", ".", &java.full_name(), "{port}"];
    Ok((Command::new("java", words).within(folder), Some(compiled)))
}

/// Where a program in Python is started, and the name of its module there, if it is in a package.
fn package_of<'a>(program: &'a ProgramFile, root: &Path) -> Option<(&'a Path, String)> {
    let source = begin_text(&program.path).ok()?;
    let is_package = |(depth, folder): &(usize, &Path)| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        ending(&program.path) == "py" && is_in_package(&source, &name, *depth)
    };
    let folders = program.folder().ancestors().take_while(|it| *it != root);
    let (_, package) = (1..).zip(folders).filter(is_package).last()?;
    let start_in = package.parent()?;
    let module = program.path.strip_prefix(start_in).ok()?.with_extension("");
    let names: Vec<_> = module.iter().map(OsStr::to_string_lossy).collect();
    Some((
        start_in,
        names.join(".").trim_end_matches(".__main__").to_owned(),
    ))
}

/// Compiles a program to an executable file in its folder.
fn compile_to_file(
    compiler: &str,
    words: &str,
    files: impl IntoIterator<Item = PathBuf>,
    folder: &Path,
) -> Result<(Command, Option<String>), Box<dyn Error>> {
    let executable = format!("./a.out{}", env::consts::EXE_SUFFIX);
    let how = compile(compiler, &format!("{words} -o {executable}"), files, folder)?;
    let command = Command::new(executable, ["{port}"]).within(folder);
    Ok((command, Some(how)))
}

/// Compiles, and says by which command.
fn compile(
    compiler: &str,
    words: &str,
    files: impl IntoIterator<Item = PathBuf>,
    folder: &Path,
) -> Result<String, String> {
    let words = words.split(' ').map(OsString::from);
    let words = words.chain(files.into_iter().map(Into::into));
    let command = Command::new(compiler, words).within(folder);
    let can_not = |why: &str| format!("it can't be compiled by {compiler}: {why}");
    let mut started = Process::start(&command).map_err(|error| can_not(&error.to_string()))?;
    let Some(status) = started.wait_for_end(COMPILE) else {
        return Err(can_not(&format!("it takes more than {COMPILE:?}")));
    };
    if status.success() {
        return Ok(command.to_string());
    }
    if let Some(why) = started.stopped() {
        return Err(can_not(why));
    }
    let (reason, lines) = reason(&started.text());
    let reason = reason.unwrap_or_else(|| supervise::ending::in_words(status));
    Err(format!("{}\n\n{lines}", can_not(&reason)))
}

/// The line of a compiler's words that says why there is no program, and what is shown of them all.
fn reason(text: &str) -> (Option<String>, String) {
    let lines: Vec<String> = text.lines().map(safe::escape).collect();
    let is_reason = |line: &String| line.contains("error") || line.contains("undefined reference");
    let reason = lines.iter().position(is_reason);
    // Many warnings may come before it.
    let begin = reason.filter(|&at| at >= COMPILER_LINES).unwrap_or(0);
    let end = lines.len().min(begin + COMPILER_LINES);
    let reason = reason.map(|at| lines[at].clone());
    (reason, lines[begin..end].join("\n"))
}

/// The files of a program in C or C++: its own, and those beside it that have no `main` and that it
/// doesn't include.
fn c_parts(program: &ProgramFile) -> io::Result<Vec<PathBuf>> {
    let source = begin_text(&program.path)?;
    let mut parts = Vec::new();
    for entry in fs::read_dir(program.folder())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        let is_included = source.contains(&format!("\"{}\"", name.to_string_lossy()));
        // For each file, macOS may have packed a hidden one with the same ending.
        let has_main = || ProgramFile::of(&path).is_some_and(|it| it.kind != FileKind::Part);
        let is_part = || !is_included && !folder::is_by_the_way(&path) && !has_main();
        let is_same = ending(&path) == ending(&program.path);
        if is_same && path.is_file() && (path == program.path || is_part()) {
            parts.push(Path::new(".").join(name));
        }
    }
    parts.sort();
    Ok(parts)
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    use super::*;

    /// How this program is started in a folder, and where.
    fn started(name: &str, source: &str) -> (String, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, source).unwrap();
        let program = ProgramFile::of_any(&path);
        let (command, _) = command(&program, root.path()).unwrap();
        let words = command.to_string();
        let (_, words) = words.split_once(' ').unwrap();
        let folder = command.dir.as_deref().unwrap();
        let folder = folder.strip_prefix(root.path()).unwrap();
        // Windows has another sign before the name.
        (words.replace('\\', "/"), folder.to_owned())
    }

    /// With a library, or for another reason.
    #[test]
    fn what_cargo_has_to_build_says_so() {
        if testkit::wine_lacks("rustc") {
            return;
        }
        for (is_cargos, begins) in [(true, BY_CARGO), (false, "it can't be compiled by rustc")] {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("src/main.rs");
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "use socket2::Socket; fn main() {}").unwrap();
            if is_cargos {
                fs::write(root.path().join("Cargo.toml"), "").unwrap();
            }
            let error = command(&ProgramFile::of_any(&path), root.path()).unwrap_err();
            let error = error.to_string();
            assert!(error.starts_with(begins), "{error}");
            assert!(error.contains("socket2"), "{error}");
        }
    }

    #[test]
    fn an_error_after_many_warnings_is_the_reason() {
        for warnings in [3, 300] {
            let text = "warning: unused\n".repeat(warnings) + "error: no main\nnote: see above";
            let (reason, lines) = reason(&text);
            assert_eq!(reason.as_deref(), Some("error: no main"));
            assert!(
                lines.ends_with("error: no main\nnote: see above"),
                "{lines}"
            );
        }
    }

    #[test]
    fn a_package_of_python_is_started_as_one() {
        let is = |words: &str, folder: &str| (words.to_owned(), PathBuf::from(folder));
        let relative = "from .room import Room";
        assert_eq!(
            started("hw/chat/__main__.py", relative),
            is("-m chat {port}", "hw")
        );
        let above = "import src.chat.room";
        assert_eq!(
            started("src/chat/server.py", above),
            is("-m src.chat.server {port}", "")
        );
        assert_eq!(
            started("chat/main.py", "import room"),
            is("./main.py {port}", "chat")
        );
        // Nobody knows what the student's own folder was named.
        assert_eq!(started("main.py", relative), is("./main.py {port}", ""));
    }
}
