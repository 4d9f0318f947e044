//! What each step prints, both sides of it.

use insta::assert_snapshot;
use testkit::{Program, example, normalise, wine_lacks};

use crate::PROGRAM;
use crate::common::{CLOSED_PORT, port_without_server};

fn client(step: &str, port: u16, typed: &'static str) -> String {
    let arguments = ["client".to_owned(), port.to_string()];
    let mut client = Program::start(example(PROGRAM, step), arguments);
    client.types_and_ends(typed);
    client.wait().report()
}

#[test]
fn what_each_step_prints() {
    let mut consoles = Vec::new();
    for step in ["step1_forever", "step2_again"] {
        let server = Program::start(example(PROGRAM, step), ["server", "0"]);
        let port = server.address().port();
        let clients = ["36.6\n", "warm\n"].map(|typed| client(step, port, typed));
        let server = normalise(&server.output.wait_for("Not a temperature"));
        consoles.push(format!("{step}\n{server}{}", clients.join("\n")));
    }
    assert_snapshot!("steps", consoles.join("\n\n"));
}

#[test]
fn step_2_hears_that_nobody_has_the_port() {
    if wine_lacks(CLOSED_PORT) {
        return;
    }
    let (_holder, server) = port_without_server();
    assert_snapshot!(client("step2_again", server.port(), "36.6\n"), @"
    Degrees Celsius: No answer: [the system's words]
    Degrees Celsius: [exit status: 0]
    ");
}
