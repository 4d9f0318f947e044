//! Who is in the room, and what they hear. The room touches no socket and no clock: it takes what
//! happened, and the time. It hands lines to the guests' [peers](Peer) and to the host's log, and
//! waits for neither.
//!
//! A guest's words go out as `NAME: WORDS`, and news as `* NAME has joined.` No name contains a
//! colon or an asterisk, so no guest can imitate either. The host's words go out as they are typed,
//! as the tutorial's do, unless it has chosen a name.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use console::{Log, safe};

use super::event::PeerId;
use super::limits::{Budget, Limits, MESSAGE_BYTES};
use super::name::{self, Names};
use super::peer::Peer;
use crate::BYE;

/// A line counts as at least this many copies. So even in a small room, nobody has to read more
/// than 64 KiB at once and 2 MiB a second, however many talk.
const MIN_COPIES: usize = 256;

/// What a line costs in the queue besides its bytes: about as much as a long name.
const LINE_COST: u64 = 128;

/// How many texts go out together at most.
const MAX_UNSENT: usize = 256;

/// Who is here, and what waits for whom.
pub struct Room {
    guests: BTreeMap<PeerId, Guest>,
    names: Names,
    /// What comes before the host's words: nothing, or `NAME: `.
    host_prefix: String,
    /// How much all may say together, counting each copy. How fast a guest reads doesn't matter, so
    /// a slow one can't hold up the others.
    budget: Budget,
    /// What guests have said and nobody has heard yet, by turn, time and guest: the smallest goes
    /// first. A guest is here at most once: it gets no permit until its words are passed on.
    queue: BTreeMap<(u64, Instant, PeerId), Vec<String>>,
    /// The last turn served.
    turn: u64,
    /// Texts that go out together, each with its speaker. A text that went out alone would wake
    /// every writer, and in a full room that takes longer than the next text takes to come.
    unsent: Vec<(Arc<str>, Option<PeerId>)>,
    last_id: PeerId,
    log: Rc<Log>,
    limits: Limits,
}

struct Guest {
    address: SocketAddr,
    /// `None` until its first event is passed on. Then the others are told.
    name: Option<String>,
    /// It has said something, so `/name` no longer names it.
    has_spoken: bool,
    /// In a full room it loses its place at this time. `None` once it has given a name or said a
    /// word.
    stays_until: Option<Instant>,
    /// How many of the unsent texts are from before it came.
    too_early: usize,
    budget: Budget,
    peer: Peer,
}

impl Guest {
    /// Puts what others have said into the outbox.
    fn push(&self, id: PeerId, unsent: &[(Arc<str>, Option<PeerId>)]) {
        for (text, speaker) in &unsent[self.too_early..] {
            if *speaker != Some(id) {
                self.peer.push(Arc::clone(text));
            }
        }
    }
}

impl Room {
    /// An empty room. No guest gets the host's [clean](name::clean) name, or `host` if it has none.
    pub fn new(host: Option<String>, log: &Rc<Log>, limits: &Limits) -> Self {
        let mut names = Names::default();
        names.take(host.as_deref().unwrap_or("host"), 0);
        Self {
            guests: BTreeMap::new(),
            names,
            host_prefix: host.map(|name| name + ": ").unwrap_or_default(),
            budget: Budget::ROOM,
            queue: BTreeMap::new(),
            turn: 0,
            unsent: Vec::new(),
            last_id: 0,
            log: Rc::clone(log),
            limits: limits.clone(),
        }
    }

    /// Whether nobody is here.
    pub fn is_empty(&self) -> bool {
        self.guests.is_empty()
    }

    /// The host speaks to everybody. Returns how many bytes that costs.
    pub fn speak(&mut self, line: &str, now: Instant) -> usize {
        let text = format!("{}{line}\n", self.host_prefix);
        if !line.is_empty() && self.is_empty() {
            self.log.event("Nobody is here to read that.");
        } else if !line.is_empty() {
            self.broadcast(&text, None, now);
        }
        text.len()
    }

    /// Keeps what a guest said until it is [passed on](Room::pass_on).
    pub fn hear(&mut self, id: PeerId, said: Vec<String>, now: Instant) {
        if !said.is_empty()
            && let Some(guest) = self.guests.get_mut(&id)
        {
            guest.stays_until = None;
        }
        // Fair queueing: the more a guest says, the later its turn, so a short message goes before a
        // flood. Turns count from the last one served, so a flood gets its turn, too.
        let costs = said.iter().map(|message| message.len() as u64 + LINE_COST);
        let turn = self.turn + costs.sum::<u64>();
        self.queue.insert((turn, now, id), said);
    }

