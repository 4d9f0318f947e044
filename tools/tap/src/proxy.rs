//! Between a client and a server.
//!
//! What one sends reaches the other as it came, unless some [trouble](crate::trouble) is asked for.

pub mod tcp;
pub mod udp;

/// How many reads or datagrams may wait for their time in one direction: with the largest reads of
/// TCP, 16 MiB. A delay of 100 ms still lets 160 MB pass each second.
const MOST_WAITING: usize = 1_024;
