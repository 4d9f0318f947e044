//! The host's side: a loop that deals with one event after the other, and waits for nothing but
//! the next one.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use console::{Action, DeadlineStream, Error, OrCannot, Printer, client_has_gone, end_accept};

use super::budget::Budget;
use super::event::{Event, Events, Inbox, PeerId, Typed, inbox, wait_for_turn};
use super::keyboard::{Keyboard, Typing};
use super::limits::{Limits, MESSAGE_BYTES};
use super::peer::{Peer, goodbye};
use super::room::{Act, Room};
use super::screen::Screen;
use crate::BYE;

/// How long nobody is accepted after the system has run out of something.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// How often at most to say that the system has run out of something.
const REMINDER: Duration = Duration::from_mins(1);

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
    listener: &TcpListener,
    name: Option<&str>,
    keyboard: Keyboard,
    printer: &Printer,
    limits: &Limits,
) -> Result<(), Error> {
    let here = listener
        .local_addr()
        .or_cannot("read", "the socket's own address")?;
    let accepting = listener.try_clone().or_cannot(Action::Listen, here)?;
    let (events, inbox) = inbox();
    let (next_guest, turns) = sync_channel(1);
    let (accepts, ended) = channel::<()>();
    let arrivals = events.clone();
    thread::Builder::new()
        .spawn(move || {
            accept(&accepting, &arrivals, &turns);
            drop((accepting, accepts));
        })
        .or_cannot(Action::StartThread, "that accepts guests")?;

    let screen = Screen(printer);
    screen.tell_when_gone(&events);
    screen.event(format_args!(
        "Waiting for guests on {here}. Say {BYE} to end the chat."
    ));
    let mut host = Host {
        room: Room::new(name, limits),
        peers: BTreeMap::new(),
        events,
        next_guest,
        refusals: Arc::default(),
        reminded: None,
        screen,
        limits,
    };
    // The lines of a file are meant for somebody, so they wait for the first guest.
    let (wait, go_on) = channel::<()>();
    let wait = (!keyboard.is_terminal).then_some(wait);
    let typing = keyboard.read(host.send_typed(go_on))?;
    let end = host.run(&typing, wait, &inbox);
    let deadline = Instant::now() + limits.farewell;
    let peers = host.peers;
    // The accepting thread finds that nobody waits for guests any more, and lets go of the port.
    drop(host.next_guest);
    host.room.close(Instant::now());
    let _ = end_accept(listener);
    goodbye(peers, &inbox, deadline, |_| {});
    drop(inbox);
    let _ = ended.recv_timeout(RETRY_DELAY);
    typing.end(|line| screen.event(line));
    end
}

/// Accepts guests, one at each turn, until the room is closed.
fn accept(listener: &TcpListener, events: &Events, turns: &Receiver<Instant>) {
    loop {
        let event = match listener.accept() {
            Ok((stream, address)) => Event::Arrived(stream, address),
            Err(error) if client_has_gone(&error) => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            // The system is out of descriptors or memory. That passes, and the guest stays queued.
            Err(error) => Event::NotAccepted(error),
        };
        if !events.send(event) || !wait_for_turn(turns) {
            return;
        }
    }
}

/// What the loop works with. What it knows is in the room.
struct Host<'a> {
    room: Room,
    peers: BTreeMap<PeerId, Peer>,
    events: Events,
    /// Lets the accepting thread go on.
    next_guest: SyncSender<Instant>,
    /// Held by each connection that is being refused.
    refusals: Arc<()>,
    /// When it was last said that the system has run out of something.
    reminded: Option<Instant>,
    screen: Screen<'a>,
    limits: &'a Limits,
}

