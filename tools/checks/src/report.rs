//! What came of a check, in words.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::iter;

use textwrap::{Options, WordSplitter};

use crate::check::{Check, Outcome, Verdict};

/// The line of a check that has been made, without a line end.
pub fn line(check: &Check, outcome: &Outcome) -> String {
    let (verdict, what) = match outcome.verdict {
        Verdict::Passed => ("passed", check.title),
        Verdict::Unsteady => ("unsteady ", check.title),
        Verdict::Failed => ("FAILED", check.title),
        Verdict::Skipped => ("skipped", outcome.saw.as_deref().unwrap_or_default()),
    };
    let same_as = outcome
        .same_as
        .map_or_else(String::new, |first| format!(" (same step as {first})"));
    format!("{verdict:<8}{:<29} {what}{same_as}", check.id)
}

/// Why a check has failed, and what to do: some lines, indented. Nothing if it hasn't failed.
pub fn explanation(check: &Check, outcome: &Outcome) -> String {
    // The commands are to be copied, so they are never wrapped.
    lines(&parts(check, outcome), 78) + &lines(&by_hand(outcome), usize::MAX)
}

/// How to repeat it by hand: the program as it was started last, and its peers.
fn by_hand(outcome: &Outcome) -> Vec<(String, String)> {
    let mut steps = outcome.steps.iter().rev();
    let start = steps.find_map(|step| step.strip_prefix("$ "));
    let (Some(start), Some(peer)) = (start, outcome.by_hand.first()) else {
        return Vec::new();
    };
    let mut steps = outcome.steps.iter();
    let types = steps.any(|step| step.contains("the user types"));
    let then = if types { "; then type as above" } else { "" };
    let title = "each line in its own terminal, in this order; cargo in the course's folder";
    let mut lines = outcome.by_hand.clone();
    // Who listens comes first.
    let is_client = peer.contains("tap listen");
    // Its author's own folder takes the place of a copy that is gone.
    lines.insert(usize::from(is_client), start.replace("{dir}", "."));
    lines.insert(0, format!("{title}{then}:"));
    let names = iter::once("by hand").chain(iter::repeat(""));
    names.map(str::to_owned).zip(lines).collect()
}

/// The same in parts, each with its name. The name of a step after the first is empty.
pub fn parts(check: &Check, outcome: &Outcome) -> Vec<(String, String)> {
    let (Some(expected), Some(saw)) = (&outcome.expected, &outcome.saw) else {
        return Vec::new();
    };
    let part = |name: &str, content: &str| (name.to_owned(), content.to_owned());
    let mut parts = vec![part("expected", expected), part("saw", saw)];
    let last = outcome.steps.len();
    for (number, step) in (1..).zip(&outcome.steps) {
        let name = if number == 1 { "steps" } else { "" };
        let here = if number == last { "  <- here" } else { "" };
        parts.push(part(name, &format!("{number}. {step}{here}")));
    }
    let advice = outcome.advice.as_deref().unwrap_or_default();
    parts.push(part("change", advice));
    parts.push(part("read", &check.lesson.to_string()));
    parts
}

/// Parts, indented, in lines of at most `width` columns unless a word is longer.
pub fn lines(parts: &[(String, String)], width: usize) -> String {
    let mut text = String::new();
    for (name, content) in parts {
        let lines = wrap(content, width.saturating_sub(INDENT));
        let names = iter::once(name.as_str()).chain(iter::repeat(""));
        for (line, name) in lines.iter().zip(names) {
            // Writing to a string can't fail.
            let row = format!("  {name:<width$}{line}", width = INDENT - 2);
            let _ = writeln!(text, "{}", row.trim_end());
        }
    }
    text
}

/// Where the second column begins.
const INDENT: usize = 12;

/// The text in lines of at most `width` columns, unless a word is longer. (A Chinese character takes
/// two.)
pub fn wrap(text: &str, width: usize) -> Vec<Cow<'_, str>> {
    let options = Options::new(width).break_words(false);
    textwrap::wrap(text, options.word_splitter(WordSplitter::NoHyphenation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_to_be_repeated_runs_in_the_authors_folder() {
        let outcome = Outcome {
            steps: vec!["$ sh -c 'cd {dir} && make' 8080".to_owned()],
            by_hand: vec!["cargo tap send 8080 ''".to_owned()],
            ..Outcome::default()
        };
        let lines: Vec<_> = by_hand(&outcome).into_iter().map(|it| it.1).collect();
        assert_eq!(lines[1], "sh -c 'cd . && make' 8080");
    }

    #[test]
    fn a_line_ends_at_its_last_column_and_a_long_word_stays_whole() {
        assert_eq!(wrap("你好 世界 再见", 10), ["你好 世界", "再见"]);
        assert_eq!(
            wrap("see ch4-tcp-server, too", 10),
            ["see", "ch4-tcp-server,", "too"]
        );
    }
}
