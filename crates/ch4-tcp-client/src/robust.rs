//! The robust client: it sends what is typed and shows what arrives, and neither waits for the
//! other.
//!
//! An answer may come in many pieces, or late, or never, and the server may speak first. So each
//! direction has its own thread:
//!
//! ```text
//!               the calling thread
//! keyboard ────▶ send_lines ─────────▶ ┌────────┐
//!                 │  "can't connect"   │ stream │ ◀────▶ server
//!                 ▼                    └────────┘
//! screen ◀────────────── receive ◀──────── │
//!               one thread for each connection
//! ```
//!
//! The two threads share only the stream and the [`Screen`], which records whether the connection
//! has ended. `send_lines` checks that before each line, and nothing else reconnects.
//!
//! A third thread, the [`Printer`](console::Printer)'s, waits for the terminal. So a paused
//! terminal doesn't stop the user from sending a line or closing the connection.
//!
//! Read `send_lines` below, then `connection.rs`, `screen.rs` and `keyboard.rs`.

mod connection;
mod keyboard;
mod screen;

use std::io::BufRead;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use console::{Error, Style};

use connection::Connection;
use keyboard::Keyboard;

pub use connection::connect;
pub use screen::Screen;

/// How long the client waits for a server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// To connect, over all addresses that the name has: 5 s.
    pub connect: Duration,
    /// To send a line: 5 s, not counting the time spent waiting for more of it.
    pub send: Duration,
    /// From the end of the input until the server closes too: 5 s.
    pub linger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            send: Duration::from_secs(5),
            linger: Duration::from_secs(5),
        }
    }
}

/// All four steps: sends each typed line, and shows whatever arrives, whenever it does.
///
/// - A line goes out as it was typed, whatever its bytes are, with an LF.
/// - When the server has ended its side, the next line reconnects. (A line on its way may be lost,
///   and TCP doesn't say so.)
/// - `exit` closes the connection at once. At the end of the input (Ctrl-D), the call waits for the
///   server to close, so no answer is lost, but `limits.linger` at most.
///
/// What has arrived is shown before the call returns, however long the terminal takes.
///
/// # Errors
///
/// The first connection can't be opened; the input can't be read; the output can't be written.
pub fn talk(
    addresses: &[SocketAddr],
    limits: Limits,
    input: impl BufRead,
    screen: Screen,
) -> Result<(), Error> {
    let screen = Arc::new(screen);
    let typed = send_lines(addresses, limits, Keyboard::new(input), &screen);
    let shown = screen.finish();
    typed.and(shown)
}

fn send_lines(
    addresses: &[SocketAddr],
    limits: Limits,
    mut keyboard: Keyboard<impl BufRead>,
    screen: &Arc<Screen>,
) -> Result<(), Error> {
    // 1. Create a socket, and 2. connect it.
    let mut connection = Connection::open(addresses, limits.connect, screen, |server| {
        format!("Connected to {server}. Each line is sent; \"exit\" or the end of input leaves.")
    })?;

    // 3. Send and receive: the connection's thread receives. A long line is sent in pieces.
    let mut begins_line = true;
    let mut lost = false;
    let mut time = limits.send;
    while let Some(piece) = keyboard.read_piece()? {
        let ends_line = piece.ends_with(b"\n");
        if ends_line {
            screen.enter();
        }
        if begins_line {
            if matches!(piece.as_slice(), b"exit\n" | b"exit\r\n") {
                return Ok(());
            }
            lost = false;
            time = limits.send;
            if connection.has_ended() {
                let again = |server| format!("Reconnected to {server}.");
                match Connection::open(addresses, limits.connect, screen, again) {
                    Ok(next) => connection = next,
                    Err(error) => {
                        screen.say(Style::Trouble, error);
                        lost = true;
                    }
                }
            }
        }
        // If part of a line was lost, don't send the rest.
        if !lost && let Err(error) = connection.send(&piece, &mut time) {
            screen.say(Style::Trouble, error);
            lost = true;
        }
        begins_line = ends_line;
    }

    // 4. Close: each return drops `connection`, which does that. First wait for the last answer.
    connection.linger(limits.linger);
    Ok(())
}
