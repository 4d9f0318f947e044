//! What a block has to say, by the source that it names.
//!
//! A source is a path from the workspace's directory on, and a part of that file:
//!
//! - `crates/x/src/robust.rs#listen`: an item by its name (`Peer::send` for one of several), from
//!   its first line of code to its last.
//! - `crates/x/tests/snapshots/y.snap`: what the snapshot says, without its header; with
//!   `from "A" to "B"` after it only from the first line that contains A to the next that
//!   contains B.
//!
//! Items need no marks in the code, which students read; a name that is gone, or that two items
//! have, fails a test.

use std::fs;

use regex_lite::Regex;

use crate::root;

/// The text of a source.
///
/// # Errors
///
/// The source isn't there, in words.
pub fn quote(source: &str) -> Result<String, String> {
    let (file, part) = source.split_once(' ').unwrap_or((source, ""));
    let (path, name) = file.split_once('#').unwrap_or((file, ""));
    let text = fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))?;
    let quoted = if name.is_empty() {
        snapshot(&text, part)
    } else {
        item(&text, name)
    };
    quoted.map_err(|missing| format!("{path} has no {missing}"))
}

/// The one item that has this name.
///
/// # Errors
///
/// What is missing, in words.
pub fn item(text: &str, name: &str) -> Result<String, String> {
    const ITEM: &str = r"^ *(pub(\(\w+\))? )?(const )?(fn|struct|enum|const|static|trait|type)";
    let found = match name.split_once("::") {
        Some((owner, name)) => block(text, &format!(r"^impl(<.*?>)? {owner}(<.*>)? \{{$"))
            .and_then(|owner| block(&owner, &format!(r"{ITEM} {name}\b"))),
        None => block(text, &format!(r"{ITEM} {name}\b")),
    };
    found.ok_or_else(|| format!("single item named {name:?}"))
}

/// From the one line that matches to the end of what begins there, without its indentation.
fn block(text: &str, first: &str) -> Option<String> {
    let first = Regex::new(first).ok()?;
    let mut starts = text
        .lines()
        .enumerate()
        .filter(|(_, it)| first.is_match(it));
    let (start, line) = starts.next().filter(|_| starts.next().is_none())?;
    let (indent, _) = line.split_at(line.len() - line.trim_start().len());
    // rustfmt gives an item's last line the indentation of its first.
    let last = format!("{indent}}}");
    let is_last = |(number, line): &(usize, &str)| {
        line.starts_with(&last) || (*number == start && line.ends_with([';', '}']))
    };
    let (end, _) = text.lines().enumerate().skip(start).find(is_last)?;
    let lines = text.lines().take(end + 1).skip(start);
    let lines = lines.map(|line| line.strip_prefix(indent).unwrap_or(line));
    Some(lines.flat_map(|line| [line, "\n"]).collect())
}

fn snapshot(text: &str, part: &str) -> Result<String, String> {
    let body = text.splitn(3, "---\n").nth(2).ok_or("header")?;
    // Spaces at a line's end can't be seen, and editors take them away.
    let lines = body.lines().map(str::trim_end);
    if part.is_empty() {
        return Ok(lines.flat_map(|line| [line, "\n"]).collect());
    }
    let mut words = part.split('"');
    let (Some("from "), Some(from), Some(" to "), Some(to)) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(format!("part that is named so: {part}"));
    };
    let mut quoted = String::new();
    for line in lines.skip_while(|line| !line.contains(from)) {
        quoted.extend([line, "\n"]);
        if line.contains(to) {
            return Ok(quoted);
        }
    }
    Err(format!("line with {from:?} and then one with {to:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "\
const LIMIT: usize = 5;

impl Display for Peer {
    fn fmt() {}
}

impl Peer {
    /// Says it.
    pub fn send(
        &self,
    ) {
        loop {
            break;
        }
    }
}

fn send() {}

impl<R: Read> Reader<R> {
    fn send() {
        one
    }
}
";

    #[test]
    fn code_is_found_by_an_items_name() {
        for (name, code) in [
            ("LIMIT", "const LIMIT: usize = 5;\n"),
            ("fmt", "fn fmt() {}\n"),
            (
                "Peer::send",
                "pub fn send(\n    &self,\n) {\n    loop {\n        break;\n    }\n}\n",
            ),
            ("Reader::send", "fn send() {\n    one\n}\n"),
        ] {
            assert_eq!(item(CODE, name).as_deref(), Ok(code), "{name}");
        }
        for name in ["send", "Peer", "Peer::run", "gone", ""] {
            assert!(item(CODE, name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_snapshot_is_quoted_without_its_header_whole_or_in_part() {
        let text = "---\nsource: a\n---\none \ntwo\n---\nthree\n";
        assert_eq!(snapshot(text, "").as_deref(), Ok("one\ntwo\n---\nthree\n"));
        assert_eq!(
            snapshot(text, r#"from "tw" to "--""#).as_deref(),
            Ok("two\n---\n")
        );
        assert!(snapshot(text, r#"from "two" to "one""#).is_err());
    }
}
