//! Peers that mean harm, or behave as if they did.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use console::is_timeout;
use socket2::SockRef;

/// How many do their harm at the same time: those that are gone at once, and those that stay.
const QUICK: usize = 2;
const LINGERING: usize = 16;

/// The pause between two drops of a peer that drips, and how soon one that stays notices the end.
const PAUSE: Duration = Duration::from_millis(100);

/// The longest wait of a peer here.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a peer does on one connection.
pub type Harm = fn(TcpStream) -> io::Result<()>;

/// Against a server that expects HTTP.
pub const WEB: [Harm; 7] = [
    |peer| sends_and_resets(peer, b"GET / HT"),
    |peer| sends_and_resets(peer, b""),
    |peer| sends(peer, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    |peer| sends(peer, &[0xff; 3000]),
    |peer| sends(peer, b"GET / HTTP/1.1\r\nHost"),
    |peer| sends(peer, &b"GET / HTTP/1.1\r\nX: ".repeat(4000)),
    |mut peer| peer.write_all(super::tcp::REQUEST), // and closes, without reading the answer
];

/// Against a room. None of their lines ends in a stamp, which is how those of the load end.
pub const ROOM: [Harm; 7] = [
    |peer| sends_and_resets(peer, b"half a li"),
    |peer| sends_and_resets(peer, b""),
    |peer| sends(peer, b"\x1b]0;title\x07\x1b[2J\xff\xfe\n* g1 has left.\n"),
    |peer| sends(peer, &[b'x'; 60_000]), // more would be read slowly
    |peer| sends(peer, b"/name host\n/name \n\n\nno name\n"),
    |peer| sends(peer, b"byebye"),
    |mut peer| peer.write_all(b"said, and gone\n"),
];

/// Does harm until `work` is done, with at most `most` connections: the closed ones hold a port of
/// this machine for a minute. Returns how many there were, and what `work` returned.
pub fn beside<T>(
    address: SocketAddr,
    harms: &[Harm],
    most: u64,
    work: impl FnOnce() -> T,
) -> (u64, T) {
    let (done, count) = (&AtomicBool::new(false), &AtomicU64::new(0));
    let next = || !done.load(Relaxed) && count.fetch_add(1, Relaxed) < most;
    let result = thread::scope(|scope| {
        for number in 0..QUICK + LINGERING {
            let mut harms = harms.iter().cycle();
            scope.spawn(move || {
                while next() {
                    // It is meant to go wrong.
                    let _ = connect(address).and_then(|peer| match harms.next() {
                        Some(harm) if number < QUICK => harm(peer),
                        _ => stays(peer, number % 2 == 0, done),
                    });
                }
            });
        }
        let result = work();
        done.store(true, Relaxed);
        result
    });
    (count.load(Relaxed).min(most), result)
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let peer = TcpStream::connect_timeout(&address, PATIENCE)?;
    peer.set_read_timeout(Some(PATIENCE))?;
    peer.set_write_timeout(Some(PATIENCE))?;
    Ok(peer)
}

/// Sends, ends its side, and reads whatever comes.
fn sends(mut peer: TcpStream, bytes: &[u8]) -> io::Result<()> {
    peer.write_all(bytes)?;
    peer.shutdown(Shutdown::Write)?;
    io::copy(&mut peer, &mut io::sink()).map(drop)
}

/// Sends, and resets the connection: with no time to linger, that is what a close does.
fn sends_and_resets(mut peer: TcpStream, bytes: &[u8]) -> io::Result<()> {
    peer.write_all(bytes)?;
    SockRef::from(&peer).set_linger(Some(Duration::ZERO))
}

/// Stays for as long as it may: silent, or with a byte now and then.
fn stays(mut peer: TcpStream, drips: bool, done: &AtomicBool) -> io::Result<()> {
    peer.set_read_timeout(Some(PAUSE))?;
    if drips {
        peer.write_all(b"GET / HTTP/1.1\r\nX: ")?;
    }
    let mut piece = [0; 4096];
    while !done.load(Relaxed) {
        match peer.read(&mut piece) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if is_timeout(&error) => {}
            Err(error) => return Err(error),
        }
        if drips {
            peer.write_all(b"x")?;
        }
    }
    Ok(())
}