    /// When to call [`Room::pass_on`]; `None` if nothing waits.
    pub fn ready_at(&mut self, now: Instant) -> Option<Instant> {
        if self.unsent.is_empty() {
            self.next_turn_at(now)
        } else {
            Some(now)
        }
    }

    /// When the next guest's words may be passed on; `None` if none wait.
    fn next_turn_at(&mut self, now: Instant) -> Option<Instant> {
        // Spending nothing only asks when.
        (!self.queue.is_empty()).then(|| self.budget.spend(0, now))
    }

    /// Passes on what many guests have said, as far as the room's budget goes, and sends all texts.
    pub fn pass_on(&mut self, now: Instant) {
        for _ in 0..MAX_UNSENT {
            if self.next_turn_at(now) != Some(now) {
                break;
            }
            self.pass_on_next(now);
        }
        self.send();
    }

    /// Passes on what the next guest has said, as one text, and permits it to say more. `byebye`
    /// becomes `* NAME has left.`
    fn pass_on_next(&mut self, now: Instant) {
        let Some(((turn, _, id), mut said)) = self.queue.pop_first() else {
            return;
        };
        self.turn = turn;
        self.introduce(id, &mut said, now);
        let Some(guest) = self.guests.get_mut(&id) else {
            return;
        };
        let name = guest.name.as_deref().unwrap_or_default();
        let (mut text, mut leaves) = (String::new(), false);
        for message in said {
            let line = format!("{name}: {}", safe::escape(&message));
            self.log.peer(&format!("{}{line}", safe::MARGIN));
            leaves = message == BYE;
            if leaves {
                break;
            }
            text += &(line + "\n");
        }
        // What gives the others nothing to read costs as much as the longest message: empty lines,
        // silence, or only a name.
        let bytes = match text.len() {
            0 => MESSAGE_BYTES,
            bytes => bytes,
        };
        let may_go_on_at = guest.budget.spend(bytes, now);
        if !leaves {
            guest.peer.permit(may_go_on_at);
        }
        self.broadcast(&text, Some(id), now);
        if leaves {
            self.depart(id, "has left", now);
        }
    }

    /// Keeps lines for everybody except the speaker, until they are sent.
    fn broadcast(&mut self, text: &str, speaker: Option<PeerId>, now: Instant) {
        if text.is_empty() {
            return;
        }
        let copies = self.guests.len().max(MIN_COPIES);
        self.budget.spend(copies * text.len(), now);
        // One copy in memory, however many wait for it.
        self.unsent.push((text.into(), speaker));
        if self.unsent.len() >= MAX_UNSENT {
            self.send();
        }
    }

    /// Sends all that is unsent.
    fn send(&mut self) {
        for (id, guest) in &mut self.guests {
            guest.push(*id, &self.unsent);
            guest.too_early = 0;
        }
        self.unsent.clear();
    }

    /// Takes a guest's name from what it says first, and tells everybody that it is here. The guest
    /// itself hears its name only if that isn't the one it asked for. On a bad network, the name
    /// may come after the introduction. Then everybody is told again.
    fn introduce(&mut self, id: PeerId, said: &mut Vec<String>, now: Instant) {
        let Some(guest) = self.guests.get_mut(&id).filter(|it| !it.has_spoken) else {
            return;
        };
        guest.has_spoken = !said.is_empty();
        let asked = said.first().and_then(|it| it.strip_prefix(name::COMMAND));
        if guest.name.is_some() && asked.is_none() {
            return;
        }
        let old_name = guest.name.take();
        if let Some(old) = &old_name {
            self.names.free(old);
        }
        let wanted = asked.and_then(name::clean);
        let wanted = wanted.unwrap_or_else(|| name::guest(id));
        let name = self.names.take(&wanted, id);
        if let Some(asked) = asked {
            if asked != name {
                guest.peer.push(format!("* Your name is {name}.\n"));
            }
            said.remove(0);
        }
        guest.name = Some(name.clone());
        let address = guest.address;
        let (news, from) = match old_name {
            None => (format!("{name} has joined"), format!(" from {address}")),
            Some(old) if old != name => (format!("{old} is now {name}"), String::new()),
            Some(_) => return,
        };
        self.log.event(format_args!("{news}{from}."));
        self.broadcast(&format!("* {news}.\n"), Some(id), now);
    }

    /// The id for the next guest; `None` if the room is full.
    pub fn next_place(&mut self, now: Instant) -> Option<PeerId> {
        if self.guests.len() >= self.limits.guests && !self.drop_silent(now) {
            return None;
        }
        self.last_id += 1;
        Some(self.last_id)
    }

