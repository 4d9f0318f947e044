//! What a block has to say, by the source that it names.
//!
//! A source is a path from the workspace's directory on, and a part of that file:
//!
//! - `crates/x/src/robust.rs#listen`: an item by its name (`Peer::send` for one of several), from
//!   its first line of code to its last.
//! - `crates/x/tests/snapshots/y.snap`: what the snapshot says, without its header; with
//!   `from "A" to "B"` after it only from the first line that contains A to the next that
//!   contains B.
//! - `crates/x/examples/step2_b.rs since step1_a.rs`: the lines in which a step differs from the
//!   one before, with two lines around them.
//!
//! Items need no marks in the code, which students read; a name that is gone, or that two items
//! have, fails a test.

use std::fs;

use regex_lite::Regex;
use similar::TextDiff;

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
    if let Some(before) = part.strip_prefix("since ") {
        let before = root().join(path).with_file_name(before);
        let before = fs::read_to_string(&before)
            .map_err(|error| format!("{}: {error}", before.display()))?;
        return Ok(changes(&before, &text, 2));
    }
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
        Some((owner, name)) => block(text, owner, &format!(r"^impl(<.*?>)? {owner}(<.*>)? \{{$"))
            .and_then(|owner| block(&owner, name, &format!(r"{ITEM} {name}\b"))),
        None => block(text, name, &format!(r"{ITEM} {name}\b")),
    };
    found.ok_or_else(|| format!("single item named {name:?}"))
}

/// From the one line that has this name and matches to the end of what begins there, without its
/// indentation.
fn block(text: &str, name: &str, first: &str) -> Option<String> {
    let first = Regex::new(first).ok()?;
    let mut starts = text
        .lines()
        .enumerate()
        .filter(|(_, it)| it.contains(name) && first.is_match(it));
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

/// How a step differs from the one before: its lines with `+`, `-` or a space before each, and
/// `...` for lines that are left out. The file's own comment is, and so is the word that marks new
/// lines in a step: the next one has them without it.
pub fn changes(before: &str, after: &str, context: usize) -> String {
    let [before, after] = [before, after].map(|text| {
        let lines = text.lines().filter(|line| !line.starts_with("//!"));
        let lines = lines.map(|line| line.replacen("// New: ", "// ", 1) + "\n");
        lines.collect::<String>()
    });
    let diff = TextDiff::from_lines(&before, &after);
    let mut changes = String::new();
    for group in diff.grouped_ops(context) {
        if !changes.is_empty() {
            changes.push_str("...\n");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = format!("{}{}", change.tag(), change.value());
            changes.extend([line.trim_end(), "\n"]);
        }
    }
    changes
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
    fn a_step_is_quoted_as_what_it_changes() {
        let before = "//! One.\n\na\n// New: b\nb\nc\nd\ne\n    f\n";
        let after = "//! Two.\n\na\n// b\nb\n/// New: x\nc\nd\ne\n    g\n";
        let quoted = " b\n+/// x\n c\n...\n e\n-    f\n+    g\n";
        assert_eq!(changes(before, after, 1), quoted);
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
