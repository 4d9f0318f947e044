//! Section 5.2: a client that asks for a temperature and shows the answer.
//!
//! The numbers of all answers are wrong on purpose: a client that calculates shows others.

use std::time::Duration;

use supervise::Process;

use crate::check::{Check, Lesson, Level};
use crate::datagram::Answerer;
use crate::lab::{ESCAPES, Lab};
use crate::run::{Advise, Kind, Stop, Told};

const PAGE: Lesson = Lesson::page("docs/5.2-udp-client.md");

/// What to change in a client that sends more than what was typed, or something else.
const ALONE: &str = "Send the number alone, as it was typed: as text, and without a unit.";

/// All checks of the role.
pub const CHECKS: &[Check] = &[
    Check {
        id: "udp-client/asks",
        title: "Asks for what is typed",
        level: Level::Basic,
        about: "\"36.6\" is typed; a datagram with that number reaches the server.",
        advice: "Read a line from the standard input, create a UDP socket, and send the text to \
                 127.0.0.1 (localhost may stand for ::1) and the port that the program is given, \
                 but don't bind that port. The first line is a temperature already: don't ask for \
                 anything else, such as the port.",
        lesson: PAGE,
        run: |lab| sent_alone(asked(lab).map(drop)),
    },
    Check {
        id: "udp-client/shows",
        title: "Shows the answer",
        level: Level::Basic,
        about: "The server answers with a sentence, whose number is wrong on purpose; that number \
                appears in the client's output, with a point or a comma, and no NULs come with it.",
        advice: "After you have sent, receive into a buffer with room for a sentence, print all of \
                 the text that has come, and flush the output. Don't calculate: that is the \
                 server's task.",
        lesson: Lesson::pitfall("Output that stays in a buffer"),
        run: |lab| {
            // What takes only its beginning for a number finds none.
            asked(lab)?.answers("It is 96.4 degrees 4711");
            lab.expects_shown_alone(&["96.4"])
        },
    },
    Check {
        id: "udp-client/late-answer",
        title: "Waits for an answer that is late",
        level: Level::Basic,
        about: "The server answers after 700 ms.",
        advice: "Wait for an answer for a second or more before you ask again or give up.",
        lesson: PAGE,
        run: |lab| {
            let mut server = asked(lab)?;
            server.pauses(Duration::from_millis(700));
            server.answers("96.4 degrees 4711");
            lab.expects_shown(&["96.4"])
        },
    },
    Check {
        id: "udp-client/lost-answer",
        title: "Asks again if no answer comes",
        level: Level::Solid,
        about: "The server doesn't answer the first request. A second one comes within 6.5 s, and \
                its answer is shown.",
        advice: "Give the receiving call a time limit, such as a second, and then send the request \
                 again: either datagram may have been lost.",
        lesson: Lesson::pitfall("A lost datagram"),
        run: |lab| {
            let mut server = asked(lab)?;
            server.loses_it();
            server.expects("36.6", lab.patience().next)?;
            server.answers("96.4 degrees 4711");
            lab.expects_shown(&["96.4"])
        },
    },
    Check {
        id: "udp-client/no-answer",
        title: "Gives up if no answer ever comes",
        level: Level::Solid,
        about: "The client is started once when the server answers, and again when it doesn't; \
                each time a temperature is typed. Without an answer it stops asking, within 16 s: \
                it asks nothing for 6.5 s. Then the input ends. The client has said that no answer \
                came, and ends. Anything that it shows only the second time counts as saying so.",
        advice: "Limit how often you ask, such as three times. Then say that no answer came, and \
                 end at the end of the input.",
        lesson: Lesson::pitfall("Waiting forever"),
        run: |lab| {
            lab.rehearses(answered)?;
            let mut server = asked(lab)?;
            server.loses_it();
            // The end of the input ends a client that would never give up, too.
            server.expects_no_more_requests()?;
            lab.input_ends();
            gives_up(lab)
        },
    },
    Check {
        id: "udp-client/stranger",
        title: "Doesn't believe a stranger",
        level: Level::Expert,
        about: "Somebody else sends a false answer from another port; the server answers 300 ms \
                later. Only the server's answer is shown.",
        advice: "Connect the socket to the server's address, so that nobody else's datagrams \
                 arrive, or compare each sender's address with the server's.",
        lesson: Lesson::pitfall("An answer from a stranger"),
        run: |lab| {
            let mut server = asked(lab)?;
            server.a_stranger_answers(b"666.6 degrees 4712")?;
            server.pauses(Duration::from_millis(300));
            server.answers("96.4 degrees 4711");
            lab.expects_shown(&["96.4"])?;
            lab.expects_not_shown("666.6")
        },
    },
    Check {
        id: "udp-client/answered-twice",
        title: "Isn't misled by an answer that comes twice",
        level: Level::Expert,
        about: "The server answers twice, as when a request was asked again and both arrived. Then \
                \"10.5\" is typed; if the client asks for it, within 6.5 s, the answer to that is \
                shown. (A client that ends after one question has nothing to mix up.)",
        advice: "An answer may come after you have asked for something else. Create a socket for \
                 each question: a late answer to an old one then has nowhere to go.",
        lesson: Lesson::pitfall("An answer from a stranger"),
        run: |lab| {
            let mut server = asked(lab)?;
            server.answers("96.4 degrees 4711");
            server.answers("96.4 degrees 4711");
            lab.types("10.5");
            match server.expects("10.5", lab.patience().next) {
                Err(_) if lab.ends_within(Duration::ZERO) => lab.expects_no_crash(),
                Err(stop) => Err(stop).advise(
                    "Ask for the next temperature too, or end after the first: the client did \
                     neither.",
                ),
                Ok(()) => {
                    // A port or the time may have the digits of a number without a point.
                    server.answers("53.2 degrees 4712");
                    lab.expects_shown(&["53.2"])
                }
            }
        },
    },
    Check {
        id: "udp-client/not-utf8",
        title: "Survives an answer that isn't text",
        level: Level::Solid,
        about: "The server answers with bytes that aren't UTF-8. The text in them is shown.",
        advice: "Don't let decoding fail: replace what isn't UTF-8 (from_utf8_lossy, \
                 errors=\"replace\").",
        lesson: Lesson::pitfall("Bytes that are not text"),
        run: |lab| {
            asked(lab)?.answers(b"96.4 caf\xe9 \xff 4711");
            lab.expects_shown(&["96.4"])
        },
    },
    Check {
        id: "udp-client/empty-answer",
        title: "Survives an empty answer",
        level: Level::Solid,
        about: "The server answers with an empty datagram, and the input ends. The client ends \
                within 16 s, without a stack trace.",
        advice: "A datagram may be empty; that is neither an end nor a number. Don't wait for \
                 another one without a limit.",
        lesson: Lesson::pitfall("An empty message is not a message"),
        run: |lab| {
            asked(lab)?.answers("");
            lab.input_ends();
            lab.tell("the program should end");
            ends(lab)
        },
    },
    Check {
        id: "udp-client/terminal-escapes",
        title: "Prints nothing that a terminal would obey",
        level: Level::Expert,
        about: "The server's answer has a terminal's escape sequences. They must not come out \
                unchanged: when the number before them has been shown, the input ends, and the \
                check looks for 500 ms more.",
        advice: "Escape control characters before you print an answer (escape_debug, repr).",
        lesson: Lesson::pitfall("Bytes that your terminal obeys"),
        run: |lab| {
            asked(lab)?.answers(format!("96.4 {ESCAPES}"));
            lab.expects_shown(&["96.4"])?;
            lab.expects_no_escapes()
        },
    },
    Check {
        id: "udp-client/nobody-listens",
        title: "Says so if nobody listens",
        level: Level::Solid,
        about: "The client is started once when the server answers, and again when nobody has the \
                port; each time a temperature is typed and the input ends: if nobody listens, when \
                the client has said so, or 6.5 s later. Then it ends within 16 s. Anything that it \
                shows only when nobody listens counts as saying so.",
        advice: "Connect the socket: then a closed port is an error of the next call. Or give up \
                 when no answer comes in time. Don't show a stack trace.",
        lesson: Lesson::pitfall("Nobody listens there"),
        run: |lab| {
            lab.rehearses(answered)?;
            lab.tell("nobody has the port");
            lab.starts()?;
            lab.types("36.6");
            // At the end of the input a program may leave at once.
            lab.tell("the client may say that nobody listens");
            lab.waits_for_news(lab.patience().next);
            lab.input_ends();
            gives_up(lab)
        },
    },
    Check {
        id: "udp-client/empty-line",
        title: "Survives an empty line",
        level: Level::Solid,
        about: "An empty line is typed, then \"36.6\". The client asks for it within 6.5 s, or \
                has ended: with a message, or with exit status 0, as one that an empty line ends.",
        advice: "An empty line is no temperature: ask the user again, and don't wait for an \
                 answer to it.",
        lesson: Lesson::pitfall("An empty message is not a message"),
        run: |lab| {
            let mut server = lab.answers()?;
            lab.starts()?;
            lab.types("");
            lab.types("36.6");
            match server.expects("36.6", lab.patience().next) {
                // Many programs end at an empty line because that is how they are left.
                Err(_) if lab.ends_within(Duration::ZERO) => {
                    let ended = lab
                        .expects_success()
                        .or_else(|_| lab.expects_a_message_and_the_end());
                    again_alone_if_ended(lab, ended)
                }
                asked => asked,
            }
        },
    },
    Check {
        id: "udp-client/end-of-input",
        title: "Ends when its input ends",
        level: Level::Solid,
        about: "The input ends before anything is typed.",
        advice: "The end of the input (Ctrl-D) is a way to leave: no error, and no empty line.",
        lesson: Lesson::pitfall("The end of the input"),
        run: |lab| {
            let _server = lab.answers()?;
            lab.starts()?;
            lab.input_ends();
            let ended = lab.expects_success();
            again_alone_if_ended(lab, ended)
        },
    },
];

