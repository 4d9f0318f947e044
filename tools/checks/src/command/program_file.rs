//! Which file of a folder is the program, and how it is started.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use checks::check::Role;

use crate::folder;
use crate::source::has_main;

/// How much of a file is looked at, in bytes.
const GLANCE: u64 = 1 << 20;

/// Endings of programs that take a command to start.
const OTHER_SOURCES: &[&str] = &[
    "class", "cpp", "cs", "go", "jar", "kt", "lua", "php", "pl", "rb", "scala", "sh", "swift", "ts",
];

/// Endings of parts of programs, which other programs load.
const LIBRARIES: &[&str] = &[
    "a", "dll", "dylib", "node", "o", "obj", "pyc", "pyd", "pyo", "so",
];

/// How an executable begins: ELF, Mach-O for one processor and for several, and a program of
/// Windows. And whether this system runs it.
const MAGIC: [(&[u8], bool); 4] = [
    (b"\x7fELF", cfg!(target_os = "linux")),
    (b"\xcf\xfa\xed\xfe", cfg!(target_os = "macos")),
    (b"\xca\xfe\xba\xbe\0\0\0\x02", cfg!(target_os = "macos")),
    (b"MZ", cfg!(windows)),
];

/// How many programs are named if there are too many.
const NAMED: usize = 5;

/// Endings of what has to be unpacked.
const ARCHIVES: &[&str] = &["7z", "bz2", "gz", "rar", "tar", "tgz", "xz", "zip"];

/// Endings of what students hand in instead of a program.
const DOCUMENTS: &[&str] = &["doc", "docx", "ipynb", "odt", "pages", "pdf", "rtf"];

/// How a program is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// By an interpreter: these words, then the file.
    Script(Vec<String>),
    /// By the system.
    Executable,
    /// By another system.
    Foreign,
    /// After a compiler has made a program of it.
    Source(Language),
    /// Nobody knows, unless the user does.
    Other,
    /// Not at all: it has no `main`.
    Part,
}

impl Kind {
    /// Why a program of this kind can't be started, if it can't.
    pub(crate) fn trouble(&self, has_command: bool) -> Option<&'static str> {
        match self {
            Self::Part => Some("it has no main, so it is only a part of a program: add the rest"),
            Self::Foreign if !has_command => {
                Some("it was compiled for another system: hand in its source")
            }
            Self::Other if !has_command => {
                Some("nobody knows how to start it: give a command, such as: -- ruby {file} {port}")
            }
            _ => None,
        }
    }
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

    /// The same program in `root`, which is a copy, by a path that is UTF-8 from there on. Node and
    /// Java find no other one. (Archives from Windows often have names in another encoding.)
    ///
    /// # Errors
    ///
    /// The system can't rename it.
    pub(crate) fn renamed(mut self, root: &Path) -> io::Result<Self> {
        let mut path = root.to_owned();
        for part in self.path.strip_prefix(root).unwrap_or(&self.path) {
            let old = path.join(part);
            path.push(part);
            if part.to_str().is_none() {
                let ending = old.extension().unwrap_or_default();
                path.set_file_name("not-utf8");
                path.set_extension(ending);
                fs::rename(old, &path)?;
            }
        }
        self.path = path;
        Ok(self)
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
        search(folder, &mut found).map_err(|error| format!("its folder can't be read: {error}"))?;
        found.sort_by(|one, other| one.path.cmp(&other.path));
        let name = |it: &Self| {
            let name = it.path.strip_prefix(folder).unwrap_or(&it.path);
            crate::safe_name(name.as_os_str())
        };
        let mut unfit = None;
        found.retain(|it| match it.kind.trouble(has_command) {
            None => true,
            Some(why) => {
                unfit.get_or_insert_with(|| format!("no program in it, but {}: {why}", name(it)));
                false
            }
        });
        if let Some(program) = choose(&found, role) {
            return Ok(program.clone());
        }
        if found.is_empty() {
            let archive = archive_in(folder);
            let archive = archive.map(|name| format!("no program in it, but {name}: unpack that"));
            return Err(archive.or(unfit).unwrap_or_else(|| {
                "no program in it: no .py, .js, .java, .c or .rs file with a main, none \
                 that begins with #!, and no executable"
                    .to_owned()
            }));
        }
        let names: Vec<_> = found.iter().take(NAMED).map(name).collect();
        let more = match found.len() - names.len() {
            0 => String::new(),
            more => format!(" or one of {more} more"),
        };
        Err(format!(
            "which is the program: {}{more}? Rename one to {}, or give a command with {{dir}}",
            names.join(", "),
            role.to_string().replace('-', "_"),
        ))
    }
}

