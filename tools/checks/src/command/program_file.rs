//! Whether a file is a program, and of which kind: by its first bytes and its ending.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::source::{has_main, is_code};

/// Begins what is only for the person who marks. The student's report leaves out the rest of the
/// line.
pub(crate) const TO_MARK: &str = " (to mark it, ";

/// How much of a file is looked at, in bytes.
const LOOKED_AT: u64 = 1 << 20;

/// Endings of programs that take a command to start.
const OTHER_SOURCES: &[&str] = &[
    "bat", "cmd", "cs", "dart", "ex", "exs", "fs", "hs", "jl", "kt", "kts", "ml", "pas", "ps1",
    "r", "scala", "swift", "ts", "vb", "zig",
];

/// What that command may look like.
const OTHER_COMMAND: &str = "INTERPRETER {file}";

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

/// Endings of what has to be unpacked.
const ARCHIVES: &[&str] = &["7z", "bz2", "gz", "rar", "tar", "tgz", "xz", "zip"];

/// Endings of what students hand in instead of a program.
const DOCUMENTS: &[&str] = &["doc", "docx", "ipynb", "odt", "pages", "pdf", "rtf"];

/// How a program is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// By an interpreter: these words, then the file.
    Script(Vec<String>),
    /// By the system.
    Executable,
    /// By another system.
    Foreign,
    /// After `javac` has compiled it.
    Java,
    /// After this compiler for C or C++ has.
    C(&'static str),
    /// After `rustc` has.
    Rust,
    /// Nobody knows, unless the user does, maybe by a command such as this.
    Other(&'static str),
    /// After somebody has saved it as UTF-8: it is UTF-16.
    Utf16,
    /// Not at all: it has no `main`.
    Part,
}

impl FileKind {
    /// Why a program of this kind can't be started, if it can't.
    pub(crate) fn trouble(&self, has_command: bool) -> Option<String> {
        let why = match self {
            Self::Part => "it has no main, so it is only a part of a program: add the rest",
            _ if has_command => return None,
            Self::Foreign => "it was compiled for another system: hand in its source",
            Self::Utf16 => "its text is UTF-16: save it as UTF-8",
            Self::Other(command) => &format!(
                "the judge doesn't know how to start it{TO_MARK}give a command, such as: -- \
                 {command} {{port}})"
            ),
            _ => return None,
        };
        Some(why.to_owned())
    }
}

/// A program that was found.
#[derive(Debug, Clone)]
pub(crate) struct ProgramFile {
    /// Its file.
    pub(crate) path: PathBuf,
    /// How it is started.
    pub(crate) kind: FileKind,
}

impl ProgramFile {
    /// Looks at this file. `None` if it doesn't look like a program.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        // The ending of one that can't be read says enough.
        let begins = begin(path).unwrap_or_default();
        let is_utf16 = begins.starts_with(b"\xff\xfe") || begins.starts_with(b"\xfe\xff");
        let kind = kind_of(path, &begins)?;
        Some(Self {
            path: path.to_owned(),
            kind: if is_utf16 { FileKind::Utf16 } else { kind },
        })
    }

    /// This file, whatever it looks like.
    pub(crate) fn of_any(path: &Path) -> Self {
        Self::of(path).unwrap_or_else(|| Self {
            path: path.to_owned(),
            kind: FileKind::Other(OTHER_COMMAND),
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
            // These would be replaced in the command.
            let is_safe = |name: &str| !name.contains("{port}") && !name.contains("{dir}");
            if !part.to_str().is_some_and(is_safe) {
                let ending = old.extension().unwrap_or_default();
                path.set_file_name("renamed");
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
    pub(crate) fn dotted_name(&self) -> OsString {
        let name = self.path.file_name().unwrap_or_default();
        Path::new(".").join(name).into_os_string()
    }
}

/// Whether it is something that has to be unpacked.
pub(crate) fn is_archive(path: &Path) -> bool {
    ARCHIVES.contains(&ending(path).as_str())
}

/// Why it is no program although somebody handed it in for one: an archive, a document, or a
/// program whose name ends in .txt. `None` if it is something else.
pub(crate) fn mistaken(path: &Path) -> Option<String> {
    let hidden = path.with_extension("");
    let is_text = ending(path) == "txt";
    let has_code = || is_code(&begin_text(path).unwrap_or_default());
    let why = if is_archive(path) {
        &format!(
            "it is an archive; hand in its contents{TO_MARK}unpack it into a folder of the same \
             name)"
        )
    } else if DOCUMENTS.contains(&ending(path).as_str()) {
        "it is a document: hand in the program's own file"
    } else if is_text && hidden.extension().is_some() && ProgramFile::of(&hidden).is_some() {
        "its name ends in .txt, which Windows may hide: rename it"
    } else if is_text && has_code() {
        "it has code: give its name the language's ending, such as .py, instead of .txt"
    } else {
        return None;
    };
    Some(why.to_owned())
}

/// Whether it is a part of a program, which others load. It may begin as an executable does.
pub(crate) fn is_library(path: &Path) -> bool {
    LIBRARIES.contains(&ending(path).as_str())
}

pub(crate) fn ending(path: &Path) -> String {
    let ending = path.extension().unwrap_or_default();
    ending.to_string_lossy().to_lowercase()
}

fn kind_of(path: &Path, begins: &[u8]) -> Option<FileKind> {
    if let Some(interpreter) = shebang(begins) {
        return Some(FileKind::Script(interpreter));
    }
    let script = |interpreter: &str| FileKind::Script(vec![interpreter.to_owned()]);
    let is_whole = || has_main(&String::from_utf8_lossy(begins));
    let with_main = |kind| if is_whole() { kind } else { FileKind::Part };
    Some(match ending(path).as_str() {
        "py" if path.ends_with("__init__.py") => FileKind::Part,
        "py" | "pyw" if find_in_path("python3").is_some() => script("python3"),
        "py" | "pyw" => script("python"),
        "js" | "mjs" | "cjs" => script("node"),
        "pl" => script("perl"),
        "rb" => script("ruby"),
        same @ ("lua" | "php") => script(same),
        "java" => with_main(FileKind::Java),
        "c" => with_main(FileKind::C("cc")),
        "cc" | "cpp" | "cxx" => with_main(FileKind::C("c++")),
        "rs" => with_main(FileKind::Rust),
        "class" => FileKind::Other("java -cp {dir} Main"),
        "go" => FileKind::Other("go run {file}"),
        "jar" => FileKind::Other("java -jar {file}"),
        "sh" => FileKind::Other("sh {file}"),
        other if OTHER_SOURCES.contains(&other) => FileKind::Other(OTHER_COMMAND),
        _ if is_library(path) => return None,
        _ => match MAGIC.iter().find(|(magic, _)| begins.starts_with(magic))? {
            (_, true) => FileKind::Executable,
            (_, false) => FileKind::Foreign,
        },
    })
}

/// The beginning of a file.
///
/// # Errors
///
/// It can't be read.
pub(crate) fn begin(path: &Path) -> io::Result<Vec<u8>> {
    let mut begin = Vec::new();
    File::open(path)?.take(LOOKED_AT).read_to_end(&mut begin)?;
    Ok(begin)
}

/// The beginning of a text file. What isn't UTF-8 in it becomes U+FFFD.
///
/// # Errors
///
/// It can't be read.
pub(crate) fn begin_text(path: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&begin(path)?).into_owned())
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

/// The program's file, if it is installed.
fn find_in_path(name: &str) -> Option<PathBuf> {
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

    #[test]
    fn text_in_utf16_is_not_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.py");
        fs::write(&path, b"\xff\xfei\0m\0").unwrap();
        let trouble = ProgramFile::of_any(&path).kind.trouble(false).unwrap();
        assert_eq!(trouble, "its text is UTF-16: save it as UTF-8");
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
        let file = folder.join(OsStr::from_bytes(b"\xce\xf1.py"));
        fs::write(&file, "").unwrap();
        let found = ProgramFile::of(&file).unwrap();
        let path = found.renamed(root.path()).unwrap().path;
        assert!(path.ends_with("作业/renamed/renamed.py"), "{path:?}");
        assert!(path.exists());
    }
}
