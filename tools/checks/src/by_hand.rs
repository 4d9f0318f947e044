//! How to repeat a check by hand: what its peers did, as commands of `tap`.
//!
//! Each peer notes what it does at the moment when it does it, so a command has the very bytes that
//! were sent.

use std::time::Duration;

use console::safe::escape_bytes;

/// The longest command, in bytes. Nobody copies a longer one.
const LONGEST: usize = 800;

/// How long somebody takes to read what a peer said, and to type a line.
const TYPING: Duration = Duration::from_secs(5);

/// What the peers of a check do.
#[derive(Debug, Default)]
pub(crate) struct ByHand {
    /// What `tap` is told first, such as `send 8080`, for peers that begin from now on.
    pub(crate) command: String,
    peers: Vec<Deeds>,
    /// They did something that `tap` can't do.
    pub(crate) is_beyond_tap: bool,
}

/// What one peer does.
#[derive(Debug, Default, PartialEq, Eq)]
struct Deeds {
    command: String,
    parts: Vec<Vec<u8>>,
    pause: Duration,
    /// It was quiet since its last part.
    quiet: bool,
    /// It has got what it expected since its last part.
    heard: bool,
    /// It has got something in answer to a part.
    was_answered: bool,
    end: Option<&'static str>,
}

/// Something that a peer does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed<'a> {
    Sends(&'a [u8]),
    Pauses(Duration),
    Hears,
    /// Ends the connection, as `tap` names it.
    Ends(&'static str),
    /// What `tap` can't do.
    Other,
}

impl ByHand {
    /// Another peer. Returns its number.
    pub(crate) fn begins(&mut self) -> usize {
        self.peers.push(Deeds {
            command: self.command.clone(),
            ..Deeds::default()
        });
        self.peers.len() - 1
    }

    /// The peer with this number does this.
    pub(crate) fn does(&mut self, number: usize, deed: Deed) {
        let is_last = number + 1 == self.peers.len();
        if let Some(peer) = self.peers.get_mut(number) {
            let is_possible = peer.adds(deed);
            // Nobody types fast enough to ask before another has its answer.
            self.is_beyond_tap |= !is_possible || (peer.is_udp() && !is_last);
        }
    }

    /// The commands, in their order. None, if not all can be repeated with `tap`.
    pub(crate) fn commands(&self) -> Vec<String> {
        let has_server = self.peers.iter().any(|peer| !peer.is_client());
        let is_beyond_tap = self.is_beyond_tap || (has_server && self.peers.len() > 1);
        // Those that do the same at the same time are one command.
        let groups = self
            .peers
            .chunk_by(|one, next| one.end.is_none() && one == next);
        let commands: Vec<_> = groups.map(|group| group[0].command(group.len())).collect();
        let is_long = |command: &String| command.len() > LONGEST;
        if is_beyond_tap || commands.iter().any(is_long) {
            Vec::new()
        } else {
            commands
        }
    }
}

impl Deeds {
    fn is_client(&self) -> bool {
        self.command.starts_with("send")
    }

    fn is_udp(&self) -> bool {
        self.command.contains("--udp")
    }

    /// Returns whether `tap` can do it.
    fn adds(&mut self, deed: Deed) -> bool {
        match deed {
            // `tap listen` answers nothing before something has come.
            Deed::Sends(_) if !self.is_client() && !self.heard => return false,
            Deed::Sends(bytes) => {
                // `tap` doesn't wait for the answer, which somebody may have to type.
                if self.was_answered && !self.is_udp() {
                    self.pause = self.pause.max(TYPING);
                }
                self.parts.push(bytes.to_vec());
                self.quiet = false;
                self.heard &= !self.is_client();
            }
            // It gives the same answer to each datagram.
            Deed::Hears if self.is_udp() && !self.is_client() && self.heard => return false,
            Deed::Hears => {
                self.heard = true;
                self.was_answered = !self.parts.is_empty();
            }
            Deed::Pauses(_) if self.is_udp() => return false,
            Deed::Pauses(pause) => {
                // So that a pause goes before the first part, too.
                if self.parts.is_empty() {
                    self.parts.push(Vec::new());
                }
                self.pause = self.pause.max(pause);
                self.quiet = true;
            }
            // A client that has heard all just waits, and is stopped by hand.
            Deed::Ends("close") if self.heard => self.end = Some(""),
            Deed::Ends(how) => {
                if self.quiet {
                    self.parts.push(Vec::new());
                }
                self.end = Some(how);
            }
            Deed::Other => return false,
        }
        true
    }

    /// The command for so many peers that do this.
    fn command(&self, count: usize) -> String {
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
        words.join(" ")
    }
}
