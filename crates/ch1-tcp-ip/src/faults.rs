//! What happens to packets on the wire, as the command line says it.

use clap::builder::{RangedI64ValueParser, TypedValueParser};
use clap::value_parser;
use smoltcp::time::Duration;

/// What happens to packets on the wire. All chances are in percent, from 0 to 100. The same faults
/// with the same seed hit the same packets.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Faults {
    /// Percentage of packets to lose
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = percent())]
    pub drop: u8,

    /// Numbers of packets that get lost, too. The first packet on the wire has the number 1.
    #[arg(skip)]
    pub drop_packets: Vec<u32>,

    // A detour takes two to three times as long.
    /// Percentage of packets to send on a detour, so later ones overtake them
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = percent())]
    pub reorder: u8,

    /// Percentage of packets to deliver twice
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = percent())]
    pub duplicate: u8,

    /// Percentage of packets to damage in one byte
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = percent())]
    pub corrupt: u8,

    /// Milliseconds from one end of the wire to the other
    #[arg(long, value_name = "MS", default_value = "20", value_parser = milliseconds())]
    pub delay: Duration,

    // It also decides the first sequence numbers of connections.
    /// Seed of the random faults; the same seed gives the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

fn milliseconds() -> impl TypedValueParser<Value = Duration> {
    value_parser!(u64)
        .range(0..=10_000)
        .map(Duration::from_millis)
}

fn percent() -> RangedI64ValueParser<u8> {
    value_parser!(u8).range(0..=100)
}
