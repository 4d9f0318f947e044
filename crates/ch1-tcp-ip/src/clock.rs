//! Virtual time, as it is printed.

use smoltcp::time::{Duration, Instant};

/// An instant of the virtual clock: `1.020`, in seconds.
pub fn seconds(at: Instant) -> String {
    let millis = at.total_millis();
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

/// A time span: `40 ms`, `1.0 s`.
pub fn short(span: Duration) -> String {
    let millis = span.total_millis();
    if millis < 1000 {
        format!("{millis} ms")
    } else {
        format!("{}.{} s", millis / 1000, millis % 1000 / 100)
    }
}
