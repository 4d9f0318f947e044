//! Section 4.2: a TCP client that sends what is typed and shows what comes back.
//!
//! Read [`tutorial`] first: the client's four steps (create, connect, send and receive, close),
//! with the faults that the tutorial's program has. [`terminal`] is a screen on which the server
//! can't speak for us.

pub mod terminal;
pub mod tutorial;
