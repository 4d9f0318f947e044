//! The clients: as few system calls as they can do with, and a look at every answer.

pub mod chat;
pub mod hostile;
pub mod tcp;
pub mod udp;

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// One round, or several: what the clients saw, and what the server used for them.
#[derive(Debug)]
pub struct Load {
    /// Right answers, or messages that arrived.
    pub done: u64,
    /// Wrong and missing answers.
    pub errors: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// How long each took, in nanoseconds.
    pub latency: Histogram<u64>,
    /// What else there is to say: the last error.
    pub remark: Option<String>,
    /// The server's processor time, if known.
    pub processor: Option<Duration>,
    /// Its maximum resident memory so far, in KiB, if known.
    pub peak_kib: Option<u64>,
}

impl Default for Load {
    /// Nothing yet. Latencies are from a microsecond to a minute, to within 1 in 1,000.
    #[allow(clippy::expect_used, reason = "the bounds are here, and are right")]
    fn default() -> Self {
        let latency = Histogram::new_with_bounds(1_000, 60_000_000_000, 3);
        Self {
            done: 0,
            errors: 0,
            elapsed: Duration::ZERO,
            latency: latency.expect("the bounds are right"),
            remark: None,
            processor: None,
            peak_kib: None,
        }
    }
}

impl Load {
    /// Counts one answer, which took this long.
    pub fn count(&mut self, answered: io::Result<()>, time: Duration) {
        match answered {
            Ok(()) => {
                self.done += 1;
                self.latency.saturating_record(nanoseconds(time));
            }
            Err(error) => {
                self.errors += 1;
                self.remark = Some(error.to_string());
            }
        }
    }

    /// What both saw. (Processor times are compared round by round.)
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.done += other.done;
        self.errors += other.errors;
        self.elapsed = self.elapsed.max(other.elapsed);
        // Both have the same bounds.
        let _ = self.latency.add(&other.latency);
        self.remark = other.remark.clone().or(self.remark);
        self.peak_kib = self.peak_kib.max(other.peak_kib);
        self
    }
}

/// Lets all clients ask at the same time, each one question after the other, until time is up.
pub fn ask_all<C: Send>(
    clients: Vec<C>,
    time: Duration,
    ask: impl Fn(&mut C) -> io::Result<()> + Sync,
) -> Load {
    let begin = Instant::now();
    let ask_on = |mut client: C| {
        let mut load = Load::default();
        while begin.elapsed() < time {
            let asked = Instant::now();
            let answered = ask(&mut client);
            load.count(answered, asked.elapsed());
        }
        load.elapsed = begin.elapsed();
        load
    };
    thread::scope(|scope| {
        let start = |client| scope.spawn(|| ask_on(client));
        let threads: Vec<_> = clients.into_iter().map(start).collect();
        // A client that panics has found a fault in the load, which is no load then.
        let loads = threads.into_iter().filter_map(|thread| thread.join().ok());
        loads.fold(Load::default(), |all, load| all.and(&load))
    })
}

/// A time in whole nanoseconds, as the histograms hold it.
pub fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