    /// Makes a place: drops a guest that has been silent for too long. Returns whether there was
    /// one.
    pub fn drop_silent(&mut self, now: Instant) -> bool {
        let is_late = |guest: &Guest| guest.stays_until.is_some_and(|until| until <= now);
        let Some((&id, _)) = self.guests.iter().find(|(_, guest)| is_late(guest)) else {
            return false;
        };
        let why = "was dropped: the room is full, and it had said nothing";
        self.expel(id, why, now);
        true
    }

    /// A guest has come. The others are told when its first event is passed on.
    pub fn arrive(&mut self, id: PeerId, peer: Peer, address: SocketAddr, now: Instant) {
        let guest = Guest {
            address,
            name: None,
            has_spoken: false,
            stays_until: Some(now + self.limits.silence),
            too_early: self.unsent.len(),
            budget: Budget::PERSON,
            peer,
        };
        self.guests.insert(id, guest);
    }

    /// A guest leaves. Tells everybody how, unless it was never introduced. It still gets what
    /// waits for it.
    pub fn depart(&mut self, id: PeerId, how: &str, now: Instant) {
        let Some(guest) = self.guests.remove(&id) else {
            return;
        };
        guest.push(id, &self.unsent);
        if let Some(name) = guest.name {
            self.names.free(&name);
            let gone = format!("{name} {how}.");
            self.broadcast(&format!("* {gone}\n"), None, now);
            self.log.event(gone);
        }
    }

    /// Makes a guest leave at once, whatever waits for it.
    fn expel(&mut self, id: PeerId, why: &str, now: Instant) {
        if let Some(guest) = self.guests.get(&id) {
            guest.peer.disconnect();
        }
        self.depart(id, why, now);
    }

    /// While too much waits for one guest, or for all together, drops the guest for whom most
    /// waits.
    pub fn drop_slow(&mut self, now: Instant) {
        loop {
            let sum: usize = self.guests.values().map(|it| it.peer.waiting()).sum();
            let slowest = self.guests.iter().max_by_key(|(_, it)| it.peer.waiting());
            let Some((&id, it)) = slowest else { return };
            if it.peer.waiting() <= self.limits.guest_bytes && sum <= self.limits.room_bytes {
                return;
            }
            self.expel(id, "was dropped for reading too slowly", now);
        }
    }

    /// Passes on what was said, as far as the room's budget goes, and returns who is here.
    pub fn close(mut self, now: Instant) -> BTreeMap<PeerId, Peer> {
        while self.ready_at(now) == Some(now) {
            self.pass_on(now);
        }
        let peers = self.guests.into_iter();
        peers.map(|(id, guest)| (id, guest.peer)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashSet, VecDeque};
    use std::mem;
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, TryRecvError};
    use std::time::Duration;

    use console::Printer;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use testkit::Capture;

    use super::super::peer::TEXT_COST;
    use super::super::peer::fake::Outbox;
    use super::*;

