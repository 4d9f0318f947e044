//! Who is in the room, and what they hear. Pure: what happens goes in, with the time; lines go into
//! the guests' queues, and what the host has to do comes out. No socket, no clock, no thread.
//!
//! What a guest says goes to the others as `NAME: WORDS`, and what happens as `* NAME has joined.`
//! No name holds a colon or an asterisk, so neither can be imitated. The host's words go out as
//! they are typed, so that with one guest the wire is that of the tutorial, and an LF; if the host
//! has chosen a name, `NAME: ` comes before them too.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use console::safe;

use super::budget::Budget;
use super::event::PeerId;
use super::framing::{Message, NAME_COMMAND};
use super::limits::Limits;
use super::name::{self, Name, Names};
use super::queue::Queue;
use crate::BYE;

/// What the host has to do.
#[derive(Debug)]
pub enum Act {
    /// Tell the user what happened.
    Tell(String),
    /// Show the user what a guest has said.
    Show(Arc<str>, Message),
    /// Let the guest say more, from this time on.
    NextTurn(PeerId, Instant),
    /// The guest has left: close its connection when it has what waits for it.
    Leave(PeerId),
    /// The guest was dropped: close its connection.
    Cut(PeerId),
}

/// All that the host's loop knows.
#[derive(Debug)]
pub struct Room {
    guests: BTreeMap<PeerId, Guest>,
    /// Those who haven't given a name or said a word.
    silent: BTreeSet<PeerId>,
    names: Names,
    /// What comes before the host's words.
    host: String,
    /// How many guests have arrived so far.
    arrived: PeerId,
    acts: Vec<Act>,
    limits: Limits,
}

#[derive(Debug)]
struct Guest {
    address: SocketAddr,
    arrived: Instant,
    /// From the first event on, which is when the others are told.
    name: Option<Name>,
    budget: Budget,
    queue: Arc<Queue>,
}

impl Room {
    /// An empty room. Without a name of the host's, `host` is taken all the same.
    pub fn new(host: Option<&str>, limits: &Limits) -> Self {
        let mut names = Names::default();
        let host = host.and_then(name::clean);
        names.take(host.as_deref().unwrap_or("host"));
        Self {
            guests: BTreeMap::new(),
            silent: BTreeSet::new(),
            names,
            host: host.map_or_else(String::new, |name| name + ": "),
            arrived: 0,
            acts: Vec::new(),
            limits: limits.clone(),
        }
    }

    /// What the host has to do since this was called last, in order.
    pub fn acts(&mut self) -> Vec<Act> {
        mem::take(&mut self.acts)
    }

    /// Whether nobody is here.
    pub fn is_empty(&self) -> bool {
        self.guests.is_empty()
    }

    /// Whether somebody is here of whom everybody was told.
    pub fn has_guest(&self) -> bool {
        self.guests.values().any(|guest| guest.name.is_some())
    }

    /// Somebody has connected. Returns who it is now, and the queue for it; `None` if the room is
    /// full. The others are told at its first words, or [`Limits::introduction`] later.
    pub fn arrive(&mut self, address: SocketAddr, now: Instant) -> Option<(PeerId, Arc<Queue>)> {
        if self.guests.len() >= self.limits.guests {
            let oldest = *self.silent.first()?;
            let arrived = self.guests.get(&oldest)?.arrived;
            if now.saturating_duration_since(arrived) < self.limits.silence {
                return None;
            }
            self.cut(
                oldest,
                "was dropped: the room is full, and it had said nothing",
            );
        }
        self.arrived += 1;
        let queue = Arc::<Queue>::default();
        let guest = Guest {
            address,
            arrived: now,
            name: None,
            budget: Budget::new(now),
            queue: Arc::clone(&queue),
        };
        self.guests.insert(self.arrived, guest);
        self.silent.insert(self.arrived);
        Some((self.arrived, queue))
    }