/// The program of this role, if it is clear.
fn choose(found: &[ProgramFile], role: Role) -> Option<&ProgramFile> {
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
        &|it| stem(it).ends_with(side),
    ];
    let all: Vec<_> = found.iter().collect();
    // A source knows more than what was compiled from it, maybe on another system.
    let is_source = |it: &&ProgramFile| !matches!(it.kind, Kind::Executable | Kind::Foreign);
    let sources: Vec<_> = found.iter().filter(is_source).collect();
    let named = |among: &[_]| rules.iter().find_map(|rule| only(&top(among, rule)));
    named(&sources)
        .or_else(|| named(&all))
        .or_else(|| only(&sources))
        .or_else(|| only(&all))
}

/// Those that fit in the outermost folder that has one. An old version is often in a folder below.
fn top<'a>(among: &[&'a ProgramFile], fits: impl Fn(&ProgramFile) -> bool) -> Vec<&'a ProgramFile> {
    let depth = |it: &ProgramFile| it.path.components().count();
    let mut fitting: Vec<_> = among.iter().copied().filter(|it| fits(it)).collect();
    let top = fitting.iter().map(|it| depth(it)).min();
    fitting.retain(|it| Some(depth(it)) == top);
    fitting
}

fn only<'a>(among: &[&'a ProgramFile]) -> Option<&'a ProgramFile> {
    match among {
        [one] => Some(one),
        _ => None,
    }
}

fn search(folder: &Path, found: &mut Vec<ProgramFile>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if folder::is_by_the_way(&path) {
            continue;
        }
        let file_type = entry.file_type()?;
        if file_type.is_dir() {
            search(&path, found)?;
        } else if file_type.is_file() {
            found.extend(ProgramFile::of(&path));
        }
    }
    Ok(())
}

/// The name of an archive in this folder.
fn archive_in(folder: &Path) -> Option<String> {
    let mut entries = fs::read_dir(folder).ok()?.flatten();
    let is_one = |path: &Path| is_archive(path) && !folder::is_by_the_way(path);
    let archive = entries.find(|entry| is_one(&entry.path()))?;
    Some(crate::safe_name(&archive.file_name()))
}

/// Whether it is something that has to be unpacked.
pub(crate) fn is_archive(path: &Path) -> bool {
    ARCHIVES.contains(&ending(path).as_str())
}

/// Why it is no program although somebody handed it in for one: a document, or a program with an
/// ending more, which Windows hides. `None` if it is something else.
pub(crate) fn mistaken(path: &Path) -> Option<&'static str> {
    if DOCUMENTS.contains(&ending(path).as_str()) {
        return Some("a document, and not a program: hand in the program's own file");
    }
    let hidden = path.with_extension("");
    let is_text = ending(path) == "txt" && hidden.extension().is_some();
    (is_text && kind(&hidden).is_some())
        .then_some("its name ends in .txt, which Windows may hide: rename it")
}

/// Whether it is a part of a program, which others load. It may begin as an executable does.
pub(crate) fn is_library(path: &Path) -> bool {
    LIBRARIES.contains(&ending(path).as_str())
}

fn ending(path: &Path) -> String {
    let ending = path.extension().unwrap_or_default();
    ending.to_string_lossy().to_lowercase()
}

fn kind(path: &Path) -> Option<Kind> {
    // The ending of one that can't be read says enough.
    let begins = begin(path).unwrap_or_default();
    if let Some(interpreter) = shebang(&begins) {
        return Some(Kind::Script(interpreter));
    }
    let language = match ending(path).as_str() {
        "py" if path.ends_with("__init__.py") => return Some(Kind::Part),
        "py" | "pyw" => return Some(Kind::Script(vec![first_found(&["python3", "python"])])),
        "js" | "mjs" | "cjs" => return Some(Kind::Script(vec!["node".to_owned()])),
        "java" => Language::Java,
        "c" => Language::C,
        "rs" => Language::Rust,
        other if OTHER_SOURCES.contains(&other) => return Some(Kind::Other),
        _ if is_library(path) => return None,
        _ => {
            let (_, is_ours) = *MAGIC.iter().find(|(magic, _)| begins.starts_with(magic))?;
            return Some(if is_ours {
                Kind::Executable
            } else {
                Kind::Foreign
            });
        }
    };
    Some(if has_main(&String::from_utf8_lossy(&begins)) {
        Kind::Source(language)
    } else {
        Kind::Part
    })
}

