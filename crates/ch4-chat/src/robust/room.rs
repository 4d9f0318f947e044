//! Who is in the room, and what they hear. Pure: what happens goes in, with the time; lines go into
//! the guests' outboxes, and what the host has to do comes out. No socket, no clock, no thread.
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
use super::outbox::{Lines, Outbox, outbox};
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
    /// The guest has left: let it have what waits for it, and close its connection.
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
    outbox: Outbox,
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

    /// Somebody has connected. Returns who it is now, and the lines for it; `None` if the room is
    /// full. The others are told at its first words, or [`Limits::introduction`] later.
    pub fn arrive(&mut self, address: SocketAddr, now: Instant) -> Option<(PeerId, Lines)> {
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
        let (outbox, lines) = outbox();
        let guest = Guest {
            address,
            arrived: now,
            name: None,
            budget: Budget::new(now),
            outbox,
        };
        self.guests.insert(self.arrived, guest);
        self.silent.insert(self.arrived);
        Some((self.arrived, lines))
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

    /// Says `byebye` to all, the last word: without LF, so that the tutorial's programs understand it.
    pub fn close(self) {
        let bye = Arc::from(BYE);
        for guest in self.guests.values() {
            guest.outbox.push(&bye);
        }
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

    /// Puts lines into the outboxes of everybody but one. Guests for whom too much waits then are
    /// dropped: those over their own limit, and, if it is too much for all, those for whom most
    /// waits.
    fn deliver(&mut self, lines: String, but: Option<PeerId>) {
        if lines.is_empty() {
            return;
        }
        let lines = Arc::from(lines);
        let others = self.guests.iter().filter(|(id, _)| Some(**id) != but);
        let mut waiting: Vec<(usize, PeerId)> = others
            .map(|(id, guest)| (guest.outbox.push(&lines), *id))
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::atomic::Ordering::Relaxed;
    use std::time::Duration;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::super::outbox::PLACE_BYTES;
    use super::*;

    const ADDRESS: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

    /// A room, and the time in it. The test is the guests' writers.
    struct World {
        room: Room,
        now: Instant,
    }

    impl World {
        fn new(host: Option<&str>, limits: &Limits) -> Self {
            Self {
                room: Room::new(host, limits),
                now: Instant::now(),
            }
        }

        fn arrives(&mut self) -> Option<(PeerId, Lines)> {
            self.room.arrive(ADDRESS, self.now)
        }

        fn says(&mut self, id: PeerId, words: &[&str]) {
            let message = |text: &&str| Message {
                text: (*text).to_owned(),
                cut_from: None,
            };
            self.room
                .hear(id, words.iter().map(message).collect(), self.now);
        }

        /// The guest that this one is to the host's user, from what was shown.
        fn acts(&mut self) -> Vec<String> {
            self.room
                .acts()
                .into_iter()
                .map(|act| match act {
                    Act::Tell(line) => line,
                    Act::Show(name, message) => format!("| {name}: {message}"),
                    Act::NextTurn(id, from) => format!("turn {id} {:?}", from - self.now),
                    Act::Leave(id) => format!("leave {id}"),
                    Act::Cut(id) => format!("cut {id}"),
                })
                .collect()
        }
    }

    /// What a guest's writer takes.
    fn read(lines: &Lines) -> String {
        let mut text = String::new();
        while let Ok(line) = lines.lines.try_recv() {
            text += &line;
            lines.waiting.fetch_sub(line.len() + PLACE_BYTES, Relaxed);
        }
        text
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
        let (li, to_li) = world.arrives().unwrap();
        assert!(!world.room.has_guest() && !world.room.is_empty());
        world.says(li, &["/name Li", "hi"]);
        assert!(world.room.has_guest());
        assert_eq!(
            world.acts(),
            ["Li has joined from 127.0.0.1:1.", "| Li: hi", "turn 1 0ns"]
        );
        let (silent, _) = world.arrives().unwrap();
        world.says(silent, &[]);
        // Only the first line tells a name, and a name that is none is as if there were none.
        world.says(silent, &["/name Han"]);
        let (nameless, _) = world.arrives().unwrap();
        world.says(nameless, &["/name \u{1b}", "x"]);
        assert_eq!(
            read(&to_li),
            "* guest-2 has joined.\nguest-2: /name Han\n* guest-3 has joined.\nguest-3: x\n"
        );
        // Who leaves before it is introduced was never there.
        let (id, _) = world.arrives().unwrap();
        world.acts();
        world.room.depart(id, "has left");
        assert_eq!(world.acts(), ["leave 4"]);
        assert_eq!(read(&to_li), "");
    }

    #[test]
    fn byebye_is_the_last_word() {
        let mut world = World::new(None, &Limits::default());
        let (li, _) = world.arrives().unwrap();
        let (han, to_han) = world.arrives().unwrap();
        world.says(han, &[]);
        world.says(li, &["hi", "byebye", "never said"]);
        assert_eq!(
            read(&to_han),
            "* guest-1 has joined.\nguest-1: hi\n* guest-1 has left.\n"
        );
        let acts = world.acts();
        assert_eq!(acts.last().unwrap(), "guest-1 has left.");
        assert_eq!(acts.iter().filter(|act| act.contains("never")).count(), 0);
        world.says(li, &["never said"]);
        world.room.depart(li, "has left");
        assert_eq!(read(&to_han), "");
    }

    #[test]
    fn words_are_passed_on_escaped() {
        let mut world = World::new(None, &Limits::default());
        let (li, _) = world.arrives().unwrap();
        let (_, to_han) = world.arrives().unwrap();
        world.says(li, &["x\r* Li has left.\u{1b}[2J", "नमस्ते"]);
        assert_eq!(
            read(&to_han),
            "* guest-1 has joined.\nguest-1: x\\r* Li has left.\\u{1b}[2J\nguest-1: नमस्ते\n"
        );
    }

    #[test]
    fn the_host_speaks_under_its_name_if_it_has_chosen_one() {
        for (name, words, other) in [
            (None, "hi\nbyebye", "host-2"),
            (Some("Ann"), "Ann: hi\nbyebye", "host"),
            (Some("\u{1b}"), "hi\nbyebye", "host-2"),
        ] {
            let mut world = World::new(name, &Limits::default());
            world.room.speak("hello?");
            world.room.speak("");
            assert_eq!(world.acts(), ["Nobody is here to read that."]);
            let (li, to_li) = world.arrives().unwrap();
            world.says(li, &["/name host"]);
            assert!(world.acts()[0].starts_with(&format!("{other} has")));
            world.room.speak("");
            world.room.speak("hi");
            world.room.close();
            assert_eq!(read(&to_li), words);
        }
    }

    #[test]
    fn who_talks_too_fast_gets_its_next_turn_later() {
        let mut world = World::new(None, &Limits::default());
        let (id, _) = world.arrives().unwrap();
        let name = "n".repeat(32);
        world.says(id, &[&format!("/name {name}")]);
        world.acts();
        // 2 + 32 + 2 + 2 bytes a line, as the others get it: three seconds more than the burst.
        for _ in 0..7 * 16 {
            world.says(id, &["12345678901234567890123456789"; 16]);
        }
        assert_eq!(world.acts().last().unwrap(), "turn 1 3s");
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
        world.acts();
        let (third, _third) = world.arrives().unwrap();
        let dropped = "guest-2 was dropped: the room is full, and it had said nothing.";
        assert_eq!(world.acts(), ["cut 2", dropped]);
        assert_eq!(
            read(&to_spoke),
            format!("* guest-2 has joined.\n* {dropped}\n")
        );
        // A name is enough to stay.
        world.says(third, &["/name Li"]);
        world.now += Duration::from_secs(99);
        assert!(world.arrives().is_none());
    }

    #[test]
    fn who_reads_too_slowly_is_dropped_and_if_it_is_too_much_for_all_the_slowest() {
        let place = PLACE_BYTES;
        let mut world = World::new(None, &limits(9, 2 * (10 + place), 9999));
        let (_, reads) = world.arrives().unwrap();
        let (_, _deaf) = world.arrives().unwrap();
        for expected in [&[][..], &[], &["cut 2"]] {
            world.room.speak("123456789");
            assert_eq!(world.acts(), expected);
            assert_eq!(read(&reads), "123456789\n");
        }

        let mut world = World::new(None, &limits(9, 9999, 4 * (10 + place)));
        let (_, slow) = world.arrives().unwrap();
        world.room.speak("123456789");
        let (_, _deaf) = world.arrives().unwrap();
        let (_, reads) = world.arrives().unwrap();
        world.room.speak("123456789");
        assert_eq!(world.acts(), [""; 0]);
        read(&reads);
        world.room.speak("123456789");
        assert_eq!(world.acts(), ["cut 1"]);
        assert_eq!(read(&slow), "123456789\n".repeat(3));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Arrives,
        Says(Index, usize),
        SaysBye(Index),
        Leaves(Index),
        Reads(Index),
        HostSpeaks,
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
        ]
    }

    /// One guest, as the test follows it.
    struct Follows {
        lines: Lines,
        heard: String,
        /// All words that others said while it was here.
        words: Vec<String>,
        cut: bool,
        here: bool,
    }

    proptest! {
        /// Names are those of three people, so they clash; limits are small, so guests are dropped
        /// for any line, also for one that tells of another's end.
        #[test]
        fn each_hears_each_others_words_once_and_in_order(steps in vec(step(), 0..150)) {
            let limits = limits(5, 400, 1000);
            let mut world = World::new(None, &limits);
            let mut guests = BTreeMap::<PeerId, Follows>::new();
            let mut count = 0;
            for step in steps {
                let here: Vec<PeerId> =
                    guests.iter().filter(|(_, it)| it.here).map(|(id, _)| *id).collect();
                let pick = |who: Index| (!here.is_empty()).then(|| here[who.index(here.len())]);
                let mut speaks = None;
                let mut words = Vec::new();
                match step {
                    Step::Arrives => {
                        let place = world.arrives();
                        prop_assert_eq!(place.is_some(), here.len() < limits.guests);
                        if let Some((id, lines)) = place {
                            let (heard, words) = (String::new(), Vec::new());
                            let follows = Follows { lines, heard, words, cut: false, here: true };
                            guests.insert(id, follows);
                            world.says(id, &[["/name Li", "/name li", "/name Han"][id as usize % 3]]);
                        }
                    }
                    Step::Says(who, number) => {
                        if let Some(id) = pick(who) {
                            words = (count..count + number).map(|n| format!("w{n}")).collect();
                            let said: Vec<&str> = words.iter().map(String::as_str).collect();
                            world.says(id, &said);
                            speaks = Some(id);
                        }
                    }
                    Step::HostSpeaks => {
                        words = vec![format!("w{count}")];
                        world.room.speak(&words[0]);
                    }
                    Step::SaysBye(who) => {
                        if let Some(id) = pick(who) {
                            world.says(id, &["byebye"]);
                        }
                    }
                    Step::Leaves(who) => {
                        if let Some(id) = pick(who) {
                            world.room.depart(id, "has left");
                        }
                    }
                    Step::Reads(who) => {
                        if let Some(guest) = pick(who).and_then(|id| guests.get_mut(&id)) {
                            guest.heard += &read(&guest.lines);
                        }
                    }
                }
                count += words.len();
                for id in here.iter().filter(|id| Some(**id) != speaks) {
                    guests.get_mut(id).unwrap().words.extend(words.iter().cloned());
                }
                let mut turns = 0;
                for act in world.room.acts() {
                    match act {
                        Act::Leave(id) => guests.get_mut(&id).unwrap().here = false,
                        Act::Cut(id) => {
                            let guest = guests.get_mut(&id).unwrap();
                            prop_assert!(guest.here);
                            (guest.here, guest.cut) = (false, true);
                        }
                        Act::NextTurn(id, _) => turns += usize::from(Some(id) == speaks),
                        Act::Tell(_) | Act::Show(..) => {}
                    }
                }
                prop_assert_eq!(turns, usize::from(speaks.is_some()));

                // The bounds are kept, names are unique, and the room knows who is here.
                let waiting = guests.values().filter(|it| it.here).map(|it| it.lines.waiting.load(Relaxed));
                let waiting: Vec<usize> = waiting.collect();
                prop_assert!(waiting.iter().all(|bytes| *bytes <= limits.guest_bytes), "{:?}", waiting);
                // A speaker's own outbox isn't looked at when its words go out.
                let most = limits.room_bytes + limits.guest_bytes;
                prop_assert!(waiting.iter().sum::<usize>() <= most, "{:?}", waiting);
                let names = world.room.guests.values().filter_map(|guest| guest.name.as_ref());
                let names: Vec<String> = names.map(|name| name.shown.to_lowercase()).collect();
                let unique: HashSet<&String> = names.iter().collect();
                prop_assert_eq!(unique.len(), names.len(), "{:?}", names);
                let here = guests.iter().filter(|(_, it)| it.here).map(|(id, _)| id);
                prop_assert!(here.eq(world.room.guests.keys()));
            }
            for guest in guests.values_mut() {
                guest.heard += &read(&guest.lines);
                let words = guest.heard.lines().filter(|line| !line.starts_with("* "));
                let words: Vec<&str> = words.map(|line| line.rsplit(' ').next().unwrap()).collect();
                // Who was dropped has heard all up to then, perhaps the last words, too.
                let all = &guest.words[..if guest.cut { words.len() } else { guest.words.len() }];
                prop_assert_eq!(words, all);
            }
        }
    }
}
