//! Who is in the room, and what they hear. The room has no socket, no clock and no thread. It takes
//! events and the time, puts lines into the guests' outboxes, and returns what the host has to do.
//!
//! What a guest says goes to the others as `NAME: WORDS`, and what happens as `* NAME has joined.`
//! No name contains a colon or an asterisk, so nobody can imitate either. The host's words go out
//! as they are typed. So with one guest the wire carries what the tutorial's does, and an LF. If
//! the host has chosen a name, `NAME: ` comes before its words, too.

use std::collections::BTreeMap;
use std::mem;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use console::safe;

use super::event::PeerId;
use super::framing::NAME_COMMAND;
use super::limits::{Budget, Limits, MESSAGE_BYTES};
use super::name::{self, Names};
use super::outbox::{Outbox, Outgoing};
use crate::BYE;

/// How long lines are collected before they go into the outboxes together. Nobody notices such a
/// short time, and each guest's writer wakes at most 50 times a second, however many guests come,
/// go and talk.
const COLLECT: Duration = Duration::from_millis(20);

/// In a smaller room, a line counts as if there were this many guests. So no guest gets more than
/// 64 KiB at once and 2 MiB a second, however many talk.
const MIN_COPIES: usize = 256;

/// Added to a line's bytes when the room decides who goes first: about a long name.
const LINE_COST: u64 = 128;

/// What the host has to do, because of an event.
#[derive(Debug)]
pub enum Effect {
    /// Tell the user what happened.
    Notify(String),
    /// Show the user what a guest said, after its name.
    Show(String),
    /// Let a guest say more, from this time on.
    Permit(PeerId, Instant),
    /// Close the connection of a guest that has left, once everything is written.
    LetGo(PeerId),
    /// Close the connection of a guest that was dropped, whatever waits.
    Disconnect(PeerId),
}

/// Who is here, and what waits for whom.
#[derive(Debug, Default)]
pub struct Room {
    guests: BTreeMap<PeerId, Guest>,
    /// Those who haven't given a name or said a word, and when they arrived.
    silent: BTreeMap<PeerId, Instant>,
    names: Names,
    /// What comes before the host's words.
    host_prefix: String,
    /// The host may say no more than a guest: a file would be too much for all guests at once.
    host_budget: Budget,
    /// How much all may say together, counting each copy. It doesn't depend on how fast anybody
    /// reads, so no guest can use it to hold up the others.
    budget: Budget,
    /// What guests have said and nobody else has heard yet, in the order of its turns. Each guest is here
    /// once at most, as it then waits for a permit.
    said: BTreeMap<(u64, Instant, PeerId), Vec<String>>,
    /// The turn that was served last.
    turn: u64,
    /// How many guests have arrived so far.
    arrived: PeerId,
    effects: Vec<Effect>,
    /// When [`Room::flush`] has to be called.
    pub flush_at: Option<Instant>,
    limits: Limits,
}

#[derive(Debug)]
struct Guest {
    address: SocketAddr,
    /// From the first event on, which is when the others are told.
    name: Option<String>,
    budget: Budget,
    outbox: Outbox,
    /// The lines for it that aren't in its outbox yet.
    collected: String,
}

impl Room {
    /// An empty room. No guest gets the host's name or, if it has none, the name `host`.
    pub fn new(host: Option<&str>, limits: &Limits) -> Self {
        let mut names = Names::default();
        let host = host.and_then(name::clean);
        names.take(host.as_deref().unwrap_or("host"), 0);
        Self {
            names,
            host_prefix: host.map_or_else(String::new, |name| name + ": "),
            budget: Budget::ROOM,
            limits: limits.clone(),
            ..Self::default()
        }
    }

    /// What the host has to do since the last call, in order.
    pub fn effects(&mut self) -> Vec<Effect> {
        mem::take(&mut self.effects)
    }

    /// Whether nobody is here.
    pub fn is_empty(&self) -> bool {
        self.guests.is_empty()
    }

    /// Somebody has connected. Returns its id and what will go out to it; `None` if the room is full.
    /// The others are told at its first event.
    pub fn arrive(&mut self, address: SocketAddr, now: Instant) -> Option<(PeerId, Outgoing)> {
        if self.guests.len() >= self.limits.guests {
            let (&id, &since) = self.silent.first_key_value()?;
            if now.saturating_duration_since(since) < self.limits.silence {
                return None;
            }
            let why = "was dropped: the room is full, and it had said nothing";
            self.expel(id, why, now);
        }
        self.arrived += 1;
        let (outbox, outgoing) = Outbox::new();
        let guest = Guest {
            address,
            name: None,
            budget: Budget::default(),
            outbox,
            collected: String::new(),
        };
        self.guests.insert(self.arrived, guest);
        self.silent.insert(self.arrived, now);
        Some((self.arrived, outgoing))
    }

