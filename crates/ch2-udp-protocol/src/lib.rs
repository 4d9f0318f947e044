//! Chapter 2: what UDP leaves out, and what that costs and saves.
//!
//! - [`loss`]: the same messages over UDP and over TCP, across the same lossy wire (chapter 1's):
//!   what arrives, when, in what order, at the price of how many packets.
//! - [`race`]: exchanges over real sockets of this machine, measured: UDP, TCP on a connection
//!   that is kept, TCP with a new connection each time.

pub mod loss;
pub mod race;