    /// A guest has said something. If that is nothing, it is only here.
    pub fn hear(&mut self, id: PeerId, messages: Vec<Message>, now: Instant) {
        let messages = self.introduce(id, messages);
        // It may have been dropped since it said this.
        let Some(guest) = self.guests.get_mut(&id) else {
            return;
        };
        let Some(Name { shown: name, .. }) = &guest.name else {
            return;
        };
        if !messages.is_empty() {
            self.silent.remove(&id);
        }
        // The others hear the last word as `* NAME has left.` All the rest is one line to each.
        let (mut lines, mut leaves) = (String::new(), false);
        for message in messages {
            leaves = message.text == BYE;
            if !leaves {
                // Writing to a string can't fail.
                let _ = writeln!(lines, "{name}: {}", safe::escape(&message.to_string()));
            }
            self.acts.push(Act::Show(Arc::clone(name), message));
            if leaves {
                break;
            }
        }
        let next = guest.budget.spend(lines.len(), now);
        self.acts.push(Act::NextTurn(id, next));
        self.deliver(lines, Some(id));
        if leaves {
            self.depart(id, "has left");
        }
    }

    /// At a guest's first event, finds its name and tells everybody. Returns what else it said.
    fn introduce(&mut self, id: PeerId, mut messages: Vec<Message>) -> Vec<Message> {
        let Some(guest) = self
            .guests
            .get_mut(&id)
            .filter(|guest| guest.name.is_none())
        else {
            return messages;
        };
        let first = messages.first().map_or("", |first| first.text.as_str());
        let wanted = first.strip_prefix(NAME_COMMAND).and_then(name::clean);
        if first.starts_with(NAME_COMMAND) {
            messages.remove(0);
        }
        if wanted.is_some() {
            self.silent.remove(&id);
        }
        let name = self
            .names
            .take(&wanted.unwrap_or_else(|| format!("guest-{id}")));
        let (shown, address) = (Arc::clone(&name.shown), guest.address);
        guest.name = Some(name);
        let joined = format!("{shown} has joined from {address}.");
        self.acts.push(Act::Tell(joined));
        self.deliver(format!("* {shown} has joined.\n"), Some(id));
        messages
    }

    /// The host speaks to everybody.
    pub fn speak(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        if self.guests.is_empty() {
            let nobody = "Nobody is here to read that.".to_owned();
            self.acts.push(Act::Tell(nobody));
        }
        self.deliver(format!("{}{line}\n", self.host), None);
    }

    /// A guest isn't here any more. Everybody is told how it went, unless it was never introduced.
    pub fn depart(&mut self, id: PeerId, how: &str) {
        self.acts.push(Act::Leave(id));
        let news = self.remove(id, how);
        self.deliver(news, None);
    }

    /// A guest has to go.
    fn cut(&mut self, id: PeerId, why: &str) {
        self.acts.push(Act::Cut(id));
        let news = self.remove(id, why);
        self.deliver(news, None);
    }

    /// Takes a guest out of the room. Returns what to tell the others.
    fn remove(&mut self, id: PeerId, how: &str) -> String {
        self.silent.remove(&id);
        let name = self.guests.remove(&id).and_then(|guest| guest.name);
        let Some(name) = name else {
            return String::new();
        };
        self.names.free(&name);
        self.acts.push(Act::Tell(format!("{} {how}.", name.shown)));
        format!("* {} {how}.\n", name.shown)
    }

    /// Puts lines into the queues of everybody but one. Guests for whom too much waits then are
    /// dropped: those over their own limit, and, if it is too much for all, those for whom most
    /// waits.
    fn deliver(&mut self, lines: String, but: Option<PeerId>) {
        if lines.is_empty() {
            return;
        }
        let lines = Arc::from(lines);
        let others = self.guests.iter().filter(|(id, _)| Some(**id) != but);
        let mut waiting: Vec<(usize, PeerId)> = others
            .map(|(id, guest)| (guest.queue.push(&lines), *id))
            .collect();
        let all: usize = waiting.iter().map(|(bytes, _)| bytes).sum();
        let mut excess = all.saturating_sub(self.limits.room_bytes);
        waiting.retain(|(bytes, _)| excess > 0 || *bytes > self.limits.guest_bytes);
        waiting.sort_unstable_by_key(|&most| Reverse(most));
        // All of them leave before anybody is told.
        let mut news = String::new();
        for (bytes, id) in waiting {
            if bytes > self.limits.guest_bytes || excess > 0 {
                excess = excess.saturating_sub(bytes);
                self.acts.push(Act::Cut(id));
                news += &self.remove(id, "was dropped for reading too slowly");
            }
        }
        self.deliver(news, None);
    }
}