    /// A guest said something, or nothing, which only shows that it is here. The others hear it
    /// when it is [passed on](Room::pass_on). Only then may the guest say more.
    pub fn hear(&mut self, id: PeerId, said: Vec<String>, now: Instant) {
        // Fair queueing: what costs more gets a later turn, so a flood waits and a person doesn't.
        // And turns go up, so even the longest message isn't overtaken forever.
        let lines = said.iter().map(|message| message.len() as u64 + LINE_COST);
        let turn = self.turn + lines.sum::<u64>();
        self.said.insert((turn, now, id), said);
    }

    /// Passes on what the next guest has said. Returns false if none has said anything, or if the
    /// room's budget is spent, which [`Room::flush_at`] then waits for.
    pub fn pass_on(&mut self, now: Instant) -> bool {
        let Some(first) = self.said.first_entry() else {
            return false;
        };
        if self.budget.spend(0, now) > now {
            self.flush_at.get_or_insert(now + COLLECT);
            return false;
        }
        let ((turn, _, id), said) = first.remove_entry();
        self.turn = turn;
        if !said.is_empty() {
            self.silent.remove(&id);
        }
        let said = self.introduce(id, said, now);
        self.tell_others(id, said, now);
        true
    }

    /// Takes a guest's name from what it says first, and tells everybody that it is here. The guest
    /// itself hears its name only if that isn't the one it asked for. Returns the rest.
    fn introduce(&mut self, id: PeerId, mut said: Vec<String>, now: Instant) -> Vec<String> {
        let Some(guest) = self.guests.get_mut(&id).filter(|it| it.name.is_none()) else {
            return said;
        };
        let asked = said.first().and_then(|it| it.strip_prefix(NAME_COMMAND));
        let wanted = asked.and_then(name::clean);
        let wanted = wanted.unwrap_or_else(|| name::guest(id));
        let name = self.names.take(&wanted, id);
        if let Some(asked) = asked {
            if asked != name {
                let told = format!("* Your name is {name}.\n");
                guest.collected += &told;
            }
            said.remove(0);
        }
        let joined = format!("{name} has joined");
        let notice = format!("{joined} from {}.", guest.address);
        guest.name = Some(name);
        self.effects.push(Effect::Notify(notice));
        self.broadcast(&format!("* {joined}.\n"), Some(id), now);
        said
    }

    /// Tells the others what a guest says, if it is still here.
    fn tell_others(&mut self, id: PeerId, said: Vec<String>, now: Instant) {
        let Some(guest) = self.guests.get_mut(&id) else {
            return;
        };
        let name = guest.name.as_deref().unwrap_or_default();
        // The others hear the last word as `* NAME has left.` All the rest is one text to each.
        let (mut text, mut leaves) = (String::new(), false);
        for message in said {
            let line = format!("{name}: {}", safe::escape(&message));
            leaves = message == BYE;
            self.effects.push(Effect::Show(line.clone()));
            if leaves {
                break;
            }
            text += &(line + "\n");
        }
        // Empty lines had to be read all the same, so they count as a whole message.
        let bytes = if text.is_empty() {
            MESSAGE_BYTES
        } else {
            text.len()
        };
        let may_go_on = guest.budget.spend(bytes, now);
        self.broadcast(&text, Some(id), now);
        if leaves {
            self.depart(id, "has left", now);
            self.effects.push(Effect::LetGo(id));
        } else {
            self.effects.push(Effect::Permit(id, may_go_on));
        }
    }

    /// The host speaks to everybody. Returns when it may say more.
    pub fn speak(&mut self, line: &str, now: Instant) -> Instant {
        let text = format!("{}{line}\n", self.host_prefix);
        if self.guests.is_empty() && !line.is_empty() {
            let nobody = "Nobody is here to read that.".to_owned();
            self.effects.push(Effect::Notify(nobody));
        } else if !line.is_empty() {
            self.broadcast(&text, None, now);
        }
        self.host_budget.spend(text.len(), now)
    }

    /// Says `byebye` to all, last and without LF, so that the tutorial's programs understand it.
    /// What guests have said before still counts, as far as the room's budget goes.
    pub fn close(&mut self, now: Instant) {
        while self.pass_on(now) {}
        self.flush(now);
        for guest in self.guests.values() {
            guest.outbox.push(BYE);
        }
    }

