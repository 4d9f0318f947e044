//! What holds for every wire.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::collections::BTreeSet;

use ch1_tcp_ip::wire::{Faults, Loss};
use ch2_udp_protocol::loss::report::Report;
use ch2_udp_protocol::loss::{Plan, tcp, udp};
use proptest::prelude::*;
use smoltcp::time::Duration;

fn plans() -> impl Strategy<Value = Plan> {
    let percent = || 0..=100_u8;
    let faults = (0..=40_u8, percent(), percent(), percent(), 0..=500_u64).prop_map(
        |(loss, reorder, duplicate, corrupt, delay)| Faults {
            loss: Loss::Percent(loss),
            reorder,
            duplicate,
            corrupt,
            delay: Duration::from_millis(delay),
        },
    );
    (1..40_usize, 16..1400_usize, faults, any::<u64>()).prop_map(|(count, size, faults, seed)| {
        Plan {
            count,
            size,
            faults,
            seed,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn over_udp_no_message_arrives_changed(plan in plans()) {
        let outcome = udp::send(&plan);
        let unknown = outcome.deliveries.iter().filter(|it| it.number.is_none()).count();
        prop_assert_eq!(unknown, 0);
        // One packet for each message, and never a second try.
        prop_assert_eq!(outcome.packets.len(), plan.count);
        // What the wire lost or damaged didn't arrive; what it didn't, did, as often as it came.
        for (index, packet) in outcome.packets.iter().enumerate() {
            let came = outcome.deliveries.iter().filter(|it| it.number == Some(index + 1)).count();
            let expected = if packet.damaged { 0 } else { packet.arrivals.len() };
            prop_assert_eq!(came, expected);
        }
    }

    #[test]
    fn over_tcp_messages_arrive_once_and_in_order(plan in plans()) {
        let outcome = tcp::send(&plan);
        let numbers: Vec<_> = outcome.deliveries.iter().map(|it| it.number).collect();
        let in_order: Vec<_> = (1..=numbers.len()).map(Some).collect();
        prop_assert_eq!(&numbers, &in_order);
        prop_assert!(numbers.len() == plan.count || outcome.gave_up);
    }

    #[test]
    fn a_report_names_each_message(plan in plans()) {
        let (udp, tcp) = (udp::send(&plan), tcp::send(&plan));
        let report = Report { plan: &plan, udp: &udp, tcp: &tcp, all: true }.to_string();
        let named = report.lines().skip(3).map_while(|line| line.get(..7)?.trim().parse().ok());
        let named: BTreeSet<usize> = named.collect();
        prop_assert_eq!(named, (1..=plan.count).collect());
    }
}

#[test]
fn a_changed_byte_makes_a_message_unknown() {
    let plan = Plan {
        count: 12,
        size: 20,
        faults: Faults::default(),
        seed: 1,
    };
    let message = plan.message(12);
    assert_eq!(plan.recognise(&message), Some(12));
    for place in 0..message.len() {
        let mut changed = message.clone();
        changed[place] ^= 1;
        assert_eq!(plan.recognise(&changed), None, "{place}");
    }
    assert_eq!(plan.recognise(&message[1..]), None);
    assert_eq!(plan.recognise(&plan.message(13)), None);
}
