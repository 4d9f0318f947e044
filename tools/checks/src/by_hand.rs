//! How to repeat a check by hand: what its peers did, as commands of `tap`.
//!
//! Each peer notes what it does at the moment when it does it, so a command has the very bytes that
//! were sent.

use std::fmt::Write as _;
use std::time::Duration;

use console::safe::escape_bytes;

/// The longest command, in bytes. Nobody copies a longer one.
const LONGEST: usize = 800;

/// What the peers of a check do.
#[derive(Debug, Default)]
pub(crate) struct ByHand {
    /// What `tap` is told first, such as `send 8080`, for peers that begin from now on.
    pub(crate) command: String,
    peers: Vec<Deeds>,
}

/// What one peer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deeds {
    command: String,
    parts: Vec<Vec<u8>>,
    pause: Duration,
    /// It was quiet since its last part.
    quiet: bool,
    /// It has got what it expected since its last part.
    heard: bool,
    end: Option<&'static str>,
    /// `tap` can't do it.
    beyond: bool,
}

/// Something that a peer does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed<'a> {
    Sends(&'a [u8]),
    Pauses(Duration),
    Hears,
    HalfCloses,
    HangsUp,
    Resets,
    /// It answers from another port.
    AnswersFromElsewhere(&'a [u8]),
    /// Something that `tap` can't do.
    Else,
}

impl ByHand {
    /// Another peer. Returns its number.
    pub(crate) fn begins(&mut self) -> usize {
        self.peers.push(Deeds {
            command: self.command.clone(),
            parts: Vec::new(),
            pause: Duration::ZERO,
            quiet: false,
            heard: false,
            end: None,
            beyond: false,
        });
        self.peers.len() - 1
    }

    /// The peer with this number does this.
    pub(crate) fn does(&mut self, number: usize, deed: Deed) {
        let is_last = number + 1 == self.peers.len();
        if let Some(peer) = self.peers.get_mut(number) {
            peer.add(deed);
            // Nobody types fast enough to ask before another has its answer.
            peer.beyond |= peer.is_udp() && !is_last;
        }
    }

    /// What the program is to be, from here on, is another one.
    pub(crate) fn begins_anew(&mut self) {
        self.peers.clear();
    }

    /// Something that `tap` can't do.
    pub(crate) fn is_beyond_tap(&mut self) {
        self.peers.iter_mut().for_each(|peer| peer.beyond = true);
    }

    /// The commands, in their order. None, if not all can be repeated with `tap`.
    pub(crate) fn commands(&self) -> Vec<String> {
        let is_server = |peer: &Deeds| peer.command.starts_with("listen");
        if self.peers.len() > 1 && self.peers.iter().any(is_server) {
            return Vec::new();
        }
        // Those that do the same at the same time are one command.
        let groups = self
            .peers
            .chunk_by(|one, next| one.end.is_none() && one == next);
        let commands: Option<_> = groups
            .map(|group| group.first()?.command(group.len()))
            .collect();
        commands.unwrap_or_default()
    }
}

impl Deeds {
    fn is_client(&self) -> bool {
        self.command.starts_with("send")
    }

    fn is_udp(&self) -> bool {
        self.command.contains("--udp")
    }

    fn add(&mut self, deed: Deed) {
        // `tap listen` gives the same answer to each datagram, and none before something has come.
        let may_say = self.is_client() || (self.heard && !self.beyond);
        match deed {
            Deed::Sends(bytes) if may_say => {
                self.parts.push(bytes.to_vec());
                self.quiet = false;
                self.heard &= !self.is_client();
            }
            Deed::AnswersFromElsewhere(bytes) if may_say && self.parts.is_empty() => {
                self.command.push_str(" --reply-from-elsewhere");
                self.parts.push(bytes.to_vec());
            }
            Deed::Hears if self.is_udp() && !self.is_client() => {
                self.beyond |= self.heard;
                self.heard = true;
            }
            Deed::Hears => self.heard = true,
            Deed::Pauses(pause) if !self.is_udp() => {
                // So that a pause goes before the first part, too.
                if self.parts.is_empty() {
                    self.parts.push(Vec::new());
                }
                self.pause = self.pause.max(pause);
                self.quiet = true;
            }
            Deed::HalfCloses => self.ends("half-close"),
            // A client that has heard all just waits, and is stopped by hand.
            Deed::HangsUp if self.heard => self.end = Some(""),
            Deed::HangsUp => self.ends("close"),
            Deed::Resets => self.ends("reset"),
            _ => self.beyond = true,
        }
    }

    fn ends(&mut self, how: &'static str) {
        if self.quiet {
            self.parts.push(Vec::new());
        }
        self.end = Some(how);
    }

    /// The command for so many peers that do this.
    fn command(&self, count: usize) -> Option<String> {
        let mut words = vec![format!("cargo tap {}", self.command)];
        if count > 1 {
            words.push(format!("--connections {count}"));
        }
        if self.parts.len() > 1 && !self.pause.is_zero() {
            words.push(format!("--pause {:?}", self.pause));
        }
        match self.end {
            Some("reset") if !self.is_client() => words.push("--reset".to_owned()),
            // `tap listen` half-closes after its answer.
            Some(how) if self.is_client() && !how.is_empty() => words.push(format!("--then {how}")),
            _ => {}
        }
        if self.parts.iter().any(|part| part.starts_with(b"-")) {
            words.push("--".to_owned());
        }
        // A quote would end what the shell leaves alone.
        let quoted = |part: &Vec<u8>| format!("'{}'", escape_bytes(part).replace('\'', r"\x27"));
        words.extend(self.parts.iter().map(quoted));
        if self.parts.is_empty() && self.is_client() {
            words.push("''".to_owned());
        }
        let command = words.join(" ");
        (!self.beyond && command.len() <= LONGEST).then_some(command)
    }
}

/// The commands as a report shows them: as they are to be copied, so never wrapped.
pub(crate) fn lines(commands: &[String]) -> String {
    let several = "each line in a terminal of its own, one after the other:".to_owned();
    let title = (commands.len() > 1).then_some(several);
    let mut text = String::new();
    for (number, line) in title.iter().chain(commands).enumerate() {
        let name = if number == 0 { "by hand" } else { "" };
        // Writing to a string can't fail.
        let _ = writeln!(text, "  {name:<10}{line}");
    }
    text
}
