//! Tests with colour, in a process of their own: all the others are without.

use console::{Stage, Style};

#[test]
fn each_line_is_painted_by_itself() {
    colored::control::set_override(true);
    let painted = Style::Peer.paint("\n| one\n| two\n");
    assert_eq!(
        painted,
        "\n\u{1b}[32m| one\u{1b}[0m\n\u{1b}[32m| two\u{1b}[0m\n"
    );
}

#[test]
fn each_player_on_a_stage_has_another_colour() {
    colored::control::set_override(true);
    let mut shown = Vec::new();
    let mut stage = Stage::new(&mut shown, ["host", "Li"]);
    for player in ["host", "Li", "the end"] {
        stage.shows(player, "is here").unwrap();
    }
    assert_eq!(
        String::from_utf8_lossy(&shown),
        "\u{1b}[35mhost\u{1b}[0m | is here\n\u{1b}[33mLi  \u{1b}[0m | is here\n\
         \u{1b}[37mthe end\u{1b}[0m | is here\n"
    );
}
