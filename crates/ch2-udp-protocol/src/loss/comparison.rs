//! Shows both protocols side by side: each message, the figures, and what they mean.

use std::collections::BTreeSet;
use std::fmt::{self, Display};

use ch1_tcp_ip::clock::{seconds, short};
use ch1_tcp_ip::fold::fold;
use console::Style;
use smoltcp::time::{Duration, Instant};

use crate::loss::{Delivery, INTERVAL, Messages, Transmission};

/// Prints what happened to the messages.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// The sent messages.
    pub messages: Messages,
    /// How long a packet takes from end to end.
    pub delay: Duration,
    /// What arrived over UDP.
    pub udp: &'a Transmission,
    /// What arrived over TCP.
    pub tcp: &'a Transmission,
    /// Show all messages, however many there are.
    pub all: bool,
}

impl Display for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Messages { count, size } = self.messages;
        let interval = short(INTERVAL);
        writeln!(
            f,
            "{count} messages of {size} bytes, one every {interval}\n"
        )?;
        writeln!(
            f,
            "message   sent  UDP arrives                  TCP arrives"
        )?;
        let numbers: Vec<usize> = (1..=count).collect();
        let (first, hidden, last) = fold(&numbers, self.all);
        for &number in first {
            self.row(f, number)?;
        }
        if !hidden.is_empty() {
            let hidden = hidden.len();
            writeln!(f, "    ... {hidden} more messages; --all shows them ...")?;
        }
        for &number in last {
            self.row(f, number)?;
        }
        self.summary(f)?;
        self.sentences(f)
    }
}

impl Comparison<'_> {
    fn row(&self, f: &mut fmt::Formatter<'_>, number: usize) -> fmt::Result {
        let sent = seconds(Messages::due(number));
        let (udp, style) = self.udp_cell(number);
        let udp = format!("{udp:<28}");
        let udp = match style {
            Some(style) => style.paint(udp),
            None => udp,
        };
        let tcp = match arrivals(self.tcp, number).next() {
            Some(at) => format!("{:>7}{}", seconds(at), self.held_up(number, at)),
            None => Style::Trouble.paint("  never"),
        };
        let line = format!("{number:>7} {sent:>6} {udp} {tcp}");
        writeln!(f, "{}", line.trim_end())
    }

    /// How long a message took, if it took much longer than a packet on the wire.
    fn held_up(&self, number: usize, at: Instant) -> String {
        let took = at - Messages::due(number);
        if took > self.delay * 2 {
            format!(" after {}", short(took))
        } else {
            String::new()
        }
    }

    /// A datagram's fate, and its colour if it isn't the usual one.
    fn udp_cell(&self, number: usize) -> (String, Option<Style>) {
        let times: Vec<String> = arrivals(self.udp, number).map(seconds).collect();
        // Each message is one packet, in this order.
        let packet = self.udp.packets.get(number - 1);
        let late = packet.is_some_and(|packet| packet.late);
        match times.as_slice() {
            [] if packet.is_some_and(|packet| packet.damaged) => {
                ("  damaged, dropped".to_owned(), Some(Style::Trouble))
            }
            [] => ("  lost".to_owned(), Some(Style::Trouble)),
            [time] if late => (format!("{time:>7} late"), Some(Style::Event)),
            [time] => (format!("{time:>7}"), None),
            [first, .., last] => (format!("{first:>7} and {last}: twice"), Some(Style::Event)),
        }
    }

    fn summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{:<23} {:>12} {:>12}", "", "UDP", "TCP")?;
        for ((what, udp), (_, tcp)) in self.figures(self.udp).zip(self.figures(self.tcp)) {
            writeln!(f, "{what:<23} {udp:>12} {tcp:>12}")?;
        }
        Ok(())
    }

    /// What the summary says of one protocol, line by line.
    fn figures(&self, it: &Transmission) -> impl Iterator<Item = (&'static str, String)> {
        let arrived = numbers(it).len();
        let order = match overtaken(it) {
            _ if it.deliveries.is_empty() => "-",
            0 => "yes",
            _ => "no",
        };
        let last = it.deliveries.iter().map(|delivery| delivery.at).max();
        let last = last.map_or("never".to_owned(), |at| format!("{} s", seconds(at)));
        let bytes: usize = it.packets.iter().map(|packet| packet.bytes.len()).sum();
        [
            (
                "messages that arrived",
                format!("{arrived} of {}", self.messages.count),
            ),
            ("in the order of sending", order.to_owned()),
            ("arrived twice", (it.deliveries.len() - arrived).to_string()),
            ("last arrival at", last),
            (
                "slowest message took",
                slowest(it).map_or("-".to_owned(), short),
            ),
            ("packets on the wire", it.packets.len().to_string()),
            ("bytes on the wire", bytes.to_string()),
        ]
        .into_iter()
    }

    /// What the figures mean.
    fn sentences(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.messages.count;
        let missing = count - numbers(self.udp).len();
        let udp = match missing {
            0 => "Over UDP, all arrived. Nothing guaranteed that, and the sender doesn't know it."
                .to_owned(),
            1 => "Over UDP, one message is missing, and nobody notices.".to_owned(),
            _ => format!("Over UDP, {missing} messages are missing, and nobody notices."),
        };
        let (packets, datagrams) = (self.tcp.packets.len(), self.udp.packets.len());
        let tcp = if self.tcp.deliveries.len() < count {
            "Over TCP, not all arrived. The sender knows it, because it gave up.".to_owned()
        } else {
            format!(
                "Over TCP, all arrived in order, with {} more packets; the slowest took {}.",
                packets.saturating_sub(datagrams),
                slowest(self.tcp).map(short).unwrap_or_default()
            )
        };
        writeln!(f, "\n{udp}\n{tcp}")
    }
}

/// When the copies of this message arrived.
fn arrivals(transmission: &Transmission, number: usize) -> impl Iterator<Item = Instant> {
    transmission
        .deliveries
        .iter()
        .filter(move |delivery| delivery.number == Some(number))
        .map(|delivery| delivery.at)
}

/// Numbers of the messages that arrived.
fn numbers(transmission: &Transmission) -> BTreeSet<usize> {
    transmission
        .deliveries
        .iter()
        .filter_map(|it| it.number)
        .collect()
}

/// How often a message came after one that was sent later.
fn overtaken(transmission: &Transmission) -> usize {
    let deliveries = &transmission.deliveries;
    let pairs = deliveries.iter().zip(deliveries.iter().skip(1));
    pairs.filter(|(one, next)| next.number < one.number).count()
}

/// The longest time from one program to the other.
fn slowest(transmission: &Transmission) -> Option<Duration> {
    let took = |delivery: &Delivery| Some(delivery.at - Messages::due(delivery.number?));
    transmission.deliveries.iter().filter_map(took).max()
}
