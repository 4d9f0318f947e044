//! The three contestants, and how they are timed.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use console::{Error, OrCannot, is_timeout};

use crate::race::figures::{Figure, Figures};
use crate::race::server::EchoServer;

/// The first rounds don't count, because caches are cold and the processor's clock is slow.
const WARM_UP: usize = 20;

/// How many datagrams may get lost. On loopback, none should.
const MOST_LOST: usize = 10;

/// Lets each contestant make `count` exchanges of `size` bytes, which the server sends back. The
/// contestants take turns, so other work on this machine slows all of them equally. A client waits
/// at most `timeout` for an answer.
///
/// # Errors
///
/// The system opens no socket, or an answer doesn't come in time.
pub fn run(count: usize, size: usize, timeout: Duration) -> Result<Figures, Error> {
    let udp_server = EchoServer::udp().or_cannot("open", "a UDP server on loopback")?;
    let tcp_server = EchoServer::tcp(timeout).or_cannot("open", "a TCP server on loopback")?;
    let new_server = EchoServer::tcp(timeout).or_cannot("open", "a TCP server on loopback")?;
    let mut udp =
        UdpClient::new(udp_server.address, timeout).or_cannot("talk to", udp_server.address)?;
    let mut kept =
        tcp_client(tcp_server.address, timeout).or_cannot("connect to", tcp_server.address)?;

    let message = vec![b'x'; size];
    let (mut udp_times, mut kept_times, mut new_times) = (Vec::new(), Vec::new(), Vec::new());
    let mut udp_lost = 0;
    for round in 0..WARM_UP + count {
        if round == WARM_UP {
            for times in [&mut udp_times, &mut kept_times, &mut new_times] {
                times.clear();
            }
            udp_lost = 0;
        }
        match time(|| udp.exchange(&message)) {
            Ok(took) => udp_times.push(took),
            Err(error) if is_timeout(&error) && udp_lost < MOST_LOST => udp_lost += 1,
            Err(error) => return Err(error).or_cannot("exchange with", udp_server.address),
        }
        let took = time(|| exchange(&mut kept, &message));
        kept_times.push(took.or_cannot("exchange with", tcp_server.address)?);
        let took = time(|| exchange(&mut tcp_client(new_server.address, timeout)?, &message));
        new_times.push(took.or_cannot("exchange over a new connection with", new_server.address)?);
    }
    // The server reads from this connection until it is closed.
    drop(kept);
    Ok(Figures {
        udp: Figure::of(udp_times),
        kept: Figure::of(kept_times),
        new: Figure::of(new_times),
        udp_lost,
    })
}

fn time(action: impl FnOnce() -> io::Result<()>) -> io::Result<Duration> {
    let begin = Instant::now();
    action().map(|()| begin.elapsed())
}

/// Asks a UDP server, one question at a time.
#[derive(Debug)]
pub struct UdpClient {
    /// A connected socket: it receives only from the server.
    socket: UdpSocket,
    server: SocketAddr,
    timeout: Duration,
}

impl UdpClient {
    /// A client that waits at most `timeout` for an answer.
    ///
    /// # Errors
    ///
    /// The system refuses a socket.
    pub fn new(server: SocketAddr, timeout: Duration) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(server)?;
        socket.set_read_timeout(Some(timeout))?;
        Ok(Self {
            socket,
            server,
            timeout,
        })
    }

    /// Sends a message and waits until it comes back.
    ///
    /// After an error, the next message leaves from a new socket with another port. So a late
    /// answer to this message can't be taken for the answer to the next.
    ///
    /// # Errors
    ///
    /// No answer comes in time, or a wrong one.
    pub fn exchange(&mut self, message: &[u8]) -> io::Result<()> {
        let exchanged = self.send_and_receive(message);
        if exchanged.is_err() {
            // The old socket is closed only after this, so the new one can't get its port.
            *self = Self::new(self.server, self.timeout)?;
        }
        exchanged
    }

    fn send_and_receive(&self, message: &[u8]) -> io::Result<()> {
        self.socket.send(message)?;
        let mut buffer = vec![0; message.len() + 1];
        let count = self.socket.recv(&mut buffer)?;
        buffer.truncate(count);
        if buffer == message {
            Ok(())
        } else {
            Err(ErrorKind::InvalidData.into())
        }
    }
}

/// A TCP connection.
///
/// # Errors
///
/// The server doesn't answer in time.
pub fn tcp_client(server: SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
    let connection = TcpStream::connect_timeout(&server, timeout)?;
    connection.set_read_timeout(Some(timeout))?;
    connection.set_write_timeout(Some(timeout))?;
    connection.set_nodelay(true)?;
    Ok(connection)
}

/// Sends a message and waits until the same number of bytes came back.
///
/// # Errors
///
/// They don't come in time.
pub fn exchange(connection: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    connection.write_all(message)?;
    connection.read_exact(&mut vec![0; message.len()])
}
