//! Draws a transfer as a ladder. The arrows slope down, because a packet takes time.
//!
//! The picture has its own background, light or dark as the reader prefers, and describes itself in
//! words (`desc`).

mod shapes;

use std::fmt::{self, Display};

use smoltcp::time::Instant;

use crate::clock::seconds;
use crate::count::Count;
use crate::fate;
use crate::fold::{Part, fold};
use crate::rows::{Row, rows};
use crate::transfer::{Sent, Transfer};
use crate::wire::Side;
use shapes::{CLIENT, SERVER, WIDTH, beside, packet, time};

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

/// Draws a transfer as SVG.
#[derive(Debug)]
pub struct Picture<'a> {
    /// The run to print.
    pub transfer: &'a Transfer,
    /// Draw all packets, however many there are.
    pub all: bool,
}

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

impl Display for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = rows(self.transfer);
        let parts: Vec<Part<Row>> = fold(&rows, self.all).collect();
        let places = self.places(&parts);
        let bottom = places.iter().map(|place| place.y).max().unwrap_or(TOP) + 30;

        writeln!(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {bottom}\" \
             width=\"{WIDTH}\" height=\"{bottom}\" role=\"img\" aria-labelledby=\"t d\">"
        )?;
        self.words(f, &parts)?;
        writeln!(f, "<style>{STYLE}</style>")?;
        writeln!(
            f,
            "<rect class=\"paper\" width=\"{WIDTH}\" height=\"{bottom}\" rx=\"8\"/>"
        )?;
        for (x, side) in [(CLIENT, Side::Client), (SERVER, Side::Server)] {
            let end = bottom - 12;
            writeln!(f, "<text class=\"side\" x=\"{x}\" y=\"26\">{side}</text>")?;
            writeln!(
                f,
                "<line class=\"life\" x1=\"{x}\" y1=\"36\" x2=\"{x}\" y2=\"{end}\"/>"
            )?;
        }
        let mut time_shown = [None, None];
        for &Place { event, at, y } in &places {
            match event {
                Event::Row(row) => {
                    time(f, (at, y), row.side, &mut time_shown)?;
                    beside(f, row.side, y, row.label())?;
                    if let Some(sent) = row.sent {
                        packet(f, sent, y, arrivals(&places, sent))?;
                    }
                }
                Event::Arrival(sent) if !sent.packet.lost() => {
                    time(f, (at, y), sent.packet.from.other(), &mut time_shown)?;
                }
                Event::Arrival(_) => {}
                Event::Fold(hidden) => {
                    let count = Count::of(hidden.iter().filter_map(|row| row.sent));
                    writeln!(
                        f,
                        "<text class=\"time label\" x=\"{}\" y=\"{y}\">... {} more packets, {} lost, \
                         {} sent again ...</text>",
                        i64::midpoint(CLIENT, SERVER),
                        count.packets,
                        count.lost,
                        count.again
                    )?;
                }
            }
        }
        writeln!(f, "</svg>")
    }
}

/// Where the copies of a packet arrive.
fn arrivals(places: &[Place], sent: &Sent) -> impl Iterator<Item = i64> {
    let number = sent.number;
    places.iter().filter_map(move |place| match place.event {
        Event::Arrival(sent) if sent.number == number => Some(place.y),
        _ => None,
    })
}

impl Picture<'_> {
    /// All events, from top to bottom. Time passes downwards, but long waits are shortened.
    fn places<'a>(&self, parts: &[Part<'a, Row<'a>>]) -> Vec<Place<'a>> {
        // At the same instant, arrivals come before packets that are sent, because they cause
        // them. But on a wire without delay, a packet arrives at the instant at which it is sent.
        let mut events: Vec<(Instant, bool, Event)> = Vec::new();
        for part in parts {
            let row = match *part {
                Part::Row(row) => row,
                Part::Hidden(hidden) => {
                    let at = hidden.first().map_or(Instant::ZERO, |row| row.at);
                    events.push((at, true, Event::Fold(hidden)));
                    continue;
                }
            };
            events.push((row.at, true, Event::Row(row)));
            if let Some(sent) = row.sent {
                let in_time = [row.at + self.transfer.delay];
                let arrivals = match sent.packet.arrivals.as_slice() {
                    [] => &in_time,
                    arrivals => arrivals,
                };
                for &arrival in arrivals {
                    events.push((arrival, arrival == row.at, Event::Arrival(sent)));
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
    fn words(&self, f: &mut fmt::Formatter<'_>, parts: &[Part<Row>]) -> fmt::Result {
        let count = Count::of(&self.transfer.sent);
        writeln!(
            f,
            "<title id=\"t\">A client sends {} bytes to a server over TCP: {} packets, {} lost, \
             {} sent again</title>",
            self.transfer.bytes, count.packets, count.lost, count.again
        )?;
        write!(f, "<desc id=\"d\">")?;
        for part in parts {
            if let Part::Row(Row {
                sent: Some(sent), ..
            }) = part
            {
                let (at, name) = (seconds(sent.packet.sent), sent.packet.from);
                write!(f, "{at} s, {name}: {}", sent.segment)?;
                let again = sent.segment.again.map(|_| "again");
                for word in again.into_iter().chain(fate::words(&sent.packet)) {
                    write!(f, ", {word}")?;
                }
                write!(f, ". ")?;
            }
        }
        writeln!(f, "</desc>")
    }
}
