//! Which of several files is the program: by their names, and by what they load.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use checks::check::Role;

use crate::folder;
use crate::program_file::{FileKind, ProgramFile, TO_MARK, begin_text, ending, mistaken};
use crate::source::loads;

/// What is in a script that other scripts load, but that runs by itself, too.
const MAINS: [&str; 3] = ["__main__", "require.main", "main("];

/// How many programs are named if there are too many.
const NAMED: usize = 5;

/// Words in names of files, and how the names of roles have them.
const WORDS: [(&str, &str); 6] = [
    ("服务器", "server"),
    ("服务端", "server"),
    ("客户端", "client"),
    ("聊天", "chat"),
    ("-", "_"),
    (" ", "_"),
];

/// Finds the program of this role in a folder and the folders in it. With a command, it may be
/// one that nobody would know how to start without.
///
/// # Errors
///
/// There is none, or it isn't clear which one it is. The error says so in words.
pub(crate) fn find(folder: &Path, role: Role, has_command: bool) -> Result<ProgramFile, String> {
    let mut files = Vec::new();
    search(folder, &mut files).map_err(|error| format!("its folder can't be read: {error}"))?;
    files.sort();
    let all: Vec<_> = files
        .iter()
        .filter_map(|path| ProgramFile::of(path))
        .collect();
    let (unfit, fit): (Vec<_>, Vec<_>) = all
        .iter()
        .partition(|it| it.kind.trouble(has_command).is_some());
    let fit = choose(fit, &all, folder, role);
    match fit.as_slice() {
        [program] => return Ok((*program).clone()),
        [] => {}
        several @ [first, ..] => return Err(unclear(several, first, folder, role)),
    }
    let unfit = choose(unfit, &all, folder, role);
    let unfit = unfit.first();
    let unfit = unfit.and_then(|it| Some((&it.path, it.kind.trouble(has_command)?)));
    let other = || files.iter().find_map(|path| Some((path, mistaken(path)?)));
    let what = match unfit.or_else(other) {
        Some((path, why)) => format!("but {}: {why}", shown(path, folder)),
        None if files.is_empty() => "and no other file that counts".to_owned(),
        None => format!("only {}", some(files.iter().map(|it| shown(it, folder)))),
    };
    Err(format!("no program in it, {what}"))
}

/// Why nobody knows which of several programs to take, and what to do.
fn unclear(programs: &[&ProgramFile], first: &ProgramFile, folder: &Path, role: Role) -> String {
    let names = some(programs.iter().map(|it| shown(&it.path, folder)));
    let role = name_of(role);
    let mut stems = programs.iter().map(|it| simple(it.path.file_stem()));
    let how = if stems.any(|stem| stem == role) {
        "Hand in one of them".to_owned()
    } else {
        format!("Rename one to {role}")
    };
    let words = match &first.kind {
        FileKind::Script(words) => words.join(" "),
        _ => "COMMAND".to_owned(),
    };
    format!(
        "which is the program: {names}? {how}{TO_MARK}give a command, such as: -- {words} \
         \"{{dir}}/{}\" {{port}})",
        shown(&first.path, folder)
    )
}

/// A file's path in this folder, safe to print.
fn shown(path: &Path, folder: &Path) -> String {
    let path = path.strip_prefix(folder).unwrap_or(path);
    crate::safe_name(path.as_os_str())
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

/// Finds out which of these files in `root` is the program of this role. `all` has the parts of
/// programs as well. Each step keeps the files that fit, unless none does. If more than one is
/// left, it isn't clear.
fn choose<'a>(
    mut left: Vec<&'a ProgramFile>,
    all: &[ProgramFile],
    root: &Path,
    role: Role,
) -> Vec<&'a ProgramFile> {
    let role = name_of(role);
    let (kind, side) = role.split_once('_').unwrap_or_default();
    let other_side = other(side);
    let stem = |it: &ProgramFile| simple(it.path.file_stem());
    let folders = |it: &ProgramFile| {
        let folders = it.folder().strip_prefix(root);
        simple(folders.ok().map(Path::as_os_str))
    };
    let has = |it: &ProgramFile, word: &str| stem(it).contains(word) || folders(it).contains(word);
    // It tests or starts another program.
    let is_helper = |it: &ProgramFile| {
        let is_test = |name: String| name.starts_with("test") || name.ends_with("test");
        is_test(stem(it)) || is_test(folders(it)) || ending(&it.path) == "sh"
    };
    let loaded: HashSet<_> = all.iter().flat_map(loaded_by).collect();
    let is_part = |it: &ProgramFile| loaded.contains(&module(it)) && !runs_by_itself(it);
    // Parts first: a program named test.py may be the one that loads them.
    keep(&mut left, |it| !is_part(it));
    keep(&mut left, |it| !is_helper(it));
    keep(&mut left, |it| has(it, side) || !has(it, other_side));
    // A source says more than what was compiled from it, maybe on another system.
    keep(&mut left, is_source);
    // From what says most to what says least.
    let rules: [&dyn Fn(&&ProgramFile) -> bool; 5] = [
        &|it| stem(it).replace('_', "") == role.replace('_', ""),
        &|it| stem(it) == side,
        &|it| stem(it).trim_matches('_') == "main",
        &|it| stem(it).contains(kind) && stem(it).contains(side),
        &|it| stem(it).contains(side),
    ];
    if let Some(rule) = rules.iter().find(|rule| left.iter().any(rule)) {
        left.retain(rule);
        // An old version is often in a folder below.
        let depth = |it: &&ProgramFile| it.path.components().count();
        let top = left.iter().map(depth).min();
        left.retain(|it| Some(depth(it)) == top);
    }
    keep(&mut left, |it| folders(it).contains(side));
    keep(&mut left, |it| folders(it).contains(kind));
    let loaded: HashSet<_> = left.iter().flat_map(|it| loaded_by(it)).collect();
    keep(&mut left, |it| !loaded.contains(&module(it)));
    left
}

