//! Somebody whom the program under test connects to: a listener, and whoever arrives there.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::peer::{TcpPeer, reset};
use crate::run::{Run, Stop, Told};

/// How long a wait goes on before the host looks whether the program still runs.
const GLANCE: Duration = Duration::from_millis(100);

/// Somebody whom the program under test connects to.
#[derive(Debug)]
pub struct Listener {
    name: String,
    address: SocketAddr,
    arrivals: Receiver<TcpStream>,
    run: Run,
    /// Accepts who comes. It owns the listener.
    porter: Option<JoinHandle<()>>,
}

impl Listener {
    pub(crate) fn new(name: &str, listener: TcpListener, run: Run) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (arrived, arrivals) = channel();
        let porter = thread::Builder::new().spawn(move || {
            for stream in listener.incoming().flatten() {
                if arrived.send(stream).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self {
            name: name.to_owned(),
            address,
            arrivals,
            run,
            porter: Some(porter),
        })
    }

    /// Waits until the program connects, for [`Patience::start`](crate::run::Patience::start) at
    /// most. Returns nothing if it doesn't, or has ended.
    ///
    /// # Errors
    ///
    /// The connection breaks at once.
    pub fn accepts(&mut self) -> Told<Option<TcpPeer>> {
        self.run.tell(format_args!(
            "the {} expects the program to connect",
            self.name
        ));
        let Some(stream) = self.arrival(self.run.patience().start) else {
            return Ok(None);
        };
        TcpPeer::new(format!("the {}", self.name), stream, self.run.clone())
            .map(Some)
            .map_err(|error| Stop::Skipped(format!("the connection broke: {error}")))
    }

    /// The next connection, if one comes within this time.
    pub fn arrival(&mut self, limit: Duration) -> Option<TcpStream> {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // Whoever has ended connects no more, but may have connected before.
            let over = self.run.ended().is_some();
            match self.arrivals.recv_timeout(left.min(GLANCE)) {
                Ok(stream) => return Some(stream),
                Err(RecvTimeoutError::Timeout) if !left.is_zero() && !over => {}
                Err(_) => return None,
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The thread waits in `accept`. Who comes now finds that nobody takes arrivals any more.
        let (_, nobody) = channel();
        self.arrivals = nobody;
        let limit = self.run.patience().answer;
        if let Ok(wake) = TcpStream::connect_timeout(&self.address, limit) {
            reset(&wake);
            // The port is free when the thread has ended, and not before.
            let _ = self.porter.take().map(JoinHandle::join);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Patience;

    #[test]
    fn the_port_of_a_host_that_was_dropped_is_free() -> io::Result<()> {
        let mut address = SocketAddr::from(([127, 0, 0, 1], 0));
        for _ in 0..100 {
            let listener = TcpListener::bind(address)?;
            address = listener.local_addr()?;
            let run = Run::new(true, &Patience::default());
            drop(Listener::new("host", listener, run)?);
        }
        Ok(())
    }
}
