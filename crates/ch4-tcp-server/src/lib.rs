//! Section 4.1: a TCP server that greets a browser.
//!
//! Read [`tutorial`] first: the five steps of every TCP server (create, bind, listen, accept,
//! receive and send), with the faults that the tutorial's program has.

pub mod tutorial;