fn keep(left: &mut Vec<&ProgramFile>, fits: impl Fn(&ProgramFile) -> bool) {
    if left.iter().any(|it| fits(it)) {
        left.retain(|it| fits(it));
    }
}

fn runs_by_itself(program: &ProgramFile) -> bool {
    let text = begin_text(&program.path).unwrap_or_default();
    MAINS.iter().any(|main| text.contains(main))
}

fn is_source(program: &ProgramFile) -> bool {
    let is_compiled = ["class", "jar"].contains(&ending(&program.path).as_str());
    !is_compiled && !matches!(program.kind, FileKind::Executable | FileKind::Foreign)
}

/// The side whose program this is by the names in its command, if it isn't this role's.
pub(crate) fn other_side(command: &str, role: Role) -> Option<&'static str> {
    let names = simple(Some(OsStr::new(command)));
    let role = name_of(role);
    let (_, side) = role.split_once('_')?;
    (names.contains(other(side)) && !names.contains(side)).then(|| other(side))
}

fn other(side: &str) -> &'static str {
    if side == "server" { "client" } else { "server" }
}

/// The role's name, as a file may have it: `tcp_server`.
fn name_of(role: Role) -> String {
    role.to_string().replace('-', "_")
}

/// A name as the names of roles are written.
fn simple(name: Option<&OsStr>) -> String {
    let name = name.unwrap_or_default().to_string_lossy().to_lowercase();
    let replace = |name: String, (word, by): &(&str, &str)| name.replace(word, by);
    WORDS.iter().fold(name, replace)
}

/// The name by which other programs load this one.
fn module(program: &ProgramFile) -> String {
    let path = &program.path;
    let is_index = path.file_stem().is_some_and(|stem| stem == "index");
    let path = if is_index { program.folder() } else { path };
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// The names of what this program loads, except its own.
fn loaded_by(program: &ProgramFile) -> Vec<String> {
    let text = begin_text(&program.path).unwrap_or_default();
    let mut names = loads(&text, &ending(&program.path));
    let own = module(program);
    names.retain(|it| *it != own);
    names.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
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
        let found = find(folder.path(), Role::ChatServer, has_command)?;
        let path = found.path.strip_prefix(folder.path()).unwrap();
        Ok(path.to_str().unwrap().replace('\\', "/"))
    }

    #[test]
    fn a_program_of_the_other_side_has_only_its_name() {
        for (command, role, expected) in [
            (
                "python3 ./udp_client.py {port}",
                Role::UdpServer,
                Some("client"),
            ),
            ("java ChatServer {port}", Role::ChatClient, Some("server")),
            (
                "python3 ./客户端.py {port}",
                Role::TcpServer,
                Some("client"),
            ),
            ("python3 ./client/server.py {port}", Role::TcpServer, None),
            ("python3 ./server.py {port}", Role::TcpServer, None),
            ("python3 ./chat.py {port}", Role::ChatServer, None),
        ] {
            assert_eq!(other_side(command, role), expected, "{command}");
        }
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
        let names = ["a.rb", "b.rb", "c.rb", "d.rb", "e.rb", "f.rb", "g.rb"];
        let error = found(&names.map(|name| (name, ""))).unwrap_err();
        let why = "which is the program: a.rb, b.rb, c.rb, d.rb, e.rb, 2 more? Rename one to \
                   chat_server (to mark it, give a command, such as: -- ruby \"{dir}/a.rb\" \
                   {port})";
        assert_eq!(error, why);
    }

    #[test]
    fn who_has_named_two_after_the_role_is_not_told_to_do_so() {
        let error = found(&[("chat_server.py", ""), ("chat_server.rb", "")]).unwrap_err();
        let why = "which is the program: chat_server.py, chat_server.rb? Hand in one of them (to";
        assert!(error.starts_with(why), "{error}");
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
            "no program in it, but homework/作业.zip: it is an archive; hand in its contents (to mark \
             it, unpack it into a folder of the same name)"
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
    fn a_part_is_no_program() {
        let error = found(&[("part.c", "int domain(void);")]).unwrap_err();
        assert!(error.starts_with("no program in it, but part.c: it has no main"));
        let error = found(&[("server.kt", MAIN)]).unwrap_err();
        assert!(error.starts_with("no program in it, but server.kt: the judge doesn't know"));
        assert_eq!(found(&[("a.cpp", MAIN), ("b.cpp", "")]).unwrap(), "a.cpp");
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
        let found = find(folder.path(), Role::ChatServer, false).unwrap();
        assert!(found.path.ends_with("chat.py"));
    }
}
