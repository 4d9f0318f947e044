//! Hundreds of thousands of connections and messages, with hostile peers among them: a test of
//! behaviour, not of time. Is every well-behaved client answered, and does anything leak?

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use console::Error;

use crate::figures::{Figure, Section, number};
use crate::load::Load;
use crate::load::chat::{Guests, talk};
use crate::load::hostile::{Harm, ROOM, WEB, beside};
use crate::load::tcp::requests;
use crate::programs::start;
use crate::progress;
use crate::server::{Server, Usage};

/// Well-behaved clients come in waves, and in between all leave.
const WAVE: Duration = Duration::from_millis(500);

/// How long a server may take to notice that its clients have gone. Idle ones have 5 s.
const SETTLING: Duration = Duration::from_secs(15);

/// Memory that may be in use afterwards and wasn't before: what the allocator keeps at hand.
const SLACK_KIB: f64 = 8.0 * 1024.0;

/// The TCP server's threads when nobody is there: 16 to spare, one that prints, and those that are
/// about to end.
const SPARE_THREADS: u64 = 20;

/// The guests of each wave. Two never read, but a wave is too short for them to be dropped.
const GUESTS: Guests = Guests {
    all: 20,
    deaf: 2,
    message_bytes: 64,
};

/// What a server has to survive.
struct Soak<'a> {
    /// The server's name in the figures.
    who: &'a str,
    /// What is counted: "requests".
    what: &'a str,
    harms: &'a [Harm],
    /// Threads that may be left, given those that a new server has.
    threads: fn(u64) -> u64,
    /// One wave of well-behaved clients.
    wave: fn(SocketAddr) -> io::Result<Load>,
}

/// Both servers, one after the other, for five minutes at most; or for a time that fits a test.
///
/// # Errors
///
/// A server can't be started, ends, or hangs.
pub fn measure(quick: bool) -> Result<Section, Error> {
    let bar = progress::bar(2);
    progress::step(&bar, "soak: TCP server");
    let web = Soak {
        who: "TCP server",
        what: "requests",
        harms: &WEB,
        threads: |_| SPARE_THREADS,
        wave: |address| requests(address, 8, WAVE),
    };
    let mut figures = web.figures(&start("ch4-tcp-server --quiet")?, quick)?;
    progress::step(&bar, "soak: chat");
    let room = Soak {
        who: "room",
        what: "messages",
        harms: &ROOM,
        // The keyboard's thread starts when somebody is there to read what is typed.
        threads: |alone| alone + 1,
        wave: |address| talk(address, GUESTS, WAVE),
    };
    figures.extend(room.figures(&start("ch4-chat server")?, quick)?);
    let title = "Well-behaved clients among hostile ones, and what is left afterwards";
    Ok(Section::of_figures("soak", title, figures))
}

impl Soak<'_> {
    fn figures(&self, server: &Server, quick: bool) -> Result<Vec<Figure>, Error> {
        let (count, hostile, seconds) = if quick {
            (2_000, 300, 40)
        } else {
            (200_000, 20_000, 180)
        };
        server.under(Duration::from_secs(seconds), |address| {
            let alone = server.usage().unwrap_or_default();
            let threads = (self.threads)(alone.threads);
            let settled =
                |usage: Usage| usage.threads <= threads && usage.descriptors <= alone.descriptors;
            // What is used once and kept isn't a leak.
            self.waves(address, count / 20, hostile / 20)?;
            let before = settle(server, settled);
            let (hostile, load) = self.waves(address, count, hostile)?;
            let after = settle(server, settled);
            let right = number(load.latency.len());
            // The last error says more than that there was one.
            let error = load.remark.filter(|_| load.errors > 0);
            let wrong = error.as_deref().unwrap_or("lost, cut or wrong");
            let asked = format!("correct {}", self.what);
            let mut figures = vec![
                self.figure(&asked, right, "", None),
                self.figure(wrong, number(load.errors), "", Some(0.0)),
                self.figure("hostile peers at the same time", number(hostile), "", None),
            ];
            if let Some((before, after)) = before.zip(after) {
                let more = |after, before| number(after) - number(before);
                let left = number(after.threads);
                let descriptors = more(after.descriptors, before.descriptors);
                let memory = more(after.resident_kib, before.resident_kib);
                figures.extend([
                    self.figure("threads left over", left, "", Some(number(threads))),
                    self.figure("more descriptors than before", descriptors, "", Some(0.0)),
                    self.figure("more memory than before", memory, "KiB", Some(SLACK_KIB)),
                ]);
            }
            Ok(figures)
        })
    }

    fn figure(&self, what: &str, value: f64, unit: &'static str, limit: Option<f64>) -> Figure {
        Figure::new(format!("{}: {what}", self.who), value, unit, limit)
    }

    /// Wave after wave among hostile peers, until there were `count` of what is counted.
    fn waves(&self, address: SocketAddr, count: u64, hostile: u64) -> io::Result<(u64, Load)> {
        let (hostile, load) = beside(address, self.harms, hostile, || {
            let mut all = Load::default();
            while all.latency.len() + all.errors < count {
                all = all.and(&(self.wave)(address)?);
            }
            io::Result::Ok(all)
        });
        Ok((hostile, load?))
    }
}

/// What the server uses once all clients have gone, or when it should have noticed that.
fn settle(server: &Server, settled: impl Fn(Usage) -> bool) -> Option<Usage> {
    let deadline = Instant::now() + SETTLING;
    loop {
        let usage = server.usage();
        if usage.is_none_or(&settled) || Instant::now() > deadline {
            return usage;
        }
        thread::yield_now();
    }
}
