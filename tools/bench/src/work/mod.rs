//! What is measured.

pub mod build;
pub mod chat;
pub mod idle;
pub mod soak;
pub mod tcp;
pub mod udp;
