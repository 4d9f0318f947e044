//! `tap proxy`.
//!
//! ```text
//!          ──► read ──► print ──► (wait) ──► pieces ──► write ──►
//!   client                                                        server
//!          ◄── write ◄── pieces ◄── (wait) ◄── print ◄── read ◄──
//! ```
//!
//! Each direction has a thread. It reads again only when it has written, so a side that doesn't read
//! holds up the other one, as it would without the tap. Only with a delay does a second thread
//! write, so that a read needn't wait for the delay of the one before.

use std::net::TcpListener;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use console::Error;

use super::{MOST_WAITING, Proxy};
use crate::address::{connect, refuse_own};
use crate::tcp::{LOOK, Pair, Then, both, serve_each};
use crate::transcript::{Side, Transcript, counted};
use crate::trouble::Trouble;

/// Connects each client to the target, and passes on what both send.
///
/// # Errors
///
/// The target's name can't be resolved, or is the proxy itself. Else it never ends.
pub fn serve(listener: &TcpListener, proxy: &Proxy, transcript: &Transcript) -> Result<(), Error> {
    let here = refuse_own(&proxy.target, listener.local_addr())?;
    transcript.listening(Ok(here), format_args!(", passing on to {}", proxy.target));
    let note = "A line shows what one read brought: a piece of the stream, not a packet.";
    transcript.log.event(note);
    serve_each(listener, transcript, |client, connection, go_on| {
        // It is too late to refuse the client, so an error resets it.
        let server = &connect(&proxy.target).inspect_err(|_| Then::Reset.end(client))?;
        drop(go_on);
        connection.event(format_args!("connected to {}", proxy.target));
        let pair = Pair::new([client, server], connection);
        let run = |from| run(&pair, from, &proxy.trouble.of(from));
        let passed = both(|| run(Side::Server), || run(Side::Client));
        // After a reset, the system throws away what it hasn't sent yet (RFC 9293, section 3.10.5).
        // Of many pieces, the last may wait there for acknowledgements, and it doesn't say how long.
        thread::sleep(proxy.trouble.split.map_or(Duration::ZERO, |_| LOOK));
        passed
    })
}

/// Passes on everything that `from` sends, until the connection is over.
fn run(pair: &Pair, from: Side, trouble: &Trouble) {
    let mut pass = passing(pair, from, trouble);
    let Some(delay) = trouble.delay else {
        return pair.read_all(from, pass);
    };
    let (queue, waiting) = sync_channel(MOST_WAITING);
    let pass_on = |(due, sent): (_, Option<Vec<u8>>)| {
        pair.wait_until(due);
        pass(sent.as_deref());
    };
    let pass_all = || waiting.into_iter().for_each(pass_on);
    let wait = move |sent: Option<&[u8]>| {
        let _ = queue.send((Instant::now() + delay, sent.map(<[u8]>::to_vec)));
    };
    let read = || pair.read_all(from, wait);
    both(pass_all, read).unwrap_or_else(|error| pair.cut(Then::Reset, error));
}

/// What passes on each thing that `from` sends: bytes in pieces, no sooner than the next piece may
/// go, and no more than the trouble lets pass.
fn passing(pair: &Pair, from: Side, trouble: &Trouble) -> impl FnMut(Option<&[u8]>) + Send {
    let to = from.other();
    let (limit, then, how) = match (trouble.reset_after, trouble.close_after) {
        (Some(limit), _) => (limit, Then::Reset, "reset"),
        (None, limit) => (limit.unwrap_or(usize::MAX), Then::HalfClose, "half-closed"),
    };
    let (mut passed, mut next) = (0, Instant::now());
    move |sent| {
        let bytes = match sent {
            None => return pair.cut(Then::Reset, format_args!("{from} reset")),
            Some([]) => return pair.half_close(from),
            Some(bytes) => bytes.get(..limit - passed).unwrap_or(bytes),
        };
        for (number, piece) in bytes.chunks(trouble.piece()).enumerate() {
            pair.wait_until(next);
            if pair.write(to, piece).is_err() {
                return;
            }
            next = Instant::now().max(next) + trouble.pause(number, piece.len());
        }
        passed += bytes.len();
        if passed == limit {
            let why = format!("tap {how} both sides after {} to the {to}", counted(passed));
            pair.cut(then, why);
        }
    }
}
