//! The host's side: a loop that handles one event after the other, and waits for nothing but the
//! next one.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::mem;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use console::{Action, DeadlineStream, Error, Log, OrCannot, client_has_gone, end_accept, safe};

use super::event::{Event, PeerId, next, wait_for_turn};
use super::keyboard::{Keyboard, Typing};
use super::limits::{Limits, MESSAGE_BYTES};
use super::peer::{Peer, goodbye};
use super::room::{Act, Room};
use super::socket::own_address;
use crate::BYE;

/// How long to accept nobody after the system has run out of something.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// How long somebody who isn't let in may take to close its side, and how many may at once.
const REFUSAL: Duration = Duration::from_secs(1);
const REFUSALS: usize = 16;

/// Hosts a room until the host says `byebye`.
///
/// `name` comes before what the host says. Without one, its words go out as they are typed.
///
/// # Errors
///
/// The listener or the screen fails, or the system has no thread left.
pub fn host(
    listener: TcpListener,
    name: Option<&str>,
    keyboard: Keyboard,
    log: &Log,
    limits: &Limits,
) -> Result<(), Error> {
    let here = own_address(&listener)?;
    let (events, inbox) = channel();
    let failed = events.clone();
    log.when_gone(move |error| drop(failed.send(Event::Failed(error))));

    // Accept guests, one at each turn.
    let listener = Arc::new(listener);
    let (next_guest, turns) = channel();
    let (accepting, accepted) = (Arc::clone(&listener), events.clone());
    let accept = move || {
        let _ = accepted.send(Event::Accepted(accepting.accept()));
        wait_for_turn(&turns)
    };
    thread::Builder::new()
        .spawn(move || while accept() {})
        .or_cannot(Action::StartThread, "that accepts guests")?;
    log.event(format_args!(
        "Waiting for guests on {here}. Say {BYE} to end the chat."
    ));

    // The lines of a file are meant for somebody, so they wait for the first guest.
    let is_file = !keyboard.is_terminal;
    let typing = keyboard.read(events.clone())?;
    let mut host = Host {
        room: Room::new(name, limits),
        peers: BTreeMap::new(),
        events,
        next_guest,
        refusals: Arc::default(),
        log,
        limits,
    };
    let end = host.run(&inbox, &typing, is_file);
    let deadline = Instant::now() + limits.farewell;
    host.room.close(Instant::now());
    // The accepting thread gets no turn any more, and we let go of the port.
    drop(host.next_guest);
    let _ = end_accept(&listener);
    drop(listener);
    goodbye(host.peers, &inbox, deadline, |_| {});
    typing.end(log);
    end
}

/// What the loop works with. What it knows is in the room.
struct Host<'a> {
    room: Room,
    peers: BTreeMap<PeerId, Peer>,
    events: Sender<Event>,
    next_guest: Sender<Instant>,
    /// Held by each connection that is being refused.
    refusals: Arc<()>,
    log: &'a Log,
    limits: &'a Limits,
}

impl Host<'_> {
    /// Handles each event, until the host has had the last word. If typing `waits`, it begins when
    /// the first guest is here.
    fn run(
        &mut self,
        inbox: &Receiver<Event>,
        typing: &Typing,
        mut waits: bool,
    ) -> Result<(), Error> {
        if !waits {
            typing.next_turn(Instant::now());
        }
        let mut deadline = None;
        loop {
            let event = next(inbox, deadline.into_iter().chain(self.room.send_at).min());
            let now = Instant::now();
            if self.room.send_at.is_some_and(|at| at <= now) {
                self.room.send(now);
            }
            match event {
                None if deadline.is_some_and(|at| at <= now) => break,
                None => {}
                Some(Event::Failed(error)) => return Err(error),
                Some(Event::Typed(line)) if line == BYE => break,
                Some(Event::Typed(line)) => typing.next_turn(self.room.speak(&line, now)),
                Some(Event::Refused(why)) => {
                    self.log.trouble(why);
                    typing.next_turn(now);
                }
                Some(Event::InputEnded) => deadline = Some(now + self.limits.linger),
                Some(Event::Accepted(accepted)) => self.welcome(accepted, now),
                Some(Event::Said(id, messages)) => {
                    deadline = deadline.map(|_| now + self.limits.linger);
                    let turn = self.room.hear(id, messages, now);
                    match (turn, self.peers.get(&id)) {
                        (Some(from), Some(peer)) => peer.next_turn(from),
                        _ => drop(self.peers.remove(&id)),
                    }
                    if !self.room.is_empty() && mem::take(&mut waits) {
                        typing.next_turn(now);
                    }
                }
                Some(Event::Gone(id, error)) => {
                    self.peers.remove(&id);
                    let broke = error.map(|_| "is gone: the connection broke");
                    self.room.depart(id, broke.unwrap_or("has left"), now);
                }
            }
            self.act();
            if deadline.is_some() && self.room.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Somebody connected, or nobody could be accepted.
    fn welcome(&mut self, accepted: io::Result<(TcpStream, SocketAddr)>, now: Instant) {
        let mut next_guest = now;
        match accepted.and_then(|(stream, address)| self.let_in(stream, address, now)) {
            Err(error) if !client_has_gone(&error) => {
                // The system is out of descriptors, threads or memory. That passes, and other
                // guests stay queued.
                self.log.short_of("let a guest in for now", &error);
                next_guest += RETRY_DELAY;
            }
            _ => {}
        }
        let _ = self.next_guest.send(next_guest);
    }

    fn let_in(&mut self, stream: TcpStream, address: SocketAddr, now: Instant) -> io::Result<()> {
        let Some((id, lines)) = self.room.arrive(address, now) else {
            self.refuse(stream);
            return Ok(());
        };
        let peer = Peer::start(stream, id, MESSAGE_BYTES, lines, self.limits, &self.events)
            .inspect_err(|_| self.room.depart(id, "has left", now))?;
        self.peers.insert(id, peer);
        Ok(())
    }

    /// Tells somebody that the room is full. What it has sent is read before the connection is
    /// closed: unread, it would turn the close into a reset, and our line might be lost. In a flood
    /// of connections only some get this.
    fn refuse(&self, mut stream: TcpStream) {
        // There is room for one line in a new connection's buffer, so this doesn't wait.
        let _ = stream.write_all(b"* The room is full.\n");
        let _ = stream.shutdown(Shutdown::Write);
        if Arc::strong_count(&self.refusals) > REFUSALS {
            return;
        }
        let refusal = Arc::clone(&self.refusals);
        // Without a thread, it is closed at once.
        let _ = thread::Builder::new().spawn(move || {
            let mut from = DeadlineStream::new(&stream, Instant::now() + REFUSAL);
            let _ = io::copy(&mut from, &mut io::sink());
            drop((stream, refusal));
        });
    }

    /// Does what the room decided.
    fn act(&mut self) {
        for act in self.room.acts() {
            match act {
                Act::Tell(line) => self.log.event(line),
                Act::Show(line) => self.log.peer(&(safe::MARGIN.to_owned() + &line)),
                Act::Cut(id) => {
                    if let Some(peer) = self.peers.remove(&id) {
                        peer.cut();
                    }
                }
            }
        }
    }
}
