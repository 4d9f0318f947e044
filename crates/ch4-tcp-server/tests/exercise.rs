//! Judges `exercises/tcp_server.rs`, from the day when no `todo!` is left in it.

use std::process::ExitCode;

use checks::check::Role;
use judging::program::{self, Exercise};

fn main() -> ExitCode {
    program::main(&[Exercise {
        role: Role::TcpServer,
        file: "exercises/tcp_server.rs",
        source: include_str!("../exercises/tcp_server.rs"),
        program: env!("CARGO_BIN_EXE_tcp_server"),
    }])
}
