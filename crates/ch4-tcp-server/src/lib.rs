//! Section 4.1: a TCP server that greets a browser.
//!
//! - [`tutorial`]: read this first. The steps of every TCP server (create, bind, listen, accept,
//!   receive and send, close), with the faults that the tutorial's program has.
//! - [`robust`]: the same steps, for as many clients as come, none of which can break it.
//!   [`workers`] has a thread for each client, [`request`] decides what a client has sent, [`head`]
//!   checks a request, and [`answer`] is what the client gets.

pub mod answer;
pub mod head;
pub mod request;
pub mod robust;
pub mod tutorial;
pub mod workers;