    /// A guest isn't here any more. Tells everybody how it left, unless it was never introduced.
    pub fn depart(&mut self, id: PeerId, how: &str, now: Instant) {
        self.silent.remove(&id);
        let Some(guest) = self.guests.remove(&id) else {
            return;
        };
        // It misses nothing that was said while it was here.
        guest.outbox.push(guest.collected);
        if let Some(name) = guest.name {
            self.names.free(&name);
            let gone = format!("{name} {how}.");
            self.broadcast(&format!("* {gone}\n"), None, now);
            self.effects.push(Effect::Notify(gone));
        }
    }

    /// A guest has to go.
    fn expel(&mut self, id: PeerId, why: &str, now: Instant) {
        self.effects.push(Effect::Disconnect(id));
        self.depart(id, why, now);
    }

    /// Collects a line, or several, for everybody except the one who said it.
    fn broadcast(&mut self, text: &str, speaker: Option<PeerId>, now: Instant) {
        if text.is_empty() {
            return;
        }
        let copies = self.guests.len().max(MIN_COPIES);
        self.budget.spend(copies * text.len(), now);
        for (id, guest) in &mut self.guests {
            if Some(*id) != speaker {
                guest.collected += text;
            }
        }
        self.flush_at.get_or_insert(now + COLLECT);
    }

    /// Puts what was collected into everybody's outbox. Then drops the guests for whom too much
    /// waits.
    pub fn flush(&mut self, now: Instant) {
        for guest in self.guests.values_mut() {
            guest.outbox.push(mem::take(&mut guest.collected));
        }
        self.flush_at = None;
        while let Some(id) = self.slowest() {
            self.expel(id, "was dropped for reading too slowly", now);
        }
    }

    /// The guest for whom most waits, if that is too much for one guest, or the total is too much
    /// for the room.
    fn slowest(&self) -> Option<PeerId> {
        let waiting = self.guests.iter();
        let waiting = waiting.map(|(id, guest)| (guest.outbox.waiting(), *id));
        let sum: usize = waiting.clone().map(|(bytes, _)| bytes).sum();
        let (most, id) = waiting.max()?;
        (most > self.limits.guest_bytes || sum > self.limits.room_bytes).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashSet, VecDeque};
    use std::sync::atomic::Ordering::Relaxed;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::super::outbox::ENTRY_BYTES;
    use super::*;

    const ADDRESS: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

    /// A room, and the time in it. The test is the guests' writers.
    struct World {
        room: Room,
        now: Instant,
        /// What the host has to do, but for permits.
        effects: Vec<Effect>,
    }

    impl World {
        fn new(host: Option<&str>, limits: &Limits) -> Self {
            Self {
                room: Room::new(host, limits),
                now: Instant::now(),
                effects: Vec::new(),
            }
        }

        fn speaks(&mut self, line: &str) {
            self.room.speak(line, self.now);
        }

        /// Time passes until everything is in the outboxes.
        fn flushes(&mut self) {
            while self.room.flush_at.is_some() {
                self.flush();
            }
        }

        /// Time passes until the room has to be flushed. Then what may be passed on is.
        fn flush(&mut self) {
            self.now = self.now.max(self.room.flush_at.unwrap());
            self.room.flush(self.now);
            while self.room.pass_on(self.now) {}
        }

        fn arrives(&mut self) -> Option<(PeerId, Outgoing)> {
            self.room.arrive(ADDRESS, self.now)
        }

        /// Returns when the guest may say more, if it is permitted to already.
        fn says(&mut self, id: PeerId, words: &[&str]) -> Option<Instant> {
            let words = words.iter().map(|&text| text.to_owned()).collect();
            self.room.hear(id, words, self.now);
            while self.room.pass_on(self.now) {}
            let mut permit = None;
            for effect in self.room.effects() {
                match effect {
                    Effect::Permit(to, at) if to == id => permit = Some(at),
                    effect => self.effects.push(effect),
                }
            }
            permit
        }

        /// What a guest hears until everything is in the outboxes.
        fn read(&mut self, outgoing: &Outgoing) -> String {
            self.flushes();
            take(outgoing)
        }

        /// What the host has to do.
        fn effects(&mut self) -> Vec<String> {
            let mut effects = mem::take(&mut self.effects);
            effects.extend(self.room.effects());
            let effects = effects.into_iter().map(|effect| match effect {
                Effect::Notify(line) => line,
                Effect::Show(line) => format!("| {line}"),
                Effect::Permit(id, _) => format!("permit {id}"),
                Effect::LetGo(id) => format!("let go {id}"),
                Effect::Disconnect(id) => format!("disconnect {id}"),
            });
            effects.collect()
        }
    }

