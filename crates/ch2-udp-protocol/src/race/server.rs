//! Servers that send back whatever comes, each on its own thread until it is dropped.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const ANY_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// How long a server waits before it looks again whether it should end, if nothing wakes it.
const NAP: Duration = Duration::from_secs(1);

/// A server that sends back what it gets. It ends when this value is dropped.
#[derive(Debug)]
pub struct EchoServer {
    /// Where it is reached.
    pub address: SocketAddr,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Makes it look whether it should end.
    wake: fn(SocketAddr) -> io::Result<()>,
}

impl EchoServer {
    /// A server that sends each datagram back to where it came from.
    ///
    /// # Errors
    ///
    /// No socket can be opened.
    pub fn udp() -> io::Result<Self> {
        let socket = UdpSocket::bind(ANY_PORT)?;
        // The datagram that wakes it may get lost.
        socket.set_read_timeout(Some(NAP))?;
        let address = socket.local_addr()?;
        let wake = |address| {
            let socket = UdpSocket::bind(ANY_PORT)?;
            socket.send_to(&[], address).map(drop)
        };
        Ok(Self::start(address, wake, move |ending| {
            let mut buffer = vec![0; 65_536];
            while !ending.load(Ordering::Relaxed) {
                // Nothing came for a while, or an earlier answer was refused.
                let Ok((count, from)) = socket.recv_from(&mut buffer) else {
                    continue;
                };
                let (message, _) = buffer.split_at(count);
                // What can't be sent is lost, as a datagram may be: the client says so.
                let _ = socket.send_to(message, from);
            }
        }))
    }

    /// A server that sends back all that comes over a connection, one connection after the other.
    /// It waits for `timeout` at most until a client sends something or hangs up.
    ///
    /// # Errors
    ///
    /// No socket can be opened.
    pub fn tcp(timeout: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind(ANY_PORT)?;
        let address = listener.local_addr()?;
        let wake = |address| TcpStream::connect_timeout(&address, NAP).map(drop);
        Ok(Self::start(address, wake, move |ending| {
            while let Ok((connection, _)) = listener.accept() {
                if ending.load(Ordering::Relaxed) {
                    return;
                }
                // A connection that fails fails on the client's side too, where it is reported.
                let _ = echo(connection, timeout);
            }
        }))
    }

    fn start(
        address: SocketAddr,
        wake: fn(SocketAddr) -> io::Result<()>,
        serve: impl FnOnce(&AtomicBool) + Send + 'static,
    ) -> Self {
        let ending = Arc::new(AtomicBool::new(false));
        let its = Arc::clone(&ending);
        let thread = thread::spawn(move || serve(&its));
        Self {
            address,
            ending,
            thread: Some(thread),
            wake,
        }
    }
}

impl Drop for EchoServer {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        if (self.wake)(self.address).is_ok()
            && let Some(thread) = self.thread.take()
        {
            // It is awake, or wakes soon by itself.
            let _ = thread.join();
        }
    }
}

fn echo(mut connection: TcpStream, timeout: Duration) -> io::Result<()> {
    connection.set_read_timeout(Some(timeout))?;
    connection.set_write_timeout(Some(timeout))?;
    // A short answer leaves at once, and doesn't wait for an acknowledgement (Nagle's algorithm).
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
