//! Chapter 3: what a socket is, by opening each kind.
//!
//! A socket has an address family (which programs it reaches) and a type (what it carries).
//! [`kind`] names the pairs, as Python and Rust write them. [`talk`] opens two sockets of a kind
//! and lets them talk; [`table`] prints the result. [`ports`] shows what a port is: who owns it,
//! when it is free again, and that TCP and UDP have separate ports.

pub mod kind;
pub mod ports;
pub mod table;
pub mod talk;
