//! The project's own answer to `exercises/states.rs`.

use crate::states::{Event, State};

pub fn next(state: State, event: Event) -> State {
    match (state, event) {
        (State::Closed, Event::Listens) => State::Listen,
        (State::Closed, Event::Connects) => State::SynSent,

        (State::Listen | State::SynSent, Event::SynArrives) => State::SynReceived,
        (State::SynSent, Event::SynAckArrives) => State::Established,
        // If both sides connect at the same time, the ACK comes with a SYN.
        (State::SynReceived, Event::AckArrives | Event::SynAckArrives) => State::Established,
        (State::Listen | State::SynSent, Event::Closes) => State::Closed,

        (State::SynReceived | State::Established, Event::Closes) => State::FinWait1,
        (State::FinWait1, Event::AckArrives) => State::FinWait2,
        (State::FinWait1, Event::FinArrives) => State::Closing,
        (State::FinWait2, Event::FinArrives) => State::TimeWait,
        (State::Closing, Event::AckArrives) => State::TimeWait,
        (State::TimeWait, Event::WaitIsOver) => State::Closed,

        (State::Established, Event::FinArrives) => State::CloseWait,
        (State::CloseWait, Event::Closes) => State::LastAck,
        (State::LastAck, Event::AckArrives) => State::Closed,

        _ => state,
    }
}
