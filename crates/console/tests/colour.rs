//! A test with colour, in a process of its own: all the others are without.

use console::Style;

#[test]
fn each_line_is_painted_by_itself() {
    colored::control::set_override(true);
    let painted = Style::Peer.paint("\n| one\n| two\n").to_string();
    assert_eq!(
        painted,
        "\n\u{1b}[32m| one\u{1b}[0m\n\u{1b}[32m| two\u{1b}[0m\n"
    );
}
