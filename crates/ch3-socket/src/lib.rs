//! Chapter 3: what a socket is, by opening each kind.
//!
//! A socket is made of an address family (who can be reached) and a type (what is carried).
//! [`kind`] names the pairs, as Python and as Rust have them. [`talk`] opens two sockets of a kind
//! and lets them talk; [`table`] prints what came of it. [`ports`] shows what a port is: who owns
//! it, when it is free again, and that TCP and UDP count their ports apart.

pub mod kind;
pub mod ports;
pub mod table;
pub mod talk;
