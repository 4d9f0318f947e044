//! Judges `exercises/udp_server.rs` and `exercises/udp_client.rs`, each from the day when no
//! `todo!` is left in it.

use std::process::ExitCode;

use checks::check::Role;
use judging::program::{self, Exercise};

fn main() -> ExitCode {
    program::main(&[
        Exercise {
            role: Role::UdpServer,
            file: "exercises/udp_server.rs",
            source: include_str!("../exercises/udp_server.rs"),
            program: env!("CARGO_BIN_EXE_udp_server"),
        },
        Exercise {
            role: Role::UdpClient,
            file: "exercises/udp_client.rs",
            source: include_str!("../exercises/udp_client.rs"),
            program: env!("CARGO_BIN_EXE_udp_client"),
        },
    ])
}
