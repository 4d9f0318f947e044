//! Section 4.3: a room in which everybody hears everybody.

use std::time::Duration;

use console::Error;

use crate::compare::{Contender, Goal, Plan, compare};
use crate::load::chat::{Guests, talk};
use crate::process::Running;
use crate::programs::{Programs, start_floor};
use crate::report::Section;

const FLOOR: &str = "floor";
const ROOM: &str = "robust room";
const ALL_READ: &str = "all read";
const SOME_DEAF: &str = "10 never read";

/// A room that is full, beside the floor; then one in which some guests never read.
///
/// # Errors
///
/// A program can't be started, or the room falls silent.
pub fn measure(programs: &Programs, plan: &Plan) -> Result<Vec<Section>, Error> {
    let plan = Plan {
        time: plan.time * 2,
        ..*plan
    };
    let longer = Plan {
        time: plan.time * 2,
        ..plan
    };
    let all = Guests {
        all: if plan.quick { 50 } else { 200 },
        deaf: 0,
        message_bytes: 64,
        announced: true,
    };
    Ok(vec![
        beside_the_floor(programs, &plan, all)?,
        deaf(programs, &longer, all)?,
    ])
}

fn beside_the_floor(programs: &Programs, plan: &Plan, all: Guests) -> Result<Section, Error> {
    const GOALS: [Goal; 1] = [(ROOM, FLOOR, 0.70)];
    let count = all.all.to_string();
    let floor = || start_floor(&["chat", "--guests", &count]);
    let quiet = Guests {
        announced: false,
        ..all
    };
    let on_floor = move |running: &Running, time: Duration| talk(running.address, quiet, time);
    let contenders = [
        Contender::new(FLOOR, floor, on_floor),
        Contender::new("floor again (the noise)", floor, on_floor),
        Contender::new(
            ROOM,
            || programs.start("ch4-chat", &["server"]),
            move |running: &Running, time| talk(running.address, all, time),
        ),
    ];
    let title = format!("Chat: {} guests, everybody's message to everybody", all.all);
    compare("chat", &title, "deliveries", plan, &contenders, &GOALS).map(Section::Comparison)
}

/// Messages are longer here, so that a guest that doesn't read is full within the round.
fn deaf(programs: &Programs, plan: &Plan, all: Guests) -> Result<Section, Error> {
    const GOALS: [Goal; 1] = [(SOME_DEAF, ALL_READ, 0.90)];
    let room = |deaf: usize| {
        let guests = Guests {
            deaf,
            message_bytes: 4000,
            ..all
        };
        (
            || programs.start("ch4-chat", &["server"]),
            move |running: &Running, time| talk(running.address, guests, time),
        )
    };
    let ((start, hear), (start_too, hear_less)) = (room(0), room(10));
    let contenders = [
        Contender::new(ALL_READ, start, hear),
        Contender::new(SOME_DEAF, start_too, hear_less),
    ];
    let title = format!(
        "Chat: {} guests, messages of 4,000 bytes, some never read",
        all.all
    );
    compare("chat-deaf", &title, "deliveries", plan, &contenders, &GOALS).map(Section::Comparison)
}
