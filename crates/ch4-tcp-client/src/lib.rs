//! Section 4.2: a TCP client that sends what is typed and shows what comes back.
//!
//! Read [`tutorial`] first: the client's four steps (create, connect, send and receive, close),
//! with the tutorial's faults. Then read [`robust`]: the same steps, made to survive whatever a
//! server does. It has three parts: `robust/keyboard.rs` reads what is typed,
//! `robust/connection.rs` sends and receives, `robust/screen.rs` shows what arrives.

pub mod robust;
pub mod tutorial;
