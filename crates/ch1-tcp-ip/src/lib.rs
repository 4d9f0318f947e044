//! Chapter 1: IP packets and TCP conversations on a simulated wire.
//!
//! - [`layers`] wraps a text: data, TCP segment, IP packet, link frame.
//! - [`ip`] sends numbered IP packets from one host; some don't arrive, or arrive out of order.
//! - [`transfer`] sends bytes over TCP, which repairs all that. [`ladder`], [`note`] and
//!   [`summary`] print what happens, [`svg`] draws it, and [`pcap`] writes it for Wireshark.
//!
//! Below them, [`network`] joins two hosts ([`host`], with smoltcp's TCP/IP stack) by a [`wire`]
//! that loses, delays, doubles and damages packets ([`faults`]). Time is virtual and random numbers
//! come from a seed, so the same seed gives the same bytes on every machine.

pub mod arrow;
pub mod clock;
pub mod fate;
pub mod faults;
pub mod fold;
pub mod host;
pub mod ip;
pub mod ladder;
pub mod layers;
pub mod network;
pub mod note;
pub mod pcap;
pub mod rows;
pub mod segment;
pub mod summary;
pub mod svg;
pub mod transfer;
pub mod wire;
