//! How a program is started: its words, and where the port goes.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::{fs, iter};

use bstr::{ByteSlice, ByteVec};
use console::safe;

/// A command that starts a program, with `{port}` where it is told its port.
#[derive(Debug, Clone)]
pub struct Command {
    pub(crate) program: OsString,
    pub(crate) arguments: Vec<OsString>,
    /// Where it runs; by default where this process does. A program that is found by a relative
    /// path is looked for there on some systems and here on others, so give an absolute one.
    pub dir: Option<PathBuf>,
}

impl Command {
    /// A command of these words.
    pub fn new<W: Into<OsString>>(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = W>,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            dir: None,
        }
    }

    /// The same command, run in this folder.
    #[must_use]
    pub fn within(mut self, dir: &Path) -> Self {
        self.dir = Some(dir.to_owned());
        self
    }

    /// The command with this text replaced, wherever it is in the words: such as `{file}` by a
    /// path.
    #[must_use]
    pub fn with(&self, text: &str, replacement: &OsStr) -> Self {
        // The words need not be UTF-8. (On Windows this changes words with half a surrogate pair.)
        let replacement = Vec::from_os_str_lossy(replacement);
        let replace = |word: &OsString| {
            let word = Vec::from_os_str_lossy(word);
            word.replace(text, &replacement).into_os_string_lossy()
        };
        Self {
            program: replace(&self.program),
            arguments: self.arguments.iter().map(replace).collect(),
            dir: self.dir.clone(),
        }
    }

    /// Whether the command has this text in one of its words.
    pub fn has(&self, text: &str) -> bool {
        let mut words = iter::once(&self.program).chain(&self.arguments);
        words.any(|word| word.to_string_lossy().contains(text))
    }

    /// What to change in a file that the system can't run, or runs as something else. `None` if
    /// nothing is wrong with it, or the program isn't given by its path.
    pub fn trouble(&self) -> Option<&'static str> {
        let path = self.dir.clone().unwrap_or_default().join(&self.program);
        if path.components().count() < 2 {
            return None;
        }
        let file = fs::File::open(&path).ok()?;
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::mode(&file.metadata().ok()?) & 0o111 == 0 {
            return Some(
                "The file isn't executable. Make it so (chmod +x), or give it to its interpreter: \
                 -- python3 server.py {port}",
            );
        }
        let mut start = Vec::new();
        file.take(128).read_to_end(&mut start).ok()?;
        match start.strip_prefix(b"#!") {
            None if !start.contains(&0) => Some(
                "The file has no first line that names its interpreter, so a shell ran it. Begin \
                 it with #!/usr/bin/env python3, or whatever it is written in.",
            ),
            Some(words) if words.split(|it| *it == b'\n').next()?.ends_with(b"\r") => Some(
                "The file's lines end with CR and LF, as on Windows, so the name of its \
                 interpreter ends with a CR. Save it with LF alone.",
            ),
            _ => None,
        }
    }

    /// The command with this port.
    #[must_use]
    pub fn for_port(&self, port: u16) -> Self {
        self.with("{port}", OsStr::new(&port.to_string()))
    }
}

/// As it is typed into a shell.
impl Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A shell does nothing with these. (On Windows a path has backslashes.)
        let is_plain = |c: char| {
            c.is_alphanumeric() || "-_./:,=+@%{}".contains(c) || cfg!(windows) && c == '\\'
        };
        let quoted = |word: &OsString| {
            let word = word.to_string_lossy();
            if !word.is_empty() && word.chars().all(is_plain) {
                word.into_owned()
            } else if cfg!(windows) {
                format!("\"{word}\"")
            } else {
                format!("'{}'", word.replace('\'', r"'\''"))
            }
        };
        let words = iter::once(&self.program).chain(&self.arguments).map(quoted);
        f.write_str(&safe::escape(&words.collect::<Vec<_>>().join(" ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_replaced_wherever_it_is() {
        let command = Command::new("{dir}/run", ["{file}", "-p{port},{port}", "{"]);
        let command = command.with("{dir}", OsStr::new("/a"));
        let command = command.with("{file}", OsStr::new("{file}x"));
        assert_eq!(command.for_port(7).to_string(), "/a/run {file}x -p7,7 {");
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_the_words_again() {
        for word in [
            "",
            "a b",
            "$PWD/$0",
            "it's",
            "\"`;",
            "a\\b!",
            "~[x]",
            "*",
            "a=b",
            "{dir}/x.py",
        ] {
            let command = Command::new("printf", ["%s", word]);
            let mut shell = std::process::Command::new("sh");
            let output = shell.args(["-c", &command.to_string()]).output();
            assert_eq!(output.unwrap().stdout, word.as_bytes());
        }
    }

    #[cfg(unix)]
    #[test]
    fn words_need_not_be_utf8() {
        use std::os::unix::ffi::OsStrExt;
        let name = OsStr::from_bytes(b"\xff{port}\xfe");
        let command = Command::new(name, [""; 0]).for_port(80);
        assert_eq!(command.program.as_bytes(), b"\xff80\xfe");
    }
}
