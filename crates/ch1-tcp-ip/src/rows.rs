//! What happened in a transfer, as the rows of a ladder: one for each packet, and one for each
//! change of state that no packet shows.

use std::collections::BTreeMap;

use smoltcp::socket::tcp::State;
use smoltcp::time::Instant;

use crate::transfer::{Change, Transfer};
use crate::wire::Side;

/// How many rows a ladder has at each end if its middle is folded.
const SHOWN_AT_EACH_END: usize = 20;

/// A row of a ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// A packet is sent.
    Packet {
        /// Its place in [`Transfer::sent`].
        index: usize,
        /// The state that its sender has come into at this instant.
        state: Option<State>,
    },
    /// A side is in another state, and sends nothing at this instant.
    State(Change),
}

/// All rows, in order.
pub fn rows(transfer: &Transfer) -> Vec<Row> {
    // A change belongs to the first packet that the side sends after it, at the same instant.
    let mut states = BTreeMap::new();
    let mut alone: Vec<Change> = Vec::new();
    for change in &transfer.changes {
        let packet = transfer
            .sent
            .iter()
            .enumerate()
            .skip(change.packets_before)
            .take_while(|(_, sent)| sent.packet.sent == change.at)
            .find(|(_, sent)| sent.packet.from == change.side);
        let replaced = match packet {
            Some((index, _)) => states.insert(index, *change),
            None => Some(*change),
        };
        alone.extend(replaced);
    }

    let mut alone = alone.into_iter().peekable();
    let mut rows = Vec::new();
    for index in 0..transfer.sent.len() {
        while let Some(change) = alone.next_if(|change| change.packets_before <= index) {
            rows.push(Row::State(change));
        }
        let state = states.get(&index).map(|change| change.state);
        rows.push(Row::Packet { index, state });
    }
    rows.extend(alone.map(Row::State));
    rows
}

impl Row {
    /// When it happens.
    pub fn at(&self, transfer: &Transfer) -> Instant {
        match self {
            Self::State(change) => change.at,
            Self::Packet { index, .. } => transfer
                .sent
                .get(*index)
                .map_or(Instant::ZERO, |sent| sent.packet.sent),
        }
    }

    /// On which side.
    pub fn side(&self, transfer: &Transfer) -> Side {
        match self {
            Self::State(change) => change.side,
            Self::Packet { index, .. } => transfer
                .sent
                .get(*index)
                .map_or(Side::Client, |sent| sent.packet.from),
        }
    }
}

/// The rows at both ends, and those in the middle that are folded.
#[derive(Debug)]
pub struct Folded<'a, T> {
    /// The first rows.
    pub first: &'a [T],
    /// The rows that aren't shown.
    pub hidden: &'a [T],
    /// The last rows.
    pub last: &'a [T],
}

/// Folds the middle of what is too long to be read, unless all of it is wanted.
pub fn fold<T>(rows: &[T], all: bool) -> Folded<'_, T> {
    // Folding a few rows would hide more than it saves.
    let is_short = rows.len() <= 2 * SHOWN_AT_EACH_END + 5;
    let end = if all || is_short {
        rows.len()
    } else {
        SHOWN_AT_EACH_END
    };
    let (first, rest) = rows.split_at(end);
    let (hidden, last) = rest.split_at(rest.len().saturating_sub(SHOWN_AT_EACH_END));
    Folded {
        first,
        hidden,
        last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_what_is_long_is_folded_and_nothing_gets_lost() {
        for (count, all, shown) in [
            (0, false, 0),
            (45, false, 45),
            (46, false, 40),
            (1000, false, 40),
            (1000, true, 1000),
        ] {
            let rows: Vec<usize> = (0..count).collect();
            let folded = fold(&rows, all);
            assert_eq!(folded.first.len() + folded.last.len(), shown, "{count}");
            let together = [folded.first, folded.hidden, folded.last].concat();
            assert_eq!(together, rows);
        }
    }
}