    /// What a guest's writer takes.
    fn take(outgoing: &Outgoing) -> String {
        let mut all = String::new();
        while let Ok(text) = outgoing.texts.try_recv() {
            all += &text;
            outgoing
                .waiting
                .fetch_sub(text.len() + ENTRY_BYTES, Relaxed);
        }
        all
    }

    fn limits(guests: usize, guest_bytes: usize, room_bytes: usize) -> Limits {
        Limits {
            guests,
            guest_bytes,
            room_bytes,
            ..Limits::default()
        }
    }

    #[test]
    fn a_guest_is_introduced_at_its_first_event() {
        let mut world = World::new(None, &Limits::default());
        assert!(world.room.is_empty());
        let (li, to_li) = world.arrives().unwrap();
        assert!(!world.room.is_empty());
        assert_eq!(world.says(li, &["/name Li", "hi"]), Some(world.now));
        assert_eq!(
            world.effects(),
            ["Li has joined from 127.0.0.1:1.", "| Li: hi"]
        );
        let (silent, _) = world.arrives().unwrap();
        world.says(silent, &[]);
        // Only the first line tells a name, and a name that is none is as if there were none.
        world.says(silent, &["/name Han"]);
        let (nameless, _) = world.arrives().unwrap();
        world.says(nameless, &["/name \u{1b}", "x"]);
        assert_eq!(
            world.read(&to_li),
            "* guest-2 has joined.\nguest-2: /name Han\n* guest-3 has joined.\nguest-3: x\n"
        );
        // To the others, a guest that leaves before its introduction was never there.
        let (id, _) = world.arrives().unwrap();
        world.effects();
        world.room.depart(id, "has left", world.now);
        assert_eq!(world.effects(), [""; 0]);
        assert_eq!(world.read(&to_li), "");
    }

    #[test]
    fn a_guest_is_told_its_name_only_if_it_asked_for_another() {
        let mut world = World::new(None, &Limits::default());
        let mut here = Vec::new();
        for (says, name) in [
            (&["/name Li"][..], None),
            (&["/name L\u{456}"], Some("L\u{456}-2")),
            (&["/name Han:"], Some("Han")),
            (&["/name guest-1"], Some("guest-4")),
            (&["/name \u{1b}"], Some("guest-5")),
            (&["hi"], None),
            (&[], None),
        ] {
            let (id, outgoing) = world.arrives().unwrap();
            world.says(id, says);
            let told = name.map(|name| format!("* Your name is {name}.\n"));
            assert_eq!(world.read(&outgoing), told.unwrap_or_default(), "{says:?}");
            here.push(outgoing);
        }
    }

    #[test]
    fn byebye_is_the_last_word() {
        let mut world = World::new(None, &Limits::default());
        let (li, _) = world.arrives().unwrap();
        let (han, to_han) = world.arrives().unwrap();
        world.says(han, &[]);
        assert_eq!(world.says(li, &["hi", "byebye", "never said"]), None);
        assert_eq!(
            world.read(&to_han),
            "* guest-1 has joined.\nguest-1: hi\n* guest-1 has left.\n"
        );
        let effects = world.effects();
        let expected = [
            "| guest-1: hi",
            "| guest-1: byebye",
            "guest-1 has left.",
            "let go 1",
        ];
        assert_eq!(effects.split_at(2).1, expected, "{effects:?}");
        assert_eq!(world.says(li, &["never said"]), None);
        world.room.depart(li, "has left", world.now);
        assert_eq!(world.read(&to_han), "");
    }

    #[test]
    fn what_was_said_before_the_hosts_last_word_is_passed_on() {
        let mut world = World::new(None, &Limits::default());
        let (li, _) = world.arrives().unwrap();
        let (_, to_han) = world.arrives().unwrap();
        world.room.hear(li, vec!["hi".to_owned()], world.now);
        world.room.close(world.now);
        assert_eq!(take(&to_han), "* guest-1 has joined.\nguest-1: hi\nbyebye");
        assert!(world.effects().contains(&"| guest-1: hi".to_owned()));
    }

    #[test]
    fn who_comes_back_gets_the_same_name() {
        let mut world = World::new(None, &Limits::default());
        for _ in 0..2 {
            let (id, _outgoing) = world.arrives().unwrap();
            world.says(id, &["/name Li", BYE]);
            let joined = "Li has joined from 127.0.0.1:1.";
            assert_eq!(world.effects().first().map(String::as_str), Some(joined));
        }
    }

