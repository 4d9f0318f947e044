//! Turns a transfer into the rows of a ladder: one for each packet, and one for each change of
//! state without a packet.

use std::collections::BTreeMap;

use smoltcp::socket::tcp::State;
use smoltcp::time::Instant;

use crate::clock::short;
use crate::fate::Tone;
use crate::transfer::{Change, Sent, Transfer};
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
    // A change belongs to the first packet that its side sends after it, at the same instant.
    let mut states = BTreeMap::new();
    let mut alone: Vec<Change> = Vec::new();
    for change in &transfer.changes {
        let sent = transfer.sent.iter().skip(change.packets_before);
        let packet = sent
            .take_while(|sent| sent.packet.sent == change.at)
            .find(|sent| sent.packet.from == change.side);
        let replaced = match packet {
            Some(sent) => states.insert(sent.number, *change),
            None => Some(*change),
        };
        alone.extend(replaced);
    }

    let without_packet = |change: Change| Row {
        at: change.at,
        side: change.side,
        state: Some(change.state),
        sent: None,
    };
    let mut alone = alone.into_iter().peekable();
    let mut rows = Vec::new();
    for sent in &transfer.sent {
        while let Some(change) = alone.next_if(|change| change.packets_before < sent.number) {
            rows.push(without_packet(change));
        }
        rows.push(Row {
            at: sent.packet.sent,
            side: sent.packet.from,
            state: states.get(&sent.number).map(|change| change.state),
            sent: Some(sent),
        });
    }
    rows.extend(alone.map(without_packet));
    rows
}
