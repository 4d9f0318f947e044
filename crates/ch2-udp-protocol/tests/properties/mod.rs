//! Properties that hold for every wire.

use std::collections::BTreeSet;

use ch1_tcp_ip::faults::Faults;
use ch2_udp_protocol::loss::comparison::Comparison;
use ch2_udp_protocol::loss::{Messages, tcp, udp};
use proptest::prelude::*;
use smoltcp::time::Duration;

fn messages() -> impl Strategy<Value = Messages> {
    (1..40_usize, 16..1400_usize).prop_map(|(count, size)| Messages { count, size })
}

fn faults() -> impl Strategy<Value = Faults> {
    let percent = || 0..=100_u8;
    let chances = (0..=40_u8, percent(), percent(), percent());
    (chances, 0..=500_u64, any::<u64>()).prop_map(
        |((loss, reorder, duplicate, corrupt), delay, seed)| Faults {
            drop: loss,
            reorder,
            duplicate,
            corrupt,
            delay: Duration::from_millis(delay),
            seed,
            ..Faults::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn over_udp_no_message_arrives_changed(messages in messages(), faults in faults()) {
        let transmission = udp::send(messages, &faults);
        let unknown = transmission.deliveries.iter().filter(|it| it.number.is_none()).count();
        prop_assert_eq!(unknown, 0);
        // One packet for each message, and never a second try.
        prop_assert_eq!(transmission.packets.len(), messages.count);
        // Lost and damaged packets didn't arrive; all others did, once for each copy.
        for (index, packet) in transmission.packets.iter().enumerate() {
            let came = transmission.deliveries.iter().filter(|it| it.number == Some(index + 1)).count();
            let expected = if packet.damaged { 0 } else { packet.arrivals.len() };
            prop_assert_eq!(came, expected);
        }
    }

    #[test]
    fn over_tcp_messages_arrive_once_and_in_order(messages in messages(), faults in faults()) {
        let transmission = tcp::send(messages, &faults);
        let numbers: Vec<_> = transmission.deliveries.iter().map(|it| it.number).collect();
        let in_order: Vec<_> = (1..=numbers.len()).map(Some).collect();
        prop_assert_eq!(&numbers, &in_order);
        prop_assert!(numbers.len() <= messages.count);
    }

    #[test]
    fn a_comparison_names_each_message(messages in messages(), faults in faults()) {
        let (udp, tcp) = (udp::send(messages, &faults), tcp::send(messages, &faults));
        let delay = faults.delay;
        let shown = Comparison { messages, delay, udp: &udp, tcp: &tcp, all: true }.to_string();
        let named = shown.lines().skip(3).map_while(|line| line.get(..7)?.trim().parse().ok());
        let named: BTreeSet<usize> = named.collect();
        prop_assert_eq!(named, (1..=messages.count).collect());
    }
}

#[test]
fn a_changed_byte_makes_a_message_unknown() {
    let messages = Messages {
        count: 12,
        size: 20,
    };
    let message = messages.message(12);
    assert_eq!(messages.recognise(&message), Some(12));
    for place in 0..message.len() {
        let mut changed = message.clone();
        changed[place] ^= 1;
        assert_eq!(messages.recognise(&changed), None, "{place}");
    }
    assert_eq!(messages.recognise(&message[1..]), None);
    assert_eq!(messages.recognise(&messages.message(13)), None);
}
