//! A page: its blocks, links, headings and commands.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::root;

/// A Markdown file.
#[derive(Debug)]
pub struct Page {
    /// Where it is, from the workspace's directory on.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
    /// Its fenced blocks.
    pub blocks: Vec<Block>,
    /// Where its links and images lead to, and the line of each.
    pub links: Vec<(String, usize)>,
    /// Its headings: level, text and line.
    pub headings: Vec<(u8, String, usize)>,
    /// Its code within text, and the line of each.
    pub code: Vec<(String, usize)>,
    /// What `<a id="…">` names: a heading's name that stays when the heading gets more words.
    pub anchors: Vec<String>,
}

/// A fenced block.
#[derive(Debug)]
pub struct Block {
    /// The word after its fence.
    pub language: String,
    /// What `<!-- source: … -->` on the line before says.
    pub source: Option<String>,
    /// Whether `<!-- fails … -->` is on the line before: one of its commands may fail.
    pub may_fail: bool,
    /// What is in it, each line with its line end.
    pub text: String,
    /// Where the text is in the page.
    pub range: Range<usize>,
    /// The line of its fence.
    pub line: usize,
}

/// The source of a block that shows what the commands in the block before it print.
pub const COMMANDS_ABOVE: &str = "the commands above";

/// The README in Chinese. It has the commands and the quotes of the README.
pub const CHINESE: &str = "README.zh-CN.md";

/// Measuring takes a quarter of an hour, so no test of ours runs these commands as printed:
/// `tools/bench/tests/external.rs` runs them in their quick form.
pub const MEASURING: &str = "cargo run --release -p bench";

impl Block {
    /// The commands of an `sh` block.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        let lines = if self.language == "sh" {
            &self.text
        } else {
            ""
        };
        lines.lines().map(str::trim).filter(|line| !line.is_empty())
    }
}

impl Page {
    /// The README, also in Chinese, and all pages of `docs/`, by path.
    ///
    /// # Errors
    ///
    /// One of them can't be read.
    pub fn all() -> io::Result<Vec<Self>> {
        let mut paths = vec![PathBuf::from("README.md"), PathBuf::from(CHINESE)];
        for entry in fs::read_dir(root().join("docs"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                paths.extend(path.strip_prefix(root()).map(Path::to_owned));
            }
        }
        paths.sort();
        paths.into_iter().map(Self::read).collect()
    }

    /// The page at this path.
    ///
    /// # Errors
    ///
    /// It can't be read.
    pub fn read(path: PathBuf) -> io::Result<Self> {
        let text = fs::read_to_string(root().join(&path))?;
        Ok(Self::parse(path, text))
    }

