//! Section 4.3: a chat over TCP that ends on `byebye`.
//!
//! Read [`tutorial`] first: two people who speak in turns, guest first, with the faults of the
//! tutorial's programs. [`demo`] plays both sides in one terminal. Then read [`robust`], whose
//! table shows which files a line passes.

pub mod demo;
pub mod robust;
pub mod tutorial;

/// The word with which either side leaves.
pub const BYE: &str = "byebye";
