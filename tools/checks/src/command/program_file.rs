//! Which file of a folder is the program, and how it is started.

use std::env;
use std::ffi::OsString;
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

/// Endings of what has to be unpacked.
const ARCHIVES: &[&str] = &["7z", "bz2", "gz", "rar", "tar", "tgz", "xz", "zip"];

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

    /// This file, whatever it looks like.
    pub(crate) fn of_any(path: &Path) -> Self {
        Self::of(path).unwrap_or_else(|| Self {
            path: path.to_owned(),
            kind: Kind::Other,
        })
    }

    /// The folder that it is in.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Its name, such that no program takes it for an option, and none looks for it elsewhere.
    ///
    /// # Errors
    ///
    /// A command can't have it, as something in it would be replaced.
    pub(crate) fn dotted_name(&self) -> Result<OsString, String> {
        let name = self.path.file_name().unwrap_or_default();
        let text = name.to_string_lossy();
        if text.contains("{port}") || text.contains("{dir}") {
            return Err("its name has {port} or {dir} in it: rename it".to_owned());
        }
        Ok(Path::new(".").join(name).into_os_string())
    }

    /// Finds the program of this role in a folder and the folders in it. With a command, it may be
    /// one that nobody would know how to start without.
    ///
    /// # Errors
    ///
    /// There is none, or it isn't clear which one it is. The error says so in words.
    pub(crate) fn find(folder: &Path, role: Role, has_command: bool) -> Result<Self, String> {
        let mut found = Vec::new();
        search(folder, &mut found, 8)
            .map_err(|error| format!("its folder can't be read: {error}"))?;
        found.retain(|it: &Self| has_command || it.kind != Kind::Other);
        found.sort_by(|one, other| one.path.cmp(&other.path));
        // A source knows more than what was compiled from it, maybe on another system.
        let stem = |it: &Self| it.path.with_extension("");
        let is_source = |it: &&Self| it.kind != Kind::Executable;
        let sources: Vec<PathBuf> = found.iter().filter(is_source).map(stem).collect();
        found.retain(|it| is_source(&it) || !sources.contains(&stem(it)));

        if let Some(index) = choose(&found, role) {
            return Ok(found.swap_remove(index));
        }
        if found.is_empty() {
            if let Some(name) = archive_in(folder) {
                return Err(format!("no program in it, but {name}: unpack that"));
            }
            return Err(
                "no program in it: no .py, .js, .java, .c or .rs file with a main, none \
                        that begins with #!, and no executable"
                    .to_owned(),
            );
        }
        let paths = found
            .iter()
            .filter_map(|it| it.path.strip_prefix(folder).ok());
        let names: Vec<_> = paths
            .map(|path| crate::safe_name(path.as_os_str()))
            .collect();
        Err(format!(
            "which is the program: {}? Rename one to {}, or give a command with {{dir}}",
            names.join(", "),
            role.to_string().replace('-', "_"),
        ))
    }
}

/// The index of the program of this role, if it is clear.
fn choose(found: &[ProgramFile], role: Role) -> Option<usize> {
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
    rules.iter().find_map(|rule| {
        let mut fitting = found.iter().enumerate().filter(|(_, it)| rule(it));
        match (fitting.next(), fitting.next()) {
            (Some((index, _)), None) => Some(index),
            _ => None,
        }
    })
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
            found.extend(ProgramFile::of(&path));
        }
    }
    Ok(())
}

/// The name of an archive in this folder.
fn archive_in(folder: &Path) -> Option<String> {
    let mut entries = fs::read_dir(folder).ok()?.flatten();
    let archive = entries.find(|entry| is_archive(&entry.path()))?;
    Some(crate::safe_name(&archive.file_name()))
}

/// Whether it is something that has to be unpacked.
pub(crate) fn is_archive(path: &Path) -> bool {
    ARCHIVES.contains(&ending(path).as_str())
}

fn ending(path: &Path) -> String {
    let ending = path.extension().unwrap_or_default();
    ending.to_string_lossy().to_lowercase()
}

fn kind(path: &Path) -> Option<Kind> {
    let ending = ending(path);
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
    OTHER_SOURCES
        .contains(&ending.as_str())
        .then_some(Kind::Other)
}

pub(crate) fn begin(path: &Path) -> io::Result<Vec<u8>> {
    let mut begin = Vec::new();
    File::open(path)?.take(GLANCE).read_to_end(&mut begin)?;
    Ok(begin)
}

/// The words of a first line `#!…`, if its interpreter is there. Its path may be another here.
fn shebang(begin: &[u8]) -> Option<Vec<String>> {
    let line = begin
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(begin)
        .strip_prefix(b"#!")?;
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
pub(crate) fn has_main(source: &[u8]) -> bool {
    let source = String::from_utf8_lossy(source);
    source.match_indices("main").any(|(start, word)| {
        let rest = source.get(start + word.len()..).unwrap_or_default();
        rest.trim_start().starts_with('(')
    })
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
    found
        .or(names.first())
        .copied()
        .unwrap_or_default()
        .to_owned()
}

/// The program's file, if it is installed.
pub(crate) fn find_in_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
        .find(|file| file.is_file())
}