/// The client has been started, and asks for 36.6.
fn asked(lab: &mut Lab) -> Told<Answerer> {
    let mut server = lab.answers()?;
    lab.starts()?;
    lab.types("36.6");
    let told = server.expects("36.6", lab.patience().start);
    again_alone_if_ended(lab, told)?;
    lab.reached = true;
    Ok(server)
}

/// If something else came than the number, that is what to change.
fn sent_alone(told: Told) -> Told {
    if matches!(&told, Err(stop) if stop.is_silence) {
        return told;
    }
    told.advise(ALONE)
}

/// A client that can't run twice at the same time ends before it asks, if another check runs it.
fn again_alone_if_ended(lab: &Lab, told: Told) -> Told {
    let has_ended = lab.ended().is_some();
    told.map_err(|stop| match stop.kind {
        Kind::Wrong if has_ended => Stop {
            kind: Kind::Ended,
            ..stop
        },
        _ => stop,
    })
}

/// The client gives up, and says so.
fn gives_up(lab: &mut Lab) -> Told {
    lab.tell("the program should say what is wrong, and end");
    ends(lab)?;
    lab.expects_news()
}

/// The client ends. That it asks for the next temperature, and crashes as there is none, is for
/// another check.
fn ends(lab: &mut Lab) -> Told {
    let mut ended = lab.expects_to_end(lab.patience().giving_up);
    // A Ctrl-D is lost if the program makes its terminal raw after it, as readline does for each
    // line. People press it again.
    if lab.ended().is_none() {
        lab.tell("the input ends once more");
        lab.with(Process::end_input);
        if lab.ends_within(lab.patience().meanwhile) {
            ended = lab.expects_no_crash();
        }
    }
    let asks_in_vain = ["EOFError", "NoSuchElementException"];
    let output = lab.output();
    match ended {
        Err(_) if lab.ended().is_some() && asks_in_vain.iter().any(|it| output.contains(it)) => {
            Ok(())
        }
        ended => ended,
    }
}

