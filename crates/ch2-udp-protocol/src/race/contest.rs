//! The three contestants, and how they are timed.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use console::{Error, OrCannot, is_timeout};

use crate::race::figures::Figures;
use crate::race::server::Server;

/// Rounds that come first and don't count: memory is cold and clocks are slow then.
const WARM_UP: usize = 20;

/// How many datagrams may get lost. On loopback none should be.
const MOST_LOST: usize = 10;

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct Race {
    /// How many exchanges each contestant does.
    pub count: usize,
    /// How many bytes go there, and come back.
    pub size: usize,
    /// How long an answer is waited for.
    pub patience: Duration,
}

/// How long each exchange took, for each contestant.
#[derive(Debug, Default)]
pub struct Times {
    /// A datagram there, a datagram back.
    pub udp: Vec<Duration>,
    /// How many got no answer in time.
    pub udp_lost: usize,
    /// The same over a TCP connection that stays open.
    pub kept: Vec<Duration>,
    /// The same over TCP with a new connection each time: connect, exchange, close.
    pub new: Vec<Duration>,
}

/// Lets the contestants take turns, so that whatever else this machine does hits all of them.
///
/// # Errors
///
/// A socket can't be opened, or an answer doesn't come in time.
pub fn run(race: &Race) -> Result<Figures, Error> {
    let &Race {
        count,
        size,
        patience,
    } = race;
    let udp_server = Server::udp().or_cannot("open", "a UDP server on loopback")?;
    let tcp_server = Server::tcp(patience).or_cannot("open", "a TCP server on loopback")?;
    let new_server = Server::tcp(patience).or_cannot("open", "a TCP server on loopback")?;
    let mut udp =
        UdpClient::new(udp_server.address, patience).or_cannot("talk to", udp_server.address)?;
    let mut kept =
        tcp_client(tcp_server.address, patience).or_cannot("connect to", tcp_server.address)?;

    let message = vec![b'x'; size];
    let mut times = Times::default();
    for round in 0..WARM_UP + count {
        let (datagram, took) = time(|| udp.exchange(&message));
        if round >= WARM_UP {
            match datagram {
                Ok(()) => times.udp.push(took),
                Err(error) if is_timeout(&error) && times.udp_lost < MOST_LOST => {
                    times.udp_lost += 1;
                }
                Err(error) => return Err(error).or_cannot("exchange with", udp_server.address),
            }
        }

        let (exchanged, took) = time(|| exchange(&mut kept, &message));
        exchanged.or_cannot("exchange with", tcp_server.address)?;
        if round >= WARM_UP {
            times.kept.push(took);
        }

        let (exchanged, took) = time(|| {
            let mut new = tcp_client(new_server.address, patience)?;
            exchange(&mut new, &message)
        });
        exchanged.or_cannot("exchange over a new connection with", new_server.address)?;
        if round >= WARM_UP {
            times.new.push(took);
        }
    }
    // The server reads from it until it is closed.
    drop(kept);
    Ok(Figures::of(times))
}

fn time<T>(action: impl FnOnce() -> T) -> (T, Duration) {
    let begin = Instant::now();
    let result = action();
    (result, begin.elapsed())
}

/// Asks a UDP server, one question at a time.
#[derive(Debug)]
pub struct UdpClient {
    /// Connected: it receives from the server only.
    socket: UdpSocket,
    server: SocketAddr,
    patience: Duration,
}

impl UdpClient {
    /// A client that waits for an answer until `patience` has passed.
    ///
    /// # Errors
    ///
    /// The system refuses a socket.
    pub fn new(server: SocketAddr, patience: Duration) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(server)?;
        socket.set_read_timeout(Some(patience))?;
        Ok(Self {
            socket,
            server,
            patience,
        })
    }

    /// Sends a message and waits for the same to come back.
    ///
    /// After an error the next message leaves from a new socket, whose port is another one: a late
    /// answer to this message must not pass for the answer to the next.
    ///
    /// # Errors
    ///
    /// No answer comes in time, or another one.
    pub fn exchange(&mut self, message: &[u8]) -> io::Result<()> {
        let exchanged = self.send_and_receive(message);
        if exchanged.is_err() {
            // The old socket is closed only after this, so the new one can't get its port.
            *self = Self::new(self.server, self.patience)?;
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
/// Nobody answers in time.
pub fn tcp_client(server: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let connection = TcpStream::connect_timeout(&server, patience)?;
    connection.set_read_timeout(Some(patience))?;
    connection.set_write_timeout(Some(patience))?;
    connection.set_nodelay(true)?;
    Ok(connection)
}

/// Sends a message and waits until as many bytes have come back.
///
/// # Errors
///
/// They don't come in time.
pub fn exchange(connection: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    connection.write_all(message)?;
    connection.read_exact(&mut vec![0; message.len()])
}
