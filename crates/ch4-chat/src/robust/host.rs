//! The host's side: its loop, and what it does when somebody connects.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::Builder;
use std::time::{Duration, Instant};

use console::{Action, Error, OrCannot, client_has_gone, end_accept, own_address};

use super::chat::Chat;
use super::event::{Event, start_thread};
use super::keyboard::Input;
use super::limits::MESSAGE_BYTES;
use super::name;
use super::peer::Peer;
use super::room::Room;
use crate::BYE;

/// How long to accept nobody after the system has run out of something.
const ACCEPT_DELAY: Duration = Duration::from_millis(500);

/// How many connections of rejected guests stay open, so that they can read why.
const MAX_REJECTED: usize = 16;

/// Hosts a room until the host says `byebye`. After the end of an input file, it also ends when
/// nobody is here or nobody has spoken for a while.
///
/// `name` comes before what the host says. Without one, its words go out as they are typed.
///
/// # Errors
///
/// The screen or the keyboard fails, or the system has no thread left when the host starts.
pub fn host(listener: TcpListener, name: Option<&str>, chat: Chat) -> Result<(), Error> {
    let here = own_address(&listener)?;
    let listener = Arc::new(listener);
    let its_listener = Arc::clone(&listener);
    let accept = move || Event::Accepted(its_listener.accept());
    let accept_permits = start_thread(Builder::new(), &chat.events, accept, || {})
        .or_cannot(Action::StartThread, "that accepts guests")?;
    let waiting = format!("Waiting for guests on {here}. Say {BYE} to end the chat.");
    chat.log.event(waiting);

    let name = name::own(name, &chat.log);
    let mut host = Host {
        room: Room::new(name, &chat.log, &chat.limits),
        chat,
        accept_permits,
        rejected: Vec::new(),
    };
    let _ = host.accept_permits.send(Instant::now());
    let result = host.run();
    // Let go of the port: accept gets no more permits, and a connection to ourselves wakes it.
    drop(host.accept_permits);
    let _ = end_accept(&listener);
    drop(listener);
    let guests = host.room.close(Instant::now());
    host.chat.goodbye(guests, |_, _| {});
    result
}

struct Host {
    chat: Chat,
    room: Room,
    accept_permits: Sender<Instant>,
    /// The last connections for which the room had no place, the newest first.
    rejected: Vec<TcpStream>,
}

impl Host {
    /// Handles each event, until the user leaves.
    fn run(&mut self) -> Result<(), Error> {
        // A file's lines are meant for somebody: they wait for the first guest.
        let mut waits_for_guest = self.chat.input == Input::File;
        if !waits_for_guest {
            self.chat.permit_line(0);
        }
        loop {
            let event = self.chat.next_event(self.room.ready_at(Instant::now()));
            let now = Instant::now();
            match event {
                // The inbox is empty. Only now does the room pass on words, so a flood holds up
                // neither the host nor those who come and go.
                None => self.room.pass_on(now),
                Some(Event::Leave(result)) => return result,
                Some(Event::Typed(line)) => self.chat.permit_line(self.room.speak(&line, now)),
                Some(Event::Accepted(accepted)) => self.welcome(accepted, now),
                Some(Event::Said(id, messages)) => {
                    // It has spoken, or stayed for 200 ms: it didn't only try the port.
                    if waits_for_guest {
                        waits_for_guest = false;
                        self.chat.permit_line(0);
                    }
                    self.room.hear(id, messages, now);
                }
                Some(Event::Gone(id, error)) => {
                    let how = error.map_or("has left", |_| "is gone: the connection broke");
                    self.room.depart(id, how, now);
                }
                Some(Event::NotSent(_) | Event::InputEnded) => {}
            }
            self.room.drop_slow(now);
            if self.chat.leaves_at.is_some() && self.room.is_empty() {
                return Ok(());
            }
        }
    }

    /// Somebody connected, or `accept` failed.
    fn welcome(&mut self, accepted: io::Result<(TcpStream, SocketAddr)>, now: Instant) {
        let welcomed = accepted.and_then(|(stream, address)| {
            if let Some(id) = self.room.next_place(now) {
                let (limits, events) = (&self.chat.limits, &self.chat.events);
                let peer = Peer::start(stream, id, MESSAGE_BYTES, limits, events)?;
                self.room.arrive(id, peer, address, now);
            } else {
                self.reject(stream);
            }
            Ok(())
        });
        let mut accept_again_at = now;
        if let Err(error) = welcomed
            && !client_has_gone(&error)
        {
            // The system is out of descriptors, threads or memory. Guests wait in the backlog.
            self.chat.log.short_of("let a guest in for now", &error);
            // Close the rejected connections, and drop a guest that has been silent for too long.
            self.rejected.clear();
            self.room.drop_silent(now);
            accept_again_at += ACCEPT_DELAY;
        }
        let _ = self.accept_permits.send(accept_again_at);
    }

    /// Tells a guest that the room is full. Its connection stays open for a while: closing a socket
    /// with unread bytes resets the connection, and our line might be lost.
    fn reject(&mut self, mut stream: TcpStream) {
        // A new connection's buffer has space for a line, so this doesn't wait.
        let _ = stream.write_all(b"* The room is full.\n");
        let _ = stream.shutdown(Shutdown::Write);
        self.rejected.insert(0, stream);
        self.rejected.truncate(MAX_REJECTED);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, ErrorKind};
    use std::sync::mpsc::{Receiver, channel};
    use std::thread;

