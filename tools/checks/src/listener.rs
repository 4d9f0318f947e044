//! Somebody whom the program under test connects to.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::peer::TcpPeer;
use crate::run::{Run, Stop, Told};

/// How long between two looks whether somebody is there, unless the program says something.
pub(crate) const GLANCE: Duration = Duration::from_millis(20);

/// Somebody whom the program under test connects to.
#[derive(Debug)]
pub struct Listener {
    name: String,
    socket: TcpListener,
    run: Run,
}

impl Listener {
    pub(crate) fn new(name: &str, listener: TcpListener, run: Run) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self {
            name: name.to_owned(),
            socket: listener,
            run,
        })
    }

    /// Waits until the program connects, for [`Patience::start`](crate::run::Patience::start) at
    /// most. Returns nothing if it doesn't, or has ended.
    ///
    /// # Errors
    ///
    /// The connection breaks at once.
    pub fn accepts(&mut self) -> Told<Option<TcpPeer>> {
        let name = format!("the {}", self.name);
        self.run
            .tell(format_args!("{name} expects the program to connect"));
        let Some(stream) = self.arrival(self.run.patience().start) else {
            return Ok(None);
        };
        TcpPeer::new(name, stream, self.run.clone())
            .map(Some)
            .map_err(|error| Stop::Skipped(format!("the connection broke: {error}")))
    }

    /// The next connection, if one comes within this time.
    pub fn arrival(&mut self, limit: Duration) -> Option<TcpStream> {
        let deadline = Instant::now() + limit;
        loop {
            // A program that has ended connects no more, but may have connected before.
            let over = self.run.ended().is_some() || Instant::now() >= deadline;
            match self.socket.accept() {
                // On some systems it is non-blocking, as the listener is.
                Ok((stream, _)) => return stream.set_nonblocking(false).ok().map(|()| stream),
                Err(_) if over => return None,
                Err(_) => self.run.glances(GLANCE),
            }
        }
    }
}
