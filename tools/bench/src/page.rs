//! Puts the tables into a page of Markdown, between comments that mark their places.
//!
//! `<!-- bench: tcp-4 -->` begins the place of the section `tcp-4`, `<!-- bench end -->` ends it.
//! So no figure on the page is ever typed by hand.

use std::fs;
use std::path::Path;

use console::{Error, OrCannot};

const END: &str = "<!-- bench end -->";

/// The name of a place, and the text to put there.
pub type Place<'a> = (&'a str, String);

/// Rewrites the text between the markers of these places.
///
/// # Errors
///
/// The page can't be read or written, or a place has no end.
pub fn rewrite(path: &Path, places: &[Place]) -> Result<(), Error> {
    let mut page = fs::read_to_string(path).or_cannot("read", path.display())?;
    for (id, text) in places {
        page = fill(&page, id, text).ok_or_else(|| {
            Error::cannot(
                format_args!("find the place for {id} in {}", path.display()),
                "the comment that begins or ends it is missing",
                "put <!-- bench: NAME --> and <!-- bench end --> there, on lines of their own",
            )
        })?;
    }
    fs::write(path, page).or_cannot("write", path.display())
}

/// The page with `text` in the place `id`.
fn fill(page: &str, id: &str, text: &str) -> Option<String> {
    let begin = format!("<!-- bench: {id} -->\n");
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{begin}{text}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_between_the_markers_changes() {
        let page = "a\n<!-- bench: one -->\nold\n<!-- bench end -->\nb\n\
                    <!-- bench: two -->\n<!-- bench end -->\n";
        let filled = fill(page, "one", "new\n").unwrap();
        assert_eq!(filled, page.replace("old", "new"));
        assert_eq!(fill(&filled, "one", "new\n").unwrap(), filled);
        assert_eq!(fill(page, "three", "new\n"), None);
    }
}
