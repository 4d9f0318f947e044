//! Which file of a folder is the program, and how it is started.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use checks::check::Role;

use crate::folder;

/// How much of a file is looked at, in bytes.
const GLANCE: u64 = 1 << 20;

/// Endings of programs that take a command to start.
const OTHER_SOURCES: &[&str] = &[
    "class", "cpp", "cs", "go", "jar", "kt", "lua", "php", "pl", "rb", "scala", "sh", "swift", "ts",
];

/// How a program is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// By an interpreter: these words, then the file.
    Script(Vec<String>),
    /// By the system.
    Executable,
    /// After a compiler has made a program of it.
    Source(Language),
    /// Nobody knows, unless the user does.
    Other,
}

/// What is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// Java.
    Java,
    /// C.
    C,
    /// Rust.
    Rust,
}

/// A program that was found.
#[derive(Debug, Clone)]
pub(crate) struct ProgramFile {
    /// Its file.
    pub(crate) path: PathBuf,
    /// How it is started.
    pub(crate) kind: Kind,
}

impl ProgramFile {
    /// Looks at this file. `None` if it doesn't look like a program.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let kind = kind(path)?;
        Some(Self {
            path: path.to_owned(),
            kind,
        })
    }

    /// Finds the program of this role in a folder and the folders in it.
    ///
    /// # Errors
    ///
    /// There is none, or it isn't clear which one it is. The error says so in words.
    pub(crate) fn find(folder: &Path, role: Role) -> Result<Self, String> {
        let mut found = Vec::new();
        search(folder, &mut found, 8).map_err(|error| format!("its folder can't be read: {error}"))?;
        found.sort_by(|one, other| one.path.cmp(&other.path));
        // A source knows more than what was compiled from it, maybe on another system.
        let has_source = |it: &Self| {
            let stem = it.path.with_extension("");
            found.iter().any(|other| {
                other.kind != Kind::Executable && other.path.with_extension("") == stem
            })
        };
        let keep: Vec<bool> = found
            .iter()
            .map(|it| it.kind != Kind::Executable || !has_source(it))
            .collect();
        let mut keep = keep.into_iter();
        found.retain(|_| keep.next().unwrap_or(true));

        choose(&found, role).map(|index| found.swap_remove(index)).map_err(|candidates| {
            if candidates.is_empty() {
                return "no program in it: no .py, .js, .java, .c or .rs file, and no executable"
                    .to_owned();
            }
            let names: Vec<_> = candidates
                .iter()
                .filter_map(|it| it.path.strip_prefix(folder).ok())
                .map(|path| crate::safe_name(path.as_os_str()))
                .collect();
            format!(
                "which is the program: {}? Rename one to {}, or give a command with {{dir}}",
                names.join(", "),
                role.to_string().replace('-', "_"),
            )
        })
    }
}

/// The index of the program of this role, or those that it might be.
fn choose(found: &[ProgramFile], role: Role) -> Result<usize, Vec<&ProgramFile>> {
    let role = role.to_string().replace('-', "_");
    let side = role.rsplit('_').next().unwrap_or_default();
    let stem = |it: &ProgramFile| {
        let stem = it.path.file_stem().unwrap_or_default().to_string_lossy();
        stem.to_lowercase().replace('-', "_")
    };
    // From what says most to what says least.
    let rules: [&dyn Fn(&ProgramFile) -> bool; 6] = [
        &|it| stem(it) == role,
        &|it| stem(it) == role.replace('_', ""),
        &|it| stem(it) == side,
        &|it| stem(it) == "main",
        &|it| stem(it).contains(&role),
        &|_| true,
    ];
    for rule in rules {
        let mut fitting = found.iter().enumerate().filter(|(_, it)| rule(it));
        if let (Some((index, _)), None) = (fitting.next(), fitting.next()) {
            return Ok(index);
        }
    }
    Err(found.iter().collect())
}

fn search(folder: &Path, found: &mut Vec<ProgramFile>, depth: usize) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if folder::is_by_the_way(&entry.file_name()) || depth == 0 {
            continue;
        }
        let file_type = entry.file_type()?;
        if file_type.is_dir() {
            search(&path, found, depth - 1)?;
        } else if file_type.is_file() {
            found.extend(ProgramFile::of(&path).filter(|it| it.kind != Kind::Other));
        }
    }
    Ok(())
}

