//! Chapter 2: what UDP leaves out, and what that costs and saves.
//!
//! - [`loss`] sends the same messages over UDP and over TCP, across chapter 1's lossy wire. It
//!   shows what arrives, when, in what order, and how many packets that takes.
//! - [`race`] measures exchanges over real sockets of this machine: UDP, TCP on an open connection,
//!   TCP with a new connection each time.

pub mod loss;
pub mod race;