impl Host<'_> {
    /// Deals with each event, until the host has had the last word. Drops `wait` when the first
    /// guest is here.
    fn run(
        &mut self,
        typing: &Typing,
        mut wait: Option<Sender<()>>,
        inbox: &Inbox,
    ) -> Result<(), Error> {
        let mut deadline = None;
        loop {
            wait = wait.filter(|_| !self.room.has_guest());
            let next = inbox.next(deadline.into_iter().chain(self.room.send_at()).min());
            let now = Instant::now();
            if self.room.send_at().is_some_and(|at| at <= now) {
                self.room.send(now);
                self.act();
            }
            let Some(event) = next else {
                if deadline.is_some_and(|at| at <= now) {
                    return Ok(());
                }
                continue;
            };
            match event {
                Event::ScreenGone(error) => return Err(error),
                Event::Typed(Typed::Line(line)) if line == BYE => return Ok(()),
                Event::Typed(typed) => {
                    match typed {
                        Typed::Line(line) => self.room.speak(&line, now),
                        Typed::TooLong(length) => self.screen.refuse(length),
                        Typed::Failed(error) => return Err(error),
                        Typed::End => deadline = Some(now + self.limits.linger),
                    }
                    typing.next_turn();
                }
                Event::Arrived(stream, address) => self.welcome(stream, address, now),
                Event::NotAccepted(error) => {
                    self.remind("accept a guest", &error, now);
                    let _ = self.next_guest.try_send(now + RETRY_DELAY);
                }
                Event::Said(id, messages) => {
                    deadline = deadline.map(|_| now + self.limits.linger);
                    self.room.hear(id, messages, now);
                }
                Event::Gone(id, None) => self.room.depart(id, "has left", now),
                Event::Gone(id, Some(_)) => {
                    self.room.depart(id, "is gone: the connection broke", now);
                }
                Event::Look => {}
            }
            self.act();
            if deadline.is_some() && self.room.is_empty() {
                return Ok(());
            }
        }
    }

    /// What the keyboard's thread does with a line. The host may say no more than a guest: else a
    /// file would be too much for every guest at once. Here it is the thread that waits.
    fn send_typed(&self, go_on: Receiver<()>) -> impl Fn(Typed) -> bool + Send + 'static {
        let events = self.events.clone();
        let budget = Cell::new(Budget::new(Instant::now()));
        move |typed| {
            let _ = go_on.recv();
            let bytes = match &typed {
                Typed::Line(line) => line.len(),
                _ => 0,
            };
            let mut rest = budget.get();
            let next = rest.spend(bytes, Instant::now());
            budget.set(rest);
            let sent = events.send_first(Event::Typed(typed));
            thread::sleep(next.saturating_duration_since(Instant::now()));
            sent
        }
    }

    /// Somebody has connected.
    fn welcome(&mut self, stream: TcpStream, address: SocketAddr, now: Instant) {
        if let Some((id, lines)) = self.room.arrive(address, now) {
            let (stream, events) = (Arc::new(stream), self.events.clone());
            match Peer::start(stream, id, MESSAGE_BYTES, Some(lines), self.limits, events) {
                Ok(peer) => {
                    self.peers.insert(id, peer);
                }
                Err(error) => {
                    self.room.depart(id, "has left", now);
                    self.remind("talk to a guest", &error, now);
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
                Act::Tell(line) => self.screen.event(line),
                Act::Show(name, message) => self.screen.message(&format!("{name}: "), &message),
                Act::NextTurn(id, from) => {
                    if let Some(peer) = self.peers.get(&id) {
                        peer.next_turn(from);
                    }
                }
                Act::Leave(id) => drop(self.peers.remove(&id)),
                Act::Cut(id) => {
                    if let Some(peer) = self.peers.remove(&id) {
                        peer.cut();
                    }
                }
            }
        }
    }

    /// Says that something is short, once a minute at most.
    fn remind(&mut self, action: &str, error: &io::Error, now: Instant) {
        if self.reminded.is_none_or(|last| now - last > REMINDER) {
            self.reminded = Some(now);
            self.screen.event(format_args!(
                "Can't {action} for now: {error}; it goes on when guests leave, or see ulimit -n"
            ));
        }
    }
}