    #[test]
    fn words_are_passed_on_escaped() {
        let mut world = World::new(None, &Limits::default());
        let (li, _) = world.arrives().unwrap();
        let (_, to_han) = world.arrives().unwrap();
        world.says(li, &["x\r* Li has left.\u{1b}[2J", "नमस्ते"]);
        assert_eq!(
            world.read(&to_han),
            "* guest-1 has joined.\nguest-1: x\\r* Li has left.\\u{1b}[2J\nguest-1: नमस्ते\n"
        );
    }

    #[test]
    fn the_host_speaks_under_its_name_if_it_has_chosen_one() {
        let renamed = "* Your name is host-1.\nhi\nbyebye";
        for (name, words, other) in [
            (None, renamed, "host-1"),
            (Some("Ann"), "Ann: hi\nbyebye", "host"),
            (Some("\u{1b}"), renamed, "host-1"),
        ] {
            let mut world = World::new(name, &Limits::default());
            world.speaks("");
            assert_eq!(world.effects(), [""; 0]);
            world.speaks("hello?");
            assert_eq!(world.effects(), ["Nobody is here to read that."]);
            let (li, to_li) = world.arrives().unwrap();
            world.says(li, &["/name host"]);
            assert!(world.effects()[0].starts_with(&format!("{other} has")));
            world.speaks("");
            world.speaks("hi");
            world.room.close(world.now);
            assert_eq!(take(&to_li), words);
        }
    }

    #[test]
    fn lines_are_collected_until_the_first_has_waited() {
        let mut world = World::new(None, &Limits::default());
        let (_, to_guest) = world.arrives().unwrap();
        let first = world.now;
        for number in 0..9 {
            world.speaks("x");
            let expected = Some(first + COLLECT);
            assert_eq!(world.room.flush_at, expected, "{number}");
            world.now += Duration::from_millis(2);
        }
        world.room.speak("", world.now);
        assert_eq!(take(&to_guest), "");
        world.flushes();
        assert_eq!(take(&to_guest), "x\n".repeat(9));
        world.says(1, &[]);
        world.flushes();
        world.says(1, &[]);
        assert_eq!(world.room.flush_at, None);
    }

    #[test]
    fn who_talks_too_fast_may_go_on_later() {
        let mut world = World::new(None, &Limits::default());
        let (id, _) = world.arrives().unwrap();
        let name = "n".repeat(32);
        world.says(id, &[&format!("/name {name}")]);
        // The name alone was 4096 bytes. Now come 29 + 32 + 2 + 1 bytes a line, as the others get it.
        // All that is so many seconds more than the burst:
        let (begin, mut next) = (world.now, None);
        for _ in 0..7 * 16 {
            next = world.says(id, &["12345678901234567890123456789"; 16]);
            world.now += Duration::from_millis(1);
        }
        assert_eq!(next, Some(begin + Duration::from_millis(3250)));
    }

    #[test]
    fn who_sends_much_and_says_nothing_may_go_on_later() {
        let mut world = World::new(None, &Limits::default());
        let (id, _) = world.arrives().unwrap();
        for _ in 0..16 {
            assert_eq!(world.says(id, &[]), Some(world.now));
        }
        let later = world.now + Duration::from_millis(250);
        assert_eq!(world.says(id, &[]), Some(later));
    }

    /// Each is within its own budget, but together they say more than may wait for anybody.
    #[test]
    fn many_who_talk_at_once_cost_no_listener_its_place() {
        for talkers in [4, 20, 50] {
            let mut world = World::new(None, &Limits::default());
            let mut guests = BTreeMap::new();
            for _ in 0..=talkers {
                let (id, outgoing) = world.arrives().unwrap();
                world.says(id, &[&format!("/name {}", "\u{1d4d4}".repeat(32))]);
                guests.insert(id, outgoing);
            }
            world.flushes();
            let listener = guests.pop_first().unwrap().1;
            for id in guests.keys() {
                // The second only if the first was passed on already.
                let permit = world.says(*id, &["a"; 256]);
                if permit.is_some_and(|at| at <= world.now) {
                    world.says(*id, &["a"; 256]);
                }
            }
            let mut heard = Vec::new();
            while world.room.flush_at.is_some() {
                world.flush();
                for outgoing in guests.values() {
                    take(outgoing);
                }
                heard.push(take(&listener));
            }
            let effects = world.effects();
            let dropped = effects.iter().filter(|it| it.starts_with("disconnect"));
            assert_eq!(dropped.count(), 0, "{talkers} talk");
            let most = heard.iter().map(String::len).max();
            assert!(most < Some(180 * 1024), "{talkers} talk: {most:?}");
        }
    }

