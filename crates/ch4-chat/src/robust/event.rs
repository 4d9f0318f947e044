//! What happens, and the inbox in which a loop finds it.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use console::Error;

/// Tells the peers of one chat apart.
pub type PeerId = u64;

/// One event. Threads send them to an inbox; one loop handles them, one after the other.
#[derive(Debug)]
pub enum Event {
    /// The user typed this line, which fits into a message.
    Typed(String),
    /// The user typed a line that doesn't. This tells them so.
    Refused(String),
    /// The user's input has ended.
    InputEnded,
    /// The screen or the keyboard failed, for this reason: the chat ends.
    Failed(Error),
    /// Somebody connected, or couldn't be accepted.
    Accepted(io::Result<(TcpStream, SocketAddr)>),
    /// A peer said this. The first time it may be nothing: the peer is there, and silent.
    Said(PeerId, Vec<String>),
    /// A peer's stream ended, or failed.
    Gone(PeerId, Option<io::Error>),
}

/// Takes the next event from the inbox. Returns `None` at the deadline, even if events wait.
pub fn next(inbox: &Receiver<Event>, deadline: Option<Instant>) -> Option<Event> {
    let Some(deadline) = deadline else {
        return inbox.recv().ok();
    };
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return None; // `recv_timeout` would return events for as long as there are any.
    }
    inbox.recv_timeout(left).ok()
}

/// Waits for a turn (the permission to send the next event), which is an instant, and then for that
/// instant. If another turn comes meanwhile, it replaces the first. Returns false if no turn will
/// come.
///
/// Each thread waits for a turn after each event that it sends, and the loop decides how soon it
/// comes. So each thread has one event in the inbox at most, and its end, and the inbox needs no
/// other limit. When a peer floods, its bytes wait in the network and not in our memory.
pub fn wait_for_turn(turns: &Receiver<Instant>) -> bool {
    let mut turn = turns.recv().map_err(|_| RecvTimeoutError::Disconnected);
    while let Ok(from) = turn {
        turn = turns.recv_timeout(from.saturating_duration_since(Instant::now()));
    }
    turn == Err(RecvTimeoutError::Timeout)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_deadline_ends_the_wait_even_if_events_wait() {
        let (events, inbox) = channel();
        let soon = Instant::now() + Duration::from_millis(20);
        assert!(next(&inbox, Some(soon)).is_none() && Instant::now() >= soon);
        events.send(Event::InputEnded).unwrap();
        assert!(next(&inbox, Some(Instant::now())).is_none());
        let later = Instant::now() + testkit::PATIENCE;
        assert!(next(&inbox, Some(later)).is_some());
    }

    #[test]
    fn a_turn_comes_at_its_time_and_a_later_one_may_bring_it_forward() {
        let (next_turn, turns) = channel();
        let begin = Instant::now();
        let soon = begin + Duration::from_millis(50);
        next_turn.send(soon).unwrap();
        assert!(wait_for_turn(&turns));
        assert!(Instant::now() >= soon);
        next_turn.send(begin + 10 * testkit::PATIENCE).unwrap();
        next_turn.send(begin).unwrap();
        assert!(wait_for_turn(&turns));
        next_turn.send(begin + 10 * testkit::PATIENCE).unwrap();
        drop(next_turn);
        assert!(!wait_for_turn(&turns));
        assert!(begin.elapsed() < testkit::PATIENCE);
    }
}