    const ADDRESS: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 1);

    /// What the room tells its host's user.
    struct Screen {
        log: Rc<Log>,
        capture: Capture,
    }

    impl Screen {
        fn new() -> Self {
            let capture = Capture::default();
            let log = Log::new(Printer::new(capture.clone()).unwrap(), false);
            Self {
                log: Rc::new(log),
                capture,
            }
        }
    }

    /// A room, and the time in it. The test is its guests' threads.
    struct World<'a> {
        room: Room,
        now: Instant,
        screen: &'a Screen,
        /// How much of the screen was looked at.
        seen: usize,
        permits: BTreeMap<PeerId, Receiver<Instant>>,
        disconnected: Arc<Mutex<Vec<PeerId>>>,
    }

    impl<'a> World<'a> {
        fn new(host: Option<&str>, screen: &'a Screen, limits: &Limits) -> Self {
            Self {
                room: Room::new(host.map(str::to_owned), &screen.log, limits),
                now: Instant::now(),
                screen,
                seen: 0,
                permits: BTreeMap::new(),
                disconnected: Arc::default(),
            }
        }

        fn speaks(&mut self, line: &str) {
            self.room.speak(line, self.now);
            self.passes_on_now();
            self.room.drop_slow(self.now);
        }

        /// Time passes until everything is passed on.
        fn passes_on_all(&mut self) {
            while self.passes_on() {}
        }

        /// Time passes until more may be passed on. Then that is.
        fn passes_on(&mut self) -> bool {
            let Some(at) = self.room.ready_at(self.now) else {
                return false;
            };
            self.now = at;
            self.passes_on_now();
            self.room.drop_slow(self.now);
            true
        }

        /// What may be passed on at this time is.
        fn passes_on_now(&mut self) {
            while self.room.ready_at(self.now) == Some(self.now) {
                self.room.pass_on(self.now);
            }
        }

        fn arrives(&mut self) -> Option<(PeerId, Outbox)> {
            let id = self.room.next_place(self.now)?;
            let disconnected = Arc::clone(&self.disconnected);
            let (peer, outbox, permits) = Peer::fake(move || disconnected.lock().unwrap().push(id));
            self.room.arrive(id, peer, ADDRESS, self.now);
            self.permits.insert(id, permits);
            Some((id, outbox))
        }

        /// Returns when the guest may say more, if it is permitted to already.
        fn says(&mut self, id: PeerId, words: &[&str]) -> Option<Instant> {
            let words = words.iter().map(|&text| text.to_owned()).collect();
            self.room.hear(id, words, self.now);
            self.passes_on_now();
            self.permits[&id].try_recv().ok()
        }

        /// What a guest hears until everything is passed on.
        fn read(&mut self, outbox: &Outbox) -> String {
            self.passes_on_all();
            outbox.take()
        }

        fn is_let_go(&self, id: PeerId) -> bool {
            self.permits[&id].try_recv() == Err(TryRecvError::Disconnected)
        }

        fn disconnected(&self) -> Vec<PeerId> {
            mem::take(&mut *self.disconnected.lock().unwrap())
        }

        /// What the host's user is told.
        fn shows(&mut self) -> Vec<String> {
            // The screen has all lines that come before this one.
            let mark = format!("--- {}\n", self.seen);
            self.screen.log.event(mark.trim_end());
            let screen = self.screen.capture.wait_for(&mark);
            let new = screen.split_at(self.seen).1;
            self.seen = screen.len();
            new.trim_end_matches(&mark)
                .lines()
                .map(str::to_owned)
                .collect()
        }
    }

    fn few(guests: usize, guest_bytes: usize, room_bytes: usize) -> Limits {
        Limits {
            guests,
            guest_bytes,
            room_bytes,
            ..Limits::default()
        }
    }

    #[test]
    fn a_guest_is_introduced_at_its_first_event() {
        let (screen, limits) = (Screen::new(), Limits::default());
        let mut world = World::new(None, &screen, &limits);
        assert!(world.room.is_empty());
        let (li, to_li) = world.arrives().unwrap();
        assert!(!world.room.is_empty());
        assert_eq!(world.says(li, &["/name Li", "hi"]), Some(world.now));
        assert_eq!(
            world.shows(),
            ["Li has joined from 127.0.0.1:1.", "| Li: hi"]
        );
        let (silent, _) = world.arrives().unwrap();
        world.says(silent, &[]);
        // Only the first line tells a name, and a name that is none is as if there were none.
        world.says(silent, &["x", "/name Han"]);
        world.says(silent, &["/name Han"]);
        let (nameless, _) = world.arrives().unwrap();
        world.says(nameless, &["/name \u{1b}", "x"]);
        assert_eq!(
            world.read(&to_li),
            "* guest-2 has joined.\nguest-2: x\nguest-2: /name Han\nguest-2: /name Han\n\
             * guest-3 has joined.\nguest-3: x\n"
        );
        // To the others, a guest that leaves before its introduction was never there.
        let (id, _) = world.arrives().unwrap();
        world.shows();
        world.room.depart(id, "has left", world.now);
        assert_eq!(world.shows(), [""; 0]);
        assert_eq!(world.read(&to_li), "");
    }

    /// The network lost it, and it was sent again after the guest had been introduced.
    #[test]
    fn a_name_that_comes_late_is_still_a_name() {
        let (screen, limits) = (Screen::new(), Limits::default());
        let mut world = World::new(None, &screen, &limits);
        let (_, to_first) = world.arrives().unwrap();
        for (silent, name) in [("guest-2", "Li"), ("guest-3", "Li-3")] {
            let (id, to_late) = world.arrives().unwrap();
            world.says(id, &[]);
            world.says(id, &[]);
            world.shows();
            world.says(id, &["/name Li", "hi"]);
            let now = format!("{silent} is now {name}.");
            let hi = format!("{name}: hi");
            assert_eq!(world.shows().join("\n"), format!("{now}\n| {hi}"));
            let heard = format!("* {silent} has joined.\n* {now}\n{hi}\n");
            assert_eq!(world.read(&to_first), heard);
            let told = world.read(&to_late);
            assert_eq!(
                told.contains("* Your name is Li-3.\n"),
                name != "Li",
                "{told}"
            );
        }
        // A name that is none changes nothing.
        let (id, _) = world.arrives().unwrap();
        world.says(id, &[]);
        world.says(id, &["/name \u{1b}", "hi"]);
        let heard = "* guest-4 has joined.\nguest-4: hi\n";
        assert_eq!(world.read(&to_first), heard);
    }

    #[test]
    fn a_guest_is_told_its_name_only_if_it_asked_for_another() {
        let (screen, limits) = (Screen::new(), Limits::default());
        let mut world = World::new(None, &screen, &limits);
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
            let (id, outbox) = world.arrives().unwrap();
            world.says(id, says);
            let told = name.map(|name| format!("* Your name is {name}.\n"));
            assert_eq!(world.read(&outbox), told.unwrap_or_default(), "{says:?}");
            here.push(outbox);
        }
    }

    #[test]
    fn byebye_is_the_last_word() {
        let (screen, limits) = (Screen::new(), Limits::default());
        let mut world = World::new(None, &screen, &limits);
        let (li, _) = world.arrives().unwrap();
        let (han, to_han) = world.arrives().unwrap();
        world.says(han, &[]);
        assert_eq!(world.says(li, &["hi", "byebye", "never said"]), None);
        assert_eq!(
            world.read(&to_han),
            "* guest-1 has joined.\nguest-1: hi\n* guest-1 has left.\n"
        );
        let shows = world.shows();
        let expected = ["| guest-1: hi", "| guest-1: byebye", "guest-1 has left."];
        assert_eq!(shows.split_at(2).1, expected, "{shows:?}");
        assert!(world.is_let_go(li));
        assert_eq!(world.disconnected(), []);
        assert_eq!(world.says(li, &["never said"]), None);
        world.room.depart(li, "has left", world.now);
        assert_eq!(world.read(&to_han), "");
    }

    #[test]
    fn what_was_said_before_the_hosts_last_word_is_passed_on() {
        let (screen, limits) = (Screen::new(), Limits::default());
        let mut world = World::new(None, &screen, &limits);
        let (li, _) = world.arrives().unwrap();
        let (_, to_han) = world.arrives().unwrap();
        world.room.hear(li, vec!["hi".to_owned()], world.now);
        let (room, now) = (world.room, world.now);
        assert_eq!(room.close(now).len(), 2);
        assert_eq!(to_han.take(), "* guest-1 has joined.\nguest-1: hi\n");
        let _ = screen.capture.wait_for("| guest-1: hi");
    }

    /// If each text woke every writer, a thousand guests who talk would stall the room.
    #[test]
    fn texts_go_out_together() {
        let (screen, limits) = (Screen::new(), Limits::default());
        let mut world = World::new(None, &screen, &limits);
        let (_, to_listener) = world.arrives().unwrap();
        let talkers = [(); MAX_UNSENT + 1].map(|()| world.arrives().unwrap());
        for (id, _) in &talkers {
            world.says(*id, &[]);
        }
        world.passes_on_all();
        to_listener.take();
        for (id, _) in &talkers {
            world.room.hear(*id, vec!["x".to_owned()], world.now);
        }
        world.now += Duration::from_secs(1);
        let mut sent = Vec::new();
        while world.room.ready_at(world.now) == Some(world.now) {
            world.room.pass_on(world.now);
            sent.push(to_listener.take().lines().count());
        }
        sent.retain(|&count| count > 0);
        assert_eq!(sent, [MAX_UNSENT, 1]);
    }

    #[test]
    fn what_was_said_is_for_who_leaves_after_it_and_not_for_who_comes_after_it() {
        let (screen, limits) = (Screen::new(), Limits::default());
        let mut world = World::new(None, &screen, &limits);
        let (id, to_old) = world.arrives().unwrap();
        world.room.speak("one", world.now);
        let (_, to_new) = world.arrives().unwrap();
        world.room.speak("two", world.now);
        assert_eq!(to_old.take(), "", "it waits for the others");
        world.room.depart(id, "has left", world.now);
        assert_eq!(world.read(&to_new), "two\n");
        assert_eq!(to_old.take(), "one\ntwo\n");
    }

    #[test]
    fn who_comes_back_gets_the_same_name() {
        let (screen, limits) = (Screen::new(), Limits::default());
        let mut world = World::new(None, &screen, &limits);
        for _ in 0..2 {
            let (id, _outgoing) = world.arrives().unwrap();
            world.says(id, &["/name Li", BYE]);
            let joined = "Li has joined from 127.0.0.1:1.";
            assert_eq!(world.shows().first().map(String::as_str), Some(joined));
        }
    }

    #[test]
    fn words_are_passed_on_escaped() {
        let (screen, limits) = (Screen::new(), Limits::default());
        let mut world = World::new(None, &screen, &limits);
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
        let renamed = "* Your name is host-1.\nhi\n";
        for (name, words, other) in [
            (None, renamed, "host-1"),
            (Some("Ann"), "Ann: hi\n", "host"),
        ] {
            let (screen, limits) = (Screen::new(), Limits::default());
            let mut world = World::new(name, &screen, &limits);
            world.speaks("");
            assert_eq!(world.shows(), [""; 0]);
            world.speaks("hello?");
            assert_eq!(world.shows(), ["Nobody is here to read that."]);
            let (li, to_li) = world.arrives().unwrap();
            world.says(li, &["/name host"]);
            assert!(world.shows()[0].starts_with(&format!("{other} has")));
            world.speaks("");
            world.speaks("hi");
            assert_eq!(to_li.take(), words);
        }
    }

    #[test]
    fn who_talks_too_fast_may_go_on_later() {
        let (screen, limits) = (Screen::new(), Limits::default());
        let mut world = World::new(None, &screen, &limits);
        let (id, _) = world.arrives().unwrap();
        let name = "n".repeat(32);
        world.says(id, &[&format!("/name {name}")]);
        // The name alone was 4096 bytes. Now come 29 + 32 + 2 + 1 bytes a line, as the others get
        // it.
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
        let (screen, limits) = (Screen::new(), Limits::default());
        let mut world = World::new(None, &screen, &limits);
        let (id, _) = world.arrives().unwrap();
        for _ in 0..16 {
            assert_eq!(world.says(id, &[]), Some(world.now));
        }
        let later = world.now + Duration::from_millis(250);
        assert_eq!(world.says(id, &[]), Some(later));
    }

    /// And few copies count as many.
    #[test]
    fn each_copy_of_a_line_counts() {
        let (screen, limits) = (Screen::new(), Limits::default());
        let mut world = World::new(None, &screen, &limits);
        let _lines = world.arrives().unwrap();
        let line = "x".repeat(1023);
        world.room.budget = Budget::ROOM;
        world.room.budget.spend(16 << 20, world.now);
        world.room.speak(&line, world.now);
        let wait = world.room.budget.spend(0, world.now) - world.now;
        assert_eq!(wait, Duration::from_secs(256 << 10) / (512 << 20));
    }

    /// Each is within its own budget, but together they say more than may wait for anybody.
    #[test]
    fn many_who_talk_at_once_cost_no_listener_its_place() {
        for talkers in [4, 20, 50] {
            let (screen, limits) = (Screen::new(), Limits::default());
            let mut world = World::new(None, &screen, &limits);
            let mut guests = BTreeMap::new();
            for _ in 0..=talkers {
                let (id, outbox) = world.arrives().unwrap();
                world.says(id, &[&format!("/name {}", "\u{1d4d4}".repeat(32))]);
                guests.insert(id, outbox);
            }
            world.passes_on_all();
            let listener = guests.pop_first().unwrap().1;
            for id in guests.keys() {
                // The second only if the first was passed on already.
                let permit = world.says(*id, &["a"; 256]);
                if permit.is_some_and(|at| at <= world.now) {
                    world.says(*id, &["a"; 256]);
                }
            }
            let mut heard = Vec::new();
            while world.passes_on() {
                for outbox in guests.values() {
                    outbox.take();
                }
                heard.push(listener.take());
            }
            assert_eq!(world.disconnected(), [], "{talkers} talk");
            let most = heard.iter().map(String::len).max();
            assert!(most < Some(180 * 1024), "{talkers} talk: {most:?}");
        }
    }

    #[test]
    fn if_the_room_must_wait_short_words_go_first_and_of_equal_ones_the_first() {
        let (screen, limits) = (Screen::new(), Limits::default());
        let mut world = World::new(None, &screen, &limits);
        let (_, to_listener) = world.arrives().unwrap();
        let talkers: Vec<_> = (0..4).map(|_| world.arrives().unwrap()).collect();
        for id in 2..=5 {
            world.says(id, &[]);
        }
        world.passes_on_all();
        to_listener.take();
        world.room.budget.spend(32 << 20, world.now);
        let begin = world.now;
        // Each line counts, not only its bytes.
        let (many, one) = (["x"; 9], "x".repeat(200));
        for (id, words) in [(5, &many[..]), (3, &many), (2, &[&one]), (4, &[])] {
            world.now += Duration::from_millis(1);
            assert_eq!(world.says(id, words), None);
        }
        // As much as there was, but for the burst.
        let at = begin + Duration::from_micros(31_250);
        assert!(world.room.ready_at(world.now) > Some(at));
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
        for id in 2..=5 {
            assert!(world.permits[&id].try_recv().is_ok(), "{id}");
        }
        assert!(world.now >= at);
        drop(talkers);
    }

    /// Each is within its own budget, but for longer than a second they say more than the room may.
    #[test]
    fn a_long_message_gets_its_turn_however_many_say_short_ones() {
        let (screen, limits) = (Screen::new(), Limits::default());
        let mut world = World::new(None, &screen, &limits);
        let mut guests = BTreeMap::new();
        for _ in 0..62 {
            let (id, outbox) = world.arrives().unwrap();
            world.says(id, &[&format!("/name {}", "\u{1d4d4}".repeat(32))]);
            guests.insert(id, outbox);
        }
        world.passes_on_all();
        let long = 2;
        world.room.budget.spend(32 << 20, world.now);
        let begin = world.now;
        assert_eq!(world.says(long, &[&"x".repeat(2000)]), None);
        let mut permitted: Vec<PeerId> = (3..=62).collect();
        loop {
            for id in mem::take(&mut permitted) {
                assert_eq!(
                    world.says(id, &["y"]),
                    None,
                    "the room's budget isn't spent"
                );
            }
            world.passes_on();
            let permits = world.permits.iter().filter(|(id, _)| **id != long);
            let now = permits.filter(|(_, it)| it.try_recv().is_ok_and(|at| at <= world.now));
            permitted.extend(now.map(|(id, _)| *id));
            // All read what they hear. The listener is the first of them.
            let heard: Vec<String> = guests.values().map(Outbox::take).collect();
            if heard[0].contains("xxx") {
                break;
            }
            assert!(world.now < begin + Duration::from_secs(1));
        }
    }

    /// As the guests get it: the name and the LF count too, and so does a line that isn't sent.
    #[test]
    fn what_the_host_says_counts_as_it_does_for_a_guest() {
        for (name, line, counts) in [
            (None, "", 1),
            (None, "hi", 3),
            (Some("Ann"), "", 6),
            (Some("Ann"), "hi", 8),
        ] {
            let (screen, limits) = (Screen::new(), Limits::default());
            let mut world = World::new(name, &screen, &limits);
            for _ in 0..2 {
                assert_eq!(world.room.speak(line, world.now), counts);
                world.arrives().unwrap();
            }
        }
    }

    #[test]
    fn a_full_room_has_a_place_for_others_than_the_silent() {
        let (screen, limits) = (Screen::new(), few(2, 4096, 9999));
        let mut world = World::new(None, &screen, &limits);
        let (spoke, to_spoke) = world.arrives().unwrap();
        let (_, _silent) = world.arrives().unwrap();
        world.says(spoke, &["hi"]);
        world.says(2, &[]);
        assert!(world.arrives().is_none());
        world.now += Duration::from_secs(59);
        assert!(world.arrives().is_none());
        world.now += Duration::from_secs(1);
        world.shows();
        let (third, _third) = world.arrives().unwrap();
        let dropped = "guest-2 was dropped: the room is full, and it had said nothing.";
        assert_eq!(world.shows(), [dropped]);
        assert_eq!(world.disconnected(), [2]);
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
        let (screen, limits) = (Screen::new(), few(9, 2 * (10 + TEXT_COST), 9999));
        let mut world = World::new(None, &screen, &limits);
        let (_, reads) = world.arrives().unwrap();
        let _deaf = [world.arrives().unwrap(), world.arrives().unwrap()];
        for expected in [&[][..], &[], &[3, 2]] {
            world.speaks("123456789");
            assert_eq!(world.disconnected(), expected);
            assert_eq!(world.read(&reads), "123456789\n");
        }

        let (screen, limits) = (Screen::new(), few(9, 9999, 4 * (10 + TEXT_COST)));
        let mut world = World::new(None, &screen, &limits);
        let (_, slow) = world.arrives().unwrap();
        world.speaks("123456789");
        let (_, _deaf) = world.arrives().unwrap();
        let (_, reads) = world.arrives().unwrap();
        world.speaks("123456789");
        assert_eq!(world.disconnected(), []);
        world.read(&reads);
        world.speaks("123456789");
        assert_eq!(world.disconnected(), [1]);
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
        TimePasses,
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
            Just(Step::TimePasses),
        ]
    }

    /// One guest, as the test follows it.
    struct Follows {
        outbox: Outbox,
        here: bool,
        /// It arrived without a name. That comes with its first words.
        late_name: bool,
        /// It has said something, and has no permit to say more.
        waits: bool,
        /// Its words that haven't been passed on.
        unheard: VecDeque<String>,
        heard: String,
        /// All words that others said while it was here.
        words: Vec<String>,
    }

    /// A room and all guests that ever came, as the test follows them.
    struct Crowd<'a> {
        world: World<'a>,
        guests: BTreeMap<PeerId, Follows>,
    }

    impl Crowd<'_> {
        fn arrives(&mut self) {
            let place = self.world.arrives();
            assert_eq!(
                place.is_some(),
                self.here().len() < self.world.room.limits.guests
            );
            let Some((id, outbox)) = place else { return };
            let names = [Some("/name Li"), Some("/name li"), Some("/name Han"), None];
            let name = names[self.guests.len() % names.len()];
            let guest = Follows {
                outbox,
                here: true,
                late_name: name.is_none(),
                waits: false,
                unheard: VecDeque::new(),
                heard: String::new(),
                words: Vec::new(),
            };
            self.guests.insert(id, guest);
            self.says(id, name.map(str::to_owned).into_iter().collect());
        }

        fn here(&self) -> Vec<PeerId> {
            let here = self.guests.iter().filter(|(_, guest)| guest.here);
            here.map(|(id, _)| *id).collect()
        }

        /// A guest may say something only with a permit.
        fn says(&mut self, id: PeerId, mut said: Vec<String>) {
            let guest = self.guests.get_mut(&id).unwrap();
            if !mem::replace(&mut guest.waits, true) {
                if !said.is_empty() && mem::take(&mut guest.late_name) {
                    said.insert(0, "/name Li".to_owned());
                }
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

        /// Passes on what may be, and follows what the room does, in order.
        fn follow(&mut self) {
            self.follow_one();
            while self.world.room.ready_at(self.world.now) == Some(self.world.now) {
                self.world.room.pass_on(self.world.now);
                self.follow_one();
            }
        }

        /// Follows what has happened because of one event.
        fn follow_one(&mut self) {
            for line in self.world.shows() {
                if !line.starts_with("| ") || line.ends_with(BYE) {
                    continue;
                }
                let word = line.rsplit(' ').next().unwrap();
                let is_next = |it: &Follows| it.unheard.front().is_some_and(|it| it == word);
                let mut guests = self.guests.iter_mut();
                let speaker = guests.find(|(_, it)| it.here && is_next(it));
                let (&id, guest) = speaker.expect("a guest's next word");
                guest.unheard.pop_front();
                self.hear(word, Some(id));
            }
            self.world.room.drop_slow(self.world.now);
            for (id, guest) in self.guests.iter_mut().filter(|(_, guest)| guest.here) {
                let permits = &self.world.permits[id];
                for _ in permits.try_iter() {
                    assert!(guest.unheard.is_empty());
                    assert!(mem::take(&mut guest.waits));
                }
                guest.here = permits.try_recv() == Err(TryRecvError::Empty);
            }
            let room = &self.world.room;
            // The bounds are kept, names are unique, and the room knows who is here.
            let here = self.guests.iter().filter(|(_, guest)| guest.here);
            assert!(here.clone().map(|(id, _)| id).eq(room.guests.keys()));
            let waiting = here.map(|(_, guest)| guest.outbox.waiting());
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
            let (screen, limits) = (Screen::new(), few(5, 120, 600));
            let world = World::new(None, &screen, &limits);
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
                            guest.heard += &guest.outbox.take();
                        }
                    }
                    Step::HostSpeaks => {
                        crowd.world.speaks(&word);
                        crowd.hear(&word, None);
                    }
                    Step::SpendsBudget => {
                        crowd.world.room.budget.spend(32 << 20, crowd.world.now);
                    }
                    Step::TimePasses => {
                        let world = &mut crowd.world;
                        world.now = world.room.ready_at(world.now).unwrap_or(world.now);
                    }
                }
                crowd.follow();
            }
            while let Some(at) = crowd.world.room.ready_at(crowd.world.now) {
                crowd.world.now = at;
                crowd.follow();
            }
            for guest in crowd.guests.values_mut() {
                prop_assert!(!guest.here || !guest.waits, "its permit was lost");
                guest.heard += &guest.outbox.take();
                let words = guest.heard.lines().filter(|line| !line.starts_with("* "));
                let words: Vec<&str> = words.map(|line| line.rsplit(' ').next().unwrap()).collect();
                prop_assert_eq!(words.join(" "), guest.words.join(" "));
            }
            // Names are given back.
            for id in crowd.here() {
                crowd.world.room.depart(id, "has left", crowd.world.now);
            }
            let unused = Room::new(None, &screen.log, &limits);
            prop_assert_eq!(crowd.world.room.names, unused.names);
        }
    }
}
