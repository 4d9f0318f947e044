//! Turns a transfer into the rows of a ladder: one for each packet, and one for each change of
//! state without a packet.

use smoltcp::socket::tcp::State;
use smoltcp::time::Instant;

use crate::clock::short;
use crate::fate::Tone;
use crate::transfer::{Sent, Transfer};
use crate::wire::Side;

/// A row of a ladder.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// When it happens.
    pub at: Instant,
    /// The side where it happens.
    pub side: Side,
    /// This side's new state, if it changed.
    pub state: Option<State>,
    /// The packet that this side sends, if it sends one.
    pub sent: Option<&'a Sent>,
}

impl Row<'_> {
    /// The text for its side's column: the new state, or that it sends the packet again.
    pub fn label(&self) -> (String, Tone) {
        let again = self.sent.and_then(|sent| sent.segment.again);
        match (self.state, again) {
            (Some(state), _) => (state.to_string(), Tone::Plain),
            (None, Some(wait)) => (format!("again +{}", short(wait)), Tone::Again),
            (None, None) => (String::new(), Tone::Plain),
        }
    }
}

/// All rows of a transfer, in order.
pub fn rows(transfer: &Transfer) -> Vec<Row<'_>> {
    let packets = transfer.sent.iter().map(|sent| Row {
        at: sent.packet.sent,
        side: sent.packet.from,
        state: None,
        sent: Some(sent),
    });
    let mut rows: Vec<Row> = packets.collect();
    // From the last change to the first, so that a row which is inserted moves only rows that are
    // done.
    for change in transfer.changes.iter().rev() {
        // A change belongs to the first packet that its side sends after it, at the same instant.
        // If that packet shows a later change, this one needs a row of its own.
        let place = change.packets_before;
        let packet = rows
            .iter_mut()
            .skip(place)
            .take_while(|row| row.at == change.at)
            .find(|row| row.side == change.side && row.sent.is_some());
        match packet {
            Some(row) if row.state.is_none() => row.state = Some(change.state),
            _ => rows.insert(
                place,
                Row {
                    at: change.at,
                    side: change.side,
                    state: Some(change.state),
                    sent: None,
                },
            ),
        }
    }
    rows
}

/// The packets of some rows, in numbers.
#[derive(Debug)]
pub struct Count {
    /// How many were sent.
    pub packets: usize,
    /// How many never arrived.
    pub lost: usize,
    /// How many were sent before.
    pub again: usize,
}

impl Count {
    /// Counts the packets of these rows.
    pub fn of(rows: &[Row]) -> Self {
        let sent = || rows.iter().filter_map(|row| row.sent);
        Self {
            packets: sent().count(),
            lost: sent().filter(|sent| sent.packet.lost()).count(),
            again: sent().filter(|sent| sent.segment.again.is_some()).count(),
        }
    }
}
