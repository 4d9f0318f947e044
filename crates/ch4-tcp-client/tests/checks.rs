//! The checks of this chapter's roles, against both versions of its programs and the starters.

use checks::check::Role;
use insta::assert_snapshot;
use judging::program::expect_a_helpful_starter;
use judging::versions::{failures, verdicts};

use crate::PROGRAM;

#[test]
fn the_robust_tcp_client_stands_every_check() {
    let arguments = ["--port", "{port}"];
    assert_eq!(failures(Role::TcpClient, PROGRAM, arguments, None), "");
}

#[test]
fn what_the_tutorials_tcp_client_falls_for() {
    let arguments = ["--tutorial", "--port", "{port}"];
    let expected =
        include_str!("snapshots/tests__checks__what_the_tutorials_tcp_client_falls_for.snap");
    assert_snapshot!(verdicts(Role::TcpClient, PROGRAM, arguments, expected));
}

#[test]
fn the_starter_of_the_tcp_client_says_what_to_write() {
    let source = include_str!("../exercises/tcp_client.rs");
    expect_a_helpful_starter(Role::TcpClient, env!("CARGO_BIN_EXE_tcp_client"), source);
}
