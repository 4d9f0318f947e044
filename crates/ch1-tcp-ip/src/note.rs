//! Explains a packet in words.

use crate::clock::short;
use crate::transfer::{Sent, Trigger};
use crate::wire::Side;

/// What the packet is for, and why it was sent again or dropped.
pub fn note(sent: &Sent) -> String {
    let purpose = purpose(sent);
    let receiver = sent.packet.from.other();
    let more = match sent.segment.again {
        // Other columns say whether it was sent again, lost, late or doubled.
        _ if sent.packet.damaged => {
            format!("the {receiver} finds a wrong checksum and drops it")
        }
        None => return purpose,
        Some(wait) => match sent.trigger {
            Trigger::Itself => format!("no acknowledgement for {}: sent again", short(wait)),
            Trigger::Before => "sent again, like everything after the lost one".to_owned(),
            Trigger::Packet if sent.segment.flags.syn => {
                "the SYN came again: sent again".to_owned()
            }
            Trigger::Packet => "3 duplicate ACKs: sent again at once".to_owned(),
        },
    };
    format!("{purpose}; {more}")
}

fn purpose(sent: &Sent) -> String {
    let segment = &sent.segment;
    let flags = segment.flags;
    let sender = segment.from;
    let ack = segment.ack.unwrap_or(0);
    if flags.rst {
        format!("the {sender} resets the connection")
    } else if flags.syn && !flags.ack {
        format!("the {sender} asks for a connection")
    } else if flags.syn {
        format!("the {sender} agrees and asks for the other direction")
    } else if flags.fin {
        format!("the {sender} has no more to send")
    } else if segment.length > 0 {
        // The SYN had the number 0, so the first byte has the number 1.
        let last = u64::from(segment.seq) + segment.length as u64 - 1;
        format!("bytes {} to {last}", segment.seq)
    } else if segment.from == Side::Client && (segment.seq, ack) == (1, 1) {
        "the client confirms: the handshake is complete".to_owned()
    } else {
        // An acknowledgement names the next number; those of SYN and FIN count too.
        format!("the {sender} has everything before number {ack}")
    }
}
