//! Which file of a folder is the program, and how it is started.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use checks::check::Role;

use crate::choose::choose;
use crate::folder;
use crate::source::has_main;

/// How much of a file is looked at, in bytes.
const GLANCE: u64 = 1 << 20;

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

impl Kind {
    /// Why a program of this kind can't be started, if it can't.
    pub(crate) fn trouble(&self, has_command: bool) -> Option<String> {
        let why = match self {
            Self::Part => "it has no main, so it is only a part of a program: add the rest",
            _ if has_command => return None,
            Self::Foreign => "it was compiled for another system: hand in its source",
            Self::Utf16 => "its text is UTF-16: save it as UTF-8",
            Self::Other(command) => {
                let why = "nobody knows how to start it: give a command, such as";
                return Some(format!("{why}: -- {command} {{port}}"));
            }
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
            kind: Kind::Other(OTHER_COMMAND),
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

    /// Finds the program of this role in a folder and the folders in it. With a command, it may be
    /// one that nobody would know how to start without.
    ///
    /// # Errors
    ///
    /// There is none, or it isn't clear which one it is. The error says so in words.
    pub(crate) fn find(folder: &Path, role: Role, has_command: bool) -> Result<Self, String> {
        let mut files = Vec::new();
        search(folder, &mut files).map_err(|error| format!("its folder can't be read: {error}"))?;
        files.sort();
        let all: Vec<_> = files.iter().filter_map(|path| Self::of(path)).collect();
        let (unfit, fit): (Vec<_>, Vec<_>) = all
            .iter()
            .partition(|it| it.kind.trouble(has_command).is_some());
        let name = |path: &Path| {
            let path = path.strip_prefix(folder).unwrap_or(path);
            crate::safe_name(path.as_os_str())
        };
        let chosen = choose(fit, &all, folder, role);
        if let [program] = chosen.as_slice() {
            return Ok((*program).clone());
        }
        if let Some(first) = chosen.first() {
            let names = some(chosen.iter().map(|it| name(&it.path)));
            let role = role.to_string().replace('-', "_");
            let words = match &first.kind {
                Kind::Script(words) => words.join(" "),
                _ => "COMMAND".to_owned(),
            };
            return Err(format!(
                "which is the program: {names}? Rename one to {role}, or give a command, such as: \
                 -- {words} \"{{dir}}/{}\" {{port}}",
                name(&first.path)
            ));
        }
        let unfit = choose(unfit, &all, folder, role);
        let unfit = unfit.into_iter().take(1);
        let unfit = unfit.map(|it| (it.path.as_path(), it.kind.trouble(has_command)));
        let others = files.iter().map(|path| (path.as_path(), mistaken(path)));
        let mut reasons = unfit.chain(others);
        let what = match reasons.find(|(_, why)| why.is_some()) {
            Some((path, why)) => format!("but {}: {}", name(path), why.unwrap_or_default()),
            None if files.is_empty() => "and no other file that counts".to_owned(),
            None => format!("only {}", some(files.iter().map(|path| name(path)))),
        };
        Err(format!("no program in it, {what}"))
    }
}

/// Some of these names, and how many more there are.
fn some(mut names: impl ExactSizeIterator<Item = String>) -> String {
    let mut some: Vec<_> = names.by_ref().take(NAMED).collect();
    if names.len() > 0 {
        some.push(format!("{} more", names.len()));
    }
    some.join(", ")
}

fn search(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if folder::is_by_the_way(&path) {
            continue;
        }
        let file_type = entry.file_type()?;
        if file_type.is_dir() {
            search(&path, files)?;
        } else if file_type.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether it is something that has to be unpacked.
pub(crate) fn is_archive(path: &Path) -> bool {
    ARCHIVES.contains(&ending(path).as_str())
}

/// Why it is no program although somebody handed it in for one: an archive, a document, or a program
/// with an ending more, which Windows hides. `None` if it is something else.
pub(crate) fn mistaken(path: &Path) -> Option<String> {
    let hidden = path.with_extension("");
    let is_text = ending(path) == "txt" && hidden.extension().is_some();
    let why = if is_archive(path) {
        "unpack it into a folder of the same name"
    } else if DOCUMENTS.contains(&ending(path).as_str()) {
        "it is a document: hand in the program's own file"
    } else if is_text && kind(&hidden).is_some() {
        "its name ends in .txt, which Windows may hide: rename it"
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

fn kind(path: &Path) -> Option<Kind> {
    // The ending of one that can't be read says enough.
    let begins = begin(path).unwrap_or_default();
    let is_utf16 = begins.starts_with(b"\xff\xfe") || begins.starts_with(b"\xfe\xff");
    let kind = kind_of(path, &begins)?;
    Some(if is_utf16 { Kind::Utf16 } else { kind })
}

fn kind_of(path: &Path, begins: &[u8]) -> Option<Kind> {
    if let Some(interpreter) = shebang(begins) {
        return Some(Kind::Script(interpreter));
    }
    let script = |interpreter: &str| Some(Kind::Script(vec![interpreter.to_owned()]));
    let source = match ending(path).as_str() {
        "py" if path.ends_with("__init__.py") => return Some(Kind::Part),
        "py" | "pyw" if find_in_path("python3").is_some() => return script("python3"),
        "py" | "pyw" => return script("python"),
        "js" | "mjs" | "cjs" => return script("node"),
        "pl" => return script("perl"),
        "rb" => return script("ruby"),
        same @ ("lua" | "php") => return script(same),
        "java" => Kind::Java,
        "c" => Kind::C("cc"),
        "cc" | "cpp" | "cxx" => Kind::C("c++"),
        "rs" => Kind::Rust,
        "class" => return Some(Kind::Other("java -cp {dir} Main")),
        "go" => return Some(Kind::Other("go run {file}")),
        "jar" => return Some(Kind::Other("java -jar {file}")),
        "sh" => return Some(Kind::Other("sh {file}")),
        other if OTHER_SOURCES.contains(&other) => return Some(Kind::Other(OTHER_COMMAND)),
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
    Some(if has_main(&String::from_utf8_lossy(begins)) {
        source
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
        let why = "no program in it, but part.c: it has no main";
        assert!(error.starts_with(why), "{error}");
        let error = found(&foreign[..1]).unwrap_err();
        let why = "no program in it, but chat.exe: it was compiled for another system";
        assert!(error.starts_with(why), "{error}");
        let built = [
            ("build/server.class", ""),
            ("Chat.kt", ""),
            ("x/server.jar", ""),
        ];
        assert_eq!(found_for(true, &built).unwrap(), "Chat.kt");
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
        let why = "which is the program: a.py, b.py, c.py, d.py, e.py, 2 more? Rename one to \
                   chat_server, or give a command, such as: -- python3 \"{dir}/a.py\" {port}";
        assert_eq!(error, why);
    }

    /// Each name is that of the program and then those of the other files.
    #[test]
    fn a_program_is_found_by_the_names_of_all() {
        for names in [
            ["server.py", "client.py"],
            ["server_final.py", "client_final.py"],
            ["服务器.py", "客户端.py"],
            ["聊天 服务端.py", "server_old.py"],
            ["server/app.py", "client/main.py"],
            ["chat/server.py", "udp/server.py"],
            ["src/__main__.py", "src/room.py"],
            ["server/main.py", "tools/main.py"],
            ["聊天.py", "客户端.py"],
            ["server_peer.py", "test_server.py"],
            ["chat.py", "tests/server.py"],
            ["Chat.java", "ServerTest.java"],
        ] {
            let files = names.map(|name| (name, MAIN));
            assert_eq!(found(&files).unwrap(), names[0], "{names:?}");
        }
    }

    /// As above, with what each file has in it.
    #[test]
    fn a_program_is_found_by_what_others_load() {
        let guard = "if __name__ == '__main__': test()";
        let java = "class App { void main() { Greeter.greet(); } }";
        let with_guard = format!("import util\n{guard}");
        let cases: [&[(&str, &str)]; 11] = [
            &[("app.py", "from util import serve"), ("util.py", "")],
            &[
                ("app.py", &with_guard),
                ("util.py", guard),
                ("test_app.py", "import app"),
            ],
            &[("main.py", "import server"), ("server.py", "")],
            &[("test.py", "import util"), ("util.py", "")],
            &[("server.py", guard), ("main.py", "import server")],
            &[
                ("app.py", "import lib"),
                ("lib/__init__.py", "from .net import *"),
                ("lib/net.py", ""),
            ],
            &[("app.py", guard), ("test_app.py", "import app")],
            &[("app.py", ""), ("start.sh", "#!/bin/sh\n")],
            &[("app.js", "require('./lib/proto')"), ("lib/proto.js", "")],
            &[("app.js", "import a from './lib';"), ("lib/index.js", "")],
            &[
                ("App.java", java),
                ("Greeter.java", "class Greeter { void main() {} }"),
            ],
        ];
        for files in cases {
            assert_eq!(found(files).unwrap(), files[0].0, "{files:?}");
        }
        // Not by a word that is no import.
        let unclear = [("app.js", "const peer = require('net')"), ("peer.js", "")];
        assert!(
            found(&unclear)
                .unwrap_err()
                .starts_with("which is the program")
        );
    }

    #[test]
    fn a_folder_without_a_program_is_told_by_what_is_in_it() {
        let told = |name| found(&[(name, "")]).unwrap_err().replace('\\', "/");
        assert_eq!(told("server.txt"), "no program in it, only server.txt");
        assert_eq!(
            told("homework/作业.zip"),
            "no program in it, but homework/作业.zip: unpack it into a folder of the same name"
        );
        assert_eq!(
            told("chat.ipynb"),
            "no program in it, but chat.ipynb: it is a document: hand in the program's own file"
        );
        assert_eq!(
            told(".hidden"),
            "no program in it, and no other file that counts"
        );
    }

    #[test]
    fn text_in_utf16_is_not_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.py");
        fs::write(&path, b"\xff\xfei\0m\0").unwrap();
        let trouble = ProgramFile::of_any(&path).kind.trouble(false).unwrap();
        assert_eq!(trouble, "its text is UTF-16: save it as UTF-8");
    }

    #[test]
    fn a_part_is_no_program() {
        let error = found(&[("part.c", "int domain(void);")]).unwrap_err();
        assert!(error.starts_with("no program in it, but part.c: it has no main"));
        let error = found(&[("server.kt", MAIN)]).unwrap_err();
        assert!(error.starts_with("no program in it, but server.kt: nobody knows"));
        assert_eq!(found(&[("a.cpp", MAIN), ("b.cpp", "")]).unwrap(), "a.cpp");
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
        assert!(path.ends_with("作业/renamed/renamed.py"), "{path:?}");
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