    #[test]
    fn if_the_room_must_wait_short_words_go_first_and_of_equal_ones_the_first() {
        let mut world = World::new(None, &Limits::default());
        let (_, to_listener) = world.arrives().unwrap();
        let talkers: Vec<_> = (0..4).map(|_| world.arrives().unwrap()).collect();
        for id in 2..=5 {
            world.says(id, &[]);
        }
        world.flushes();
        take(&to_listener);
        world.room.budget.spend(32 << 20, world.now);
        let begin = world.now;
        // Each line counts, not only its bytes.
        let (many, one) = (["x"; 9], "x".repeat(200));
        for (id, words) in [(5, &many[..]), (3, &many), (2, &[&one]), (4, &[])] {
            world.now += Duration::from_millis(1);
            assert_eq!(world.says(id, words), None);
        }
        assert_eq!(
            world.room.flush_at,
            Some(begin + COLLECT + Duration::from_millis(1))
        );
        let heard = world.read(&to_listener);
        let order: Vec<_> = heard
            .lines()
            .map(|line| line.split_once(':').unwrap().0)
            .collect();
        let order: Vec<_> = order
            .chunk_by(|one, other| one == other)
            .map(|it| it[0])
            .collect();
        assert_eq!(order, ["guest-2", "guest-5", "guest-3"]);
        let permits = ["permit 4", "permit 2", "permit 5", "permit 3"];
        let mut effects = world.effects();
        effects.retain(|it| it.starts_with("permit"));
        assert_eq!(effects, permits);
        assert!(world.now >= begin + Duration::from_millis(60));
        drop(talkers);
    }

    /// Each is within its own budget, but together they always say more than the room may.
    #[test]
    fn a_long_message_gets_its_turn_however_many_say_short_ones() {
        let mut world = World::new(None, &Limits::default());
        let mut guests = BTreeMap::new();
        for _ in 0..302 {
            let (id, outgoing) = world.arrives().unwrap();
            world.says(id, &[&format!("/name {}", "\u{1d4d4}".repeat(32))]);
            guests.insert(id, outgoing);
        }
        world.flushes();
        world.effects();
        let (listener, long) = (1, 2);
        world.room.budget.spend(32 << 20, world.now);
        let begin = world.now;
        assert_eq!(world.says(long, &[&"x".repeat(2000)]), None);
        let mut permitted: Vec<PeerId> = (3..=302).collect();
        loop {
            for id in mem::take(&mut permitted) {
                assert_eq!(
                    world.says(id, &["y"]),
                    None,
                    "the room's budget isn't spent"
                );
            }
            world.flush();
            permitted.extend(world.room.effects().iter().filter_map(|it| match it {
                Effect::Permit(id, at) if *id != long && *at <= world.now => Some(*id),
                _ => None,
            }));
            let heard = guests.iter().map(|(id, outgoing)| (*id, take(outgoing)));
            let heard: BTreeMap<PeerId, String> = heard.collect();
            if heard[&listener].contains("xxx") {
                break;
            }
            assert!(world.now < begin + Duration::from_secs(2));
        }
    }

    /// As the guests get it: the name and the LF count too, and so does a line that isn't sent.
    #[test]
    fn the_host_may_say_no_more_than_a_guest() {
        for (name, bytes) in [("", 4095), ("n", 4092), (&"n".repeat(29), 0)] {
            let mut world = World::new(Some(name), &Limits::default());
            let (_, _lines) = world.arrives().unwrap();
            let line = "x".repeat(bytes);
            let prefix = if name.is_empty() { 0 } else { name.len() + 2 };
            let counts = prefix + bytes + 1;
            for _ in 0..65_536 / counts {
                assert_eq!(world.room.speak(&line, world.now), world.now);
            }
            let wait = world.room.speak(&line, world.now) - world.now;
            let expected = Duration::from_secs(counts as u64) / (16 * 1024);
            assert_eq!(wait, expected, "{name:?}, {bytes} bytes");
        }
    }

    #[test]
    fn a_full_room_has_a_place_for_others_than_the_silent() {
        let mut world = World::new(None, &limits(2, 4096, 9999));
        let (spoke, to_spoke) = world.arrives().unwrap();
        let (_, _silent) = world.arrives().unwrap();
        world.says(spoke, &["hi"]);
        world.says(2, &[]);
        assert!(world.arrives().is_none());
        world.now += Duration::from_secs(59);
        assert!(world.arrives().is_none());
        world.now += Duration::from_secs(1);
        world.effects();
        let (third, _third) = world.arrives().unwrap();
        let dropped = "guest-2 was dropped: the room is full, and it had said nothing.";
        assert_eq!(world.effects(), ["disconnect 2", dropped]);
        assert_eq!(
            world.read(&to_spoke),
            format!("* guest-2 has joined.\n* {dropped}\n")
        );
        // A name is enough to stay.
        world.says(third, &["/name Li"]);
        world.now += Duration::from_secs(99);
        assert!(world.arrives().is_none());
    }

