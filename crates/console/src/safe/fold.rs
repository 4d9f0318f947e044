/// The margin before each row of a peer's text. None of our own lines begins with it.
pub const MARGIN: &str = "| ";

/// Folds a line, made harmless by [`escape`](super::escape), into the rows that it takes on a
/// terminal of `width` columns. The first row begins as the line does, the others with the
/// [`MARGIN`].
///
/// The line may arrive in parts: `column` is the number of columns used in the row, before and
/// after.
///
/// Without a width (in a file, in a pipe) the line stays whole.
///
/// Terminals don't agree on how many columns a character takes. So an ASCII character counts as one
/// column and any other as two, the maximum. The last column stays free, because some terminals
/// continue at the left edge as soon as it is full.
///
/// A terminal with fewer than twelve columns counts as one with twelve, and wraps the rows itself:
/// it is too narrow to read anyway.
pub fn fold(line: &str, column: &mut usize, width: Option<usize>) -> String {
    let width = width.map_or(usize::MAX, |width| width.max(MARGIN.len() + 10));
    let mut folded = String::with_capacity(line.len());
    for character in line.chars() {
        let columns = if character.is_ascii() { 1 } else { 2 };
        if *column + columns >= width {
            folded.push('\n');
            folded.push_str(MARGIN);
            *column = MARGIN.len();
        }
        folded.push(character);
        *column += columns;
    }
    folded
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_are_the_line_behind_margins_and_as_wide_as_they_can_be(
            text in "[ -~äöü汉字😀]{0,200}",
            width in 12_usize..100,
        ) {
            let folded = fold(&format!("{MARGIN}{text}"), &mut 0, Some(width));
            let mut together = String::new();
            let mut rows = folded.split('\n').peekable();
            while let Some(row) = rows.next() {
                let Some(words) = row.strip_prefix(MARGIN) else {
                    panic!("no margin before {row:?}");
                };
                together += words;
                prop_assert!(columns(row) < width, "{row:?}");
                if let Some(next) = rows.peek() {
                    let next = next.chars().nth(MARGIN.len()).map(String::from);
                    prop_assert!(columns(row) + columns(&next.unwrap()) >= width, "{row:?}");
                }
            }
            prop_assert_eq!(together, text);
        }

        #[test]
        fn without_a_width_a_line_stays_whole(text in "[ -~äöü汉字😀]{0,200}") {
            prop_assert_eq!(fold(&text, &mut 0, None), text);
        }

        #[test]
        fn parts_are_folded_as_the_whole_line_is(
            parts in vec("[ -~汉字]{0,9}", 0..20),
            width in prop::option::of(0_usize..60),
        ) {
            let mut column = 0;
            let folded: String = parts
                .iter()
                .map(|part| fold(part, &mut column, width))
                .collect();
            prop_assert_eq!(folded, fold(&parts.concat(), &mut 0, width));
        }
    }

    /// The maximum number of columns that a terminal may use for the text.
    pub(crate) fn columns(text: &str) -> usize {
        text.chars()
            .map(|it| if it.is_ascii() { 1 } else { 2 })
            .sum()
    }

    #[test]
    fn a_line_goes_on_behind_the_margin() {
        let lies = format!("| {:-<18}The host has ended the chat.", "hello");
        insta::assert_snapshot!(fold(&lies, &mut 0, Some(20)), @"
        | hello------------
        | -The host has end
        | ed the chat.
        ");
        insta::assert_snapshot!(fold("| 一二三四五六七八九十", &mut 0, Some(15)), @"
        | 一二三四五六
        | 七八九十
        ");
        // As for twelve columns: ten and the margin.
        insta::assert_snapshot!(fold("| one two three", &mut 0, Some(3)), @"
        | one two t
        | hree
        ");
    }
}