    /// The page with this text.
    pub fn parse(path: PathBuf, text: String) -> Self {
        let line_ends: Vec<_> = text.match_indices('\n').map(|(end, _)| end).collect();
        let line_of = |offset: usize| line_ends.partition_point(|end| *end < offset) + 1;
        let (mut blocks, mut links, mut headings) = (Vec::new(), Vec::new(), Vec::new());
        let (mut code, mut anchors) = (Vec::new(), Vec::new());
        let mut heading: Option<String> = None;
        for (event, range) in Parser::new_ext(&text, Options::ENABLE_TABLES).into_offset_iter() {
            let line = line_of(range.start);
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let language = match kind {
                        CodeBlockKind::Fenced(language) => language.to_string(),
                        CodeBlockKind::Indented => "an indented block".to_owned(),
                    };
                    let inside = inside(&text, &range);
                    blocks.push(Block {
                        language,
                        source: comment_before(&text, range.start, "source:"),
                        may_fail: comment_before(&text, range.start, "fails").is_some(),
                        text: text.get(inside.clone()).unwrap_or_default().to_owned(),
                        range: inside,
                        line,
                    });
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    links.push((dest_url.to_string(), line));
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(level)) => {
                    headings.extend(heading.take().map(|text| (level as u8, text, line)));
                }
                Event::InlineHtml(tag) => {
                    let name = tag
                        .strip_prefix("<a id=\"")
                        .and_then(|it| it.strip_suffix("\">"));
                    anchors.extend(name.map(ToOwned::to_owned));
                }
                Event::Text(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::Code(text) => {
                    code.push((text.to_string(), line));
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        Self {
            path,
            text,
            blocks,
            links,
            headings,
            code,
            anchors,
        }
    }

    /// The headings of its sections, the second level, and the line of each.
    pub fn sections(&self) -> impl Iterator<Item = (&str, usize)> {
        let sections = self.headings.iter().filter(|(level, ..)| *level == 2);
        sections.map(|(_, heading, line)| (heading.as_str(), *line))
    }

    /// A line of it, as messages name it: `docs/3-socket.md:12`.
    pub fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }

    /// The fragments by which links reach its headings (the rule of code-hosting sites) and
    /// anchors.
    pub fn fragments(&self) -> Vec<String> {
        let mut fragments: Vec<String> = Vec::new();
        for (_, heading, _) in &self.headings {
            let plain = slug(heading);
            let same = fragments.iter().filter(|it| **it == plain).count();
            fragments.push(match same {
                0 => plain,
                _ => format!("{plain}-{same}"),
            });
        }
        fragments.extend_from_slice(&self.anchors);
        fragments
    }
}

/// What a heading is called in a link: small letters, digits, `-` and `_`; a space is a `-`.
fn slug(heading: &str) -> String {
    heading
        .chars()
        .filter(|&c| c.is_alphanumeric() || "-_ ".contains(c))
        .flat_map(char::to_lowercase)
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// The lines between a block's fences.
fn inside(text: &str, block: &Range<usize>) -> Range<usize> {
    let whole = text.get(block.clone()).unwrap_or_default();
    let start = whole.find('\n').map_or(whole.len(), |end| end + 1);
    let end = whole.trim_end().rfind('\n').map_or(start, |end| end + 1);
    block.start + start..block.start + end.max(start)
}

/// What `<!-- KEY TEXT -->` on the line before says.
fn comment_before(text: &str, offset: usize, key: &str) -> Option<String> {
    let line = text.split_at(offset).0.lines().last()?;
    let comment = line.strip_prefix("<!--")?.strip_suffix("-->")?.trim();
    comment.strip_prefix(key).map(|rest| rest.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_blocks_links_headings_and_commands() {
        let text = "\
# 4.1 A *TCP* `server` · 创建TCP服务器

Run `cargo test`, see [there](a.md#b).

<!-- source: crates/a.rs#b -->
```rust
let a = 1;
```

<!-- fails until it is written -->
```sh
cargo run

printf '#' | nc 127.0.0.1 8080
```

<!-- source: the commands above -->
```text
```

## Twice

<a id=\"named\"></a>

## Twice
";
        let page = Page::parse("a.md".into(), text.to_owned());
        let [rust, sh, empty] = page.blocks.as_slice() else {
            panic!("{:?}", page.blocks)
        };
        assert_eq!(rust.source.as_deref(), Some("crates/a.rs#b"));
        assert_eq!((rust.text.as_str(), rust.line), ("let a = 1;\n", 6));
        let commands: Vec<_> = sh.commands().collect();
        assert_eq!(commands, ["cargo run", "printf '#' | nc 127.0.0.1 8080"]);
        assert!(sh.may_fail && !empty.may_fail);
        assert_eq!(empty.source.as_deref(), Some(COMMANDS_ABOVE));
        assert_eq!(empty.text, "");
        assert_eq!(page.links, [("a.md#b".to_owned(), 3)]);
        assert_eq!(page.code[1], ("cargo test".to_owned(), 3));
        assert_eq!(
            page.fragments(),
            [
                "41-a-tcp-server--创建tcp服务器",
                "twice",
                "twice-1",
                "named"
            ]
        );
    }
}
