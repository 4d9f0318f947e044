//! See, send and disturb what goes over a connection.
//!
//! - [`proxy`]: between a client and a server. [`proxy::tcp`] passes streams on, [`proxy::udp`]
//!   datagrams. [`trouble`]: what happens to them on the way.
//! - [`send`]: a client. [`listen`]: a server. [`script`]: what either says.
//! - [`escapes`]: bytes as text, and back. [`transcript`]: the lines that tell what happened.
//! - [`address`]: where to listen and to connect. [`clients`]: many clients, each on a thread.

pub mod address;
pub mod clients;
pub mod escapes;
pub mod listen;
pub mod proxy;
pub mod script;
pub mod send;
pub mod transcript;
pub mod trouble;