fn kind(path: &Path) -> Option<Kind> {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let begins = begin(path).ok()?;
    if let Some(interpreter) = shebang(&begins) {
        return Some(Kind::Script(interpreter));
    }
    match ending.as_str() {
        "py" => return Some(Kind::Script(vec![first_found(&["python3", "python"])])),
        "js" | "mjs" | "cjs" => return Some(Kind::Script(vec!["node".to_owned()])),
        "java" => return has_main(&begins).then_some(Kind::Source(Language::Java)),
        "c" => return has_main(&begins).then_some(Kind::Source(Language::C)),
        "rs" => return has_main(&begins).then_some(Kind::Source(Language::Rust)),
        _ => {}
    }
    if is_native(&begins) || is_executable(path) {
        return Some(Kind::Executable);
    }
    OTHER_SOURCES.contains(&ending.as_str()).then_some(Kind::Other)
}

fn begin(path: &Path) -> io::Result<Vec<u8>> {
    let mut begin = Vec::new();
    File::open(path)?.take(GLANCE).read_to_end(&mut begin)?;
    Ok(begin)
}

/// The words of a first line `#!…`, if its interpreter is there. Its path may be another here.
fn shebang(begin: &[u8]) -> Option<Vec<String>> {
    let line = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin).strip_prefix(b"#!")?;
    let line = line.split(|&byte| byte == b'\n').next()?;
    // A line of Windows ends with CR as well, which the system would take for a part of the name.
    let line = String::from_utf8_lossy(line);
    let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let name = |word: &String| Some(Path::new(word).file_name()?.to_str()?.to_owned());
    if words.first().and_then(name).as_deref() == Some("env") {
        words.remove(0);
        if words.first().is_some_and(|word| word == "-S") {
            words.remove(0);
        }
    }
    let interpreter = words.first_mut()?;
    if !Path::new(interpreter.as_str()).is_file() {
        *interpreter = name(interpreter)?;
        find_in_path(interpreter)?;
    }
    Some(words)
}

/// Whether somewhere in this source is `main` with a parenthesis behind it.
fn has_main(source: &[u8]) -> bool {
    let source = String::from_utf8_lossy(source);
    source.match_indices("main").any(|(start, word)| {
        let rest = source.get(start + word.len()..).unwrap_or_default();
        rest.trim_start().starts_with('(')
    })
}

/// The class with Java's `main`, with its package: what `java` is told.
pub(crate) fn java_class(path: &Path) -> String {
    let source = begin(path).unwrap_or_default();
    let source = String::from_utf8_lossy(&source);
    let word_behind = |text: &str| {
        let text = text.trim_start();
        let end = text.find(|c: char| !c.is_alphanumeric() && !"_.$".contains(c));
        text.get(..end.unwrap_or(text.len())).unwrap_or_default().to_owned()
    };
    let stem = || path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let class = source
        .find("void main")
        .and_then(|main| source.get(..main))
        .and_then(|before| before.rsplit_once("class "))
        .map_or_else(stem, |(_, name)| word_behind(name));
    let package = source.lines().find_map(|line| line.trim_start().strip_prefix("package "));
    match package.map(word_behind) {
        Some(package) => format!("{package}.{class}"),
        None => class,
    }
}

/// Whether the system can run it by itself: ELF, Mach-O, or a program of Windows.
fn is_native(begin: &[u8]) -> bool {
    const MAGIC: [&[u8]; 4] = [
        b"\x7fELF",
        b"\xcf\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe\0\0\0\x02",
        b"MZ",
    ];
    MAGIC.iter().any(|magic| begin.starts_with(magic))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    false
}

/// The first of these programs that is installed; else the first.
fn first_found(names: &[&str]) -> String {
    let found = names.iter().find(|name| find_in_path(name).is_some());
    found.or(names.first()).copied().unwrap_or_default().to_owned()
}

/// The program's file, if it is installed.
pub(crate) fn find_in_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
        .find(|file| file.is_file())
}

/// The words as a command has them.
pub(crate) fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

/// The file's name, such that no program takes it for an option, and none looks for it elsewhere.
pub(crate) fn dotted(name: &OsStr) -> OsString {
    Path::new(".").join(name).into_os_string()
}
