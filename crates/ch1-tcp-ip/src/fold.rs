//! Shows a long list without its middle.

/// How many rows to show at each end.
const SHOWN_AT_EACH_END: usize = 20;

/// A part of a folded list.
#[derive(Debug)]
pub enum Part<'a, T> {
    /// A row to show.
    Row(&'a T),
    /// Rows that are hidden, at least one.
    Hidden(&'a [T]),
}

/// Folds the middle of a long list, unless the user wants `all` of it.
pub fn fold<T>(rows: &[T], all: bool) -> impl Iterator<Item = Part<'_, T>> {
    // Folding a few rows would hide more than it saves.
    let is_short = rows.len() <= 2 * SHOWN_AT_EACH_END + 5;
    let end = if all || is_short {
        rows.len()
    } else {
        SHOWN_AT_EACH_END
    };
    let (first, rest) = rows.split_at(end);
    let (hidden, last) = rest.split_at(rest.len().saturating_sub(SHOWN_AT_EACH_END));
    let hidden = (!hidden.is_empty()).then_some(Part::Hidden(hidden));
    let first = first.iter().map(Part::Row);
    first.chain(hidden).chain(last.iter().map(Part::Row))
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
            let (mut single, mut together) = (0, Vec::new());
            for part in fold(&rows, all) {
                match part {
                    Part::Row(row) => {
                        single += 1;
                        together.push(*row);
                    }
                    Part::Hidden(hidden) => together.extend(hidden),
                }
            }
            assert_eq!(single, shown, "{count}");
            assert_eq!(together, rows);
        }
    }
}
