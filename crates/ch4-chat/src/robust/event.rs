//! Events, the inbox from which a loop takes them, and the permits that it gives back.
//!
//! A permit is an instant: the loop decides how soon a thread may send its next event. When a peer
//! floods, its bytes wait in the network and not in our memory.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use console::{Error, Log};

/// Tells the peers of one chat apart.
pub type PeerId = u64;

/// One event. Threads send them to an inbox; one loop handles them, one after the other.
#[derive(Debug)]
pub enum Event {
    /// The user typed this line, which fits into a message.
    Typed(String),
    /// The user typed a line that doesn't. This tells them so.
    NotSent(String),
    /// The user's input was a file, and has ended. The next permit is for when it is time to leave:
    /// then the thread says `byebye`.
    InputEnded,
    /// The screen or the keyboard failed, for this reason: the chat ends.
    Failed(Error),
    /// Somebody connected, or couldn't be accepted.
    Accepted(io::Result<(TcpStream, SocketAddr)>),
    /// A peer said this. It may be nothing: the peer is there, and silent, or it sent empty lines.
    Said(PeerId, Vec<String>),
    /// A peer's stream ended, or failed.
    Gone(PeerId, Option<io::Error>),
}

/// An inbox, and the way into it. It gets [`Event::Failed`] if the screen fails.
pub fn inbox(log: &Log) -> (Sender<Event>, Receiver<Event>) {
    let (events, inbox) = channel();
    let failed = events.clone();
    log.printer
        .when_gone(move |error| drop(failed.send(Event::Failed(error))));
    (events, inbox)
}

/// Takes the next event from the inbox. Returns `None` if there is none until this time. An
/// event that waits already is returned even if the time is over.
pub fn next_event(inbox: &Receiver<Event>, until: Option<Instant>) -> Option<Event> {
    let left = |at: Instant| at.saturating_duration_since(Instant::now());
    inbox.recv_timeout(until.map_or(Duration::MAX, left)).ok()
}

/// Waits for a permit, and then for its instant. If another permit comes meanwhile, it replaces the
/// first. Returns false as soon as no other can come, even before the instant.
pub fn wait_for_permit(permits: &Receiver<Instant>) -> bool {
    let Ok(mut at) = permits.recv() else {
        return false;
    };
    loop {
        match permits.recv_timeout(at.saturating_duration_since(Instant::now())) {
            Ok(other) => at = other,
            Err(end) => return end == RecvTimeoutError::Timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn an_event_that_waits_comes_first_and_else_the_time_decides() {
        let (events, inbox) = channel();
        let soon = Instant::now() + Duration::from_millis(20);
        assert!(next_event(&inbox, Some(soon)).is_none() && Instant::now() >= soon);
        events.send(Event::InputEnded).unwrap();
        assert!(next_event(&inbox, Some(soon)).is_some());
        events.send(Event::InputEnded).unwrap();
        assert!(next_event(&inbox, None).is_some());
    }

    #[test]
    fn a_permit_holds_from_its_instant_on_and_a_later_one_replaces_it() {
        let (permit, permits) = channel();
        let begin = Instant::now();
        let soon = begin + Duration::from_millis(50);
        permit.send(soon).unwrap();
        assert!(wait_for_permit(&permits));
        assert!(Instant::now() >= soon);
        permit.send(begin + 10 * testkit::PATIENCE).unwrap();
        permit.send(begin).unwrap();
        assert!(wait_for_permit(&permits));
        permit.send(begin + 10 * testkit::PATIENCE).unwrap();
        drop(permit);
        assert!(!wait_for_permit(&permits));
        assert!(begin.elapsed() < testkit::PATIENCE);
    }
}
