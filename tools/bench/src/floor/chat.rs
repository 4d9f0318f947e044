use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

use console::{Action, Error, OrCannot};

use super::{ANY_PORT, announce};

/// Reads a line from each guest in turn and writes it to all others, for as long as they stay; then
/// waits for the next room full of guests.
pub(super) fn serve(guests: usize, out: &mut impl Write) -> Result<(), Error> {
    let listener = TcpListener::bind(ANY_PORT).or_cannot(Action::Listen, ANY_PORT)?;
    let here = listener.local_addr().or_cannot("look at", ANY_PORT)?;
    announce(here, out)?;
    loop {
        let room: Vec<TcpStream> = (0..guests)
            .map(|_| {
                let (guest, _) = listener.accept()?;
                guest.set_nodelay(true)?;
                Ok(guest)
            })
            .collect::<io::Result<_>>()
            .or_cannot(Action::Serve, here)?;
        // When somebody leaves, all do.
        let _ = relay(&room);
    }
}

/// The load lets guests speak in order, so nothing has to find out who speaks next. The last one
/// only listens.
fn relay(room: &[TcpStream]) -> io::Result<()> {
    let mut line = [0; 8192];
    let speakers = room.len().saturating_sub(1);
    for speaks in (0..speakers).cycle() {
        let Some(mut speaker) = room.get(speaks) else {
            break;
        };
        let count = speaker.read(&mut line)?;
        if count == 0 {
            break;
        }
        for (number, mut guest) in room.iter().enumerate() {
            if number != speaks {
                guest.write_all(line.split_at(count).0)?;
            }
        }
    }
    Ok(())
}
