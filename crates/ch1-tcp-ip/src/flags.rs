//! The flags that set up a wire.

use clap::value_parser;
use smoltcp::time::Duration;

use crate::wire::{Faults, Loss};

/// Faults of the wire.
#[derive(Debug, Clone, clap::Args)]
pub struct WireFlags {
    /// Percentage of packets to lose
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = percent())]
    pub drop: u8,

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
    #[arg(long, value_name = "MS", default_value_t = 20, value_parser = value_parser!(u16).range(0..=10_000))]
    pub delay: u16,

    /// Seed of the random faults; the same seed gives the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

fn percent() -> clap::builder::RangedI64ValueParser<u8> {
    value_parser!(u8).range(0..=100)
}

impl WireFlags {
    /// The faults that these flags describe. If `drop_packets` isn't empty, only the packets with
    /// these numbers get lost.
    pub fn faults(&self, drop_packets: &[u32]) -> Faults {
        Faults {
            loss: if drop_packets.is_empty() {
                Loss::Percent(self.drop)
            } else {
                Loss::Numbers(drop_packets.iter().map(|&it| it as usize).collect())
            },
            reorder: self.reorder,
            duplicate: self.duplicate,
            corrupt: self.corrupt,
            delay: Duration::from_millis(self.delay.into()),
            seed: self.seed,
        }
    }
}
