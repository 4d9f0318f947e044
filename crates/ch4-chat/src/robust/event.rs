//! What happens, and the inbox in which a loop finds it.
//!
//! The inbox is bounded: when it is full, a thread that sends waits. So a peer that floods fills
//! the network's buffers instead of our memory.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Instant;

use console::Error;

use super::framing::Message;
use crate::BYE;

/// Events from the network that may wait in the inbox.
const CAPACITY: usize = 64;

/// Tells the peers of one chat apart.
pub type PeerId = u64;

/// One event. Threads send them; one loop deals with them, one after the other.
#[derive(Debug)]
pub enum Event {
    /// The user has typed this.
    Typed(Typed),
    /// Nothing can be printed any more, for this reason.
    ScreenGone(Error),
    /// Somebody has connected.
    Arrived(TcpStream, SocketAddr),
    /// Nobody could be accepted, for this reason.
    NotAccepted(io::Error),
    /// A peer has said this. The first time it may be nothing: the peer is there, and silent.
    Said(PeerId, Vec<Message>),
    /// A peer's stream has ended, or has failed.
    Gone(PeerId, Option<io::Error>),
    /// The user's lane has something.
    Look,
}

/// What was typed.
#[derive(Debug)]
pub enum Typed {
    /// A line that fits into a message.
    Line(String),
    /// A line that doesn't, and how many bytes it has.
    TooLong(u64),
    /// The input has ended.
    End,
    /// The input can't be read, for this reason: the chat ends.
    Failed(Error),
}

impl Typed {
    /// Whether nothing comes after it: it is `byebye`, or no more can be read.
    pub fn is_last(&self) -> bool {
        match self {
            Self::Line(line) => line == BYE,
            Self::TooLong(_) => false,
            Self::End | Self::Failed(_) => true,
        }
    }
}

/// The loop's end of the inbox.
pub struct Inbox {
    network: Receiver<Event>,
    user: Receiver<Event>,
}

/// The other threads' end of the inbox; each has a copy.
#[derive(Clone)]
pub struct Events {
    network: SyncSender<Event>,
    user: SyncSender<Event>,
}

/// An inbox with two lanes: what the user does overtakes what waits from the network. So
/// `byebye` counts at once, whatever the guests send.
pub fn inbox() -> (Events, Inbox) {
    let (network, from_network) = sync_channel(CAPACITY);
    // One line that was typed, and the end of the screen: neither thread ever waits.
    let (user, from_user) = sync_channel(2);
    let inbox = Inbox {
        network: from_network,
        user: from_user,
    };
    (Events { network, user }, inbox)
}

impl Events {
    /// Sends an event from the network; waits while the inbox is full. Returns false if the loop
    /// has ended.
    pub fn send(&self, event: Event) -> bool {
        self.network.send(event).is_ok()
    }

    /// Sends an event from the user. Returns false if the loop has ended.
    pub fn send_first(&self, event: Event) -> bool {
        // This wakes a loop that waits. If the inbox is full it doesn't wait.
        let look = || self.network.try_send(Event::Look);
        self.user.send(event).is_ok() && !matches!(look(), Err(TrySendError::Disconnected(_)))
    }
}

impl Inbox {
    /// The next event; `None` when the deadline has passed, however many still wait.
    pub fn next(&self, deadline: Option<Instant>) -> Option<Event> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let event = match left {
                Some(left) if left.is_zero() => return None,
                _ if let Ok(event) = self.user.try_recv() => return Some(event),
                Some(left) => self.network.recv_timeout(left).ok()?,
                None => self.network.recv().ok()?,
            };
            if !matches!(event, Event::Look) {
                return Some(event);
            }
        }
    }
}

/// Waits for a turn, which is an instant, and then for that instant. A later turn replaces it.
/// Returns false if no turn comes any more.
///
/// After each event a thread of the network waits for a turn. So each has one event in the inbox
/// at most, and the loop decides how soon the next one comes.
pub fn wait_for_turn(turns: &Receiver<Instant>) -> bool {
    let mut turn = turns.recv().map_err(|_| RecvTimeoutError::Disconnected);
    while let Ok(from) = turn {
        turn = turns.recv_timeout(from.saturating_duration_since(Instant::now()));
    }
    turn == Err(RecvTimeoutError::Timeout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_does_overtakes_a_flood() {
        let (events, inbox) = inbox();
        for id in 0..CAPACITY as u64 {
            assert!(events.send(Event::Gone(id, None)));
        }
        assert!(events.send_first(Event::Typed(Typed::End)));
        let next = || inbox.next(None);
        assert!(matches!(next(), Some(Event::Typed(Typed::End))));
        assert!(matches!(next(), Some(Event::Gone(0, None))));
        drop(inbox);
        assert!(!events.send(Event::Look) && !events.send_first(Event::Look));
    }

    #[test]
    fn what_the_user_does_wakes_a_loop_that_waits() {
        let (events, inbox) = inbox();
        let thread = std::thread::spawn(move || inbox.next(None));
        assert!(events.send_first(Event::Typed(Typed::End)));
        let event = thread.join().unwrap();
        assert!(matches!(event, Some(Event::Typed(Typed::End))), "{event:?}");
    }

    #[test]
    fn a_deadline_ends_the_wait_even_if_events_wait() {
        let (events, inbox) = inbox();
        assert!(events.send(Event::Gone(1, None)));
        assert!(events.send_first(Event::Typed(Typed::End)));
        assert!(inbox.next(Some(Instant::now())).is_none());
        let later = Instant::now() + testkit::PATIENCE;
        assert!(inbox.next(Some(later)).is_some());
    }

    #[test]
    fn a_turn_comes_at_its_time_and_a_later_one_may_bring_it_forward() {
        let (next_turn, turns) = sync_channel(2);
        let begin = Instant::now();
        let soon = begin + std::time::Duration::from_millis(50);
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
