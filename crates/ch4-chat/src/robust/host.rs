//! The host's side: a room in which everybody hears everybody.
//!
//! The host's own words go out as they are typed, so that with one guest the wire is that of the
//! tutorial, and an LF. What a guest says goes to the others as `NAME: WORDS`, and what happens as
//! `* NAME has joined.` No name holds a colon or an asterisk, so neither can be imitated.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use console::{Action, Error, OrCannot, Printer, client_has_gone, end_accept};

use super::event::{Event, PeerId, Typed};
use super::framing::{Message, NAME_COMMAND};
use super::keyboard::{Keyboard, Typing};
use super::limits::{Limits, MESSAGE_BYTES};
use super::name::{self, Name, Names};
use super::peer::{Peer, next};
use super::screen::Screen;
use crate::BYE;

/// How long nobody is accepted after the system has run out of something, if nobody leaves.
const BREATH: Duration = Duration::from_millis(500);

/// How often at most to say that the system has run out of something.
const REMINDER: Duration = Duration::from_mins(1);

/// Hosts a room until the host says `byebye`.
///
/// `name` is the host's own, which no guest can have.
///
/// # Errors
///
/// The listener or the screen fails, or the system has no thread left.
pub fn host(
    listener: &TcpListener,
    name: &str,
    keyboard: Keyboard,
    printer: &Printer,
    limits: &Limits,
) -> Result<(), Error> {
    let here = listener
        .local_addr()
        .or_cannot("read", "the socket's own address")?;
    let accepting = listener.try_clone().or_cannot(Action::Listen, here)?;
    let (events, inbox) = channel();
    let (freed, places) = sync_channel(1);
    let arrivals = events.clone();
    let (accepts, ended) = channel::<()>();
    thread::Builder::new()
        .spawn(move || {
            accept(&accepting, &arrivals, &places);
            drop((accepting, accepts));
        })
        .or_cannot(Action::StartThread, "that accepts guests")?;

    let screen = Screen(printer);
    screen.tell_when_gone(&events);
    screen.event(format_args!(
        "Waiting for guests on {here}. Say {BYE} to end the chat."
    ));
    let mut names = Names::default();
    names.take(name);
    let mut room = Room {
        names,
        guests: BTreeMap::new(),
        arrived: 0,
        reminded: None,
        freed,
        screen,
        limits,
    };
    let end = room.run(keyboard, &events, &inbox);
    // The accepting thread finds that nobody takes events any more, and lets go of the port.
    drop(inbox);
    let _ = end_accept(listener);
    let _ = ended.recv_timeout(BREATH * 2);
    end
}

/// Accepts guests until the room is closed.
fn accept(listener: &TcpListener, events: &Sender<Event>, places: &Receiver<()>) {
    loop {
        let event = match listener.accept() {
            Ok((stream, address)) => Event::Arrived(stream, address),
            Err(error) if client_has_gone(&error) => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            // The system is out of descriptors or memory. That passes, and the guest stays
            // queued. `accept` would fail again at once: wait until one leaves, or a moment.
            Err(error) => {
                let _ = places.recv_timeout(BREATH);
                Event::NobodyArrives(error)
            }
        };
        if events.send(event).is_err() {
            return;
        }
    }
}

/// Somebody who has connected.
struct Guest {
    peer: Peer,
    address: SocketAddr,
    /// From the first event on, which is when the others are told.
    name: Option<Name>,
}

/// All that the host's loop knows.
struct Room<'a> {
    names: Names,
    guests: BTreeMap<PeerId, Guest>,
    /// How many guests have arrived so far.
    arrived: PeerId,
    /// When it was last said that the system has run out of something.
    reminded: Option<Instant>,
    /// Tells the accepting thread that a guest has left, and its descriptor is free again.
    freed: SyncSender<()>,
    screen: Screen<'a>,
    limits: &'a Limits,
}

