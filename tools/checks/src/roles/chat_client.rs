//! Section 4.3: the side of the chat that connects. Its peer here is the host; the guest, under
//! test, speaks first.

use std::time::Duration;

use super::chat::{self, BYE, ChatSide, GAP, PAGE};
use crate::check::{Check, Lesson, Level};
use crate::lab::{Lab, SILENCE};
use crate::peer::TcpPeer;
use crate::run::Told;

/// The guest, under test.
enum ChatClient {}

impl ChatSide for ChatClient {
    fn met(lab: &mut Lab) -> Told<TcpPeer> {
        lab.accepts_as("host").map(|(_, peer)| peer)
    }

    fn greeted(lab: &mut Lab) -> Told<TcpPeer> {
        let mut host = has_said_hello(lab)?;
        host.sends("hi 4712\n")?;
        lab.types("go on 4713");
        host.expects("go on 4713")?;
        host.pauses(GAP);
        Ok(host)
    }

    fn takes_its_leave(lab: &mut Lab, host: &mut TcpPeer) -> Told {
        host.expects_the_end_soon()?;
        host.half_closes();
        chat::ends(lab)
    }
}

/// All checks of the role.
pub const CHECKS: &[Check] = &[
    Check {
        id: "chat-client/connects",
        title: "Connects to the host",
        level: Level::Basic,
        about: "A host listens on 127.0.0.1 and the port; the guest connects by itself.",
        advice: "Create a TCP socket and connect it to 127.0.0.1 and the port that the program is \
                 given, before it asks for input.",
        lesson: PAGE,
        run: |lab| ChatClient::met(lab).map(drop),
    },
    Check {
        id: "chat-client/sends",
        title: "Sends what is typed",
        level: Level::Basic,
        about: "A line is typed; the host receives it, with or without its line end, but without \
                a NUL.",
        advice: "Read a line from the standard input and send all its bytes (%s in scanf, cin >> \
                 and Scanner.next take only a word); flush the stream if it is buffered. The first \
                 line is a message already: don't ask for anything else, such as a name.",
        lesson: PAGE,
        run: |lab| {
            let mut host = ChatClient::met(lab)?;
            lab.types("hello 4711");
            host.expects_line("hello 4711")
        },
    },
    Check {
        id: "chat-client/shows",
        title: "Shows what the host says",
        level: Level::Basic,
        about: "A line is typed, the host answers one; it appears in the guest's output.",
        advice: "After you have sent, receive and print each message: text that ends with LF \
                 alone, not with CR LF, and has no length before it (as for readUTF). Flush the \
                 output. Some calls wait until their buffer is full (fread, recv with MSG_WAITALL, \
                 read in Perl): take one that returns what has come.",
        lesson: Lesson::pitfall("Output that stays in a buffer"),
        run: |lab| {
            let mut host = has_said_hello(lab)?;
            host.sends("hi 4712\n")?;
            lab.expects_shown(&["hi 4712"])
        },
    },
    Check {
        id: "chat-client/goes-on",
        title: "Goes on after the first exchange",
        level: Level::Basic,
        about: "Guest and host speak in turns. After 700 ms and 6.5 s of quiet they do it again. No \
                empty line comes between the lines that were typed, nor the rest of an earlier, \
                longer one after them.",
        advice: "Put sending and receiving into a loop, on one connection, without a time limit: \
                 people think for longer.",
        lesson: PAGE,
        run: |lab| {
            // `tap listen` hangs up after its answer, before a second line can be typed.
            lab.goes_beyond_tap();
            let mut host = ChatClient::greeted(lab)?;
            host.pauses(SILENCE);
            host.sends("yes, again 4714\n")?;
            lab.expects_shown(&["hi 4712", "yes, again 4714"])?;
            lab.types("ok 4715");
            host.expects_next_line("ok 4715")
        },
    },
    Check {
        id: "chat-client/byebye-heard",
        title: "Understands \"byebye\"",
        level: Level::Basic,
        about: "A line is typed; the host says \"byebye\". Its line end comes 700 ms later, for \
                programs that read lines. (The tutorial's program sends none.) Within 4.5 s the \
                guest closes the connection, or its sending side; then the host closes its own, \
                and the guest ends.",
        advice: "When a message is \"byebye\", with or without a line end, close the connection \
                 and end, without waiting for the keyboard.",
        lesson: PAGE,
        run: |lab| {
            let mut host = has_said_hello(lab)?;
            chat::says_byebye(&mut host)?;
            ChatClient::takes_its_leave(lab, &mut host)
        },
    },
    chat::byebye_typed::<ChatClient>("chat-client/byebye-typed"),
    Check {
        id: "chat-client/tutorial-dialogue",
        title: "Talks with the tutorial's host",
        level: Level::Expert,
        about: "The host sends without line ends, in turns, and is quiet for 600 ms after each \
                message, as the tutorial's program is between two lines that are typed. Each \
                message is shown separately.",
        advice: "As long as a host has never sent a line end, its message ends when no more comes \
                 for a while, such as 200 ms, or when the stream ends.",
        lesson: PAGE,
        run: |lab| {
            let mut host = has_said_hello(lab)?;
            host.sends("hi 4712")?;
            host.pauses_at_any_speed(Duration::from_millis(600));
            lab.types("how are you 4713");
            host.expects("how are you 4713")?;
            host.sends("fine 4714")?;
            host.pauses_at_any_speed(Duration::from_millis(600));
            lab.types(BYE);
            host.expects(BYE)?;
            host.expects_the_end()?;
            host.hangs_up();
            lab.expects_success()?;
            lab.expects_shown(&["hi 4712", "fine 4714"])?;
            lab.expects_not_shown("4712fine")
        },
    },
    chat::split_message::<ChatClient>("chat-client/split-message"),
    chat::two_in_one::<ChatClient>("chat-client/two-in-one"),
    chat::byebye_inside::<ChatClient>("chat-client/byebye-inside"),
    chat::split_byebye::<ChatClient>("chat-client/split-byebye"),
    chat::long_message::<ChatClient>("chat-client/long-message"),
    chat::cut_character::<ChatClient>("chat-client/cut-character"),
    chat::not_utf8::<ChatClient>("chat-client/not-utf8"),
    Check {
        id: "chat-client/speaks-first",
        title: "Lets the host speak first",
        level: Level::Solid,
        about: "The host says a line as soon as the guest has connected. Nothing is typed.",
        advice: "Receive on a separate thread, and start it before you read the keyboard: a \
                 program that waits for the keyboard, such as for a name, doesn't hear the other \
                 side.",
        lesson: Lesson::pitfall("Taking turns ends in a deadlock"),
        run: |lab| {
            let mut host = ChatClient::met(lab)?;
            host.sends("welcome 4711\n")?;
            lab.expects_shown(&["welcome 4711"])
        },
    },
    chat::two_in_a_row::<ChatClient>("chat-client/two-in-a-row"),
    chat::empty_line::<ChatClient>("chat-client/empty-line"),
    Check {
        id: "chat-client/host-leaves",
        title: "Notices that the host has left",
        level: Level::Solid,
        about: "A line is typed, the host answers it, and hangs up 700 ms later. Nothing is typed \
                then, and the guest's program ends by itself, with words that it hadn't shown \
                before.",
        advice: "A read of 0 bytes means that the host has left: say so, and end. It is no empty \
                 message. Don't wait for the keyboard first.",
        lesson: Lesson::pitfall("A peer that has gone"),
        run: |lab| {
            has_been_answered(lab)?.hangs_up();
            lab.expects_a_message_and_the_end()
        },
    },
    Check {
        id: "chat-client/host-resets",
        title: "Survives the host's reset",
        level: Level::Solid,
        about: "A line is typed, the host answers it, and resets the connection 700 ms later. \
                Nothing is typed then, and the guest's program ends by itself, with words that it \
                hadn't shown before.",
        advice: "Handle the errors of send and receive: say that the connection is broken, and \
                 end, without waiting for the keyboard. Don't show a stack trace.",
        lesson: Lesson::pitfall("A peer that has gone"),
        run: |lab| {
            has_been_answered(lab)?.resets();
            lab.expects_a_message_and_the_end()
        },
    },
    chat::end_of_input::<ChatClient>("chat-client/end-of-input"),
    chat::terminal_escapes::<ChatClient>("chat-client/terminal-escapes"),
    Check {
        id: "chat-client/nobody-there",
        title: "Says so if nobody is there",
        level: Level::Solid,
        about: "The guest is started once when somebody listens, and again when nobody has the \
                port. Then it says so and ends, within 10 s. Anything that it shows only the \
                second time counts as its message.",
        advice: "Handle the error of connect: say which address refused and what to do, and end. \
                 Don't show a stack trace.",
        lesson: Lesson::pitfall("Nobody listens there"),
        run: |lab| {
            lab.rehearses(ChatClient::met)?;
            lab.tell("nobody listens on the port");
            lab.starts()?;
            lab.input_ends();
            lab.expects_a_message_and_the_end()
        },
    },
];

fn has_said_hello(lab: &mut Lab) -> Told<TcpPeer> {
    let mut host = ChatClient::met(lab)?;
    lab.types("hello 4711");
    host.expects("hello 4711")?;
    Ok(host)
}

/// The host's answer is on the screen, and no news. It has only digits, which are no words: so a
/// read of 0 bytes that is shown as a message is no news either.
fn has_been_answered(lab: &mut Lab) -> Told<TcpPeer> {
    let mut host = has_said_hello(lab)?;
    host.sends("4712\n")?;
    // On a busy machine it may be late.
    lab.shows(lab.patience().answer, |output| output.contains("4712"));
    host.pauses(GAP);
    lab.remembers();
    Ok(host)
}
