//! Many TCP clients at once.

use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use console::client_has_gone;

use crate::transcript::{Connection, Transcript};

/// How many clients are served at the same time. More of them wait in the listener's backlog.
pub const MOST_CLIENTS: usize = 1_000;

/// Room for the stack of a thread, in bytes. With little on it, thousands of threads are cheap.
const STACK: usize = 256 * 1024;

/// How long to wait before accepting again if the system is short of something.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// A thread with a small stack.
pub fn small_thread() -> thread::Builder {
    thread::Builder::new().stack_size(STACK)
}

/// Serves each client on a thread, and prints when it comes and when it has been served.
///
/// # Errors
///
/// It ends only if the listener is of no use any more, or with [`console::end_accept`].
pub fn serve_each(
    listener: &TcpListener,
    transcript: &Arc<Transcript>,
    serve: impl Fn(TcpStream, &Connection) + Send + Sync + 'static,
) -> io::Result<()> {
    // A message for each client that is served: a full channel makes the next one wait.
    let (arrived, leave) = sync_channel(MOST_CLIENTS);
    let shared = Arc::new((serve, Mutex::new(leave)));
    let log = transcript.log();
    loop {
        let (client, address) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) if client_has_gone(&error) => continue,
            // The socket doesn't listen any more (accept(2)), or `end_accept` was called.
            Err(error) if is_end(error.kind()) => return Err(error),
            Err(error) => {
                log.short_of("accept a client for now", &error);
                thread::park_timeout(RETRY_DELAY);
                continue;
            }
        };
        let _ = arrived.send(());
        let (shared, connection) = (Arc::clone(&shared), transcript.connection());
        let served = small_thread().spawn(move || {
            let (serve, leave) = &*shared;
            connection.event(format_args!("client connected from {address}"));
            serve(client, &connection);
            connection.event("ended");
            let _ = leave.lock().map(|leave| leave.recv());
        });
        if let Err(error) = served {
            log.short_of("serve a client", &error);
        }
    }
}

fn is_end(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::InvalidInput | ErrorKind::WouldBlock)
}
