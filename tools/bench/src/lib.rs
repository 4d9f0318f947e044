//! Load, soak and figures: the robust programs beside the bare system calls.
//!
//! Each server runs as users run it, in a separate process, and this process is its clients. Beside
//! it runs a floor: the few system calls without which the job can't be done, in a separate process
//! too. Rounds alternate, so that other work of the machine hits all alike, and the result is the
//! ratio of two neighbours.
//!
//! - [`work`]: what is measured, chapter by chapter, and [`work::soak`], which only has to be
//!   survived.
//! - [`compare`]: rounds that alternate. [`load`]: the clients.
//! - [`server`]: a server under load. [`programs`], [`floor`], [`peers`]: which servers there are.
//! - [`figures`]: what was measured. [`table`], [`chart`], [`page`]: how it is shown.

pub mod chart;
pub mod compare;
pub mod figures;
pub mod floor;
pub mod load;
pub mod page;
pub mod peers;
pub mod programs;
pub mod progress;
pub mod server;
pub mod table;
pub mod work;
