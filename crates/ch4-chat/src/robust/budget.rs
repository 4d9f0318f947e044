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
