//! Judges `exercises/chat_server.rs` and `exercises/chat_client.rs`, each from the day when no
//! `todo!` is left in it.

use std::process::ExitCode;

use checks::check::Role;
use judging::program::{self, Exercise};

fn main() -> ExitCode {
    program::main(&[
        Exercise {
            role: Role::ChatServer,
            file: "exercises/chat_server.rs",
            source: include_str!("../exercises/chat_server.rs"),
            program: env!("CARGO_BIN_EXE_chat_server"),
        },
        Exercise {
            role: Role::ChatClient,
            file: "exercises/chat_client.rs",
            source: include_str!("../exercises/chat_client.rs"),
            program: env!("CARGO_BIN_EXE_chat_client"),
        },
    ])
}