/// The beginning of a file.
///
/// # Errors
///
/// It can't be read.
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    #[cfg(target_os = "linux")]
    use std::ffi::OsStr;

    use super::*;

    const MAIN: &str = "int main(void) {}";

    /// What is found in a folder of these files.
    fn found(files: &[(&str, &str)]) -> Result<String, String> {
        found_for(false, files)
    }

    fn found_for(has_command: bool, files: &[(&str, &str)]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let found = ProgramFile::find(folder.path(), Role::ChatServer, has_command)?;
        let path = found.path.strip_prefix(folder.path()).unwrap();
        Ok(path.to_str().unwrap().replace('\\', "/"))
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_source_comes_before_what_was_compiled() {
        let (elf, main) = ("\x7fELF", MAIN);
        let chosen = |files: &[_]| found(files).unwrap();
        assert_eq!(chosen(&[("chat.c", main), ("a.out", elf)]), "chat.c");
        assert_eq!(chosen(&[("main.c", main), ("server", elf)]), "main.c");
        let built = [("chat.c", main), ("chat.o", elf), ("libchat.so", elf)];
        assert_eq!(chosen(&built), "chat.c");
        let other_side = [("client.c", main), ("chat_server", elf)];
        assert_eq!(chosen(&other_side), "chat_server");
        assert_eq!(chosen(&[("a.out", elf)]), "a.out");
        assert_eq!(chosen(&[("chat.c", main), ("chat.exe", "MZ")]), "chat.c");
        let foreign = [("chat.exe", "MZ"), ("part.c", "")];
        assert_eq!(found_for(true, &foreign).unwrap(), "chat.exe");
        let error = found(&foreign).unwrap_err();
        let why = "no program in it, but chat.exe: it was compiled for another system";
        assert!(error.starts_with(why), "{error}");
    }

    /// As a platform exports them, or an editor leaves them.
    #[test]
    fn the_program_of_a_role_is_found_among_others() {
        let chosen = |names: &[&'static str]| {
            let files: Vec<_> = names.iter().map(|name| (*name, MAIN)).collect();
            found(&files).unwrap()
        };
        assert_eq!(chosen(&["聊天.py"]), "聊天.py");
        assert_eq!(
            chosen(&["ChatServer.java", "Client.java"]),
            "ChatServer.java"
        );
        assert_eq!(chosen(&["my-server.js", "my-client.js"]), "my-server.js");
        assert_eq!(
            chosen(&["李四_12_chat_server.py", "server_old.py"]),
            "李四_12_chat_server.py"
        );
        assert_eq!(
            chosen(&["hw/server.py", "hw/old/server.py"]),
            "hw/server.py"
        );
        assert_eq!(chosen(&["chat.py", "__init__.py"]), "chat.py");
        let by_tools = [
            "chat.py",
            "__MACOSX/server.py",
            "._server.py",
            ".idea/server.py",
            "node_modules/x/server.js",
            "my env/pyvenv.cfg",
            "my env/Lib/site-packages/server.py",
            "target/CACHEDIR.TAG",
            "target/server.rs",
        ];
        assert_eq!(chosen(&by_tools), "chat.py");
        let within = ["hw/pyvenv.cfg", "hw/chat.py", "hw/lib64/python3/server.py"];
        assert_eq!(chosen(&within), "hw/chat.py");
    }

    #[test]
    fn of_many_programs_only_some_are_named() {
        let names = ["a.py", "b.py", "c.py", "d.py", "e.py", "f.py", "g.py"];
        let error = found(&names.map(|name| (name, ""))).unwrap_err();
        let why = "which is the program: a.py, b.py, c.py, d.py, e.py or one of 2 more?";
        assert!(error.starts_with(why), "{error}");
    }

    #[test]
    fn a_part_is_no_program() {
        let error = found(&[("part.c", "int domain(void);")]).unwrap_err();
        assert!(error.starts_with("no program in it, but part.c: it has no main"));
        let error = found(&[("server.cpp", MAIN)]).unwrap_err();
        assert!(error.starts_with("no program in it, but server.cpp: nobody knows"));
    }

    /// Only Linux has such names.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_program_gets_a_path_that_is_utf8() {
        use std::os::unix::ffi::OsStrExt;
        let root = tempfile::tempdir().unwrap();
        let folder = root
            .path()
            .join("作业")
            .join(OsStr::from_bytes(b"\xb7\xfe"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(OsStr::from_bytes(b"\xce\xf1.py")), "").unwrap();
        let found = ProgramFile::find(root.path(), Role::ChatServer, false).unwrap();
        let path = found.renamed(root.path()).unwrap().path;
        assert!(path.ends_with("作业/not-utf8/not-utf8.py"), "{path:?}");
        assert!(path.exists());
    }

    /// As on a disk of Windows, where every file seems to be executable.
    #[cfg(unix)]
    #[test]
    fn a_right_to_execute_makes_no_program() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        for name in ["README.md", "chat.py", "LICENSE"] {
            let path = folder.path().join(name);
            fs::write(&path, "text").unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        }
        let found = ProgramFile::find(folder.path(), Role::ChatServer, false).unwrap();
        assert!(found.path.ends_with("chat.py"));
    }
}
