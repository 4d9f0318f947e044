//! Load, soak and figures: the robust programs beside the bare system calls.
//!
//! Each program is started as users start it, as a process of its own, and this process is its
//! clients. Beside it runs a floor ([`floor`]): the few system calls without which the job can't
//! be done, in a process of its own too. Rounds alternate, so that whatever else the machine does
//! meanwhile hits all alike ([`compare()`]), and what counts is the ratio of two neighbours.
//!
//! - [`work`]: what is measured, chapter by chapter, and [`work::soak`], which only has to be
//!   survived.
//! - [`load`]: the clients.
//! - [`process`], [`programs`]: a program under load, and where it comes from.
//! - [`report`], [`table`], [`chart`], [`page`]: the figures, and the forms that they take.

pub mod chart;
pub mod compare;
pub mod floor;
pub mod load;
pub mod page;
pub mod process;
pub mod programs;
pub mod progress;
pub mod report;
pub mod stats;
pub mod table;
pub mod work;

pub use compare::compare;
