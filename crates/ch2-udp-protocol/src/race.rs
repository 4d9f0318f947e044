//! Measures exchanges over real sockets on this machine: a message goes out, and comes back.

pub mod contest;
pub mod figures;
pub mod server;