/// The same, and all is well: it is answered, the input ends, and so does the client.
fn answered(lab: &mut Lab) -> Told {
    let mut server = asked(lab)?;
    // That it asks is no news, whatever comes next in that line.
    lab.shows(lab.pause(Duration::from_millis(200)), |_| false);
    lab.remembers();
    server.answers("96.4 degrees 4711");
    lab.input_ends();
    // If it doesn't, that is for another check.
    lab.ends_within(lab.patience().answer);
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    use super::*;
    use crate::lab::started;
    use crate::run::Patience;
    use crate::run::tests::kind;

    #[test]
    fn who_sends_something_else_hears_that_and_who_sends_nothing_does_not() {
        for (is_silence, advice) in [(true, None), (false, Some(ALONE))] {
            let mut stop = Stop::of(Kind::Missing, "a request", "another");
            stop.is_silence = is_silence;
            let stop = sent_alone(Err(stop)).unwrap_err();
            assert_eq!(stop.advice.as_deref(), advice);
        }
    }

    #[test]
    fn only_what_has_ended_and_is_wrong_is_tried_again_alone() {
        for (script, before, after) in [
            ("exit 1", Kind::Wrong, Kind::Ended),
            ("exit 1", Kind::Missing, Kind::Missing),
            ("exec sleep 60", Kind::Wrong, Kind::Wrong),
        ] {
            let lab = started(script, &Patience::short());
            lab.ends_within(Duration::from_secs(if script == "exit 1" { 20 } else { 0 }));
            let told = again_alone_if_ended(&lab, Err(Stop::of(before, "a request", "none")));
            assert_eq!(kind(told), Some(after), "{script}");
        }
    }

    #[test]
    fn a_crash_at_the_end_of_the_input_is_an_end_and_no_other_is() {
        let patience = Patience {
            giving_up: Duration::from_secs(20),
            ..Patience::short()
        };
        for (error, is_end) in [
            ("EOFError: EOF when reading a line", true),
            ("java.util.NoSuchElementException: No line found", true),
            ("ConnectionRefusedError", false),
        ] {
            let script = format!("echo 'Stack trace: {error}'; exit 1");
            let mut lab = started(&script, &patience);
            assert_eq!(ends(&mut lab).is_ok(), is_end, "{error}");
        }
    }
}
