//! The host's side: a loop that deals with one event after the other, and waits for nothing but
//! the next one.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use console::{Action, DeadlineStream, Error, Log, OrCannot, client_has_gone, end_accept, safe};

use super::event::{Event, Inbox, PeerId, wait_for_turn};
use super::keyboard::{Keyboard, Typing};
use super::limits::{Limits, MESSAGE_BYTES};
use super::peer::{Peer, goodbye};
use super::room::{Act, Room};
use crate::BYE;

/// How long nobody is accepted after the system has run out of something.
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
    let here = listener
        .local_addr()
        .or_cannot("read", "the socket's own address")?;
    let inbox = Arc::<Inbox>::default();
    let failing = Arc::clone(&inbox);
    log.when_gone(move |error| failing.send_first(Event::Failed(error)));

    let listener = Arc::new(listener);
    let (next_guest, turns) = sync_channel(1);
    let (accepting, arrivals) = (Arc::clone(&listener), Arc::clone(&inbox));
    thread::Builder::new()
        .spawn(move || accept(&accepting, &arrivals, &turns))
        .or_cannot(Action::StartThread, "that accepts guests")?;
    log.event(format_args!(
        "Waiting for guests on {here}. Say {BYE} to end the chat."
    ));

    // The lines of a file are meant for somebody, so they wait for the first guest.
    let wait = !keyboard.is_terminal;
    let events = Arc::clone(&inbox);
    let typing = keyboard.read(move |typed| events.send_first(typed))?;
    let mut host = Host {
        room: Room::new(name, limits),
        peers: BTreeMap::new(),
        inbox: &inbox,
        next_guest,
        refusals: Arc::default(),
        log,
        limits,
    };
    let end = host.run(&typing, wait);
    let deadline = Instant::now() + limits.farewell;
    host.room.close(Instant::now());
    // The accepting thread finds that nobody waits for guests any more, and we let go of the port.
    drop(host.next_guest);
    let _ = end_accept(&listener);
    drop(listener);
    goodbye(host.peers, &inbox, deadline, |_| {});
    typing.end(|line| log.event(line));
    end
}

/// Accepts guests, one at each turn, until the room is closed.
fn accept(listener: &TcpListener, inbox: &Inbox, turns: &Receiver<Instant>) {
    loop {
        inbox.send(match listener.accept() {
            Ok((stream, address)) => Event::Arrived(stream, address),
            Err(error) if client_has_gone(&error) => continue,
            // The system is out of descriptors or memory. That passes, and the guest stays queued.
            Err(error) => Event::NotAccepted(error),
        });
        if !wait_for_turn(turns) {
            return;
        }
    }
}

/// What the loop works with. What it knows is in the room.
struct Host<'a> {
    room: Room,
    peers: BTreeMap<PeerId, Peer>,
    inbox: &'a Arc<Inbox>,
    /// Lets the accepting thread go on.
    next_guest: SyncSender<Instant>,
    /// Held by each connection that is being refused.
    refusals: Arc<()>,
    log: &'a Log,
    limits: &'a Limits,
}

impl Host<'_> {
    /// Deals with each event, until the host has had the last word. If typing has to `wait`, it
    /// begins when the first guest is here.
    fn run(&mut self, typing: &Typing, mut wait: bool) -> Result<(), Error> {
        if !wait {
            typing.next_turn(Instant::now());
        }
        let mut deadline = None;
        loop {
            let next = (self.inbox).next(deadline.into_iter().chain(self.room.send_at()).min());
            let now = Instant::now();
            if self.room.send_at().is_some_and(|at| at <= now) {
                self.room.send(now);
            }
            match next {
                None if deadline.is_some_and(|at| at <= now) => return Ok(()),
                None => {}
                Some(Event::Failed(error)) => return Err(error),
                Some(Event::Typed(line)) if line == BYE => return Ok(()),
                Some(Event::Typed(line)) => typing.next_turn(self.room.speak(&line, now)),
                Some(Event::Refused(why)) => {
                    self.log.trouble(why);
                    typing.next_turn(now);
                }
                Some(Event::InputEnded) => deadline = Some(now + self.limits.linger),
                Some(Event::Arrived(stream, address)) => self.welcome(stream, address, now),
                Some(Event::NotAccepted(error)) => {
                    self.log.short_of("accept a guest for now", &error);
                    let _ = self.next_guest.try_send(now + RETRY_DELAY);
                }
                Some(Event::Said(id, messages)) => {
                    deadline = deadline.map(|_| now + self.limits.linger);
                    let turn = self.room.hear(id, messages, now);
                    match (turn, self.peers.get(&id)) {
                        (Some(from), Some(peer)) => peer.next_turn(from),
                        _ => drop(self.peers.remove(&id)),
                    }
                    if wait && self.room.has_guest() {
                        wait = false;
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
                return Ok(());
            }
        }
    }

    /// Somebody has connected.
    fn welcome(&mut self, stream: TcpStream, address: SocketAddr, now: Instant) {
        if let Some((id, lines)) = self.room.arrive(address, now) {
            let stream = Arc::new(stream);
            let lines = Some(lines);
            match Peer::start(stream, id, MESSAGE_BYTES, lines, self.limits, self.inbox) {
                Ok(peer) => {
                    self.peers.insert(id, peer);
                }
                Err(error) => {
                    self.room.depart(id, "has left", now);
                    self.log.short_of("talk to a guest for now", &error);
                }
            }
        } else {
            self.refuse(stream);
        }
        let _ = self.next_guest.try_send(now);
    }

    /// Tells somebody that the room is full. What it has sent is read before the connection is
    /// closed: unread, it would turn the close into a reset, and our line might be lost. In a flood
    /// of connections this is done for some only.
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

    /// Does what has come of an event.
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
