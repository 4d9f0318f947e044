//! How long others can make us wait, and how much they can say or make us keep.

use std::time::{Duration, Instant};

/// Maximum size of a message in bytes, without its line end.
pub const MESSAGE_BYTES: usize = 4096;

/// The numbers of a chat.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Guests in the room: 1,000. The connection of one that left may stay for `farewell` longer.
    pub guests: usize,
    /// Time to connect, for each address of the host: 5 s.
    pub connect_time: Duration,
    /// After how much quiet a message without LF ends, and a guest without a name is announced:
    /// 200 ms.
    pub quiet: Duration,
    /// How long a guest may say nothing, not even its name: 60 s. After that it loses its place if
    /// the room is full or the system can't take the next guest.
    pub silence: Duration,
    /// Bytes that may wait for one guest, or at a guest for the host: 256 KiB. For its place in
    /// the outbox, each text counts [24 bytes](super::peer::TEXT_COST) more.
    pub guest_bytes: usize,
    /// Bytes that may wait for all guests together, counted in the same way: 64 MiB.
    pub room_bytes: usize,
    /// How long to stay after the input's end, while nobody speaks: 5 s.
    pub linger: Duration,
    /// Time for the others to close after `byebye`: 2 s.
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

/// How many bytes may be said. What isn't used is saved up, but no more than a burst.
#[derive(Debug)]
pub struct Budget {
    /// Bytes a second.
    rate: u32,
    /// How much may be said at once, as the time that it takes: 4 s at 16 KiB/s are 64 KiB.
    burst: Duration,
    /// When the whole burst is saved up again. Each byte moves this later.
    full: Option<Instant>,
}

impl Budget {
    /// For one person: 16 KiB a second, and 64 KiB at once.
    pub const PERSON: Self = Self {
        rate: 16 * 1024,
        burst: Duration::from_secs(4),
        full: None,
    };

    /// For a room, where each copy of a line counts: 512 MiB a second, and 16 MiB at once.
    pub const ROOM: Self = Self {
        rate: 512 * 1024 * 1024,
        burst: Duration::from_micros(31_250),
        full: None,
    };

    /// Somebody says this many bytes now. Returns when they may go on.
    pub fn spend(&mut self, bytes: usize, now: Instant) -> Instant {
        let time = Duration::from_secs(bytes as u64) / self.rate;
        let full = self.full.unwrap_or(now).max(now) + time;
        self.full = Some(full);
        // More may be said as soon as `full` is no further away than a burst.
        full.checked_sub(self.burst).unwrap_or(now).max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_what_comes_after_it_waits() {
        let begin = Instant::now();
        let mut budget = Budget::PERSON;
        assert_eq!(budget.spend(64 * 1024, begin), begin);
        let second = Duration::from_secs(1);
        assert_eq!(budget.spend(16 * 1024, begin), begin + second);
        assert_eq!(budget.spend(16 * 1024, begin + second), begin + 2 * second);
        // After a long silence there is a burst again, and no more.
        let later = begin + Duration::from_mins(10);
        assert_eq!(budget.spend(64 * 1024, later), later);
        assert_eq!(budget.spend(1024, later), later + second / 16);
    }

    #[test]
    fn a_room_may_say_sixteen_mebibytes_at_once_and_512_a_second() {
        let begin = Instant::now();
        let mut budget = Budget::ROOM;
        assert_eq!(budget.spend(16 << 20, begin), begin);
        let second = Duration::from_secs(1);
        assert_eq!(budget.spend(512 << 20, begin), begin + second);
    }
}
