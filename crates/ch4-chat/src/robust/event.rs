//! Events, and the threads that send them to an inbox.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Builder;
use std::time::Instant;

use console::Error;

/// Tells the peers of one chat apart.
pub type PeerId = u64;

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// The user typed this line. It fits into a message and isn't `byebye`.
    Typed(String),
    /// The user typed a line that can't be sent. This says why.
    NotSent(String),
    /// The user's input is a file, and has no more lines.
    InputEnded,
    /// The user leaves, or the screen or the keyboard failed.
    Leave(Result<(), Error>),
    /// Somebody connected, or couldn't be accepted.
    Accepted(io::Result<(TcpStream, SocketAddr)>),
    /// A peer sent these messages: none if it is new, or sent only empty lines or part of a long
    /// one.
    Said(PeerId, Vec<String>),
    /// A peer's stream ended, or failed.
    Gone(PeerId, Option<io::Error>),
}

/// Starts a thread. For each permit, it calls `next`, which waits for an event, and sends that.
///
/// Returns the sender of permits. When it is dropped and `next` has returned, the thread calls
/// `end` and ends.
///
/// # Errors
///
/// The system has no thread left.
pub fn start_thread(
    builder: Builder,
    events: &Sender<Event>,
    mut next: impl FnMut() -> Event + Send + 'static,
    end: impl FnOnce() + Send + 'static,
) -> io::Result<Sender<Instant>> {
    let (permits, permitted) = channel();
    let events = events.clone();
    builder.spawn(move || {
        while wait_for_permit(&permitted) {
            let _ = events.send(next()); // This fails only when the chat has ended.
        }
        end();
    })?;
    Ok(permits)
}

/// Waits for a permit, and then until its time. A later permit replaces it. Returns false as soon
/// as the sender of permits is dropped.
fn wait_for_permit(permits: &Receiver<Instant>) -> bool {
    let mut permit = permits.recv().map_err(RecvTimeoutError::from);
    while let Ok(at) = permit {
        permit = permits.recv_timeout(at.saturating_duration_since(Instant::now()));
    }
    permit == Err(RecvTimeoutError::Timeout) // The permit's time has come.
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

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
