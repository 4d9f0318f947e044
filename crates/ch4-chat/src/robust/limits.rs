//! How long others can make us wait, and how much they can say or make us keep.

use std::time::{Duration, Instant};

/// Maximum size of a message in bytes, without its line end.
pub const MESSAGE_BYTES: usize = 4096;

/// How long others can make us wait, how many there may be, and how much may wait for them.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Guests in the room: 1,000.
    pub guests: usize,
    /// Time to connect, for each address of the host: 5 s.
    pub connect_time: Duration,
    /// A peer that sends no line ends has finished its message when it is quiet for 200 ms. A new
    /// guest has as long to tell its name.
    pub quiet: Duration,
    /// In a full room, a guest that hasn't given a name or said a word for 60 s loses its place.
    pub silence: Duration,
    /// Bytes that may wait for one guest, or at a guest for the host: 256 KiB.
    pub guest_bytes: usize,
    /// Bytes that may wait for all guests together: 64 MiB.
    pub room_bytes: usize,
    /// How long to listen on, without hearing anything, when there is no more to say: 5 s.
    pub linger: Duration,
    /// Time for the others to close their side after `byebye`: 2 s.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            guests: 1000,
            connect_time: Duration::from_secs(5),
            quiet: Duration::from_millis(200),
            silence: Duration::from_mins(1),
            guest_bytes: 256 * 1024,
            room_bytes: 64 * 1024 * 1024,
            linger: Duration::from_secs(5),
            farewell: Duration::from_secs(2),
        }
    }
}

/// How long a byte takes at the speed at which one person may talk: 16 KiB a second.
const BYTE_TIME: Duration = Duration::from_nanos(1_000_000_000 / (16 * 1024));

/// How much may be said at once: as much as 64 KiB take.
const BURST: Duration = BYTE_TIME.saturating_mul(64 * 1024);

/// How much one person may say. Unused time is saved, up to a burst.
#[derive(Debug, Default)]
pub struct Budget {
    /// When the whole burst is available again.
    full: Option<Instant>,
}

impl Budget {
    /// Somebody says this many bytes now. Returns when they may go on.
    pub fn spend(&mut self, bytes: usize, now: Instant) -> Instant {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let full = self.full.unwrap_or(now).max(now) + BYTE_TIME * bytes;
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
        let second = BYTE_TIME * 16 * 1024;
        assert_eq!(budget.spend(16 * 1024, begin), begin + second);
        assert_eq!(budget.spend(16 * 1024, begin + second), begin + 2 * second);
        // After a long silence there is a burst again, and no more.
        let later = begin + Duration::from_mins(10);
        assert_eq!(budget.spend(64 * 1024, later), later);
        assert_eq!(budget.spend(1024, later), later + second / 16);
    }
}
