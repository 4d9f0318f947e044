//! A transfer as a ladder: the client on the left, the server on the right, a rung for each packet.

use crate::arrow::arrow;
use crate::clock::seconds;
use crate::fate::{self, Tone};
use crate::fold::fold;
use crate::note::note;
use crate::rows::{Count, Row, rows};
use crate::transfer::Transfer;
use crate::wire::{Packet, Side};

/// The columns beside the arrows: number, time, a state on each side, blanks.
const BESIDE_THE_ARROWS: usize = 41;

/// The length of the longest arrow.
const LONGEST_ARROW: usize = 60;

/// The width of a side's column.
const STATE: usize = 13;

/// The smallest width with room to explain each packet.
const WIDE: usize = 160;

/// The columns that the longest explanation takes.
const NOTE: usize = 75;

/// A transfer as text, in a terminal of `width` columns, with `all` rows or without the middle
/// ones. It takes at least 80 columns. With 160 or more, it explains each packet.
pub fn ladder(transfer: &Transfer, width: usize, all: bool) -> String {
    let is_wide = width >= WIDE;
    let note = if is_wide { NOTE } else { 0 };
    let arrow = (width.max(80) - BESIDE_THE_ARROWS - note).min(LONGEST_ARROW);

    let rows = rows(transfer);
    let (first, hidden, last) = fold(&rows, all);
    let rung = |row| rung(row, arrow, is_wide);
    let mut lines = vec![format!(
        "   # seconds  {:<STATE$} {:<arrow$} server",
        "client", ""
    )];
    lines.extend(first.iter().map(rung));
    if !hidden.is_empty() {
        let count = Count::of(hidden);
        lines.push(format!(
            "         ... {} more packets, {} of them lost, {} sent again; --all shows them ...",
            count.packets, count.lost, count.again
        ));
    }
    lines.extend(last.iter().map(rung));
    lines.join("\n") + "\n"
}

/// A row, with an arrow `width` columns long.
fn rung(row: &Row, width: usize, is_wide: bool) -> String {
    let nothing = (String::new(), Tone::Plain);
    let (number, arrow, other, note) = match row.sent {
        None => (String::new(), " ".repeat(width), nothing, None),
        Some(sent) => {
            let packet = &sent.packet;
            let arrow = arrow(packet.from, &sent.segment.to_string(), packet.lost(), width);
            let arrow = Tone::from(sent).paint(&arrow);
            let other = arrival(packet).unwrap_or(nothing);
            let note = is_wide.then(|| note(sent));
            (sent.number.to_string(), arrow, other, note)
        }
    };
    let (left, right) = match row.side {
        Side::Client => (row.label(), other),
        Side::Server => (other, row.label()),
    };
    let time = seconds(row.at);
    let left = column(&left, STATE);
    let right = column(&right, if note.is_some() { STATE } else { 0 });
    let note = note.unwrap_or_default();
    let line = format!("{number:>4} {time:>7}  {left} {arrow} {right} {note}");
    line.trim_end().to_owned()
}

/// What happened to the packet, shown on the side where it should arrive.
fn arrival(packet: &Packet) -> Option<(String, Tone)> {
    let word = match (fate::words(packet).next()?, packet.arrivals.last()) {
        ("late", Some(&last)) => format!("late {}", seconds(last)),
        (word, _) => word.to_owned(),
    };
    Some((word, packet.into()))
}

/// A word in a column. `format!` also counts escape codes, which take no room on the screen. So the
/// blanks are added before the colour.
fn column((text, tone): &(String, Tone), width: usize) -> String {
    tone.paint(&format!("{text:<width$}"))
}
