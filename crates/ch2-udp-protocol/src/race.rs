//! Exchanges over real sockets on this machine, measured: a message goes, the same comes back.

pub mod contest;
pub mod figures;
pub mod server;
