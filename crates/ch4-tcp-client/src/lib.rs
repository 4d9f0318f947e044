//! Section 4.2: a TCP client that sends what is typed and shows what comes back.
//!
//! Read [`tutorial`] first: the client's four steps (create, connect, send and receive, close),
//! with the faults that the tutorial's program has. Then [`robust`]: the same steps so that they
//! survive what a server does. Two ideas of it have a file of their own: [`connection`], the way of one
//! connection to its end, and [`terminal`], a screen on which the server can't speak for us.

pub mod connection;
pub mod robust;
pub mod terminal;
pub mod tutorial;
