//! The checks of this chapter's roles, against both versions of its programs and the starters.

use checks::check::Role;
use insta::assert_snapshot;
use judging::program::expect_a_helpful_starter;
use judging::versions::{failures, verdicts};

use crate::PROGRAM;

#[test]
fn the_robust_udp_server_stands_every_check() {
    let arguments = ["server", "--port", "{port}"];
    assert_eq!(failures(Role::UdpServer, PROGRAM, arguments, None), "");
}

#[test]
fn what_the_tutorials_udp_server_falls_for() {
    let arguments = ["server", "--tutorial", "--port", "{port}"];
    let expected =
        include_str!("snapshots/tests__checks__what_the_tutorials_udp_server_falls_for.snap");
    assert_snapshot!(verdicts(Role::UdpServer, PROGRAM, arguments, expected));
}

#[test]
fn the_robust_udp_client_stands_every_check() {
    let arguments = ["client", "--port", "{port}"];
    assert_eq!(
        failures(Role::UdpClient, PROGRAM, arguments, Some("/no-answer")),
        ""
    );
}

#[test]
fn what_the_tutorials_udp_client_falls_for() {
    let arguments = ["client", "--tutorial", "--port", "{port}"];
    let expected =
        include_str!("snapshots/tests__checks__what_the_tutorials_udp_client_falls_for.snap");
    assert_snapshot!(verdicts(Role::UdpClient, PROGRAM, arguments, expected));
}

#[test]
fn the_starter_of_the_udp_server_says_what_to_write() {
    let source = include_str!("../exercises/udp_server.rs");
    expect_a_helpful_starter(Role::UdpServer, env!("CARGO_BIN_EXE_udp_server"), source);
}

#[test]
fn the_starter_of_the_udp_client_says_what_to_write() {
    let source = include_str!("../exercises/udp_client.rs");
    expect_a_helpful_starter(Role::UdpClient, env!("CARGO_BIN_EXE_udp_client"), source);
}
