//! Draws a transfer as a ladder. The arrows slope down, because a packet takes time.
//!
//! The picture has its own background, light or dark as the reader prefers, and describes itself in
//! words (`desc`).

mod shapes;

use std::collections::BTreeSet;

use smoltcp::time::{Duration, Instant};

use crate::clock::seconds;
use crate::fold::fold;
use crate::rows::{Count, Row, rows};
use crate::transfer::{Sent, Transfer};
use crate::wire::Side;
use shapes::{WIDTH, beside, fates, line, line_of, packet, text, time};

/// Position of the first event.
const TOP: i64 = 66;
/// Distance between two events at the same time.
const LINE: i64 = 19;
/// Minimum distance between two events at different times.
const STEP: i64 = 26;

/// Every text has a contrast of at least 4.5 with its background, in both schemes. Labels have an
/// edge in the background's colour, so arrows that cross them don't hide them.
const STYLE: &str = "\
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328}\
.side{font-weight:bold;font-size:14px;text-anchor:middle}\
.state{font-weight:bold}.time{fill:#57606a}.end{text-anchor:end}\
.paper{fill:#fff}.life{stroke:#8c959f}.plain{stroke:#0550ae;fill:#0550ae}\
.lost{stroke:#c4141d;fill:#c4141d}.again{stroke:#8250df;fill:#8250df}.late{stroke:#0a6c74;fill:#0a6c74}\
line{stroke-width:1.5}text.again{stroke:none}\
.label{text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:4px}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.time{fill:#9aa4ae}.paper{fill:#0d1117}.label{stroke:#0d1117}\
.life{stroke:#6e7681}.plain{stroke:#79b8ff;fill:#79b8ff}.lost{stroke:#ff7b72;fill:#ff7b72}\
.again{stroke:#d2a8ff;fill:#d2a8ff}.late{stroke:#56d4dd;fill:#56d4dd}}";

/// Something to draw on one side's line.
#[derive(Debug, Clone, Copy)]
enum Event<'a> {
    /// A side sends a packet, or its state changes.
    Row(&'a Row<'a>),
    /// A packet arrives, or would arrive if it hadn't been lost.
    Arrival(&'a Sent),
    /// The picture leaves these rows out.
    Fold(&'a [Row<'a>]),
}

/// An event, and where to draw it.
#[derive(Debug)]
struct Place<'a> {
    event: Event<'a>,
    at: Instant,
    y: i64,
}

/// Draws a transfer as SVG: with `all` packets, or without the middle ones if there are many.
pub fn picture(transfer: &Transfer, all: bool) -> String {
    let rows = rows(transfer);
    let (first, hidden, last) = fold(&rows, all);
    let places = places(first, hidden, last, transfer.delay);
    let bottom = places.iter().map(|place| place.y).max().unwrap_or(TOP) + 30;

    let mut picture = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {bottom}\" \
         width=\"{WIDTH}\" height=\"{bottom}\" role=\"img\" aria-labelledby=\"t d\">\n\
         {}\
         <style>{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{bottom}\" rx=\"8\"/>\n",
        in_words(transfer.bytes, &rows, first.iter().chain(last))
    );
    for side in Side::BOTH {
        let x = line_of(side);
        picture += &text("side", x, 26, side);
        picture += &line("life", (x, 36), (x, bottom - 12));
    }
    // The times that are already there.
    let mut times = BTreeSet::new();
    for &Place { event, at, y } in &places {
        let side = match event {
            Event::Row(row) => row.side,
            Event::Arrival(sent) if !sent.packet.lost() => sent.packet.from.other(),
            Event::Arrival(_) => continue,
            Event::Fold(hidden) => {
                let x = i64::midpoint(line_of(Side::Client), line_of(Side::Server));
                let count = Count::of(hidden);
                let words = format!(
                    "... {} more packets, {} lost, {} sent again ...",
                    count.packets, count.lost, count.again
                );
                picture += &text("time label", x, y, words);
                continue;
            }
        };
        if times.insert((side, at)) {
            picture += &time(side, y, at);
        }
        if let Event::Row(row) = event {
            picture += &beside(side, y, row.label());
            if let Some(sent) = row.sent {
                picture += &packet(sent, y, arrivals(&places, sent));
            }
        }
    }
    picture + "</svg>\n"
}

/// Where the copies of a packet arrive.
fn arrivals(places: &[Place], sent: &Sent) -> impl Iterator<Item = i64> {
    let number = sent.number;
    places.iter().filter_map(move |place| match place.event {
        Event::Arrival(sent) if sent.number == number => Some(place.y),
        _ => None,
    })
}

/// All events, from top to bottom. Time passes downwards, but long waits are shortened.
fn places<'a>(
    first: &'a [Row<'a>],
    hidden: &'a [Row<'a>],
    last: &'a [Row<'a>],
    delay: Duration,
) -> Vec<Place<'a>> {
    let event = |row: &'a Row<'a>| (row.at, Event::Row(row));
    let fold = hidden.first().map(|row| (row.at, Event::Fold(hidden)));
    let shown = first.iter().map(event).chain(fold);
    // At the same instant, arrivals come before packets that are sent, because they cause
    // them. But on a wire without delay, a packet arrives at the instant at which it is sent.
    let mut events: Vec<(Instant, bool, Event)> = Vec::new();
    for (at, event) in shown.chain(last.iter().map(event)) {
        events.push((at, true, event));
        if let Event::Row(Row {
            sent: Some(sent), ..
        }) = event
        {
            let in_time = [at + delay];
            let arrivals = match sent.packet.arrivals.as_slice() {
                [] => &in_time,
                arrivals => arrivals,
            };
            for &arrival in arrivals {
                events.push((arrival, arrival == at, Event::Arrival(sent)));
            }
        }
    }
    // A stable sort keeps events at the same time in the order of the rows.
    events.sort_by_key(|&(at, after, _)| (at, after));

    let mut y = TOP;
    let mut last: Option<(Instant, Event)> = None;
    let mut places = Vec::new();
    for (at, _, event) in events {
        y += match (last, event) {
            (None, _) => 0,
            (Some((before, _)), _) if before < at => {
                let millis = i64::try_from((at - before).total_millis()).unwrap_or(i64::MAX);
                STEP + (millis / 40).min(40)
            }
            (Some((_, Event::Arrival(_))), Event::Row(_)) => LINE / 2,
            _ => LINE,
        };
        last = Some((at, event));
        places.push(Place { event, at, y });
    }
    places
}

/// The picture in words, for readers who can't see it.
fn in_words<'a>(bytes: usize, rows: &[Row], shown: impl Iterator<Item = &'a Row<'a>>) -> String {
    let count = Count::of(rows);
    let words = shown.filter_map(|row| row.sent).map(|sent| {
        let (at, side, segment) = (seconds(sent.packet.sent), sent.packet.from, &sent.segment);
        let again = segment.again.map_or("", |_| ", again");
        let fate = fates(&sent.packet);
        format!("{at} s, {side}: {segment}{again}{fate}. ")
    });
    let words: Vec<String> = words.collect();
    let words = words.concat();
    format!(
        "<title id=\"t\">A client sends {bytes} bytes to a server over TCP: {} packets, {} lost, \
         {} sent again</title>\n\
         <desc id=\"d\">{words}</desc>\n",
        count.packets, count.lost, count.again
    )
}
