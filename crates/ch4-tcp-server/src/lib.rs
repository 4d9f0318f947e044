//! Section 4.1: a TCP server that greets a browser.
//!
//! - [`tutorial`]: read this first. The steps of every TCP server (create, bind, listen, accept,
//!   receive and send, close), with the tutorial's faults.
//! - [`robust`]: the same steps, for many clients at once, none of which can break it. Its first
//!   lines say which file does what.

pub mod robust;
pub mod tutorial;
