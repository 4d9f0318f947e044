//! The same pair, but no datagram ends it, and no lost, late or foreign datagram misleads it.
//!
//! The steps have the tutorial's numbers. What is new:
//!
//! - [`server`] answers forever: a temperature, or the reason why not. It never answers an answer.
//! - [`temperature`] decides what counts as a temperature, and how to write the result.
//! - [`refusals`] counts the refusals that an address got, so that two servers can't send each
//!   other errors forever.
//! - [`client`] asks up to three times, each question from a new socket that is connected to the
//!   server. So it can't mistake an old answer, or a stranger's, for the right one.
//!   (Somebody may still forge the server's address: nothing in UDP proves a sender.)
//! - [`datagram`] makes the other side's bytes harmless before a terminal shows them.
//!
//! One socket serves all clients, and the server waits for no particular client. So each side needs
//! only one thread, and the server one more, for its log.

pub mod client;
pub mod datagram;
pub mod refusals;
pub mod server;
pub mod temperature;
