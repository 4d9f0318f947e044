//! Somebody whom the program under test connects to: a listener, and whoever arrives there.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::peer::{Peer, reset};
use crate::story::{Stop, Story, Told, time};

/// How long a wait goes on before the host looks whether the program still runs.
const GLANCE: Duration = Duration::from_millis(100);

/// Somebody whom the program under test connects to.
#[derive(Debug)]
pub struct Host {
    name: String,
    address: SocketAddr,
    arrivals: Receiver<TcpStream>,
    story: Story,
    /// Accepts who comes. It owns the listener.
    porter: Option<JoinHandle<()>>,
}

impl Host {
    pub(crate) fn new(name: &str, listener: TcpListener, story: Story) -> io::Result<Self> {
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
            story,
            porter: Some(porter),
        })
    }

    /// Waits until the program connects.
    ///
    /// # Errors
    ///
    /// It doesn't within [`Patience::start`](crate::story::Patience::start), or ends.
    pub fn accepts(&mut self) -> Told<Peer> {
        self.story.tell(format_args!(
            "the {} expects the program to connect",
            self.name
        ));
        let start = self.story.patience().start;
        match self.arrival(start) {
            Some(stream) => Peer::new(format!("the {}", self.name), stream, self.story.clone())
                .map_err(|error| Stop::Skipped(format!("the connection broke: {error}"))),
            None => self.story.failed(
                format!(
                    "the program connects to {} within {}",
                    self.address,
                    time(start)
                ),
                "it didn't",
            ),
        }
    }

    /// The next connection, if one comes within this time.
    pub fn arrival(&mut self, limit: Duration) -> Option<TcpStream> {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // Whoever has ended connects no more, but may have connected before.
            let over = self.story.ended().is_some();
            match self.arrivals.recv_timeout(left.min(GLANCE)) {
                Ok(stream) => return Some(stream),
                Err(RecvTimeoutError::Timeout) if !left.is_zero() && !over => {}
                Err(_) => return None,
            }
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // The thread waits in `accept`. Who comes now finds that nobody takes arrivals any more.
        let (_, nobody) = channel();
        self.arrivals = nobody;
        let limit = self.story.patience().answer;
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
    use crate::story::Patience;

    #[test]
    fn the_port_of_a_host_that_was_dropped_is_free() -> io::Result<()> {
        let mut address = SocketAddr::from(([127, 0, 0, 1], 0));
        for _ in 0..100 {
            let listener = TcpListener::bind(address)?;
            address = listener.local_addr()?;
            let story = Story::new(true, &Patience::default());
            drop(Host::new("host", listener, story)?);
        }
        Ok(())
    }
}
