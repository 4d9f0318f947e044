//! Sums up a transfer in a few lines.

use std::fmt::{self, Display};

use console::{Error, Style};

use crate::clock::{seconds, short};
use crate::count::Count;
use crate::network::USER_TIMEOUT;
use crate::transfer::{Cause, Failure, Transfer, Trigger};

/// How many time-outs to name. More of them would fill the line.
const TIMEOUTS_NAMED: usize = 8;

/// The lines below a ladder.
#[derive(Debug)]
pub struct Summary<'a>(pub &'a Transfer);

impl Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transfer = self.0;
        let (received, bytes) = (transfer.received, transfer.bytes);
        let intact = match (received, transfer.intact) {
            (0, _) => "",
            (_, true) => ", intact and in order",
            (_, false) => ", changed",
        };
        let delivered = format!("{received} of {bytes} bytes{intact}");
        let style = if transfer.failure.is_some() {
            Style::Trouble
        } else {
            Style::Event
        };
        writeln!(f, "delivered    {}", style.paint(delivered))?;

        let Count {
            packets,
            lost,
            late,
            twice,
            damaged,
            again,
        } = Count::of(&transfer.sent);
        write!(f, "packets      {packets} sent")?;
        for (count, word) in [
            (lost, "lost"),
            (damaged, "damaged"),
            (late, "late"),
            (twice, "arrived twice"),
            (again, "sent again"),
        ] {
            if count > 0 {
                write!(f, ", {count} {word}")?;
            }
        }
        writeln!(f)?;

        let waits: Vec<String> = transfer
            .sent
            .iter()
            .filter(|sent| sent.trigger == Trigger::Itself)
            .filter_map(|sent| sent.segment.again)
            .map(short)
            .collect();
        if !waits.is_empty() {
            let named: Vec<&str> = waits
                .iter()
                .take(TIMEOUTS_NAMED)
                .map(String::as_str)
                .collect();
            let more = match waits.len() - named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            writeln!(f, "time-outs    {}{more}", named.join(", "))?;
        }
        writeln!(f, "virtual time {} s", seconds(transfer.end))
    }
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
