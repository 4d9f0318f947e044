//! A transfer as a ladder: the client on the left, the server on the right, a rung for each packet.

use std::fmt::{self, Display};

use colored::{Color, Colorize};
use smoltcp::socket::tcp::State;

use crate::arrow::arrow;
use crate::clock::{seconds, short};
use crate::count::Count;
use crate::note::note;
use crate::rows::{Row, fold, rows};
use crate::transfer::{Sent, Transfer};
use crate::wire::{Packet, Side};

/// What the columns need beside the arrows: number, time, a state on each side, blanks.
const BESIDE_THE_ARROWS: usize = 41;

/// How long the longest arrow is.
const LONGEST_ARROW: usize = 60;

/// From this width on there is room to say what each packet is for.
const WIDE: usize = 160;

/// How much room that takes.
const NOTE: usize = 75;

/// A transfer, to be printed.
#[derive(Debug)]
pub struct Ladder<'a> {
    /// What happened.
    pub transfer: &'a Transfer,
    /// How many columns the terminal has. There are at least 80, and from 160 on each packet is
    /// explained.
    pub width: usize,
    /// Show all rows, however many.
    pub all: bool,
}

impl Display for Ladder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = self.arrow_width();
        writeln!(f, "   # seconds  {:<13} {:<arrow$} server", "client", "")?;
        let rows = rows(self.transfer);
        let folded = fold(&rows, self.all);
        for row in folded.first {
            self.row(f, row)?;
        }
        if !folded.hidden.is_empty() {
            self.fold_line(f, folded.hidden)?;
        }
        for row in folded.last {
            self.row(f, row)?;
        }
        Ok(())
    }
}

impl Ladder<'_> {
    fn arrow_width(&self) -> usize {
        let beside = if self.width < WIDE {
            BESIDE_THE_ARROWS
        } else {
            BESIDE_THE_ARROWS + NOTE
        };
        (self.width.max(80) - beside).min(LONGEST_ARROW)
    }

    fn row(&self, f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
        let time = seconds(row.at(self.transfer));
        let width = self.arrow_width();
        let (number, own, arrow, other, note) = match row {
            Row::State(change) => {
                let own = Mark::state(Some(change.state));
                (String::new(), own, " ".repeat(width), Mark::none(), None)
            }
            Row::Packet { index, state } => {
                let Some(sent) = self.transfer.sent.get(*index) else {
                    return Ok(());
                };
                let packet = &sent.packet;
                let label = sent.segment.to_string();
                let arrow = arrow(packet.from, &label, packet.lost(), width);
                (
                    (index + 1).to_string(),
                    own_mark(sent, *state),
                    paint_arrow(sent, &arrow),
                    fate_mark(packet),
                    (self.width >= WIDE).then(|| note(sent)),
                )
            }
        };
        let (left, right) = match row.side(self.transfer) {
            Side::Client => (own, other),
            Side::Server => (other, own),
        };
        let right = match note {
            Some(note) => format!("{} {note}", right.padded(13)),
            None => right.padded(0),
        };
        let left = left.padded(13);
        let line = format!("{number:>4} {time:>7}  {left} {arrow} {right}");
        writeln!(f, "{}", line.trim_end())
    }

    fn fold_line(&self, f: &mut fmt::Formatter<'_>, hidden: &[Row]) -> fmt::Result {
        let packets = hidden.iter().filter_map(|row| match row {
            Row::Packet { index, .. } => self.transfer.sent.get(*index),
            Row::State(_) => None,
        });
        let count = Count::of(packets);
        let Count {
            packets,
            lost,
            again,
            ..
        } = count;
        writeln!(
            f,
            "         ... {packets} packets more, {lost} of them lost, {again} sent again; \
             --all shows them ..."
        )
    }
}

/// A word in the column of a side: its state, or what became of a packet.
struct Mark {
    text: String,
    colour: Option<Color>,
}

impl Mark {
    fn none() -> Self {
        Self::state(None)
    }

    fn state(state: Option<State>) -> Self {
        Self {
            text: state.map(|state| state.to_string()).unwrap_or_default(),
            colour: None,
        }
    }

    fn word(text: String, colour: Color) -> Self {
        Self {
            text,
            colour: Some(colour),
        }
    }

    /// Colour has no width for the eye, but it has for `format`: so first blanks, then colour.
    fn padded(&self, width: usize) -> String {
        let text = format!("{:<width$}", self.text);
        match self.colour {
            Some(colour) => text.color(colour).to_string(),
            None => text,
        }
    }
}

const LOST: Color = Color::Red;
const AGAIN: Color = Color::Magenta;
const LATE: Color = Color::Cyan;

fn own_mark(sent: &Sent, state: Option<State>) -> Mark {
    match (state, sent.segment.again) {
        (None, Some(wait)) => Mark::word(format!("again +{}", short(wait)), AGAIN),
        (state, _) => Mark::state(state),
    }
}

/// What became of the packet, told on the side where it arrives or doesn't.
fn fate_mark(packet: &Packet) -> Mark {
    let last = packet.arrivals.last().copied().unwrap_or(packet.sent);
    if packet.lost() {
        Mark::word("lost".to_owned(), LOST)
    } else if packet.damaged {
        Mark::word("damaged".to_owned(), LOST)
    } else if packet.late {
        Mark::word(format!("late {}", seconds(last)), LATE)
    } else if packet.arrivals.len() > 1 {
        Mark::word("twice".to_owned(), LATE)
    } else {
        Mark::none()
    }
}

fn paint_arrow(sent: &Sent, arrow: &str) -> String {
    let packet = &sent.packet;
    if packet.lost() || packet.damaged {
        arrow.color(LOST).to_string()
    } else if sent.segment.again.is_some() {
        arrow.color(AGAIN).to_string()
    } else if packet.late || packet.arrivals.len() > 1 {
        arrow.color(LATE).to_string()
    } else {
        arrow.to_owned()
    }
}
