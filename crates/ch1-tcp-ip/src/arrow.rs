//! An arrow from one side to the other, drawn with characters.

use crate::wire::Side;

/// An arrow `width` characters long, with the label at its sender's end: from the client on the
/// left, or from the server on the right. If the packet is lost, the arrow ends half way.
pub fn arrow(from: Side, label: &str, lost: bool, width: usize) -> String {
    let room = width.saturating_sub(label.chars().count() + 4);
    let shaft = if lost { room / 2 } else { room };
    let blank = " ".repeat(room - shaft);
    let shaft = "─".repeat(shaft);
    match from {
        Side::Client => format!("─ {label} {shaft}{}{blank}", if lost { "x" } else { "►" }),
        Side::Server => format!("{blank}{}{shaft} {label} ─", if lost { "x" } else { "◄" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_long_as_it_should_be_and_points_to_the_other_side() {
        let draw = |from, lost| arrow(from, "SYN seq 0", lost, 24);
        assert_eq!(draw(Side::Client, false), "─ SYN seq 0 ───────────►");
        assert_eq!(draw(Side::Server, false), "◄─────────── SYN seq 0 ─");
        assert_eq!(draw(Side::Client, true), "─ SYN seq 0 ─────x      ");
        assert_eq!(draw(Side::Server, true), "      x───── SYN seq 0 ─");
        // A label that doesn't fit stays whole: numbers that are cut would be wrong numbers.
        assert_eq!(arrow(Side::Client, "SYN seq 0", false, 5), "─ SYN seq 0 ►");
    }
}
