//! A transfer as a ladder: the client on the left, the server on the right, a rung for each packet.

use std::fmt::{self, Display};

use crate::arrow::arrow;
use crate::clock::seconds;
use crate::count::Count;
use crate::fate::{self, Tone};
use crate::fold::{Part, fold};
use crate::note::note;
use crate::rows::{Row, rows};
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

/// Prints a transfer.
#[derive(Debug)]
pub struct Ladder<'a> {
    /// The run to print.
    pub transfer: &'a Transfer,
    /// Width of the terminal in columns. The ladder takes at least 80. With 160 or more, it
    /// explains each packet.
    pub width: usize,
    /// Show all rows, however many there are.
    pub all: bool,
}

impl Display for Ladder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = self.arrow_width();
        writeln!(
            f,
            "   # seconds  {:<STATE$} {:<arrow$} server",
            "client", ""
        )?;
        for part in fold(&rows(self.transfer), self.all) {
            match part {
                Part::Row(row) => self.row(f, row)?,
                Part::Hidden(hidden) => {
                    let count = Count::of(hidden.iter().filter_map(|row| row.sent));
                    writeln!(
                        f,
                        "         ... {} more packets, {} of them lost, {} sent again; \
                         --all shows them ...",
                        count.packets, count.lost, count.again
                    )?;
                }
            }
        }
        Ok(())
    }
}

impl Ladder<'_> {
    fn is_wide(&self) -> bool {
        self.width >= WIDE
    }

    fn arrow_width(&self) -> usize {
        let note = if self.is_wide() { NOTE } else { 0 };
        (self.width.max(80) - BESIDE_THE_ARROWS - note).min(LONGEST_ARROW)
    }

    fn row(&self, f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
        let width = self.arrow_width();
        let (number, arrow, other, note) = match row.sent {
            None => (String::new(), " ".repeat(width), None, None),
            Some(sent) => {
                let packet = &sent.packet;
                let arrow = arrow(packet.from, &sent.segment.to_string(), packet.lost(), width);
                let note = self.is_wide().then(|| note(sent));
                let arrow = Tone::from(sent).paint(&arrow);
                (sent.number.to_string(), arrow, arrival(packet), note)
            }
        };
        let (own, other) = (row.label(), other.unwrap_or((String::new(), Tone::Plain)));
        let (left, right) = match row.side {
            Side::Client => (own, other),
            Side::Server => (other, own),
        };
        let time = seconds(row.at);
        let left = column(&left, STATE);
        let right = column(&right, if note.is_some() { STATE } else { 0 });
        let note = note.unwrap_or_default();
        let line = format!("{number:>4} {time:>7}  {left} {arrow} {right} {note}");
        writeln!(f, "{}", line.trim_end())
    }
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
