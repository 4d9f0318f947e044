//! The floors: the system calls that a job can't do without, and nothing else.
//!
//! No limits, no look at what comes, no care at the end. They are what the robust programs are
//! measured against, each in a process of its own.

mod chat;
mod tcp;
mod udp;

use std::io::Write;
use std::net::SocketAddr;

use clap::{Subcommand, ValueEnum};
use console::Error;

/// Where a floor listens.
const ANY_PORT: &str = "127.0.0.1:0";

/// Which floor.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Floor {
    /// Accept, read once, write, close
    Tcp {
        /// Who accepts, and who serves
        #[arg(long, value_enum, default_value_t = Threads::Together)]
        threads: Threads,
        /// How many threads, or clients at the same time
        #[arg(long, default_value_t = 4)]
        count: usize,
        /// Bytes of the answer
        #[arg(long, default_value_t = 1000)]
        answer_bytes: usize,
        /// Close in stages: shut down, read to the end
        #[arg(long)]
        drain: bool,
    },
    /// Accept, then read and write for as long as the client stays
    Stream,
    /// Receive, send
    Udp,
    /// Read a line from each in turn, and write it to all others
    Chat {
        /// How many guests
        #[arg(long, default_value_t = 200)]
        guests: usize,
    },
}

/// Who accepts, and who serves.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Threads {
    /// A fixed number of threads, each of which does both
    Together,
    /// One accepts, and starts a thread for each connection
    EachItsOwn,
    /// One accepts, and hands over to a fixed number of others
    Pool,
    /// Leader and followers, as the robust server has them
    Crew,
}

impl Floor {
    /// Does it until the process is ended.
    ///
    /// # Errors
    ///
    /// The system has no socket or no thread left.
    pub fn run(self, out: &mut impl Write) -> Result<(), Error> {
        match self {
            Self::Tcp {
                threads,
                count,
                answer_bytes,
                drain,
            } => tcp::serve(threads, count, &tcp::answer(answer_bytes), drain, out),
            Self::Stream => tcp::stream(out),
            Self::Udp => udp::serve(out),
            Self::Chat { guests } => chat::serve(guests, out),
        }
    }
}

/// Tells where it listens, as the first line of each program does.
fn announce(address: SocketAddr, out: &mut impl Write) -> Result<(), Error> {
    writeln!(out, "Listening on {address}")
        .and_then(|()| out.flush())
        .map_err(Error::output)
}