    #[test]
    fn who_reads_too_slowly_is_dropped_and_if_it_is_too_much_for_all_the_slowest() {
        let place = ENTRY_BYTES;
        let mut world = World::new(None, &limits(9, 2 * (10 + place), 9999));
        let (_, reads) = world.arrives().unwrap();
        let _deaf = [world.arrives().unwrap(), world.arrives().unwrap()];
        for expected in [&[][..], &[], &["disconnect 3", "disconnect 2"]] {
            world.speaks("123456789");
            world.flushes();
            assert_eq!(world.effects(), expected);
            assert_eq!(world.read(&reads), "123456789\n");
        }

        let mut world = World::new(None, &limits(9, 9999, 4 * (10 + place)));
        let (_, slow) = world.arrives().unwrap();
        world.speaks("123456789");
        world.flushes();
        let (_, _deaf) = world.arrives().unwrap();
        let (_, reads) = world.arrives().unwrap();
        world.speaks("123456789");
        world.flushes();
        assert_eq!(world.effects(), [""; 0]);
        world.read(&reads);
        world.speaks("123456789");
        world.flushes();
        assert_eq!(world.effects(), ["disconnect 1"]);
        assert_eq!(world.read(&slow), "123456789\n".repeat(3));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Arrives,
        Says(Index, usize),
        SaysBye(Index),
        Leaves(Index),
        Reads(Index),
        HostSpeaks,
        /// So much was said that the next words have to wait.
        SpendsBudget,
        Flushes,
    }

    fn step() -> impl Strategy<Value = Step> {
        let who = any::<Index>;
        prop_oneof![
            Just(Step::Arrives),
            (who(), 0..4_usize).prop_map(|(who, count)| Step::Says(who, count)),
            (who(), 0..4_usize).prop_map(|(who, count)| Step::Says(who, count)),
            who().prop_map(Step::SaysBye),
            who().prop_map(Step::Leaves),
            who().prop_map(Step::Reads),
            Just(Step::HostSpeaks),
            Just(Step::SpendsBudget),
            Just(Step::Flushes),
        ]
    }

    /// One guest, as the test follows it.
    struct Follows {
        outgoing: Outgoing,
        here: bool,
        /// It has said something, and has no permit to say more.
        waits: bool,
        /// Its words that haven't been passed on.
        unheard: VecDeque<String>,
        heard: String,
        /// All words that others said while it was here.
        words: Vec<String>,
    }

    /// A room and all guests that ever came, as the test follows them.
    struct Crowd {
        world: World,
        guests: BTreeMap<PeerId, Follows>,
    }

    impl Crowd {
        fn arrives(&mut self) {
            let place = self.world.arrives();
            assert_eq!(
                place.is_some(),
                self.here().len() < self.world.room.limits.guests
            );
            let Some((id, outgoing)) = place else { return };
            let guest = Follows {
                outgoing,
                here: true,
                waits: false,
                unheard: VecDeque::new(),
                heard: String::new(),
                words: Vec::new(),
            };
            self.guests.insert(id, guest);
            let names = ["/name Li", "/name li", "/name Han"];
            let name = names.iter().cycle().nth(self.guests.len());
            self.says(id, vec![name.unwrap().to_string()]);
        }

        fn here(&self) -> Vec<PeerId> {
            let here = self.guests.iter().filter(|(_, guest)| guest.here);
            here.map(|(id, _)| *id).collect()
        }

        /// A guest may say something only with a permit.
        fn says(&mut self, id: PeerId, said: Vec<String>) {
            let guest = self.guests.get_mut(&id).unwrap();
            if !mem::replace(&mut guest.waits, true) {
                let words = said.iter().filter(|it| it.starts_with('w'));
                guest.unheard.extend(words.cloned());
                self.world.room.hear(id, said, self.world.now);
            }
        }

        /// Everybody who is here hears a word, but its speaker.
        fn hear(&mut self, word: &str, speaker: Option<PeerId>) {
            for (id, guest) in &mut self.guests {
                if guest.here && Some(*id) != speaker {
                    guest.words.push(word.to_owned());
                }
            }
        }

