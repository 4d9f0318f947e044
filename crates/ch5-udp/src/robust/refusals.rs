//! How many refusals an address gets. No socket and no clock: the caller says what time it is.
//!
//! A sender's address may be forged. If two servers answer everything that they don't understand
//! with an error, one forged request makes them send each other errors forever. RFC 8085, section
//! 6, suggests a limit for any service over UDP. (RFC 4443, section 2.4 (f), names 10 errors a
//! second.)

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Maximum refusals to one address in a [`PERIOD`].
pub const MAX_REFUSALS: u32 = 20;

/// All counts restart at 0 after this time.
pub const PERIOD: Duration = Duration::from_secs(2);

/// Maximum addresses with a count. While there are so many, no other address gets a refusal.
pub const MAX_ADDRESSES: usize = 1024;

/// The refusals of the current period.
#[derive(Debug, Default)]
pub struct Refusals {
    since: Option<Instant>,
    counts: HashMap<IpAddr, u32>,
}

impl Refusals {
    /// Records one more refusal to this address, and returns how many that makes in this period, or
    /// `u32::MAX` if there are too many addresses. The caller sends it unless the number exceeds
    /// [`MAX_REFUSALS`]. (`::ffff:192.0.2.1` counts as 192.0.2.1.)
    pub fn record(&mut self, to: IpAddr, now: Instant) -> u32 {
        if self.since.is_none_or(|since| now >= since + PERIOD) {
            self.since = Some(now);
            self.counts.clear();
        }
        let to = to.to_canonical();
        if self.counts.len() >= MAX_ADDRESSES && !self.counts.contains_key(&to) {
            return u32::MAX;
        }
        let count = self.counts.entry(to).or_default();
        *count += 1;
        *count
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn an_address_gets_so_many_in_a_period_and_then_as_many_again() {
        let (mut refusals, start) = (Refusals::default(), Instant::now());
        let sent = |refusals: &mut Refusals, after| {
            let asked = (0..10_000).map(|_| refusals.record(PEER, start + after));
            asked.filter(|&count| count <= MAX_REFUSALS).count()
        };
        let last_moment = PERIOD.saturating_sub(Duration::from_nanos(1));
        assert_eq!(sent(&mut refusals, Duration::ZERO), MAX_REFUSALS as usize);
        assert_eq!(sent(&mut refusals, last_moment), 0);
        assert_eq!(sent(&mut refusals, PERIOD), MAX_REFUSALS as usize);
        assert_eq!(sent(&mut refusals, PERIOD + last_moment), 0);
        assert_eq!(sent(&mut refusals, PERIOD * 9), MAX_REFUSALS as usize);
    }

    #[test]
    fn each_address_has_its_own_count_and_an_ipv4_address_one_in_both_forms() {
        let (mut refusals, now) = (Refusals::default(), Instant::now());
        let mapped = IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped());
        let counts = [PEER, Ipv6Addr::LOCALHOST.into(), mapped, PEER];
        assert_eq!(counts.map(|to| refusals.record(to, now)), [1, 1, 2, 3]);
    }

    #[test]
    fn any_number_of_forged_addresses_takes_a_bounded_memory() {
        let (mut refusals, now) = (Refusals::default(), Instant::now());
        assert_eq!(refusals.record(PEER, now), 1);
        let forged = (0..100_000).map(|bits| Ipv4Addr::from_bits(bits).into());
        let sent = forged
            .filter(|&to| refusals.record(to, now) <= MAX_REFUSALS)
            .count();
        assert_eq!(sent, MAX_ADDRESSES - 1);
        assert_eq!(refusals.counts.len(), MAX_ADDRESSES);
        // An address with a count keeps it, and in the next period there is room again.
        assert_eq!(refusals.record(PEER, now), 2);
        let newcomer = Ipv6Addr::LOCALHOST.into();
        assert_eq!(refusals.record(newcomer, now), u32::MAX);
        assert_eq!(refusals.record(newcomer, now + PERIOD), 1);
    }
}
