//! Judges `exercises/tcp_client.rs`, from the day when no `todo!` is left in it.

use std::process::ExitCode;

use checks::check::Role;
use judging::program::{self, Exercise};

fn main() -> ExitCode {
    program::main(&[Exercise {
        role: Role::TcpClient,
        file: "exercises/tcp_client.rs",
        source: include_str!("../exercises/tcp_client.rs"),
        program: env!("CARGO_BIN_EXE_tcp_client"),
    }])
}