impl Room<'_> {
    /// Deals with each event, until the host has had the last word.
    fn run(
        &mut self,
        keyboard: Keyboard,
        events: &Sender<Event>,
        inbox: &Receiver<Event>,
    ) -> Result<(), Error> {
        let mut end = Ok(());
        let mut keyboard = Some(keyboard);
        let mut typing = None;
        let mut patience = None;
        loop {
            // The lines of a file are meant for somebody, so they wait for the first guest.
            let somebody = self.guests.values().any(|guest| guest.name.is_some());
            if let Some(keyboard) = keyboard.take_if(|it| it.is_terminal || somebody) {
                let events = events.clone();
                typing =
                    Some(keyboard.read(move |typed| events.send(Event::Typed(typed)).is_ok())?);
            }
            match next(inbox, patience) {
                Some(Event::ScreenGone(error) | Event::Typed(Typed::Failed(error))) => {
                    end = Err(error);
                    break;
                }
                None => break,
                Some(Event::Typed(Typed::Line(line))) if line == BYE => break,
                Some(Event::Typed(Typed::Line(line))) => {
                    self.speak(&line);
                    typing.iter().for_each(Typing::next_turn);
                }
                Some(Event::Typed(Typed::TooLong(length))) => {
                    self.screen.refuse(length);
                    typing.iter().for_each(Typing::next_turn);
                }
                Some(Event::Typed(Typed::End)) => patience = Some(self.limits.linger),
                Some(Event::Arrived(stream, address)) => {
                    self.welcome(stream, address, events.clone());
                }
                Some(Event::NobodyArrives(error)) => self.remind("accept a guest", &error),
                Some(Event::Said(id, messages)) => self.hear(id, &messages),
                Some(Event::Gone(id, None)) => self.part(id, "has left"),
                Some(Event::Gone(id, Some(_))) => self.part(id, "is gone: the connection broke"),
            }
            let no_more_to_say = patience.is_some();
            if no_more_to_say && self.guests.is_empty() {
                break;
            }
        }
        self.close(inbox);
        if let Some(typing) = typing {
            typing.end(|line| self.screen.event(line));
        }
        end
    }

    /// Somebody has connected. The others are told when its first event has come, and its name.
    fn welcome(&mut self, stream: TcpStream, address: SocketAddr, events: Sender<Event>) {
        if self.guests.len() >= self.limits.guests {
            // If this doesn't reach it, the end of the connection says the same.
            let _ = (&stream).write(b"* The room is full.\n");
            return;
        }
        self.arrived += 1;
        match Peer::new(stream, self.arrived, MESSAGE_BYTES, self.limits, events) {
            Ok(peer) => {
                let guest = Guest {
                    peer,
                    address,
                    name: None,
                };
                self.guests.insert(self.arrived, guest);
            }
            Err(error) => self.remind("talk to a guest", &error),
        }
    }

    /// A guest has said something.
    fn hear(&mut self, id: PeerId, messages: &[Message]) {
        let messages = self.introduce(id, messages);
        // It may have been dropped since it said this.
        let Some(Guest {
            peer,
            name: Some(name),
            ..
        }) = self.guests.get(&id)
        else {
            return;
        };
        let name = Arc::clone(&name.shown);
        peer.next_turn();
        let mut words = messages.split_inclusive(|message| message.text == BYE);
        let words = words.next().unwrap_or_default();
        let leaves = words.last().is_some_and(|last| last.text == BYE);

        // The others hear the last word as `* NAME has left.` All the rest is one `send` to each.
        let mut lines = String::new();
        for message in words.iter().filter(|message| message.text != BYE) {
            // Writing to a string can't fail.
            let _ = writeln!(lines, "{name}: {message}");
        }
        self.send(&lines, Some(id));
        for message in words {
            self.screen.message(&format!("{name}: "), message);
        }
        if leaves {
            self.part(id, "has left");
        }
    }

    /// At a guest's first event, finds its name and tells everybody. Returns what else it said.
    fn introduce<'m>(&mut self, id: PeerId, messages: &'m [Message]) -> &'m [Message] {
        let Some(Guest {
            name: None,
            address,
            ..
        }) = self.guests.get(&id)
        else {
            return messages;
        };
        let told = messages
            .split_first()
            .and_then(|(first, rest)| Some((first.text.strip_prefix(NAME_COMMAND)?, rest)));
        let (wanted, rest) = told.unwrap_or(("", messages));
        let wanted = name::clean(wanted).unwrap_or_else(|| format!("guest-{id}"));
        let name = self.names.take(&wanted);
        let shown = &name.shown;
        self.screen
            .event(format_args!("{shown} has joined from {address}."));
        self.send(&format!("* {shown} has joined.\n"), Some(id));
        if let Some(guest) = self.guests.get_mut(&id) {
            guest.name = Some(name);
        }
        rest
    }

    /// The host speaks to everybody.
    fn speak(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        if self.guests.is_empty() {
            self.screen.event("Nobody is here to read that.");
        }
        self.send(&format!("{line}\n"), None);
    }

    /// Sends the lines to everybody but one. Who doesn't make room for them in time is dropped:
    /// a guest that is too slow must not hold up the others.
    fn send(&mut self, lines: &str, but: Option<PeerId>) {
        if lines.is_empty() {
            return;
        }
        let too_slow = |(id, guest): (&PeerId, &Guest)| {
            if Some(*id) == but {
                return None;
            }
            let error = guest.peer.send(lines).err()?;
            // Any other error ends the guest's stream too, which is an event of its own.
            (error.kind() == ErrorKind::TimedOut).then_some(*id)
        };
        let dropped: Vec<PeerId> = self.guests.iter().filter_map(too_slow).collect();
        // All of them leave before anybody is told: else the room would wait for the second one
        // again while it hears of the first, and so on, for the square of their number.
        let dropped: Vec<Guest> = dropped
            .iter()
            .filter_map(|id| self.guests.remove(id))
            .collect();
        for guest in dropped {
            self.farewell(guest, "was dropped for reading too slowly");
        }
    }

    /// A guest isn't here any more. Everybody is told, once, unless it was never introduced.
    fn part(&mut self, id: PeerId, how: &str) {
        if let Some(guest) = self.guests.remove(&id) {
            self.farewell(guest, how);
        }
    }

    /// Closes the connection of a guest that isn't in the room any more, and tells the others.
    fn farewell(&mut self, guest: Guest, how: &str) {
        drop(guest.peer);
        // If the thread knows already that a place is free, it needn't be told again.
        let _ = self.freed.try_send(());
        if let Some(name) = guest.name {
            self.names.free(&name);
            let name = name.shown;
            self.screen.event(format_args!("{name} {how}."));
            self.send(&format!("* {name} {how}.\n"), None);
        }
    }

    /// Says `byebye` to all, and reads what they still say until they have closed their side:
    /// unread, it would turn the close into a reset, and the last word might be lost
    /// (RFC 9293, section 3.6.1).
    fn close(&mut self, inbox: &Receiver<Event>) {
        for guest in self.guests.values() {
            guest.peer.say_bye();
        }
        let deadline = Instant::now() + self.limits.farewell;
        while !self.guests.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            match next(inbox, Some(left)) {
                Some(Event::Said(id, _)) => {
                    if let Some(guest) = self.guests.get(&id) {
                        guest.peer.next_turn();
                    }
                }
                Some(Event::Gone(id, _)) => {
                    self.guests.remove(&id);
                }
                Some(_) => {}
                None => break,
            }
        }
    }

    /// Says that something is short, once a minute at most.
    fn remind(&mut self, action: &str, error: &io::Error) {
        if self.reminded.is_none_or(|last| last.elapsed() > REMINDER) {
            self.reminded = Some(Instant::now());
            self.screen.event(format_args!(
                "Can't {action} for now: {error}; it goes on when guests leave, or see ulimit -n"
            ));
        }
    }
}
