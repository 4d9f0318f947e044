//! The checks of this chapter's roles, against both versions of its programs and the starters.

use checks::check::Role;
use insta::assert_snapshot;
use judging::program::expect_a_helpful_starter;
use judging::versions::{failures, verdicts};

use crate::PROGRAM;

#[test]
fn the_robust_chat_server_stands_every_check() {
    let arguments = ["server", "--port", "{port}"];
    assert_eq!(failures(Role::ChatServer, PROGRAM, arguments, None), "");
}

#[test]
fn what_the_tutorials_chat_server_falls_for() {
    let arguments = ["server", "--tutorial", "--port", "{port}"];
    let expected =
        include_str!("snapshots/tests__checks__what_the_tutorials_chat_server_falls_for.snap");
    assert_snapshot!(verdicts(Role::ChatServer, PROGRAM, arguments, expected));
}

#[test]
fn the_robust_chat_client_stands_every_check() {
    let arguments = ["client", "--port", "{port}"];
    assert_eq!(failures(Role::ChatClient, PROGRAM, arguments, None), "");
}

#[test]
fn what_the_tutorials_chat_client_falls_for() {
    let arguments = ["client", "--tutorial", "--port", "{port}"];
    let expected =
        include_str!("snapshots/tests__checks__what_the_tutorials_chat_client_falls_for.snap");
    assert_snapshot!(verdicts(Role::ChatClient, PROGRAM, arguments, expected));
}

#[test]
fn the_starter_of_the_chat_server_says_what_to_write() {
    let source = include_str!("../exercises/chat_server.rs");
    expect_a_helpful_starter(Role::ChatServer, env!("CARGO_BIN_EXE_chat_server"), source);
}

#[test]
fn the_starter_of_the_chat_client_says_what_to_write() {
    let source = include_str!("../exercises/chat_client.rs");
    expect_a_helpful_starter(Role::ChatClient, env!("CARGO_BIN_EXE_chat_client"), source);
}
