//! Shows a long list without its middle.

/// How many rows to show at each end.
const SHOWN_AT_EACH_END: usize = 20;

/// Divides a list into its first rows, the rows to hide and its last rows. A short list has only
/// first rows, and so has one of which the user wants `all`.
pub fn fold<T>(rows: &[T], all: bool) -> (&[T], &[T], &[T]) {
    // Folding a few rows would hide more than it saves.
    if all || rows.len() <= 2 * SHOWN_AT_EACH_END + 5 {
        return (rows, &[], &[]);
    }
    let (first, rest) = rows.split_at(SHOWN_AT_EACH_END);
    let (hidden, last) = rest.split_at(rest.len() - SHOWN_AT_EACH_END);
    (first, hidden, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_long_list_is_folded_and_no_row_gets_lost() {
        for (count, all, shown) in [
            (0, false, 0),
            (45, false, 45),
            (46, false, 40),
            (1000, false, 40),
            (1000, true, 1000),
        ] {
            let rows: Vec<usize> = (0..count).collect();
            let (first, hidden, last) = fold(&rows, all);
            let together = [first, hidden, last].concat();
            assert_eq!(first.len() + last.len(), shown, "{count}");
            assert_eq!(together, rows);
        }
    }
}
