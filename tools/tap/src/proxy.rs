//! `tap proxy`: between a client and a server.
//!
//! What one sends reaches the other as it came, unless you ask for [trouble](crate::trouble).

pub mod tcp;
pub mod udp;

use clap::Args;

use crate::{address, trouble::Trouble};

/// Where a proxy is, and what it does.
#[derive(Debug, Clone, Args)]
pub struct Proxy {
    /// Where clients connect to: PORT or HOST:PORT; port 0 is a free one
    #[arg(value_parser = address::parse)]
    pub listen: String,
    /// Where the server is: PORT or HOST:PORT
    #[arg(value_parser = address::parse)]
    pub target: String,
    /// What happens to what passes.
    #[command(flatten)]
    pub trouble: Trouble,
}

/// How many reads or datagrams may wait for their time in one direction: with the largest reads of
/// TCP, 64 MiB. A delay of 100 ms still lets 600 MB pass each second.
const MOST_WAITING: usize = 1_024;
