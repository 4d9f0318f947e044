//! The clients: as few system calls as they can do with, and a look at every answer.

pub mod chat;
pub mod hostile;
pub mod tcp;
pub mod udp;

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// What the clients of one round saw.
pub struct Load {
    /// Right answers, or messages that arrived.
    pub done: u64,
    /// Wrong answers, or none.
    pub errors: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// How long each took, in nanoseconds.
    pub latency: Histogram<u64>,
    /// What else there is to say: the first error.
    pub remark: Option<String>,
}

impl Load {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            done: 0,
            errors: 0,
            elapsed: Duration::ZERO,
            latency: histogram(),
            remark: None,
        }
    }

    /// One more right answer.
    pub fn right(&mut self, begin: Instant) {
        self.done += 1;
        self.latency.saturating_record(nanoseconds(begin.elapsed()));
    }

    /// One more that went wrong.
    pub fn wrong(&mut self, why: impl FnOnce() -> String) {
        self.errors += 1;
        self.remark.get_or_insert_with(why);
    }

    /// What two clients saw at the same time.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.done += other.done;
        self.errors += other.errors;
        self.elapsed = self.elapsed.max(other.elapsed);
        // Both have the same bounds.
        let _ = self.latency.add(&other.latency);
        self.remark = self.remark.or(other.remark);
        self
    }
}

impl Default for Load {
    fn default() -> Self {
        Self::new()
    }
}

/// A time in whole nanoseconds, as the histograms hold it.
#[must_use]
pub fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// From a microsecond to a minute, to within 1 in 1,000.
///
/// # Panics
///
/// Never: the bounds are right.
#[must_use]
#[allow(clippy::expect_used, reason = "the bounds stand here, and are right")]
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1_000, 60_000_000_000, 3).expect("the bounds are right")
}
