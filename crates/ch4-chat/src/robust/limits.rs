//! What others can make us wait for, and how many of them there may be.

use std::time::Duration;

/// Maximum size of a message in bytes, without its line end.
pub const MESSAGE_BYTES: usize = 4096;

/// How long the others can make us wait, and how many there may be.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Guests in the room.
    pub guests: usize,
    /// Time for a connection to come about, for each address of the host.
    pub connect_time: Duration,
    /// How long a peer that sends no line ends has to be quiet to have said something.
    pub quiet: Duration,
    /// Time for a peer to make room for a line. A whole room waits for a guest that long, once.
    pub send_time: Duration,
    /// How long to listen on, without hearing anything, when there is no more to say.
    pub linger: Duration,
    /// Time for the others to close their side after `byebye`.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            guests: 1000,
            connect_time: Duration::from_secs(5),
            quiet: Duration::from_millis(200),
            send_time: Duration::from_millis(20),
            linger: Duration::from_secs(5),
            farewell: Duration::from_secs(2),
        }
    }
}
