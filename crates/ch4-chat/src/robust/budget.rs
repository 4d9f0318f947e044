//! How much one speaker may say.

use std::time::{Duration, Instant};

/// Time that a byte takes of a budget, as it is delivered: 16 KiB a second.
const TIME_A_BYTE: Duration = Duration::from_nanos(1_000_000_000 / (16 * 1024));

/// How much of it may be taken at once: 64 KiB.
const BURST: Duration = TIME_A_BYTE.saturating_mul(64 * 1024);

/// What one speaker has left to say. Unused time is saved, up to a burst.
#[derive(Debug, Default)]
pub struct Budget {
    /// When the whole burst may be said again.
    full: Option<Instant>,
}

impl Budget {
    /// So many bytes are said now. Returns from when on the speaker may go on.
    pub fn spend(&mut self, bytes: usize, now: Instant) -> Instant {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let full = self.full.unwrap_or(now).max(now) + TIME_A_BYTE * bytes;
        self.full = Some(full);
        full.checked_sub(BURST).unwrap_or(now).max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_what_comes_after_it_waits() {
        let begin = Instant::now();
        let mut budget = Budget::default();
        assert_eq!(budget.spend(64 * 1024, begin), begin);
        let second = TIME_A_BYTE * 16 * 1024;
        assert_eq!(budget.spend(16 * 1024, begin), begin + second);
        assert_eq!(budget.spend(16 * 1024, begin + second), begin + 2 * second);
        // Who is silent for long has a burst again, and no more.
        let later = begin + Duration::from_mins(10);
        assert_eq!(budget.spend(64 * 1024, later), later);
        assert_eq!(budget.spend(1024, later), later + second / 16);
    }
}
