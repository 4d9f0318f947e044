//! What others can make us wait for, and what they can make us keep.

use std::time::Duration;

/// Maximum size of a message in bytes, without its line end.
pub const MESSAGE_BYTES: usize = 4096;

/// How long others can make us wait, how many there may be, and how much they may say.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Guests in the room: 1,000.
    pub guests: usize,
    /// Time to connect, for each address of the host: 5 s.
    pub connect_time: Duration,
    /// A peer that sends no line ends has finished its message when it is quiet for 200 ms.
    pub quiet: Duration,
    /// A guest is announced 500 ms after it has connected, at the latest, with or without a name.
    pub introduction: Duration,
    /// In a full room, a guest that hasn't given a name or said a word for 60 s loses its place.
    pub silence: Duration,
    /// Bytes that may wait for one guest: 256 KiB.
    pub guest_bytes: usize,
    /// Bytes that may wait for all guests together: 64 MiB.
    pub room_bytes: usize,
    /// How long a guest waits for a host that takes nothing: 10 s for each line.
    pub send_time: Duration,
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
            introduction: Duration::from_millis(500),
            silence: Duration::from_mins(1),
            guest_bytes: 256 * 1024,
            room_bytes: 64 * 1024 * 1024,
            send_time: Duration::from_secs(10),
            linger: Duration::from_secs(5),
            farewell: Duration::from_secs(2),
        }
    }
}