    use console::Printer;
    use testkit::{FakePeer, PATIENCE};

    use super::super::event::PeerId;
    use super::super::keyboard::Keyboard;
    use super::super::limits::Limits;
    use super::super::peer::fake::Outbox;
    use super::*;

    /// A host that accepts nobody, and an input in which nobody types. The test gets the permits to
    /// accept.
    fn host(test: impl FnOnce(Host, Receiver<Instant>)) {
        let (input, _typing) = io::pipe().unwrap();
        let keyboard = Keyboard::plain(Input::File, BufReader::new(input));
        let limits = Limits {
            guest_bytes: usize::MAX,
            ..Limits::default()
        };
        let chat = Chat::start(keyboard, Printer::new(io::sink()).unwrap(), limits).unwrap();
        let (accept_permits, permitted) = channel();
        let host = Host {
            room: Room::new(None, &chat.log, &chat.limits),
            chat,
            accept_permits,
            rejected: Vec::new(),
        };
        test(host, permitted);
    }

    /// A guest without threads.
    fn arrives(room: &mut Room) -> (PeerId, Outbox) {
        let (address, now) = (SocketAddr::from(([127, 0, 0, 1], 1)), Instant::now());
        let id = room.next_place(now).unwrap();
        let (peer, outbox, _) = Peer::fake(|| {});
        room.arrive(id, peer, address, now);
        (id, outbox)
    }

    /// If it went on at once, it would fail at once, and keep a core busy.
    #[test]
    fn if_the_system_is_short_of_something_nobody_is_accepted_for_a_while() {
        host(|mut host, permitted| {
            let now = Instant::now();
            for (error, delay) in [
                (ErrorKind::OutOfMemory, ACCEPT_DELAY),
                (ErrorKind::ConnectionAborted, Duration::ZERO),
            ] {
                host.welcome(Err(error.into()), now);
                assert_eq!(permitted.try_recv(), Ok(now + delay), "{error}");
            }
        });
    }

    /// Or a thousand who say nothing could keep the others out, however few descriptors there are.
    #[test]
    fn if_the_system_is_short_of_something_the_rejected_and_the_silent_go() {
        host(|mut host, _| {
            let (rejected, mut guest) = FakePeer::pair();
            host.reject(rejected);
            arrives(&mut host.room);
            let short = || Err(ErrorKind::OutOfMemory.into());
            host.welcome(short(), Instant::now());
            assert_eq!(guest.reads_to_end(), b"* The room is full.\n");
            assert!(host.rejected.is_empty() && !host.room.is_empty());
            host.welcome(short(), Instant::now() + Limits::default().silence);
            assert!(host.room.is_empty());
        });
    }

    /// To close a connection with something unread is a reset.
    #[test]
    fn sixteen_who_are_rejected_may_take_their_time() {
        host(|mut host, _| {
            let mut guests: Vec<_> = (0..=MAX_REJECTED)
                .map(|_| {
                    let (stream, guest) = FakePeer::pair();
                    guest.sends("unread");
                    host.reject(stream);
                    guest
                })
                .collect();
            // The first was closed when the last came.
            for guest in &mut guests.split_off(1) {
                assert_eq!(guest.reads_to_end(), b"* The room is full.\n");
                guest.sends("more");
                guest.sends("and more");
            }
            assert_eq!(host.rejected.len(), MAX_REJECTED);
        });
    }

    #[test]
    fn byebye_comes_before_what_guests_have_said_is_passed_on() {
        host(|mut host, _| {
            let now = Instant::now();
            let guests = [(); 9].map(|()| arrives(&mut host.room));
            let events = host.chat.events.clone();
            for (id, _) in &guests {
                events.send(Event::Said(*id, vec!["x".into()])).unwrap();
            }
            events.send(Event::Leave(Ok(()))).unwrap();
            host.run().unwrap();
            assert_eq!(guests[0].1.take(), "");
            while host.room.ready_at(now) == Some(now) {
                host.room.pass_on(now);
            }
            assert_eq!(guests[0].1.take().matches("x\n").count(), 8);
        });
    }

    /// All who talk wait for their permits, so no other event wakes the loop.
    #[test]
    fn words_that_wait_for_the_rooms_budget_are_passed_on_even_if_nothing_else_happens() {
        host(|mut host, _| {
            let events = host.chat.events.clone();
            let (_, listener) = arrives(&mut host.room);
            // What each says spends the budget.
            let much = vec!["x".repeat(MESSAGE_BYTES); 100];
            for _ in 0..2 {
                let (id, _) = arrives(&mut host.room);
                events.send(Event::Said(id, much.clone())).unwrap();
            }
            let lines = much.len();
            let listening = thread::spawn(move || {
                let mut heard = String::new();
                while heard.matches("xx\n").count() < 2 * lines
                    && let Ok(text) = listener.texts.recv_timeout(PATIENCE)
                {
                    heard += &text;
                }
                events.send(Event::Leave(Ok(()))).unwrap();
                heard
            });
            host.run().unwrap();
            let heard = listening.join().unwrap();
            for speaker in ["guest-2: ", "guest-3: "] {
                assert_eq!(heard.matches(speaker).count(), lines, "{speaker}");
            }
        });
    }
}
