//! Explains a packet in words.

use smoltcp::wire::TcpControl;

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
            Trigger::Packet if sent.segment.control == TcpControl::Syn => {
                "the SYN came again: sent again".to_owned()
            }
            Trigger::Packet => "3 duplicate ACKs: sent again at once".to_owned(),
        },
    };
    format!("{purpose}; {more}")
}

fn purpose(sent: &Sent) -> String {
    let (sender, segment) = (sent.packet.from, &sent.segment);
    match (segment.control, segment.ack) {
        (TcpControl::Rst, _) => format!("the {sender} resets the connection"),
        (TcpControl::Syn, None) => format!("the {sender} asks for a connection"),
        (TcpControl::Syn, Some(_)) => {
            format!("the {sender} agrees and asks for the other direction")
        }
        (TcpControl::Fin, _) => format!("the {sender} has no more to send"),
        _ if segment.length > 0 => {
            // The SYN had the number 0, so the first byte has the number 1.
            let last = u64::from(segment.seq) + segment.length as u64 - 1;
            format!("bytes {} to {last}", segment.seq)
        }
        (_, Some(1)) if sender == Side::Client && segment.seq == 1 => {
            "the client confirms: the handshake is complete".to_owned()
        }
        // An acknowledgement names the next number; those of SYN and FIN count too.
        (_, ack) => format!(
            "the {sender} has everything before number {}",
            ack.unwrap_or(0)
        ),
    }
}
