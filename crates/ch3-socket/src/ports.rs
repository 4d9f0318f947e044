//! What a port is: who owns it, when it is free again, and that TCP and UDP have separate ports.

use std::io::{self, ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};

use console::{Error, OrCannot, Style};
use socket2::{Domain, Protocol, Socket, Type};

use crate::talk::TIMEOUT;

/// How many ports to try to find one that is free for both TCP and UDP.
const TRIES: u32 = 100;

/// Tries all steps on a free port of this machine. Returns each with the system's answer and what
/// it shows.
///
/// # Errors
///
/// No port is free, or a call fails that isn't part of the demonstration.
pub fn try_ports() -> Result<String, Error> {
    let (tcp, udp, address) = free_for_both()?;
    let mut steps = Vec::new();
    let mut step = |tried: &str, result: io::Result<()>, if_done: &str, if_refused: &str| {
        let number = steps.len() + 1;
        let refused = |error| format!("The system refuses: {error}");
        let (answer, shows) = match result.map_err(refused) {
            Ok(()) => (Style::Peer.paint("It works."), if_done),
            Err(refused) => (Style::Trouble.paint(refused), if_refused),
        };
        steps.push(format!("\n{number}. {tried}\n   {answer}\n   {shows}\n"));
    };

    step(
        "A TCP server listens.",
        Ok(()),
        "The port belongs to this server.",
        "",
    );
    step(
        "Another TCP server tries to listen there.",
        listen(address, false).map(drop),
        "Here both may have the port; chance decides which one a client reaches.",
        "A port of one protocol belongs to one service.",
    );
    // On Windows the option means something else, and `listen` doesn't set it: here and below.
    if cfg!(not(windows)) {
        step(
            "Another TCP server tries it with SO_REUSEADDR.",
            listen(address, true).map(drop),
            "With it, both may have the port; chance decides which one a client reaches.",
            "The option doesn't take a port away from a program that is listening.",
        );
    }

    step(
        "A UDP server binds to the same port number.",
        Ok(()),
        "TCP and UDP have separate ports.",
        "",
    );
    step(
        "Another UDP server tries to bind to it.",
        UdpSocket::bind(address).map(drop),
        "Here both may have the port; chance decides which one gets a datagram.",
        "Over UDP, too, a port belongs to one service.",
    );
    drop(udp);

    close_first(&tcp, address).or_cannot("serve a client on", address)?;
    drop(tcp);
    step(
        "The TCP server served a client, closed first, and ended. Now it starts again.",
        listen(address, false).map(drop),
        "Nothing keeps the port: this system has no TIME-WAIT, or no room for another.",
        "The old connection keeps the port for a while: TIME-WAIT.",
    );
    if cfg!(not(windows)) {
        step(
            "It starts again with SO_REUSEADDR, as servers should.",
            listen(address, true).map(drop),
            "With the option, a server can have a port that is in TIME-WAIT.",
            "On this system, TIME-WAIT still keeps the port: wait a minute.",
        );
    }
    Ok(format!(
        "Everything happens on {address}.\n{}",
        steps.concat()
    ))
}

/// A TCP server that is listening, and a UDP socket with the same port number.
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
            // Another program has this UDP port: try the next one.
            Err(error) if error.kind() == ErrorKind::AddrInUse => taken = error,
            Err(error) => return Err(error).or_cannot("receive on", address),
        }
    }
    Err(taken).or_cannot("find a port that is free for TCP and UDP on", any.ip())
}

fn listen(address: SocketAddr, reuse: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    if reuse {
        // On Windows it would let two programs share a port.
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
    // After the end of the stream, the client may close, too.
    client.read_to_end(&mut Vec::new()).map(drop)
}
