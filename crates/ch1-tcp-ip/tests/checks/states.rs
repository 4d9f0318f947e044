//! Checks of `exercises/states.rs`, and of any function that claims to do the same job.

use judging::function::{Check, check, expect_untold};

use crate::states::{Event, State};

const READ: &str = "docs/1.2-tcp.md, the picture of the states, or RFC 9293, figure 5";

type Next = fn(State, Event) -> State;

pub fn checks(next: Next) -> Vec<Check> {
    use Event::{
        AckArrives, Closes, Connects, FinArrives, Listens, SynAckArrives, SynArrives, WaitIsOver,
    };
    use State::{
        CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynReceived,
        SynSent, TimeWait,
    };
    let walk = move |name, start: State, steps: &'static [(Event, State)]| {
        check(name, move || {
            let mut state = start;
            for &(event, expected) in steps {
                let call = format!("next({state:?}, {event:?})");
                expect_untold(&call, &expected, &next(state, event), READ)?;
                state = expected;
            }
            Ok(())
        })
    };
    vec![
        walk(
            "a client connects",
            Closed,
            &[(Connects, SynSent), (SynAckArrives, Established)],
        ),
        walk(
            "a client connects to a server",
            Closed,
            &[
                (Listens, Listen),
                (SynArrives, SynReceived),
                (AckArrives, Established),
            ],
        ),
        walk(
            "the side that closes first waits at the end",
            Established,
            &[
                (Closes, FinWait1),
                (AckArrives, FinWait2),
                (FinArrives, TimeWait),
                (WaitIsOver, Closed),
            ],
        ),
        walk(
            "the side that closes last needn't wait",
            Established,
            &[
                (FinArrives, CloseWait),
                (Closes, LastAck),
                (AckArrives, Closed),
            ],
        ),
        walk(
            "both close at the same time",
            Established,
            &[
                (Closes, FinWait1),
                (FinArrives, Closing),
                (AckArrives, TimeWait),
                (WaitIsOver, Closed),
            ],
        ),
        walk(
            "both connect at the same time",
            Closed,
            &[
                (Connects, SynSent),
                (SynArrives, SynReceived),
                (AckArrives, Established),
            ],
        ),
        walk("a listener closes", Listen, &[(Closes, Closed)]),
        walk(
            "a client stops waiting for an answer",
            SynSent,
            &[(Closes, Closed)],
        ),
        walk(
            "a server closes before the handshake is complete",
            SynReceived,
            &[(Closes, FinWait1)],
        ),
        walk(
            "acknowledgements change nothing in an open connection",
            Established,
            &[(AckArrives, Established)],
        ),
        walk(
            "a closed side can still receive, and waits for the other side's FIN",
            FinWait2,
            &[(AckArrives, FinWait2), (Closes, FinWait2)],
        ),
        walk(
            "an event without meaning changes nothing",
            Closed,
            &[
                (FinArrives, Closed),
                (AckArrives, Closed),
                (WaitIsOver, Closed),
                (Closes, Closed),
            ],
        ),
        walk(
            "a listener doesn't take a stray ACK",
            Listen,
            &[(AckArrives, Listen)],
        ),
        walk(
            "TIME-WAIT waits",
            TimeWait,
            &[(AckArrives, TimeWait), (FinArrives, TimeWait)],
        ),
    ]
}
