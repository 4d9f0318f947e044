//! What a student's file has in it, as the compiler reads it: a comment counts for nothing.

use proc_macro2::{Group, Spacing, TokenStream, TokenTree};

/// The number of the first line that has a `todo!(`. One in a comment or a text doesn't count.
pub fn unfinished(source: &str) -> Option<usize> {
    tokens(source).windows(2).find_map(|pair| match pair {
        // In `todo != 1`, the sign is joined with the next one.
        [TokenTree::Ident(name), TokenTree::Punct(sign)]
            if name == "todo" && sign.as_char() == '!' && sign.spacing() == Spacing::Alone =>
        {
            Some(name.span().start().line)
        }
        _ => None,
    })
}

/// What a student's file uses that others may have written: a chapter's crate or its program, a
/// file of its `src`, the answers to the exercises, or any other program, which a `Command` starts.
/// Whoever marks it should look why.
pub fn borrowed(source: &str) -> Option<String> {
    let is_in_word = |c: char| c.is_ascii_alphanumeric() || "_-/.".contains(c);
    let is_others = |word: &str| {
        let start = word.as_bytes();
        let is_chapter = matches!(start, [b'c', b'h', b'0'..=b'9', b'_' | b'-', ..]);
        is_chapter || word.contains("../src/") || word == "solutions"
    };
    let tokens = tokens(source);
    let starts_program = has(&tokens, "process") && has(&tokens, "Command");
    let others = tokens.iter().find_map(|token| {
        let text = token.to_string();
        let mut words = text.split(|c| !is_in_word(c)).flat_map(|word| {
            // A path is a word by itself, and so are its parts.
            let parts = word.split(['/', '.']).filter(move |part| *part != word);
            parts.chain([word])
        });
        words.find(|word| is_others(word)).map(str::to_owned)
    });
    others.or_else(|| starts_program.then(|| "Command".to_owned()))
}

/// Whether it may end the process that it runs in: `exit` and `abort` are in `std::process`, and
/// `exec` is a method of its `Command`.
pub fn may_end_its_process(source: &str) -> bool {
    let tokens = tokens(source);
    let ends = ["exit", "abort", "exec"];
    has(&tokens, "process") && ends.iter().any(|name| has(&tokens, name))
}

/// Whether one of them is this name.
fn has(tokens: &[TokenTree], name: &str) -> bool {
    let is_it = |token: &TokenTree| token.to_string().trim_start_matches("r#") == name;
    tokens.iter().any(is_it)
}

/// The names, signs and literals of a source of Rust. Without any if it is no Rust at all: then it
/// doesn't compile either.
fn tokens(source: &str) -> Vec<TokenTree> {
    leaves(source.parse().unwrap_or_default())
}

fn leaves(tokens: TokenStream) -> Vec<TokenTree> {
    let leaves = tokens.into_iter().flat_map(|token| match token {
        TokenTree::Group(group) if is_doc(&group) => Vec::new(),
        TokenTree::Group(group) => leaves(group.stream()),
        leaf => vec![leaf],
    });
    leaves.collect()
}

/// Whether it is a comment `/// …`, as the compiler sees it: `#[doc = "…"]`.
fn is_doc(group: &Group) -> bool {
    let first = group.stream().into_iter().next();
    matches!(first, Some(TokenTree::Ident(name)) if name == "doc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_todo_is_one_only_in_code() {
        for (source, line) in [
            ("fn a() {}\nfn b() { todo!(\"halve\") }", Some(2)),
            ("// todo!(", None),
            ("/// todo!(\nfn a() {}", None),
            ("/* /* a */ todo!( */ fn a() {}", None),
            ("fn a(todo: u8) -> bool { todo != (1) }", None),
            ("let a = \"todo!(\";", None),
            ("let a = r#\"\"todo!(\"#; let b = 'x';", None),
            ("let a = '\"'; todo!() // \"", Some(1)),
            ("let a = '\\''; fn b(c: &'static str) { todo!() }", Some(1)),
            ("let a = \"\\\"//\"; todo!()", Some(1)),
        ] {
            assert_eq!(unfinished(source), line, "{source}");
        }
    }

    #[test]
    fn what_others_wrote_is_found() {
        for (source, what) in [
            (
                "ch4_tcp_server::robust::serve(listener)",
                Some("ch4_tcp_server"),
            ),
            (
                "#[path = \"../src/robust.rs\"] mod a;",
                Some("../src/robust.rs"),
            ),
            ("run(\"target/debug/ch4-chat\")", Some("ch4-chat")),
            ("use crate::solutions::choose;", Some("solutions")),
            (
                "process::Command::new(concat!(\"ch4\", \"-chat\"))",
                Some("Command"),
            ),
            ("enum Command { Exit }", None),
            (
                "//! cargo run -p ch4-tcp-server\nlet change_1 = \"Hello\";",
                None,
            ),
        ] {
            assert_eq!(borrowed(source).as_deref(), what, "{source}");
        }
    }

    #[test]
    fn what_may_end_its_process_is_found() {
        for (source, may_end) in [
            ("use std::{self as s, process as p};\np::abort()", true),
            ("std::r#process::r#exit(0)", true),
            ("// process::exit(0)\nlet exit = \"process\";", false),
            ("fn process(word: u16) {}", false),
        ] {
            assert_eq!(may_end_its_process(source), may_end, "{source}");
        }
    }
}
