//! What holds for every wire.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use ch1_tcp_ip::ip::{self, Verdict};
use ch1_tcp_ip::ladder::Ladder;
use ch1_tcp_ip::pcap;
use ch1_tcp_ip::svg::Picture;
use ch1_tcp_ip::transfer::{self, Failure, Plan, Transfer};
use ch1_tcp_ip::wire::{Faults, Loss};
use proptest::prelude::*;
use smoltcp::time::{Duration, Instant};

/// A wire that loses up to so many percent, and does everything else as badly as it can.
fn faults(most_lost: u8) -> impl Strategy<Value = Faults> {
    (
        0..=most_lost,
        0..=100_u8,
        0..=100_u8,
        0..=40_u8,
        0..=2000_u64,
    )
        .prop_map(|(loss, reorder, duplicate, corrupt, delay)| Faults {
            loss: Loss::Percent(loss),
            reorder,
            duplicate,
            corrupt,
            delay: Duration::from_millis(delay),
        })
}

fn plans(most_lost: u8) -> impl Strategy<Value = Plan> {
    (1..20_000_usize, faults(most_lost), any::<u64>()).prop_map(|(bytes, faults, seed)| Plan {
        bytes,
        faults,
        seed,
    })
}

fn pcap_of(transfer: &Transfer) -> Vec<u8> {
    let mut file = Vec::new();
    pcap::write(&mut file, transfer.sent.iter().map(|sent| &sent.packet)).unwrap();
    file
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn tcp_delivers_the_exact_bytes_or_reports_that_it_gave_up(plan in plans(40)) {
        let transfer = transfer::run(&plan);
        prop_assert!(transfer.intact, "{:?}", transfer.failure);
        match transfer.failure {
            None => prop_assert_eq!(transfer.received, plan.bytes),
            Some(Failure::Stopped { at }) => prop_assert!(false, "still running {:?}", at),
            Some(_) => prop_assert!(transfer.result().is_err()),
        }
        // It can be shown, whatever happened.
        for all in [false, true] {
            let ladder = Ladder { transfer: &transfer, width: 200, all }.to_string();
            prop_assert!(ladder.contains("SYN"));
            let picture = Picture { transfer: &transfer, all }.to_string();
            prop_assert!(picture.ends_with("</svg>\n") && !picture.contains("NaN"));
        }
    }

    #[test]
    fn on_a_wire_without_loss_and_damage_tcp_never_gives_up(mut plan in plans(0)) {
        plan.faults.corrupt = 0;
        let transfer = transfer::run(&plan);
        prop_assert_eq!(transfer.failure, None);
        prop_assert_eq!(transfer.received, plan.bytes);
    }

    #[test]
    fn the_same_plan_gives_the_same_bytes(plan in plans(40)) {
        prop_assert_eq!(pcap_of(&transfer::run(&plan)), pcap_of(&transfer::run(&plan)));
    }

    #[test]
    fn ip_delivers_what_the_wire_says_and_changes_only_what_is_damaged(
        count in 1..50_usize,
        faults in faults(100),
        seed: u64,
    ) {
        let journey = ip::send(count, faults, seed);
        prop_assert_eq!(journey.packets.len(), count);
        for (index, packet) in journey.packets.iter().enumerate() {
            let arrived = journey.arrived.iter().filter(|arrival| arrival.index == index);
            let arrived: Vec<_> = arrived.collect();
            prop_assert_eq!(arrived.len(), packet.arrivals.len());
            for arrival in arrived {
                prop_assert_eq!(arrival.verdict != Verdict::Intact, packet.damaged);
            }
        }
    }
}

#[test]
fn a_wire_that_loses_everything_ends_within_bounded_virtual_time() {
    let transfer = transfer::run(&Plan {
        bytes: 1,
        faults: Faults {
            loss: Loss::Percent(100),
            ..Faults::default()
        },
        seed: 1,
    });
    assert!(matches!(transfer.failure, Some(Failure::GaveUp { .. })));
    assert!(transfer.end <= Instant::from_secs(120), "{}", transfer.end);
}

/// A snapshot shows some numbers of each packet; this pins all bytes, on every machine.
#[test]
fn a_seed_means_the_same_bytes_for_ever() {
    let transfer = transfer::run(&Plan {
        bytes: 50_000,
        faults: Faults {
            loss: Loss::Percent(10),
            reorder: 10,
            duplicate: 10,
            corrupt: 10,
            ..Faults::default()
        },
        seed: 7,
    });
    // FNV-1a, 64 bits.
    let hash = pcap_of(&transfer)
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    assert_eq!(format!("{hash:016x}"), "175ffbe118835093");
}
