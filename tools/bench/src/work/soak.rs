//! Hundreds of thousands of connections and messages, with hostile peers among them: a test of
//! behaviour, not of time. Is every well-behaved client answered, and does anything leak?

use std::thread;
use std::time::{Duration, Instant};

use console::Error;

use crate::load::chat::{Guests, talk};
use crate::load::tcp::requests;
use crate::load::{Load, hostile};
use crate::process::{Running, Usage};
use crate::programs::Programs;
use crate::progress::Progress;
use crate::report::{Fact, Facts, Section};
use crate::stats::number;

/// How much there is of it.
pub struct Size {
    /// Requests, each on a connection of its own.
    pub connections: u64,
    /// Messages in the room.
    pub messages: u64,
    /// Hostile peers in either, at most.
    pub hostile: u64,
    /// The longest that either may take.
    pub time: Duration,
}

impl Size {
    /// Five minutes at most for both together; or a form that is short enough for a test.
    #[must_use]
    pub fn new(quick: bool) -> Self {
        let (count, hostile) = if quick {
            (2_000, 300)
        } else {
            (200_000, 20_000)
        };
        Self {
            connections: count,
            messages: count,
            hostile,
            time: Duration::from_secs(if quick { 40 } else { 120 }),
        }
    }
}

/// Well-behaved clients come in waves, and in between all leave.
const WAVE: Duration = Duration::from_millis(500);

/// How long a program may take to notice that its clients have gone. Idle ones have 5 s.
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
    announced: true,
};

/// Both programs, one after the other.
///
/// # Errors
///
/// A program can't be started, ends, or hangs.
pub fn measure(programs: &Programs, size: &Size) -> Result<Vec<Section>, Error> {
    let mut progress = Progress::new(2);
    progress.step("soak: TCP server");
    let mut facts = web(programs, size)?;
    progress.step("soak: chat");
    facts.extend(room(programs, size)?);
    Ok(vec![Section::Facts(Facts {
        id: "soak".to_owned(),
        title: "Well-behaved clients among hostile ones, and what is left when all have gone"
            .to_owned(),
        facts,
    })])
}

fn web(programs: &Programs, size: &Size) -> Result<Vec<Fact>, Error> {
    let mut server = programs.start("ch4-tcp-server", &["--quiet"])?;
    server.under(size.time, |server| {
        let alone = server.usage();
        let wave = |count, most| {
            hostile::beside(server.address, &hostile::WEB, most, || {
                waves(
                    count,
                    || requests(server.address, 8, WAVE),
                    |load| load.done + load.errors,
                )
            })
        };
        let (_, first) = wave(size.connections / 20, size.hostile / 20);
        first?;
        let settled = |usage: Usage| {
            usage.threads <= Some(SPARE_THREADS) && usage.descriptors <= alone.descriptors
        };
        let before = settle(server, settled);
        let (hostile, load) = wave(size.connections, size.hostile);
        let load = load?;
        let after = settle(server, settled);
        let mut facts = outcome("TCP server", "requests", &load, load.done, hostile);
        facts.extend(leaks("TCP server", before, after, SPARE_THREADS));
        Ok(facts)
    })
}

fn room(programs: &Programs, size: &Size) -> Result<Vec<Fact>, Error> {
    let mut room = programs.start("ch4-chat", &["server"])?;
    room.under(size.time, |room| {
        let alone = room.usage();
        // Each message is heard by all that read, but for its speaker.
        let hearers = (GUESTS.all - GUESTS.deaf - 1) as u64;
        let wave = |count, most| {
            hostile::beside(room.address, &hostile::ROOM, most, || {
                let heard = |load: &Load| (load.done + load.errors) / hearers;
                waves(count, || talk(room.address, GUESTS, WAVE), heard)
            })
        };
        let (_, first) = wave(size.messages / 20, size.hostile / 20);
        first?;
        // The keyboard's thread starts when somebody is there to read what is typed.
        let most = alone.threads.map(|threads| threads + 1);
        let nobody = |usage: Usage| usage.threads <= most && usage.descriptors <= alone.descriptors;
        let before = settle(room, nobody);
        let (hostile, load) = wave(size.messages, size.hostile);
        let load = load?;
        let after = settle(room, nobody);
        let mut facts = outcome("room", "messages", &load, load.done / hearers, hostile);
        facts.extend(leaks(
            "room",
            before,
            after,
            before.threads.unwrap_or_default(),
        ));
        Ok(facts)
    })
}

/// Wave after wave, until there were `count` of what is counted.
fn waves(
    count: u64,
    wave: impl Fn() -> Result<Load, Error>,
    counted: impl Fn(&Load) -> u64,
) -> Result<Load, Error> {
    let mut all = Load::new();
    while counted(&all) < count {
        all = all.and(wave()?);
    }
    Ok(all)
}

/// What the program has taken of the system once nobody is there any more, or when it should have
/// noticed that.
fn settle(program: &Running, settled: impl Fn(Usage) -> bool) -> Usage {
    let deadline = Instant::now() + SETTLING;
    loop {
        let usage = program.usage();
        if settled(usage) || Instant::now() > deadline {
            return usage;
        }
        thread::yield_now();
    }
}

fn outcome(who: &str, what: &'static str, load: &Load, done: u64, hostile: u64) -> Vec<Fact> {
    if let Some(remark) = load.remark.as_deref().filter(|_| load.errors > 0) {
        // Which of them went wrong matters more than that one did.
        return vec![Fact::new(format!("{who}: {remark}"), number(load.errors), what).at_most(0.0)];
    }
    vec![
        Fact::new(format!("{who}: {what} as they should be"), number(done), ""),
        Fact::new(
            format!("{who}: lost, cut or wrong"),
            number(load.errors),
            "",
        )
        .at_most(0.0),
        Fact::new(
            format!("{who}: hostile peers meanwhile"),
            number(hostile),
            "",
        ),
    ]
}

fn leaks(who: &str, before: Usage, after: Usage, threads: u64) -> Vec<Fact> {
    let more = |after: Option<u64>, before: Option<u64>| Some(number(after?) - number(before?));
    let descriptors = more(after.descriptors, before.descriptors).map(|more| {
        Fact::new(format!("{who}: descriptors more than before"), more, "").at_most(0.0)
    });
    let memory = more(after.resident_kib, before.resident_kib).map(|more| {
        Fact::new(format!("{who}: memory more than before"), more, "KiB").at_most(SLACK_KIB)
    });
    let threads = after.threads.map(|after| {
        let fact = Fact::new(format!("{who}: threads that are left"), number(after), "");
        fact.at_most(number(threads))
    });
    [threads, descriptors, memory]
        .into_iter()
        .flatten()
        .collect()
}
