//! The floors: the system calls that a job can't do without, and nothing else.
//!
//! No limits, no look at what comes, no care at the end. They are what the robust programs are
//! measured against, each in a separate process.

mod chat;
mod tcp;

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};

use ch4_tcp_server::robust;
use clap::{Args, ValueEnum};
use console::{Action, Error, OrCannot};

use crate::load::udp::REPLY;

/// A floor, and how large it is.
#[derive(Debug, Clone, Copy, Args)]
pub struct Floor {
    /// What it does
    job: Job,
    /// The port, as other programs have it; 0 is a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How many threads, or guests
    #[arg(long, default_value_t = 4)]
    count: usize,
    /// Bytes of the answer
    #[arg(long, default_value_t = 1000)]
    answer_bytes: usize,
}

/// The jobs. The first four accept, read once, write and close; who accepts, and who serves?
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Job {
    /// A fixed number of threads, each of which does both
    Together,
    /// One accepts, and starts a thread for each connection
    EachItsOwn,
    /// One accepts, and hands over to a fixed number of others
    Pool,
    /// Each does both, and there are as many as it takes, as in the robust server
    Workers,
    /// Accept, then read and write for as long as the client stays
    Stream,
    /// Receive, send
    Udp,
    /// Read a line from each in turn, and write it to all others
    Chat,
}

impl Floor {
    /// Serves until the process is ended.
    ///
    /// # Errors
    ///
    /// The system has no socket or no thread left.
    pub fn run(self) -> Result<(), Error> {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let answer = tcp::answer(self.answer_bytes);
        let greet = &|client: &TcpStream| tcp::greet(client, &answer);
        match self.job {
            Job::Together => tcp::together(&listen(address)?, self.count, greet),
            Job::EachItsOwn => tcp::each_its_own(&listen(address)?, greet),
            Job::Pool => tcp::pool(&listen(address)?, self.count, greet),
            Job::Workers => tcp::workers(&listen(address)?, greet),
            Job::Stream => tcp::stream(&listen(address)?),
            Job::Chat => chat::serve(&listen(address)?, self.count),
            Job::Udp => {
                let socket = UdpSocket::bind(address).or_cannot(Action::Bind, address)?;
                announce(socket.local_addr())?;
                serve_udp(&socket)
            }
        }
        .or_cannot(Action::Serve, address)
    }
}

/// Receive, send.
fn serve_udp(socket: &UdpSocket) -> io::Result<()> {
    let mut request = [0; 2048];
    loop {
        let (_, client) = socket.recv_from(&mut request)?;
        socket.send_to(REPLY, client)?;
    }
}

/// The robust server's own socket, so that all have the same options and queue.
fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    let listener = robust::listen(address).or_cannot(Action::Listen, address)?;
    announce(listener.local_addr())?;
    Ok(listener)
}

/// Tells where it listens, as the first line of each program does.
fn announce(address: io::Result<SocketAddr>) -> Result<(), Error> {
    let address = address.or_cannot("read", "the socket's own address")?;
    console::print(&format_args!("Listening on {address}\n"))
}
