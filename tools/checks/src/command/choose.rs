//! Which of several files is the program: by their names, and by what they load.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::Path;

use checks::check::Role;

use crate::program_file::{Kind, ProgramFile, begin, ending};
use crate::source::loads;

/// What may be in a script that another one loads if it can run by itself, too.
const MAINS: [&str; 3] = ["__main__", "require.main", "main("];

/// Words in names of files, and how the names of roles have them.
const WORDS: [(&str, &str); 6] = [
    ("服务器", "server"),
    ("服务端", "server"),
    ("客户端", "client"),
    ("聊天", "chat"),
    ("-", "_"),
    (" ", "_"),
];

/// Finds out which of these files in `root` is the program of this role. `all` has the parts of
/// programs as well. Each step keeps the files that fit, unless none does. If more than one is left,
/// it isn't clear.
pub(crate) fn choose<'a>(
    mut left: Vec<&'a ProgramFile>,
    all: &[ProgramFile],
    root: &Path,
    role: Role,
) -> Vec<&'a ProgramFile> {
    let role = role.to_string().replace('-', "_");
    let (kind, side) = role.split_once('_').unwrap_or_default();
    let other_side = if side == "server" { "client" } else { "server" };
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
    let is_part = |it: &ProgramFile| {
        let has_main = || MAINS.iter().any(|main| text(it).contains(main));
        loaded.contains(&name(it)) && !has_main()
    };
    // A source knows more than what was compiled from it, maybe on another system.
    let is_source = |it: &ProgramFile| {
        let is_compiled = ["class", "jar"].contains(&&*ending(&it.path));
        !is_compiled && !matches!(it.kind, Kind::Executable | Kind::Foreign)
    };
    // Parts first: a program named test.py may be the one that loads them.
    keep(&mut left, |it| !is_part(it));
    keep(&mut left, |it| !is_helper(it));
    keep(&mut left, |it| has(it, side) || !has(it, other_side));
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
    keep(&mut left, |it| !loaded.contains(&name(it)));
    left
}

fn keep(left: &mut Vec<&ProgramFile>, fits: impl Fn(&ProgramFile) -> bool) {
    if left.iter().any(|it| fits(it)) {
        left.retain(|it| fits(it));
    }
}

/// A name as the names of roles are written.
fn simple(name: Option<&OsStr>) -> String {
    let name = name.unwrap_or_default().to_string_lossy().to_lowercase();
    let replace = |name: String, (word, by): &(&str, &str)| name.replace(word, by);
    WORDS.iter().fold(name, replace)
}

/// The name by which others load it.
fn name(program: &ProgramFile) -> String {
    let path = &program.path;
    let is_index = path.file_stem().is_some_and(|stem| stem == "index");
    let path = if is_index { program.folder() } else { path };
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn loaded_by(program: &ProgramFile) -> Vec<String> {
    let mut names = loads(&text(program), &ending(&program.path));
    names.retain(|it| *it != name(program));
    names
}

fn text(program: &ProgramFile) -> String {
    let text = begin(&program.path).unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}
