//! A transfer as a picture: the ladder with its rungs aslant, because a packet needs time.
//!
//! The picture brings its own background, light or dark as the reader has chosen, and says in
//! words (`desc`) what it shows.

mod shapes;

use std::fmt::{self, Display};

use smoltcp::time::Instant;

use crate::clock::{seconds, short};
use crate::count::Count;
use crate::rows::{Row, fold, rows};
use crate::transfer::{Sent, Transfer};
use crate::wire::Side;
use shapes::{beside, fate, packet, time};

const WIDTH: i64 = 760;
/// Where the two sides' lines are.
const CLIENT: i64 = 170;
const SERVER: i64 = 590;
/// Where the first thing happens.
const TOP: i64 = 66;
/// What separates two things that happen at the same time.
const LINE: i64 = 19;
/// What separates two things that don't, at least.
const STEP: i64 = 26;

/// Every text has a contrast of 4.5 or more to its background, in both schemes. A label has an edge
/// of paper, so that an arrow that crosses it doesn't strike it out.
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

/// A transfer, to be drawn as SVG.
#[derive(Debug)]
pub struct Picture<'a> {
    /// What happened.
    pub transfer: &'a Transfer,
    /// Draw all packets, however many.
    pub all: bool,
}

/// Something that has a place on one side's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A row: a packet is sent, or a state changes.
    Row(usize),
    /// The packet of a row arrives, or would have arrived if it weren't lost.
    Arrival(usize),
    /// Here rows are left out.
    Fold,
}

impl Display for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = rows(self.transfer);
        let folded = fold(&rows, self.all);
        let shown: Vec<Row> = [folded.first, folded.last].concat();
        let places = self.places(&shown, folded.first.len(), folded.hidden.first());
        let bottom = places.iter().map(|place| place.y).max().unwrap_or(TOP) + 30;

        writeln!(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {bottom}\" \
             width=\"{WIDTH}\" height=\"{bottom}\" role=\"img\" aria-labelledby=\"t d\">"
        )?;
        self.words(f, &shown)?;
        writeln!(f, "<style>{STYLE}</style>")?;
        writeln!(
            f,
            "<rect class=\"paper\" width=\"{WIDTH}\" height=\"{bottom}\" rx=\"8\"/>"
        )?;
        for (x, side) in [(CLIENT, Side::Client), (SERVER, Side::Server)] {
            let name = side.name();
            let end = bottom - 12;
            writeln!(f, "<text class=\"side\" x=\"{x}\" y=\"26\">{name}</text>")?;
            writeln!(
                f,
                "<line class=\"life\" x1=\"{x}\" y1=\"36\" x2=\"{x}\" y2=\"{end}\"/>"
            )?;
        }
        let mut time_shown = [None, None];
        for place in &places {
            match place.event {
                Event::Row(index) => {
                    if let Some(row) = shown.get(index) {
                        time(
                            f,
                            (place.at, place.y),
                            row.side(self.transfer),
                            &mut time_shown,
                        )?;
                        self.row(f, row, place.y, arrivals(&places, index))?;
                    }
                }
                Event::Arrival(index) => {
                    if let Some(sent) = shown.get(index).and_then(|row| self.sent(row))
                        && !sent.packet.lost()
                    {
                        let side = sent.packet.from.other();
                        time(f, (place.at, place.y), side, &mut time_shown)?;
                    }
                }
                Event::Fold => self.fold_line(f, place.y, folded.hidden)?,
            }
        }
        writeln!(f, "</svg>")
    }
}

/// Where an event is drawn.
#[derive(Debug)]
struct Place {
    event: Event,
    at: Instant,
    y: i64,
}

/// Where the copies of a row's packet arrive.
fn arrivals(places: &[Place], row: usize) -> impl Iterator<Item = i64> {
    places
        .iter()
        .filter(move |place| place.event == Event::Arrival(row))
        .map(|place| place.y)
}

