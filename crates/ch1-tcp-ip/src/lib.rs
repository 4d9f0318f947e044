//! Chapter 1: IP packets and TCP's conversations, seen on a simulated wire.
//!
//! - [`layers`]: a text is wrapped: data, TCP segment, IP packet, link frame.
//! - [`ip`]: numbered IP packets leave one host; not all arrive, not all in order.
//! - [`transfer`]: TCP puts that right; [`ladder`], [`note`] and [`summary`] print how, [`svg`]
//!   draws it, [`pcap`] hands it to Wireshark.
//!
//! Below them: [`network`] joins two hosts ([`host`], with smoltcp's TCP/IP stack) by a [`wire`]
//! that loses, delays, doubles and damages packets. Time is virtual and chance is seeded
//! ([`random`]), so the same seed gives the same bytes on every machine.

pub mod arrow;
pub mod clock;
pub mod count;
pub mod fate;
pub mod flags;
pub mod fold;
pub mod host;
pub mod ip;
pub mod ladder;
pub mod layers;
pub mod network;
pub mod note;
pub mod pcap;
pub mod random;
pub mod rows;
pub mod segment;
pub mod summary;
pub mod svg;
pub mod transfer;
pub mod wire;
