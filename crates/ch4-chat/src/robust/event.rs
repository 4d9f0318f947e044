//! What happens, and the inbox in which a loop finds it.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::Error;

use super::framing::Message;

/// Tells the peers of one chat apart.
pub type PeerId = u64;

/// One event. Threads send them; one loop deals with them, one after the other.
#[derive(Debug)]
pub enum Event {
    /// The user has typed this line, which fits into a message.
    Typed(String),
    /// The user has typed a line that doesn't. This tells them so.
    Refused(String),
    /// The user's input has ended.
    InputEnded,
    /// The screen or the keyboard has failed, for this reason: the chat ends.
    Failed(Error),
    /// Somebody has connected.
    Arrived(TcpStream, SocketAddr),
    /// Nobody could be accepted, for this reason.
    NotAccepted(io::Error),
    /// A peer has said this. The first time it may be nothing: the peer is there, and silent.
    Said(PeerId, Vec<Message>),
    /// A peer's stream has ended, or has failed.
    Gone(PeerId, Option<io::Error>),
}

/// The events that wait for the loop.
///
/// After an event each thread [waits for a turn](wait_for_turn), so each has one event in the inbox
/// at most, and its end if it is over before its turn comes. A peer that floods fills the network's buffers instead of our memory.
#[derive(Debug, Default)]
pub struct Inbox {
    events: Mutex<VecDeque<Event>>,
    came: Condvar,
}

impl Inbox {
    /// Sends an event from the network.
    pub fn send(&self, event: Event) {
        self.events().push_back(event);
        self.came.notify_one();
    }

    /// Sends an event from the user, which overtakes all that wait. So `byebye` counts at once,
    /// whatever the guests send.
    pub fn send_first(&self, event: Event) {
        self.events().push_front(event);
        self.came.notify_one();
    }

    /// The next event; `None` when the deadline has passed, however many still wait.
    pub fn next(&self, deadline: Option<Instant>) -> Option<Event> {
        let left = deadline.map_or(Duration::MAX, |at| {
            at.saturating_duration_since(Instant::now())
        });
        if left.is_zero() {
            return None;
        }
        let waited = (self.came).wait_timeout_while(self.events(), left, |it| it.is_empty());
        let (mut events, _) = waited.unwrap_or_else(PoisonError::into_inner);
        events.pop_front()
    }

    /// A thread that panicked with the lock held leaves whole events behind.
    fn events(&self) -> MutexGuard<'_, VecDeque<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a turn, which is an instant, and then for that instant. A later turn replaces it.
/// Returns false if no turn comes any more.
///
/// Each thread that sends events waits for a turn after each of them, and the loop decides how
/// soon it comes.
pub fn wait_for_turn(turns: &Receiver<Instant>) -> bool {
    let mut turn = turns.recv().map_err(|_| RecvTimeoutError::Disconnected);
    while let Ok(from) = turn {
        turn = turns.recv_timeout(from.saturating_duration_since(Instant::now()));
    }
    turn == Err(RecvTimeoutError::Timeout)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn what_the_user_does_overtakes_a_flood() {
        let inbox = Inbox::default();
        for id in 0..100 {
            inbox.send(Event::Gone(id, None));
        }
        inbox.send_first(Event::InputEnded);
        let next = || inbox.next(None);
        assert!(matches!(next(), Some(Event::InputEnded)));
        assert!(matches!(next(), Some(Event::Gone(0, None))));
        assert!(matches!(next(), Some(Event::Gone(1, None))));
    }

    #[test]
    fn an_event_wakes_a_loop_that_waits() {
        for send in [Inbox::send, Inbox::send_first] {
            let inbox = Arc::new(Inbox::default());
            let waits = Arc::clone(&inbox);
            let later = Instant::now() + testkit::PATIENCE;
            let (starts, started) = sync_channel(0);
            let thread = std::thread::spawn(move || {
                starts.send(()).unwrap();
                waits.next(Some(later))
            });
            started.recv().unwrap();
            send(&inbox, Event::InputEnded);
            let event = thread.join().unwrap();
            assert!(Instant::now() < later);
            assert!(matches!(event, Some(Event::InputEnded)), "{event:?}");
        }
    }

    #[test]
    fn a_deadline_ends_the_wait_even_if_events_wait() {
        let inbox = Inbox::default();
        let soon = Instant::now() + Duration::from_millis(20);
        assert!(inbox.next(Some(soon)).is_none() && Instant::now() >= soon);
        inbox.send(Event::Gone(1, None));
        inbox.send_first(Event::InputEnded);
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
