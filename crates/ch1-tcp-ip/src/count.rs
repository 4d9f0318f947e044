//! What happened to packets, in numbers.

use crate::transfer::Sent;

/// What happened to packets, in numbers.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How many were sent.
    pub packets: usize,
    /// How many never arrived.
    pub lost: usize,
    /// How many took a detour.
    pub late: usize,
    /// How many arrived twice.
    pub twice: usize,
    /// How many arrived changed.
    pub damaged: usize,
    /// How many were sent before.
    pub again: usize,
}

impl Count {
    /// Counts these packets.
    pub fn of<'a>(sent: impl IntoIterator<Item = &'a Sent>) -> Self {
        let mut count = Self::default();
        for Sent {
            packet, segment, ..
        } in sent
        {
            count.packets += 1;
            count.lost += usize::from(packet.lost());
            count.late += usize::from(packet.late);
            count.twice += usize::from(packet.twice());
            count.damaged += usize::from(packet.damaged);
            count.again += usize::from(segment.again.is_some());
        }
        count
    }
}
