//! The shapes that a picture of a transfer is made of.

use std::fmt;

use smoltcp::time::Instant;

use crate::clock::seconds;
use crate::fate::{self, Tone};
use crate::transfer::Sent;
use crate::wire::Side;

pub(super) const WIDTH: i64 = 760;
/// Positions of the two sides' lines.
pub(super) const CLIENT: i64 = 170;
pub(super) const SERVER: i64 = 590;

/// The time, on the side of the event, unless the time is already there.
pub(super) fn time(
    f: &mut fmt::Formatter<'_>,
    (at, y): (Instant, i64),
    side: Side,
    shown: &mut [Option<Instant>; 2],
) -> fmt::Result {
    let [client, server] = shown;
    let (known, x) = match side {
        Side::Client => (client, 58),
        Side::Server => (server, WIDTH - 8),
    };
    if known.replace(at) == Some(at) {
        return Ok(());
    }
    let (y, at) = (y + 4, seconds(at));
    writeln!(
        f,
        "<text class=\"time end\" x=\"{x}\" y=\"{y}\">{at}</text>"
    )
}

/// A word beside a side's line, if there is one.
pub(super) fn beside(
    f: &mut fmt::Formatter<'_>,
    side: Side,
    y: i64,
    (text, tone): (String, Tone),
) -> fmt::Result {
    if text.is_empty() {
        return Ok(());
    }
    let class = match tone {
        Tone::Plain => "state",
        _ => class(tone),
    };
    let (x, anchor) = match side {
        Side::Client => (CLIENT - 8, " end"),
        Side::Server => (SERVER + 8, ""),
    };
    let y = y + 4;
    writeln!(
        f,
        "<text class=\"{class}{anchor}\" x=\"{x}\" y=\"{y}\">{text}</text>"
    )
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Lost => "lost",
        Tone::Again => "again",
        Tone::Late => "late",
    }
}

/// A packet's arrow, or two if it arrives twice, with its label along the first.
pub(super) fn packet(
    f: &mut fmt::Formatter<'_>,
    sent: &Sent,
    y: i64,
    arrivals: impl Iterator<Item = i64>,
) -> fmt::Result {
    let (from, to) = match sent.packet.from {
        Side::Client => (CLIENT, SERVER),
        Side::Server => (SERVER, CLIENT),
    };
    let class = class(sent.into());
    let lost = sent.packet.lost();
    let mut label_done = false;
    for arrival in arrivals {
        // A lost packet gets lost after three fifths of the way.
        let (x, end) = if lost {
            (from + (to - from) * 3 / 5, y + (arrival - y) * 3 / 5)
        } else {
            (to, arrival)
        };
        writeln!(
            f,
            "<line class=\"{class}\" x1=\"{from}\" y1=\"{y}\" x2=\"{x}\" y2=\"{end}\"/>"
        )?;
        head(f, class, x, end, (to - from).signum(), lost)?;
        if !label_done {
            label(f, sent, (from, y), (x, end))?;
            label_done = true;
        }
    }
    Ok(())
}

/// A packet's contents and what happens to it, along its arrow.
fn label(f: &mut fmt::Formatter<'_>, sent: &Sent, from: (i64, i64), to: (i64, i64)) -> fmt::Result {
    let mut text = sent.segment.to_string();
    for word in fate::words(&sent.packet) {
        text = format!("{text}, {word}");
    }
    let (x, y) = (i64::midpoint(from.0, to.0), i64::midpoint(from.1, to.1) - 4);
    #[allow(clippy::cast_precision_loss, reason = "a few hundred pixels")]
    let angle = ((to.1 - from.1) as f64 / (to.0 - from.0) as f64)
        .atan()
        .to_degrees();
    writeln!(
        f,
        "<text class=\"label\" x=\"{x}\" y=\"{y}\" transform=\"rotate({angle:.1} {x} {y})\">{text}</text>"
    )
}

/// The end of an arrow: a head, or a cross where the packet got lost.
fn head(
    f: &mut fmt::Formatter<'_>,
    class: &str,
    x: i64,
    y: i64,
    direction: i64,
    lost: bool,
) -> fmt::Result {
    if lost {
        let (left, right, above, below) = (x - 6, x + 6, y - 6, y + 6);
        writeln!(
            f,
            "<line class=\"{class}\" x1=\"{left}\" y1=\"{above}\" x2=\"{right}\" y2=\"{below}\"/>"
        )?;
        writeln!(
            f,
            "<line class=\"{class}\" x1=\"{left}\" y1=\"{below}\" x2=\"{right}\" y2=\"{above}\"/>"
        )
    } else {
        let (back, above, below) = (x - 9 * direction, y - 4, y + 4);
        writeln!(
            f,
            "<polygon class=\"{class}\" points=\"{x},{y} {back},{above} {back},{below}\"/>"
        )
    }
}
