//! Exercise: the states of a TCP connection, on one side.
//!
//! `cargo run -p ch1-tcp-ip -- tcp` shows them as they change. Read docs/1.2-tcp.md first. Then
//! write the function, and let it be judged:
//! `cargo course states`

#![allow(unused_variables, reason = "for each `todo!`: delete this line last")]

/// The state of one side (RFC 9293, section 3.3.2). Leave it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Closed,
    Listen,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

/// What happens to it. Leave it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The program listens.
    Listens,
    /// The program connects; a SYN is sent.
    Connects,
    /// The program closes; where there is a connection, a FIN is sent.
    Closes,
    /// A SYN arrives, without an ACK.
    SynArrives,
    /// A SYN arrives that acknowledges ours.
    SynAckArrives,
    /// An ACK arrives that acknowledges all we have sent, our SYN or FIN too.
    AckArrives,
    /// A FIN arrives; it acknowledges nothing that is new.
    FinArrives,
    /// Twice the longest life of a packet has passed.
    WaitIsOver,
}

/// The state after the event. An event that means nothing in a state leaves it as it is.
pub fn next(state: State, event: Event) -> State {
    todo!("write `next`: match the state and the event together, and return the state that follows")
}
