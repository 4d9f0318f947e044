//! The floors: the system calls that a job can't do without, and nothing else.
//!
//! No limits, no look at what comes, no care at the end. They are what the robust programs are
//! measured against, each in a separate process.

mod chat;
mod tcp;
mod udp;

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use ch4_tcp_server::robust;
use clap::Subcommand;
use console::{Action, Error, OrCannot};

/// A floor listens on any free port.
const FREE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Which floor.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Floor {
    /// Accept, read once, write, close
    Tcp {
        /// Who accepts, and who serves
        #[arg(long, value_enum, default_value_t = tcp::Threads::Together)]
        threads: tcp::Threads,
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

impl Floor {
    /// Serves until the process is ended.
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
            } => {
                let answer = tcp::answer(answer_bytes);
                tcp::serve(&listen(out)?, threads, count, &answer, drain)
            }
            Self::Stream => tcp::stream(&listen(out)?),
            Self::Udp => {
                let socket = UdpSocket::bind(FREE).or_cannot(Action::Bind, FREE)?;
                announce(socket.local_addr(), out)?;
                udp::serve(&socket)
            }
            Self::Chat { guests } => chat::serve(&listen(out)?, guests),
        }
        .or_cannot(Action::Serve, "the floor's socket")
    }
}

/// The robust server's own socket, so that all have the same options and queue.
fn listen(out: &mut impl Write) -> Result<TcpListener, Error> {
    let listener = robust::listen(FREE).or_cannot(Action::Listen, FREE)?;
    announce(listener.local_addr(), out)?;
    Ok(listener)
}

/// Tells where it listens, as the first line of each program does.
fn announce(address: io::Result<SocketAddr>, out: &mut impl Write) -> Result<(), Error> {
    let address = address.or_cannot("read", "the socket's own address")?;
    writeln!(out, "Listening on {address}")
        .and_then(|()| out.flush())
        .map_err(Error::output)
}
