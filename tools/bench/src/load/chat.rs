//! A room full of guests, who all speak, and all hear everybody.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use super::tcp::connect;
use super::{Load, nanoseconds};

/// Messages, and bytes, that are on their way at the same time at most. So a guest that the machine
/// lets read a moment later than the others isn't taken for a slow one.
const WINDOW: usize = 32;
const WINDOW_BYTES: usize = 32 * 1024;

/// How many digits at the end of a message tell when it was sent.
const STAMP: usize = 20;

/// Who is in the room, and what they say.
#[derive(Debug, Clone, Copy)]
pub struct Guests {
    /// How many there are.
    pub all: usize,
    /// How many of them never read.
    pub deaf: usize,
    /// How many bytes a message has, its LF included.
    pub message_bytes: usize,
}

/// Guests take turns to speak, all but the last, the witness, who only listens: the room sent a
/// message to all others before it. Counts what arrived at those who read.
///
/// # Errors
///
/// A guest can't connect, or the room falls silent.
pub fn talk(address: SocketAddr, guests: Guests, time: Duration) -> io::Result<Load> {
    let begin = Instant::now();
    let streams = join(address, guests.all)?;
    let mut load = Load::default();
    let Some((witness, others)) = streams.split_last() else {
        return Ok(load);
    };
    let (speakers, _deaf) = others.split_at(others.len().saturating_sub(guests.deaf));

    let (echo, heard) = channel();
    thread::scope(|scope| {
        let ear = |guest| Builder::new().spawn_scoped(scope, move || count_messages(guest));
        let ears: Vec<_> = speakers.iter().map(ear).collect();
        let last = scope.spawn(move || hear_all(witness, begin, &echo));

        let started = Instant::now();
        let spoken = speak(speakers, guests.message_bytes, begin, time, &heard);
        load.elapsed = started.elapsed();
        for stream in &streams {
            // One that was dropped is gone already.
            let _ = stream.shutdown(Shutdown::Write);
        }
        let sent = spoken?;
        for ear in ears {
            load.done += ear?.join().unwrap_or_default();
        }
        if let Ok((witnessed, dropped)) = last.join() {
            load = load.and(&witnessed);
            if guests.deaf > 0 {
                let percent = dropped * 100 / guests.deaf as u64;
                let remark = format!("the room dropped {percent} % of them in the last round");
                load.remark = Some(remark);
            }
        }
        // A speaker doesn't hear itself; the witness hears all.
        load.errors = (sent * speakers.len() as u64).abs_diff(load.done);
        Ok(load)
    })
}

/// How many messages a guest hears.
fn count_messages(guest: &TcpStream) -> u64 {
    let mut messages = 0;
    hear(guest, |line| messages += u64::from(stamp(line).is_some()));
    messages
}

/// What the witness hears: the messages, each with its latency and told to `echo`, and how many
/// guests the room dropped.
fn hear_all(witness: &TcpStream, begin: Instant, echo: &Sender<()>) -> (Load, u64) {
    let (mut load, mut dropped) = (Load::default(), 0);
    hear(witness, |line| match stamp(line) {
        Some(sent) => {
            load.count(Ok(()), begin.elapsed().saturating_sub(sent));
            // Nobody speaks any more at the end.
            let _ = echo.send(());
        }
        None => dropped += u64::from(line.ends_with(b" was dropped for reading too slowly.")),
    });
    (load, dropped)
}

/// Speakers take turns until time is up. Returns how many messages they sent, once the witness has
/// heard all of them, or the room has closed.
fn speak(
    speakers: &[TcpStream],
    message_bytes: usize,
    begin: Instant,
    time: Duration,
    heard: &Receiver<()>,
) -> io::Result<u64> {
    let end = Instant::now() + time;
    let window = WINDOW.min(WINDOW_BYTES / message_bytes) as u64;
    let (mut sent, mut arrived) = (0, 0);
    for mut speaker in speakers.iter().cycle().take_while(|_| Instant::now() < end) {
        if sent - arrived == window {
            if heard.recv().is_err() {
                break;
            }
            arrived += 1;
        }
        let stamp = format!(" {:0STAMP$}\n", nanoseconds(begin.elapsed()));
        let line = format!("{stamp:->message_bytes$}");
        speaker.write_all(line.as_bytes())?;
        sent += 1;
    }
    while arrived < sent && heard.recv().is_ok() {
        arrived += 1;
    }
    Ok(sent)
}

/// Guests join, in order. When the first hears the last speak, all are in the room.
///
/// # Errors
///
/// A guest can't connect, or the room is silent.
pub fn join(address: SocketAddr, guests: usize) -> io::Result<Vec<TcpStream>> {
    let streams = connect(address, guests)?;
    let [first, .., last] = streams.as_slice() else {
        return Ok(streams);
    };
    (&*last).write_all(b"all are here\n")?;
    // More than the line may be in the buffer when it is dropped, but no message of the load.
    for line in BufReader::new(first).split(b'\n') {
        if line?.ends_with(b"all are here") {
            break;
        }
    }
    Ok(streams)
}

/// Reads lines until the room closes the connection.
fn hear(stream: &TcpStream, mut each: impl FnMut(&[u8])) {
    let mut lines = BufReader::with_capacity(16 * 1024, stream);
    let mut line = Vec::new();
    while matches!(lines.read_until(b'\n', &mut line), Ok(1..)) {
        each(line.trim_ascii_end());
        line.clear();
    }
}

/// When a message was sent, if the line is one of this load's, and no news of the room, or
/// another's words.
fn stamp(line: &[u8]) -> Option<Duration> {
    let (_, stamp) = line.split_at_checked(line.len().checked_sub(STAMP)?)?;
    let stamp = str::from_utf8(stamp).ok()?;
    stamp.parse().ok().map(Duration::from_nanos)
}
