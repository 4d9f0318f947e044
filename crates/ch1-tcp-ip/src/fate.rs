//! What happened to a packet, in the words and colours of all lists and pictures.

use colored::{Color, Colorize};

use crate::transfer::Sent;
use crate::wire::Packet;

/// Words for what happened to a packet: none if it arrived once, in time and unchanged.
pub fn words(packet: &Packet) -> impl Iterator<Item = &'static str> {
    [
        (packet.lost(), "lost"),
        (packet.damaged, "damaged"),
        (packet.late, "late"),
        (packet.twice(), "twice"),
    ]
    .into_iter()
    .filter_map(|(is_so, word)| is_so.then_some(word))
}

/// How many packets it happened to, without what happened to none: `3 lost`.
pub fn counts(counts: &[(usize, &str)]) -> Vec<String> {
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    counts
        .map(|(count, word)| format!("{count} {word}"))
        .collect()
}

/// The meaning of a packet's colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Sent once, arrived once, in time and unchanged.
    Plain,
    /// Lost or damaged.
    Lost,
    /// Sent again.
    Again,
    /// Late or doubled.
    Late,
}

impl From<&Packet> for Tone {
    fn from(packet: &Packet) -> Self {
        if packet.lost() || packet.damaged {
            Self::Lost
        } else if packet.late || packet.twice() {
            Self::Late
        } else {
            Self::Plain
        }
    }
}

impl From<&Sent> for Tone {
    fn from(sent: &Sent) -> Self {
        match Self::from(&sent.packet) {
            Self::Lost => Self::Lost,
            _ if sent.segment.again.is_some() => Self::Again,
            tone => tone,
        }
    }
}

impl Tone {
    /// The text in this tone's colour.
    pub fn paint(self, text: &str) -> String {
        let colour = match self {
            Self::Plain => return text.to_owned(),
            Self::Lost => Color::Red,
            Self::Again => Color::Magenta,
            Self::Late => Color::Cyan,
        };
        text.color(colour).to_string()
    }
}

#[cfg(test)]
mod tests {
    use smoltcp::time::{Duration, Instant};

    use super::*;
    use crate::faults::Faults;
    use crate::segment::Reader;
    use crate::transfer::Trigger;
    use crate::wire::{Side, Wire};

    /// A packet from a wire on which all packets are late, arrive twice, or are damaged.
    fn sent([late, twice, damaged]: [bool; 3], again: bool) -> Sent {
        let percent = |is_so| if is_so { 100 } else { 0 };
        let mut wire = Wire::new(Faults {
            reorder: percent(late),
            duplicate: percent(twice),
            corrupt: percent(damaged),
            ..Faults::default()
        });
        let frame = crate::layers::frame("").unwrap();
        let bytes = frame.get(14..).unwrap_or_default();
        wire.send(Side::Client, bytes.to_vec(), Instant::ZERO);
        let packet = wire.packets.remove(0);
        let mut segment = Reader::default().read(&packet).unwrap();
        segment.again = again.then_some(Duration::from_secs(1));
        Sent {
            number: 1,
            packet,
            segment,
            trigger: Trigger::Packet,
        }
    }

    #[test]
    fn the_words_are_all_that_happened_and_the_colour_is_the_worst_of_it() {
        let tell = |what, again| {
            let sent = sent(what, again);
            let words: Vec<_> = words(&sent.packet).collect();
            (words.join(" "), Tone::from(&sent))
        };
        for (what, again, words, tone) in [
            ([false, false, false], false, "", Tone::Plain),
            ([true, true, true], true, "damaged late twice", Tone::Lost),
            ([true, false, false], true, "late", Tone::Again),
            ([false, true, false], false, "twice", Tone::Late),
            ([true, false, false], false, "late", Tone::Late),
        ] {
            assert_eq!(tell(what, again), (words.to_owned(), tone));
        }
    }
}
