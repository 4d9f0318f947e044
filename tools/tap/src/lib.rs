//! See, send and disturb what goes over a connection.
//!
//! - [`proxy`]: between a client and a server. [`proxy::tcp`] passes streams on, [`proxy::udp`]
//!   datagrams. [`trouble`]: what happens to them on the way.
//! - [`peer`]: a client or a server that says what it is told.
//! - [`tcp`], [`udp`]: what proxies and peers share.
//! - [`escapes`]: the bytes of a PART. [`transcript`]: the lines that tell what happened.
//! - [`address`]: where to listen and where to connect.

pub mod address;
pub mod escapes;
pub mod peer;
pub mod proxy;
pub mod tcp;
pub mod transcript;
pub mod trouble;
pub mod udp;
