//! A room full of guests, who all speak, and all hear everybody.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use console::{Error, OrCannot};

use super::{Load, nanoseconds};
use crate::stats::number;

/// Messages that are on their way at the same time.
const WINDOW: usize = 32;

/// How many digits of a message tell when it was sent.
const STAMP: usize = 20;

/// A guest's thread only reads.
const STACK_BYTES: usize = 96 * 1024;

/// Who is in the room, and what they say.
#[derive(Debug, Clone, Copy)]
pub struct Guests {
    /// How many there are.
    pub all: usize,
    /// How many of them never read.
    pub deaf: usize,
    /// How many bytes a message has, its LF included.
    pub message_bytes: usize,
    /// Whether the host tells who joins, as a room does and a floor doesn't.
    pub announced: bool,
}

/// Guests take turns to speak, all but the last, who only listens: a message that it has heard
/// has been sent to all others before. It counts what arrived at those who read.
///
/// # Errors
///
/// Somebody can't connect, or the room falls silent.
pub fn talk(address: SocketAddr, guests: Guests, time: Duration) -> Result<Load, Error> {
    let begin = Instant::now();
    let streams = join(address, guests).or_cannot("join the room on", address)?;
    let hearing = guests.all - guests.deaf;
    let (listeners, deaf) = streams.split_at(hearing.saturating_sub(1));
    let (deaf, witness) = deaf.split_at(guests.deaf);
    let Some(witness) = witness.first() else {
        return Ok(Load::new());
    };

    let (permits, permitted) = sync_channel(WINDOW);
    for _ in 0..WINDOW {
        // There is room for exactly these.
        let _ = permits.try_send(());
    }
    thread::scope(|scope| {
        let hear = |stream| move || count(stream);
        let mut ears = Vec::new();
        for stream in listeners {
            let ear = thread::Builder::new().stack_size(STACK_BYTES);
            let ear = ear.spawn_scoped(scope, hear(stream));
            ears.push(ear.or_cannot("start a thread for", "a guest")?);
        }
        let last = scope.spawn(move || listen(witness, begin, &permits));

        let started = Instant::now();
        let mut sent = 0_u64;
        let mut line = vec![b'-'; guests.message_bytes];
        let mut speakers = listeners.iter().cycle();
        while started.elapsed() < time && permitted.recv().is_ok() {
            let Some(mut speaker) = speakers.next() else {
                break;
            };
            let stamp = format!(" {:0STAMP$}\n", nanoseconds(begin.elapsed()));
            let start = line.len().saturating_sub(stamp.len());
            let (_, end) = line.split_at_mut(start);
            end.copy_from_slice(stamp.as_bytes());
            speaker.write_all(&line).or_cannot("speak on", address)?;
            sent += 1;
        }
        // The window comes back when all has been heard.
        for _ in 1..WINDOW {
            if permitted.recv().is_err() {
                break;
            }
        }
        let elapsed = started.elapsed();
        for stream in listeners.iter().chain(deaf).chain([witness]) {
            // Who was dropped is gone already.
            let _ = stream.shutdown(Shutdown::Write);
        }
        let heard: u64 = ears.into_iter().filter_map(|ear| ear.join().ok()).sum();
        let (latency, dropped) = last.join().unwrap_or_else(|_| (super::histogram(), 0));
        let done = heard + latency.len();
        // Who speaks doesn't hear itself; the witness hears all.
        let expected = sent * (hearing as u64 - 1);
        Ok(Load {
            done,
            errors: expected.abs_diff(done),
            elapsed,
            latency,
            remark: (guests.deaf > 0).then(|| {
                let part = number(dropped) / number(guests.deaf as u64) * 100.0;
                format!("of those who never read, {part:.0} % were dropped in the last round")
            }),
        })
    })
}

/// All connect, in order, and tell their names.
fn join(address: SocketAddr, guests: Guests) -> io::Result<Vec<TcpStream>> {
    let mut streams = Vec::with_capacity(guests.all);
    for number in 0..guests.all {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        if guests.announced {
            writeln!(stream, "/name g{number}")?;
        }
        streams.push(stream);
    }
    if guests.announced
        && let Some(first) = streams.first()
    {
        // The first to come hears of all others. Unbuffered: what follows is for its own thread.
        let mut first = BufReader::with_capacity(1, first);
        let (mut joined, mut line) = (1, Vec::new());
        while joined < guests.all {
            line.clear();
            if first.read_until(b'\n', &mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // Nobody else's name begins so.
            let ours = line.strip_prefix(b"* g").and_then(<[u8]>::first);
            let joins = line.ends_with(b" has joined.\n");
            joined += usize::from(joins && ours.is_some_and(u8::is_ascii_digit));
        }
    }
    Ok(streams)
}

/// Whether a line is a message of this load, and no news of the room, or another's words.
fn is_ours(line: &[u8]) -> bool {
    let text = line.trim_ascii_end();
    let (_, stamp) = text.split_at(text.len().saturating_sub(STAMP));
    stamp.len() == STAMP && stamp.iter().all(u8::is_ascii_digit)
}

/// How many messages arrive until the room closes.
fn count(stream: &TcpStream) -> u64 {
    let mut lines = BufReader::with_capacity(16 * 1024, stream);
    let (mut messages, mut line) = (0, Vec::new());
    while matches!(lines.read_until(b'\n', &mut line), Ok(1..)) {
        messages += u64::from(is_ours(&line));
        line.clear();
    }
    messages
}

/// The witness: how long each message took, and how many guests were dropped meanwhile.
fn listen(
    stream: &TcpStream,
    begin: Instant,
    permits: &SyncSender<()>,
) -> (hdrhistogram::Histogram<u64>, u64) {
    let mut latency = super::histogram();
    let mut dropped = 0;
    let mut lines = BufReader::with_capacity(64 * 1024, stream);
    let mut line = Vec::new();
    while matches!(lines.read_until(b'\n', &mut line), Ok(1..)) {
        let text = line.trim_ascii_end();
        if is_ours(&line) {
            let (_, stamp) = text.split_at(text.len().saturating_sub(STAMP));
            let sent: Option<u64> = str::from_utf8(stamp).ok().and_then(|it| it.parse().ok());
            let now = nanoseconds(begin.elapsed());
            latency.saturating_record(now.saturating_sub(sent.unwrap_or(now)));
            // Nobody speaks any more at the end.
            let _ = permits.try_send(());
        } else {
            dropped += u64::from(text.ends_with(b"was dropped for reading too slowly."));
        }
        line.clear();
    }
    (latency, dropped)
}
