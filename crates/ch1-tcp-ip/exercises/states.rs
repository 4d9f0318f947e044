//! Exercise: the states of one side of a TCP connection.
//!
//! `cargo run -p ch1-tcp-ip -- tcp` shows them as they change. Read docs/1.2-tcp.md first. Then
//! write the function, and check it:
//! `cargo course states`

#![allow(unused_variables, reason = "for each `todo!`: delete this line last")]

/// The state of one side (RFC 9293, section 3.3.2). Don't change this type.
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

/// What happens to it. Don't change this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The program listens.
    Listens,
    /// The program connects; the system sends a SYN.
    Connects,
    /// The program closes; if there is a connection, the system sends a FIN.
    Closes,
    /// A SYN arrives, without an ACK.
    SynArrives,
    /// A SYN arrives that acknowledges our SYN.
    SynAckArrives,
    /// An ACK arrives that acknowledges everything we sent, including our SYN or FIN.
    AckArrives,
    /// A FIN arrives. It acknowledges nothing new.
    FinArrives,
    /// The wait in TIME-WAIT is over: twice the maximum lifetime of a segment.
    WaitIsOver,
}

/// The state after the event. An event that has no meaning in a state doesn't change it.
pub fn next(state: State, event: Event) -> State {
    todo!("write `next`: match the state and the event together, and return the state that follows")
}
