//! Chapter 5: degrees Celsius to Fahrenheit over UDP, the server (5.1) and the client (5.2).
//!
//! Read [`tutorial`] first: no connection, no stream, one datagram there and one back, with the
//! tutorial's faults. Then read [`robust`]: the same steps, for a network that loses, repeats and
//! forges datagrams. [`demo`] plays both sides in one terminal.

pub mod demo;
pub mod robust;
pub mod tutorial;
