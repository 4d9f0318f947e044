//! Section 4.3: a room in which everybody hears everybody.

use console::Error;

use crate::compare::{Contender, Scale, compare};
use crate::figures::Section;
use crate::load::chat::{Guests, talk};
use crate::programs::start;
use crate::server::Server;

const FLOOR: &str = "floor";
const ROOM: &str = "robust room";
const ALL_READ: &str = "all read";
const SOME_DEAF: &str = "10 never read";

/// A room that is full, beside the floor; then one in which some guests never read.
///
/// # Errors
///
/// A server can't be started, or the room falls silent.
pub fn measure(scale: &Scale) -> Result<Vec<Section>, Error> {
    let guests = Guests {
        all: if scale.quick { 50 } else { 200 },
        deaf: 0,
        message_bytes: 64,
    };
    Ok(vec![
        beside_the_floor(scale, guests)?,
        with_deaf_guests(scale, guests)?,
    ])
}

fn beside_the_floor(scale: &Scale, guests: Guests) -> Result<Section, Error> {
    let count = guests.all;
    let line = format!("bench floor chat --count {count}");
    let floor = || start(&line);
    let load = |address, time| talk(address, guests, time);
    let contenders = [
        Contender::new(FLOOR, floor, load),
        Contender::new("floor again (the noise)", floor, load),
        Contender::new(ROOM, room, load),
    ];
    let title = format!("Chat: {count} guests, each message to all others");
    let scale = longer(scale, 2);
    let goals = [(ROOM, FLOOR, 0.80)];
    compare("chat", title, "deliveries", &scale, &contenders, &goals)
}

/// Messages and rounds are longer here, so that a guest that doesn't read is full within a round.
fn with_deaf_guests(scale: &Scale, guests: Guests) -> Result<Section, Error> {
    let contenders = [(ALL_READ, 0), (SOME_DEAF, 10)].map(|(name, deaf)| {
        let guests = Guests {
            deaf,
            message_bytes: 4000,
            ..guests
        };
        Contender::new(name, room, move |address, time| talk(address, guests, time))
    });
    let count = guests.all;
    let title = format!("Chat: {count} guests, messages of 4,000 bytes, some never read");
    let scale = longer(scale, 4);
    let goals = [(SOME_DEAF, ALL_READ, 0.95)];
    let id = "chat-deaf";
    compare(id, title, "deliveries", &scale, &contenders, &goals)
}

fn room() -> Result<Server, Error> {
    start("ch4-chat server")
}

fn longer(scale: &Scale, times: u32) -> Scale {
    Scale {
        time: scale.time * times,
        ..*scale
    }
}
