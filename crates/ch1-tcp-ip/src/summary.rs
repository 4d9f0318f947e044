//! Sums up a transfer in a few lines.

use console::{Error, Style};

use crate::clock::{seconds, short};
use crate::fate;
use crate::network::USER_TIMEOUT;
use crate::transfer::{Cause, Failure, Sent, Transfer, Trigger};

/// How many time-outs to name. More of them would fill the line.
const TIMEOUTS_NAMED: usize = 8;

/// The lines below a ladder.
pub fn summary(transfer: &Transfer) -> String {
    let intact = match (transfer.received, transfer.intact) {
        (0, _) => "",
        (_, true) => ", intact and in order",
        (_, false) => ", changed",
    };
    let delivered = format!("{} of {} bytes{intact}", transfer.received, transfer.bytes);
    let style = match transfer.failure {
        Some(_) => Style::Trouble,
        None => Style::Event,
    };
    let delivered = style.paint(delivered);

    let sent = &transfer.sent;
    let count = |is_so: fn(&Sent) -> bool| sent.iter().filter(|sent| is_so(sent)).count();
    let packets = fate::counts(&[
        (sent.len(), "sent"),
        (count(|sent| sent.packet.lost()), "lost"),
        (count(|sent| sent.packet.damaged), "damaged"),
        (count(|sent| sent.packet.late), "late"),
        (count(|sent| sent.packet.twice()), "arrived twice"),
        (count(|sent| sent.segment.again.is_some()), "sent again"),
    ])
    .join(", ");

    let waits = sent.iter().filter(|sent| sent.trigger == Trigger::Itself);
    let waits: Vec<String> = waits
        .filter_map(|sent| sent.segment.again)
        .map(short)
        .collect();
    let (named, more) = waits.split_at(waits.len().min(TIMEOUTS_NAMED));
    let named = named.join(", ");
    let timeouts = match more.len() {
        _ if waits.is_empty() => String::new(),
        0 => format!("time-outs    {named}\n"),
        more => format!("time-outs    {named} and {more} more\n"),
    };
    let end = seconds(transfer.end);
    format!(
        "delivered    {delivered}\n\
         packets      {packets}\n\
         {timeouts}\
         virtual time {end} s\n"
    )
}

impl Transfer {
    /// Whether all bytes arrived and both sides know it.
    ///
    /// # Errors
    ///
    /// A side gave up, or the other side reset the connection.
    pub fn result(&self) -> Result<(), Error> {
        let Some(Failure { at, cause }) = self.failure else {
            return Ok(());
        };
        let when = format!("at {} s", seconds(at));
        let cause = match cause {
            Cause::GaveUp(side, state) => format!(
                "the {side} gave up in state {state} {when}, after {} without an answer from the {}",
                short(USER_TIMEOUT),
                side.other(),
            ),
            Cause::Reset(side, state) => format!(
                "the {side} was reset in state {state} {when}: the {} has no such connection",
                side.other(),
            ),
            Cause::Stopped => format!("the simulation was stopped {when}"),
        };
        let action = if self.received == self.bytes {
            // The sender can't tell whether the last bytes or only the answers got lost.
            "be sure that all bytes arrived (they did)".to_owned()
        } else {
            format!("deliver all {} bytes", self.bytes)
        };
        let next = "lose fewer packets (--drop, --drop-packets), or try another --seed";
        Err(Error::cannot(action, cause, next))
    }
}
