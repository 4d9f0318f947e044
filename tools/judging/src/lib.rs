//! Judges for the chapters' tests: both versions of a program, its steps, and the exercises.
//!
//! - [`function`]: exercises that are functions, by calling them. [`source`]: whether a student's file
//!   is done, and the student's own.
//! - With the feature `programs`, by the checks of a role: `program`, exercises that are programs;
//!   `versions`, the project's own programs and the steps between them.

pub mod function;
#[cfg(feature = "programs")]
pub mod program;
pub mod source;
#[cfg(feature = "programs")]
pub mod versions;
