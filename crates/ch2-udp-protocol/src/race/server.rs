//! Servers that send back whatever they receive. Each runs on its own thread until it is dropped.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const ANY_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// How long a server waits before it checks whether to end, if nothing wakes it before.
const NAP: Duration = Duration::from_secs(1);

/// A server that sends back what it receives. It ends when this value is dropped.
#[derive(Debug)]
pub struct EchoServer {
    /// Its address.
    pub address: SocketAddr,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Wakes it, to check whether to end.
    wake: fn(SocketAddr) -> io::Result<()>,
}

impl EchoServer {
    /// A server that sends each datagram back to where it came from.
    ///
    /// # Errors
    ///
    /// No socket can be opened, or the system has no thread left.
    pub fn udp() -> io::Result<Self> {
        let socket = UdpSocket::bind(ANY_PORT)?;
        // The datagram that wakes it may get lost.
        socket.set_read_timeout(Some(NAP))?;
        let address = socket.local_addr()?;
        let wake = |address| {
            let socket = UdpSocket::bind(ANY_PORT)?;
            socket.send_to(&[], address).map(drop)
        };
        Self::start(address, wake, move |ending| {
            let mut buffer = vec![0; 65_536];
            while !ending.load(Ordering::Relaxed) {
                // Nothing came for a while, or the system refused an earlier answer.
                let Ok((count, from)) = socket.recv_from(&mut buffer) else {
                    continue;
                };
                let (message, _) = buffer.split_at(count);
                // An answer that can't be sent is lost, like any datagram. The client says so.
                let _ = socket.send_to(message, from);
            }
        })
    }

    /// A server that sends back everything that comes over a connection. It serves one connection
    /// after the other, and waits at most `timeout` until a client sends something or hangs up.
    ///
    /// # Errors
    ///
    /// No socket can be opened, or the system has no thread left.
    pub fn tcp(timeout: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind(ANY_PORT)?;
        let address = listener.local_addr()?;
        let wake = |address| TcpStream::connect_timeout(&address, NAP).map(drop);
        Self::start(address, wake, move |ending| {
            while let Ok((connection, _)) = listener.accept() {
                if ending.load(Ordering::Relaxed) {
                    return;
                }
                // If a connection fails, the client reports it.
                let _ = echo(connection, timeout);
            }
        })
    }

    fn start(
        address: SocketAddr,
        wake: fn(SocketAddr) -> io::Result<()>,
        serve: impl FnOnce(&AtomicBool) + Send + 'static,
    ) -> io::Result<Self> {
        let ending = Arc::new(AtomicBool::new(false));
        let its = Arc::clone(&ending);
        let thread = thread::Builder::new().spawn(move || serve(&its))?;
        Ok(Self {
            address,
            ending,
            thread: Some(thread),
            wake,
        })
    }
}

impl Drop for EchoServer {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        if (self.wake)(self.address).is_ok()
            && let Some(thread) = self.thread.take()
        {
            // The server is awake, or wakes by itself soon.
            let _ = thread.join();
        }
    }
}

fn echo(mut connection: TcpStream, timeout: Duration) -> io::Result<()> {
    connection.set_read_timeout(Some(timeout))?;
    connection.set_write_timeout(Some(timeout))?;
    // Without Nagle's algorithm, a short answer leaves at once, without waiting for an
    // acknowledgement.
    connection.set_nodelay(true)?;
    let mut buffer = vec![0; 65_536];
    loop {
        let count = connection.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        let (message, _) = buffer.split_at(count);
        connection.write_all(message)?;
    }
}