        /// Passes on what may be, and follows what the room decided, in order.
        fn follow(&mut self) {
            while self.world.room.pass_on(self.world.now) {}
            for effect in self.world.room.effects() {
                match effect {
                    Effect::Show(line) if !line.ends_with(BYE) => {
                        let word = line.rsplit(' ').next().unwrap();
                        let is_next =
                            |it: &Follows| it.unheard.front().is_some_and(|it| it == word);
                        let speaker = self
                            .guests
                            .iter_mut()
                            .find(|(_, it)| it.here && is_next(it));
                        let (&id, guest) = speaker.expect("a guest's next word");
                        guest.unheard.pop_front();
                        self.hear(word, Some(id));
                    }
                    Effect::Permit(id, _) => {
                        let guest = self.guests.get_mut(&id).unwrap();
                        assert!(guest.here && guest.waits && guest.unheard.is_empty());
                        guest.waits = false;
                    }
                    Effect::LetGo(id) | Effect::Disconnect(id) => {
                        let guest = self.guests.get_mut(&id).unwrap();
                        assert!(mem::take(&mut guest.here));
                    }
                    Effect::Notify(_) | Effect::Show(_) => {}
                }
            }
            let room = &self.world.room;
            // If words wait, the host knows until when.
            assert!(room.said.is_empty() || room.flush_at.is_some());
            // The bounds are kept, names are unique, and the room knows who is here.
            let here = self.guests.iter().filter(|(_, guest)| guest.here);
            assert!(here.clone().map(|(id, _)| id).eq(room.guests.keys()));
            let waiting = here.map(|(_, guest)| guest.outgoing.waiting.load(Relaxed));
            let waiting: Vec<usize> = waiting.collect();
            assert!(
                waiting
                    .iter()
                    .all(|bytes| *bytes <= room.limits.guest_bytes),
                "{waiting:?}"
            );
            assert!(
                waiting.iter().sum::<usize>() <= room.limits.room_bytes,
                "{waiting:?}"
            );
            let names = room.guests.values().filter_map(|guest| guest.name.as_ref());
            let names: Vec<String> = names.map(|name| name.to_lowercase()).collect();
            let unique: HashSet<&String> = names.iter().collect();
            assert_eq!(unique.len(), names.len(), "{names:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Names are those of three people, so they clash; limits are small, so guests are dropped
        /// for any line, also for one that tells of another's end.
        #[test]
        fn each_hears_each_others_words_once_and_in_order(steps in vec(step(), 0..150)) {
            let world = World::new(None, &limits(5, 400, 1000));
            let mut crowd = Crowd { world, guests: BTreeMap::new() };
            for (number, step) in steps.into_iter().enumerate() {
                let here = crowd.here();
                let pick = |who: Index| here.get(who.index(here.len().max(1))).copied();
                let word = format!("w{number}");
                match step {
                    Step::Arrives => crowd.arrives(),
                    Step::Says(who, count) => {
                        let words = (0..count).map(|index| format!("{word}.{index}"));
                        if let Some(id) = pick(who) {
                            crowd.says(id, words.collect());
                        }
                    }
                    Step::SaysBye(who) => {
                        if let Some(id) = pick(who) {
                            crowd.says(id, vec![BYE.to_owned()]);
                        }
                    }
                    Step::Leaves(who) => {
                        if let Some(id) = pick(who) {
                            crowd.world.room.depart(id, "has left", crowd.world.now);
                            crowd.guests.get_mut(&id).unwrap().here = false;
                        }
                    }
                    Step::Reads(who) => {
                        if let Some(guest) = pick(who).and_then(|id| crowd.guests.get_mut(&id)) {
                            guest.heard += &take(&guest.outgoing);
                        }
                    }
                    Step::HostSpeaks => {
                        crowd.world.speaks(&word);
                        crowd.hear(&word, None);
                    }
                    Step::SpendsBudget => {
                        crowd.world.room.budget.spend(32 << 20, crowd.world.now);
                    }
                    Step::Flushes => {
                        let room = &mut crowd.world.room;
                        crowd.world.now = crowd.world.now.max(room.flush_at.unwrap_or(crowd.world.now));
                        room.flush(crowd.world.now);
                    }
                }
                crowd.follow();
            }
            while let Some(at) = crowd.world.room.flush_at {
                crowd.world.now = at;
                crowd.world.room.flush(at);
                crowd.follow();
            }
            for guest in crowd.guests.values_mut() {
                prop_assert!(!guest.here || !guest.waits, "its permit was lost");
                guest.heard += &take(&guest.outgoing);
                let words = guest.heard.lines().filter(|line| !line.starts_with("* "));
                let words: Vec<&str> = words.map(|line| line.rsplit(' ').next().unwrap()).collect();
                prop_assert_eq!(words.join(" "), guest.words.join(" "));
            }
        }
    }
}
