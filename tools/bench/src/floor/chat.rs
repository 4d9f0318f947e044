use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

/// Reads a line from each guest in turn and writes it to all others, for as long as they stay; then
/// waits for the next room full of guests.
pub(super) fn serve(listener: &TcpListener, guests: usize) -> io::Result<()> {
    loop {
        let accept = |_| {
            let (guest, _) = listener.accept()?;
            guest.set_nodelay(true)?;
            Ok(guest)
        };
        let room: io::Result<Vec<TcpStream>> = (0..guests).map(accept).collect();
        // When somebody leaves, all do.
        let _ = relay(&room?);
    }
}

/// The load lets guests speak in order, so nothing has to find out who speaks next: the last one
/// once, to say that all are there, and then the others in turn.
fn relay(room: &[TcpStream]) -> io::Result<()> {
    let mut line = [0; 8192];
    let last = room.len().saturating_sub(1);
    let speakers = room.iter().enumerate();
    let turns = speakers
        .clone()
        .skip(last)
        .chain(speakers.take(last).cycle());
    for (number, mut speaker) in turns {
        let count = speaker.read(&mut line)?;
        if count == 0 {
            break;
        }
        for (other, mut guest) in room.iter().enumerate() {
            if other != number {
                guest.write_all(line.split_at(count).0)?;
            }
        }
    }
    Ok(())
}
