//! What a port is: who owns it, when it is free again, and that TCP and UDP count theirs apart.

use std::fmt::{self, Display};
use std::io::{self, ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};

use console::{Error, OrCannot, Role};
use socket2::{Domain, Protocol, Socket, Type};

use crate::talk::TIMEOUT;

/// How many ports to try until one is free for both TCP and UDP.
const TRIES: u32 = 100;

/// Something that was tried with the port, and what it shows.
#[derive(Debug)]
pub struct Step {
    /// What was tried.
    pub tried: &'static str,
    /// What the system said.
    pub result: io::Result<()>,
    /// What it shows, if it worked.
    if_done: &'static str,
    /// What it shows, if it failed.
    if_refused: &'static str,
}

/// Everything that was tried with one port.
#[derive(Debug)]
pub struct Ports {
    /// The address with the port.
    pub address: SocketAddr,
    /// What was tried, in this order.
    pub steps: Vec<Step>,
}

/// Tries everything, on a free port of this machine.
///
/// # Errors
///
/// No port is free, or something fails that doesn't belong to the demonstration.
pub fn try_ports() -> Result<Ports, Error> {
    let (tcp, udp, address) = free_for_both()?;
    let mut steps = Vec::new();
    let mut step = |tried, result: io::Result<()>, if_done, if_refused| {
        steps.push(Step {
            tried,
            result,
            if_done,
            if_refused,
        });
    };

    step("A TCP server listens.", Ok(()), "The port is its own.", "");
    step(
        "Another TCP server wants to listen there.",
        listen(address, false).map(drop),
        "This system shares the port; chance decides which of the two a client reaches.",
        "One port of one protocol is one service.",
    );
    step(
        "Another one, with SO_REUSEADDR.",
        listen(address, true).map(drop),
        "This system shares the port then; chance decides which of the two a client reaches.",
        "The option doesn't take a port away from a program that listens.",
    );

    step(
        "A UDP server binds the same number.",
        Ok(()),
        "TCP and UDP count their ports apart.",
        "",
    );
    step(
        "Another UDP server wants to bind it.",
        UdpSocket::bind(address).map(drop),
        "This system shares the port; chance decides which of the two gets a datagram.",
        "One port of one protocol is one service, here too.",
    );
    drop(udp);

    close_first(&tcp, address).or_cannot("serve a client on", address)?;
    drop(tcp);
    step(
        "The TCP server served a client, closed first and has ended. It starts again.",
        listen(address, false).map(drop),
        "Nothing keeps the port: this system has no TIME-WAIT, or no room for another.",
        "The connection that has ended keeps the port for a while: TIME-WAIT.",
    );
    step(
        "It starts again with SO_REUSEADDR, as servers should.",
        listen(address, true).map(drop),
        "The option takes a port over from TIME-WAIT.",
        "On this system TIME-WAIT keeps the port all the same: wait for a minute.",
    );
    Ok(Ports { address, steps })
}

/// A TCP server that listens, and a UDP socket with the same number.
fn free_for_both() -> Result<(Socket, UdpSocket, SocketAddr), Error> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut taken = ErrorKind::AddrInUse.into();
    for _ in 0..TRIES {
        let tcp = listen(any, true).or_cannot("listen on", any)?;
        let address = tcp
            .local_addr()
            .or_cannot("read", "the socket's own address")?;
        let address = address.as_socket().unwrap_or(any);
        match UdpSocket::bind(address) {
            Ok(udp) => return Ok((tcp, udp, address)),
            // Another program has this number for UDP: try the next.
            Err(error) if error.kind() == ErrorKind::AddrInUse => taken = error,
            Err(error) => return Err(error).or_cannot("receive on", address),
        }
    }
    Err(taken).or_cannot("find a port that is free for TCP and UDP on", any.ip())
}

fn listen(address: SocketAddr, reuse: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    if reuse {
        // On Windows it would let two programs share a port: nothing to teach.
        #[cfg(not(windows))]
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(1)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    Ok(socket)
}

/// A client connects, and the server closes first, so the server's side waits in TIME-WAIT.
fn close_first(server: &Socket, address: SocketAddr) -> io::Result<()> {
    let mut client = TcpStream::connect_timeout(&address, TIMEOUT)?;
    client.set_read_timeout(Some(TIMEOUT))?;
    let (connection, _) = server.accept()?;
    drop(connection);
    // After the end of the stream the client may close too.
    client.read_to_end(&mut Vec::new()).map(drop)
}

impl Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "All of this happens on {}.", self.address)?;
        for (number, step) in self.steps.iter().enumerate() {
            writeln!(f, "\n{}. {}", number + 1, step.tried)?;
            match &step.result {
                Ok(()) => {
                    writeln!(f, "   {}", Role::Peer.paint("It works."))?;
                    writeln!(f, "   {}", step.if_done)?;
                }
                Err(error) => {
                    let refused = format!("It is refused: {error}");
                    writeln!(f, "   {}", Role::Trouble.paint(refused))?;
                    writeln!(f, "   {}", step.if_refused)?;
                }
            }
        }
        Ok(())
    }
}