impl Picture<'_> {
    /// All events, from the top to the bottom. Time passes downwards, but long waits are shortened.
    fn places(&self, shown: &[Row], before_fold: usize, hidden: Option<&Row>) -> Vec<Place> {
        // What arrives at an instant comes before what is sent at that instant: it is its cause.
        // Only on a wire without delay a packet arrives at the instant at which it is sent.
        let mut events: Vec<(Instant, bool, Event)> = Vec::new();
        for (index, row) in shown.iter().enumerate() {
            let at = row.at(self.transfer);
            if let (true, Some(first)) = (index == before_fold, hidden) {
                events.push((first.at(self.transfer), true, Event::Fold));
            }
            events.push((at, true, Event::Row(index)));
            if let Some(sent) = self.sent(row) {
                let in_time = [at + self.transfer.plan.faults.delay];
                let arrivals = match sent.packet.arrivals.as_slice() {
                    [] => &in_time,
                    arrivals => arrivals,
                };
                for &arrival in arrivals {
                    events.push((arrival, arrival == at, Event::Arrival(index)));
                }
            }
        }
        // A stable sort: what happens at the same time stays in the order of the rows.
        events.sort_by_key(|&(at, after, _)| (at, after));

        let mut y = TOP;
        let mut last: Option<(Instant, Event)> = None;
        let mut places = Vec::new();
        for (at, _, event) in events {
            y += match last {
                None => 0,
                Some((before, _)) if before < at => {
                    let millis = i64::try_from((at - before).total_millis()).unwrap_or(i64::MAX);
                    STEP + (millis / 40).min(40)
                }
                Some((_, Event::Arrival(_))) if matches!(event, Event::Row(_)) => LINE / 2,
                Some(_) => LINE,
            };
            last = Some((at, event));
            places.push(Place { event, at, y });
        }
        places
    }

    fn sent(&self, row: &Row) -> Option<&Sent> {
        match row {
            Row::Packet { index, .. } => self.transfer.sent.get(*index),
            Row::State(_) => None,
        }
    }

    /// The picture in words, for those who don't see it.
    fn words(&self, f: &mut fmt::Formatter<'_>, shown: &[Row]) -> fmt::Result {
        let Count {
            packets,
            lost,
            again,
            ..
        } = Count::of(&self.transfer.sent);
        let bytes = self.transfer.plan.bytes;
        writeln!(
            f,
            "<title id=\"t\">A client sends {bytes} bytes to a server over TCP: {packets} packets, \
             {lost} lost, {again} sent again</title>"
        )?;
        write!(f, "<desc id=\"d\">")?;
        for sent in shown.iter().filter_map(|row| self.sent(row)) {
            let (at, name) = (seconds(sent.packet.sent), sent.packet.from.name());
            write!(f, "{at} s, {name}: {}", sent.segment)?;
            for word in fate(sent) {
                write!(f, ", {word}")?;
            }
            write!(f, ". ")?;
        }
        writeln!(f, "</desc>")
    }

    fn row(
        &self,
        f: &mut fmt::Formatter<'_>,
        row: &Row,
        y: i64,
        arrivals: impl Iterator<Item = i64>,
    ) -> fmt::Result {
        let side = row.side(self.transfer);
        match row {
            Row::State(change) => beside(f, side, y, "state", &change.state.to_string()),
            Row::Packet { index, state } => {
                let Some(sent) = self.transfer.sent.get(*index) else {
                    return Ok(());
                };
                match (state, sent.segment.again) {
                    (Some(state), _) => beside(f, side, y, "state", &state.to_string())?,
                    (None, Some(wait)) => {
                        beside(f, side, y, "again", &format!("again +{}", short(wait)))?;
                    }
                    (None, None) => {}
                }
                packet(f, sent, y, arrivals)
            }
        }
    }

    fn fold_line(&self, f: &mut fmt::Formatter<'_>, y: i64, hidden: &[Row]) -> fmt::Result {
        let count = Count::of(hidden.iter().filter_map(|row| self.sent(row)));
        let x = i64::midpoint(CLIENT, SERVER);
        let Count {
            packets,
            lost,
            again,
            ..
        } = count;
        writeln!(
            f,
            "<text class=\"time label\" x=\"{x}\" y=\"{y}\">... {packets} packets more, {lost} lost, \
             {again} sent again ...</text>"
        )
    }
}
