//! Properties that hold for every wire.

use ch1_tcp_ip::faults::Faults;
use ch1_tcp_ip::ip::{self, Integrity};
use ch1_tcp_ip::ladder::ladder;
use ch1_tcp_ip::pcap;
use ch1_tcp_ip::svg::picture;
use ch1_tcp_ip::transfer::{self, Cause, Failure};
use proptest::prelude::*;
use smoltcp::time::{Duration, Instant};

/// A wire that loses at most this percentage of packets, with any amount of other faults.
fn faults(most_lost: u8) -> impl Strategy<Value = Faults> {
    let percent = || 0..=100_u8;
    let chances = (0..=most_lost, percent(), percent(), 0..=40_u8);
    (chances, 0..=2000_u64, any::<u64>()).prop_map(
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
    fn tcp_delivers_the_exact_bytes_or_reports_that_it_gave_up(
        bytes in 1..20_000_usize,
        faults in faults(40),
    ) {
        let transfer = transfer::run(bytes, &faults);
        prop_assert!(transfer.intact, "{:?}", transfer.failure);
        match transfer.failure {
            None => prop_assert_eq!(transfer.received, bytes),
            Some(Failure { at, cause: Cause::Stopped }) => prop_assert!(false, "still running {:?}", at),
            Some(_) => prop_assert!(transfer.result().is_err()),
        }
        // It can be printed and drawn, whatever happened.
        for all in [false, true] {
            let ladder = ladder(&transfer, 200, all);
            prop_assert!(ladder.contains("SYN"));
            let picture = picture(&transfer, all);
            prop_assert!(picture.ends_with("</svg>\n") && !picture.contains("NaN"));
        }
    }

    #[test]
    fn on_a_wire_without_loss_and_damage_tcp_never_gives_up(
        bytes in 1..20_000_usize,
        mut faults in faults(0),
    ) {
        faults.corrupt = 0;
        let transfer = transfer::run(bytes, &faults);
        prop_assert_eq!(transfer.failure, None);
        prop_assert_eq!(transfer.received, bytes);
    }

    #[test]
    fn ip_delivers_what_the_wire_says_and_changes_only_what_is_damaged(
        count in 1..50_usize,
        faults in faults(100),
    ) {
        let trace = ip::send(count, faults);
        prop_assert_eq!(trace.packets.len(), count);
        for (index, packet) in trace.packets.iter().enumerate() {
            let arrived = trace.arrived.iter().filter(|arrival| arrival.index == index);
            let arrived: Vec<_> = arrived.collect();
            prop_assert_eq!(arrived.len(), packet.arrivals.len());
            for arrival in arrived {
                prop_assert_eq!(arrival.integrity != Integrity::Intact, packet.damaged);
            }
        }
    }
}

#[test]
fn a_wire_that_loses_everything_ends_within_bounded_virtual_time() {
    let all = Faults {
        drop: 100,
        ..Faults::default()
    };
    let transfer = transfer::run(1, &all);
    assert!(matches!(
        transfer.failure,
        Some(Failure {
            cause: Cause::GaveUp(..),
            ..
        })
    ));
    assert!(transfer.end <= Instant::from_secs(120), "{}", transfer.end);
}

/// A snapshot shows only some numbers of each packet. This pins all bytes, on every machine.
#[test]
#[cfg(target_endian = "little")]
fn a_seed_means_the_same_bytes_forever() {
    let faults = Faults {
        drop: 10,
        reorder: 10,
        duplicate: 10,
        corrupt: 10,
        delay: Duration::from_millis(20),
        seed: 7,
        ..Faults::default()
    };
    let transfer = transfer::run(50_000, &faults);
    let file = pcap::file(transfer.sent.iter().map(|sent| &sent.packet));
    // FNV-1a, 64 bits, over all packets and when they were sent, without the file's header.
    let hash = file[24..]
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    assert_eq!(format!("{hash:016x}"), "e5e2e21b988cb562");
}
