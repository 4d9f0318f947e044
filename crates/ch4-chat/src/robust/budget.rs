//! How much one speaker may say.

use std::time::{Duration, Instant};

/// Bytes that may be said each second, as they are delivered.
const BYTES_PER_SECOND: u32 = 16 * 1024;

/// Bytes that may be said at once.
const BURST_BYTES: u32 = 64 * 1024;

/// What one speaker has left to say. Unused bytes are saved, up to a burst.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// When the whole burst may be said again.
    full: Instant,
}

impl Budget {
    /// A whole burst.
    pub fn new(now: Instant) -> Self {
        Self { full: now }
    }

    /// So many bytes are said now. Returns from when on the speaker may go on.
    pub fn spend(&mut self, bytes: usize, now: Instant) -> Instant {
        let second = f64::from(BYTES_PER_SECOND);
        self.full = self.full.max(now) + Duration::from_secs_f64(bytes as f64 / second);
        let burst = Duration::from_secs_f64(f64::from(BURST_BYTES) / second);
        self.full
            .checked_sub(burst)
            .map_or(now, |next| next.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_what_comes_after_it_waits() {
        let begin = Instant::now();
        let mut budget = Budget::new(begin);
        assert_eq!(budget.spend(64 * 1024, begin), begin);
        let second = Duration::from_secs(1);
        assert_eq!(budget.spend(16 * 1024, begin), begin + second);
        assert_eq!(budget.spend(16 * 1024, begin + second), begin + 2 * second);
        // Who is silent for long has a burst again, and no more.
        let later = begin + Duration::from_mins(10);
        assert_eq!(budget.spend(64 * 1024, later), later);
        assert_eq!(budget.spend(1024, later), later + second / 16);
    }
}
