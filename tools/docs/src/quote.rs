//! What a block has to say, by the source that it names.
//!
//! A source is a path from the workspace's directory on, and a part of that file:
//!
//! - `crates/x/src/robust.rs#listen`: an item by its name (`Peer::send` for one of several), from
//!   its first line of code to its last; or, where less than an item is wanted, the lines between
//!   the comments `// ANCHOR: listen` and `// ANCHOR_END: listen`.
//! - `crates/x/tests/snapshots/y.snap`: what the snapshot says, without its header; with
//!   `from "A" to "B"` behind it only from the first line that contains A to the next that
//!   contains B.

use std::fs;

use crate::root;

/// The text of a source.
///
/// # Errors
///
/// The source isn't there, in words.
pub fn quote(source: &str) -> Result<String, String> {
    let (file, part) = source.split_once(' ').unwrap_or((source, ""));
    let (path, anchor) = file.split_once('#').unwrap_or((file, ""));
    let text = fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))?;
    let quoted = if anchor.is_empty() {
        snapshot(&text, part)
    } else {
        named(&text, anchor)
    };
    quoted.map_err(|missing| format!("{path} has no {missing}"))
}

/// The lines of a file of code that have this name.
///
/// # Errors
///
/// What is missing, in words.
pub fn named(text: &str, name: &str) -> Result<String, String> {
    let code = between_anchors(text, name).or_else(|| match name.split_once("::") {
        Some((owner, item)) => find_item(&find_item(text, owner, true)?, item, false),
        None => find_item(text, name, false),
    });
    let code = code.ok_or_else(|| format!("anchor or single item named {name:?}"))?;
    let lines = code.lines().filter(|line| !line.contains("// ANCHOR"));
    Ok(without_indent(&lines.collect::<Vec<_>>()))
}

fn between_anchors(text: &str, name: &str) -> Option<String> {
    let at = |mark: &str| {
        let mark = format!("// {mark}: {name}");
        text.lines().position(|line| line.trim() == mark)
    };
    let (start, end) = (at("ANCHOR")? + 1, at("ANCHOR_END")?);
    let lines: Vec<_> = text.lines().skip(start).take(end - start).collect();
    Some(lines.join("\n"))
}

/// The one item with this name; with `is_impl`, the one `impl` block of the type's own.
fn find_item(text: &str, name: &str, is_impl: bool) -> Option<String> {
    let is_it = |line: &str| {
        let words = line.trim_start().trim_start_matches("pub ");
        let words = words.trim_start_matches("pub(crate) ");
        let (kind, rest) = words.split_once([' ', '<']).unwrap_or_default();
        let rest = if is_impl && line.starts_with("impl<") {
            rest.split_once("> ").unwrap_or_default().1
        } else {
            rest
        };
        let found = rest
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .next();
        let kinds: &[&str] = if is_impl {
            &["impl"]
        } else {
            &["fn", "struct", "enum", "const", "static", "trait", "type"]
        };
        kinds.contains(&kind) && found == Some(name) && !(is_impl && line.contains(" for "))
    };
    let mut starts = text.lines().enumerate().filter(|(_, line)| is_it(line));
    let (start, first) = starts.next()?;
    if starts.next().is_some() {
        return None;
    }
    let indent = first.len() - first.trim_start().len();
    let last = format!("{:indent$}}}", "");
    let mut lines = Vec::new();
    for line in text.lines().skip(start) {
        lines.push(line);
        // rustfmt gives an item's last line the indentation of its first.
        if line.starts_with(&last) || (lines.len() == 1 && line.ends_with([';', '}'])) {
            return Some(lines.join("\n"));
        }
    }
    None
}

fn without_indent(lines: &[&str]) -> String {
    let indent = |line: &&&str| line.len() - line.trim_start().len();
    let full = lines.iter().filter(|line| !line.trim().is_empty());
    let common = full.map(|line| indent(&line)).min().unwrap_or(0);
    lines
        .iter()
        .map(|line| line.get(common..).unwrap_or_default().to_owned() + "\n")
        .collect()
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
        // ANCHOR: loop
        loop {
            break;
        }
        // ANCHOR_END: loop
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
    fn code_is_found_by_an_items_name_or_between_anchors() {
        for (name, code) in [
            ("LIMIT", "const LIMIT: usize = 5;\n"),
            ("fmt", "fn fmt() {}\n"),
            ("loop", "loop {\n    break;\n}\n"),
            (
                "Peer::send",
                "pub fn send(\n    &self,\n) {\n    loop {\n        break;\n    }\n}\n",
            ),
            ("Reader::send", "fn send() {\n    one\n}\n"),
        ] {
            assert_eq!(named(CODE, name).as_deref(), Ok(code), "{name}");
        }
        for name in ["send", "Peer", "Peer::run", "gone", ""] {
            assert!(named(CODE, name).is_err(), "{name}");
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
