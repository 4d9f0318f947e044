//! The tests of this crate's programs, in one binary: cargo runs one after another, and these tests
//! mostly wait.

mod checks;
mod console;
mod robust;
mod steps;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch4-tcp-client");
