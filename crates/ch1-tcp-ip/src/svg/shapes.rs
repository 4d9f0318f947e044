//! The shapes that a picture of a transfer is made of.

use std::fmt::Display;

use smoltcp::time::Instant;

use crate::clock::seconds;
use crate::fate::{self, Tone};
use crate::transfer::Sent;
use crate::wire::{Packet, Side};

pub(super) const WIDTH: i64 = 760;

/// Position of the line of this side.
pub(super) fn line_of(side: Side) -> i64 {
    match side {
        Side::Client => 170,
        Side::Server => 590,
    }
}

pub(super) fn text(class: &str, x: i64, y: i64, content: impl Display) -> String {
    format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{content}</text>\n")
}

pub(super) fn line(class: &str, (x1, y1): (i64, i64), (x2, y2): (i64, i64)) -> String {
    format!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>\n")
}

/// The time, at this side's edge of the picture.
pub(super) fn time(side: Side, y: i64, at: Instant) -> String {
    let x = match side {
        Side::Client => 58,
        Side::Server => WIDTH - 8,
    };
    text("time end", x, y + 4, seconds(at))
}

/// A word beside a side's line, if there is one.
pub(super) fn beside(side: Side, y: i64, (word, tone): (String, Tone)) -> String {
    if word.is_empty() {
        return word;
    }
    let class = match tone {
        Tone::Plain => "state",
        _ => class(tone),
    };
    match side {
        Side::Client => text(&format!("{class} end"), line_of(side) - 8, y + 4, word),
        Side::Server => text(class, line_of(side) + 8, y + 4, word),
    }
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
pub(super) fn packet(sent: &Sent, y: i64, arrivals: impl Iterator<Item = i64>) -> String {
    let (from, to) = (line_of(sent.packet.from), line_of(sent.packet.from.other()));
    let class = class(sent.into());
    let mut shapes = String::new();
    for (copy, arrival) in arrivals.enumerate() {
        // A lost packet gets lost after three fifths of the way.
        let (x, end) = if sent.packet.lost() {
            (from + (to - from) * 3 / 5, y + (arrival - y) * 3 / 5)
        } else {
            (to, arrival)
        };
        shapes += &line(class, (from, y), (x, end));
        shapes += &if sent.packet.lost() {
            cross(class, x, end)
        } else {
            head(class, x, end, (to - from).signum())
        };
        if copy == 0 {
            shapes += &label(sent, (from, y), (x, end));
        }
    }
    shapes
}

/// A packet's contents and what happens to it, along its arrow.
fn label(sent: &Sent, from: (i64, i64), to: (i64, i64)) -> String {
    let (segment, fate) = (&sent.segment, fates(&sent.packet));
    let (x, y) = (i64::midpoint(from.0, to.0), i64::midpoint(from.1, to.1) - 4);
    #[allow(clippy::cast_precision_loss, reason = "a few hundred pixels")]
    let angle = ((to.1 - from.1) as f64 / (to.0 - from.0) as f64)
        .atan()
        .to_degrees();
    format!(
        "<text class=\"label\" x=\"{x}\" y=\"{y}\" transform=\"rotate({angle:.1} {x} {y})\">\
         {segment}{fate}</text>\n"
    )
}

/// Words for what happened to a packet, each after a comma.
pub(super) fn fates(packet: &Packet) -> String {
    fate::words(packet).fold(String::new(), |words, word| words + ", " + word)
}

/// The head of an arrow.
fn head(class: &str, x: i64, y: i64, direction: i64) -> String {
    let (back, above, below) = (x - 9 * direction, y - 4, y + 4);
    format!("<polygon class=\"{class}\" points=\"{x},{y} {back},{above} {back},{below}\"/>\n")
}

/// The end of an arrow whose packet got lost.
fn cross(class: &str, x: i64, y: i64) -> String {
    let (left, right, above, below) = (x - 6, x + 6, y - 6, y + 6);
    line(class, (left, above), (right, below)) + &line(class, (left, below), (right, above))
}
