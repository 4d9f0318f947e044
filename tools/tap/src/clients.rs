//! Many TCP clients at once, each on a thread.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::{self, Builder};
use std::time::Duration;

use console::{Action, Error, Log, OrCannot, client_has_gone, is_timeout};

use crate::transcript::{Connection, Transcript};

/// How many clients are served at the same time. More of them wait in the listener's backlog.
pub const MOST_CLIENTS: usize = 1_000;

/// How long to wait before accepting again if the system is short of something.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// How often a thread that waits for a socket looks whether the connection is over.
pub const LOOK: Duration = Duration::from_millis(100);

/// The same for one that reads. Only on Windows does `shutdown` not wake it.
pub const LOOK_WHILE_READING: Option<Duration> = if cfg!(windows) { Some(LOOK) } else { None };

/// Whether a call failed for a reason that is no end of the connection.
pub fn is_no_end(error: &io::Error) -> bool {
    error.kind() == ErrorKind::Interrupted || is_timeout(error)
}

/// Serves each client on a thread, and prints when it comes and when it has been served.
///
/// # Errors
///
/// It ends only if the listener is of no use any more, or with [`console::end_accept`].
pub fn serve_each(
    listener: &TcpListener,
    transcript: &Arc<Transcript>,
    serve: impl Fn(TcpStream, &Connection) + Sync,
) -> io::Result<()> {
    let (serve, log, (leave, has_left)) = (&serve, &transcript.log, channel());
    thread::scope(|scope| {
        for number in 0.. {
            if number >= MOST_CLIENTS {
                let _ = has_left.recv();
            }
            let (client, address) = accept(listener, log)?;
            let (left, connection) = (leave.clone(), transcript.connection());
            let started = Builder::new().spawn_scoped(scope, move || {
                connection.event(format_args!("client connected from {address}"));
                serve(client, &connection);
                connection.event("ended");
                let _ = left.send(());
            });
            if let Err(error) = started {
                log.short_of("serve a client", &error);
                let _ = leave.send(());
            }
        }
        Ok(())
    })
}

/// The next client, however long the system is short of something. What is written to it goes on
/// its way at once.
fn accept(listener: &TcpListener, log: &Log) -> io::Result<(TcpStream, SocketAddr)> {
    loop {
        match listener.accept() {
            Ok((client, address)) => {
                // If it has gone already, a read will tell.
                let _ = client.set_nodelay(true);
                return Ok((client, address));
            }
            Err(error) if client_has_gone(&error) => {}
            // The socket doesn't listen any more (accept(2)), or `end_accept` was called.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::InvalidInput | ErrorKind::WouldBlock
                ) =>
            {
                return Err(error);
            }
            Err(error) => {
                log.short_of("accept a client for now", &error);
                thread::park_timeout(RETRY_DELAY);
            }
        }
    }
}

/// Does both at the same time, `other` on another thread. Returns the result of `own`.
///
/// # Errors
///
/// The system has no thread left, so neither was done.
pub fn both<T>(other: impl FnOnce() + Send, own: impl FnOnce() -> T) -> Result<T, Error> {
    thread::scope(|scope| {
        let started = Builder::new().spawn_scoped(scope, other);
        started.or_cannot(Action::StartThread, "for a connection")?;
        Ok(own())
    })
}
