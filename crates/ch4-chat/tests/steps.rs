//! What each step prints, both sides of it.

use insta::assert_snapshot;
use testkit::{Program, example};

use crate::PROGRAM;

struct Step {
    path: String,
    port: String,
    host: Program,
}

impl Step {
    fn hosted_by(step: &str) -> Self {
        let path = example(PROGRAM, step);
        let host = Program::start(&path, ["server", "0"]);
        let port = host.address().port().to_string();
        Self { path, port, host }
    }

    fn guest(&self) -> Program {
        Program::start(&self.path, ["client", &self.port])
    }
}

/// Types a line to one, which has arrived when the other shows it.
fn says(one: &mut Program, line: &str, other: &Program) {
    one.types(format!("{line}\n"));
    let _ = other.output.wait_for(line);
}

#[test]
fn step_1_in_turns() {
    let mut chat = Step::hosted_by("step1_lines");
    let mut guest = chat.guest();
    says(&mut guest, "hello", &chat.host);
    says(&mut chat.host, "hi", &guest);
    guest.types("byebye\n");
    let (guest, host) = (guest.wait().report(), chat.host.wait().report());
    assert_snapshot!("step1_lines", format!("host\n{host}\n\nguest\n{guest}"));
}

#[test]
fn step_2_at_any_time() {
    let mut chat = Step::hosted_by("step2_any_time");
    let mut guest = chat.guest();
    let _ = chat.host.output.wait_for("Connected");
    says(&mut chat.host, "hello", &guest);
    says(&mut chat.host, "are you there?", &guest);
    says(&mut guest, "hi", &chat.host);
    guest.types("byebye\n");
    let guest = guest.wait().report();
    let _ = chat.host.output.wait_for("left");
    let host = chat.host.wait().report();
    assert_snapshot!("step2_any_time", format!("host\n{host}\n\nguest\n{guest}"));
}

#[test]
fn step_3_a_room() {
    let mut chat = Step::hosted_by("step3_room");
    let mut one = chat.guest();
    let _ = chat.host.output.wait_for("joined");
    let mut two = chat.guest();
    says(&mut two, "hello, everybody", &chat.host);
    let _ = one.output.wait_for("hello, everybody");
    says(&mut chat.host, "welcome", &one);
    let _ = two.output.wait_for("welcome");
    one.types("byebye\n");
    let one = one.wait().report();
    let _ = chat.host.output.wait_for("left");
    chat.host.types("byebye\n");
    let _ = two.output.wait_for("left");
    let (host, two) = (chat.host.wait().report(), two.wait().report());
    assert_snapshot!(
        "step3_room",
        format!("host\n{host}\n\none\n{one}\n\ntwo\n{two}")
    );
}
