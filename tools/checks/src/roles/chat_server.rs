//! Section 4.3: the side of the chat that listens. Its peer here is the guest, who speaks first.

use std::time::Duration;

use socket2::Type;

use super::chat::{self, BYE, ChatSide, GAP, PAGE};
use crate::check::{Check, Lesson, Level};
use crate::lab::{Lab, SILENCE};
use crate::peer::TcpPeer;
use crate::run::{Advise, Told};

/// The host, under test.
enum ChatServer {}

impl ChatSide for ChatServer {
    fn met(lab: &mut Lab) -> Told<TcpPeer> {
        let mut guest = arrives(lab)?;
        guest.sends("hello 4711\n")?;
        Ok(guest)
    }

    fn greeted(lab: &mut Lab) -> Told<TcpPeer> {
        let mut guest = Self::met(lab)?;
        lab.types("hi 4712");
        guest.expects("hi 4712")?;
        guest.pauses(GAP);
        Ok(guest)
    }

    fn takes_its_leave(_: &mut Lab, guest: &mut TcpPeer) -> Told {
        guest.expects_the_end_soon()
    }
}

/// All checks of the role.
pub const CHECKS: &[Check] = &[
    Check {
        id: "chat-server/listens",
        title: "Listens on its port",
        level: Level::Basic,
        about: "A guest connects to 127.0.0.1 and the port. The program still runs 500 ms later.",
        advice: "Bind a TCP socket to 127.0.0.1 and the port that the program is given, call \
                 listen, then accept.",
        lesson: PAGE,
        run: |lab| {
            arrives(lab)?;
            lab.expects_to_live().advise(
                "A guest came, and then the program ended. After accept, go on receiving and \
                 reading the keyboard. If threads do that, wait for them: daemon threads end with \
                 the main one.",
            )
        },
    },
    Check {
        id: "chat-server/shows",
        title: "Shows what the guest says",
        level: Level::Basic,
        about: "The guest says a line; it appears in the host's output.",
        advice: "After accept, receive from the guest's connection, without asking your user for \
                 anything first, and print each message: text that ends with LF alone, not with CR \
                 LF, and has no length before it (as for readUTF). Flush the output. Some calls \
                 wait until their buffer is full (fread, recv with MSG_WAITALL, read in Perl): \
                 take one that returns what has come.",
        lesson: Lesson::pitfall("Output that stays in a buffer"),
        run: |lab| {
            let _guest = ChatServer::met(lab)?;
            lab.expects_shown(&["hello 4711"])
        },
    },
    Check {
        id: "chat-server/sends",
        title: "Sends what is typed",
        level: Level::Basic,
        about: "The guest says a line, the host's user types one; the guest receives it, with or \
                without its line end, but without a NUL.",
        advice: "Read a line from the standard input and send all its bytes to the guest (%s in \
                 scanf, cin >> and Scanner.next take only a word); flush the stream if it is \
                 buffered. The first line is a message already: don't ask for anything else, such \
                 as a name.",
        lesson: PAGE,
        run: |lab| {
            let mut guest = ChatServer::met(lab)?;
            lab.types("hi 4712");
            guest.expects_line("hi 4712")
        },
    },
    Check {
        id: "chat-server/goes-on",
        title: "Goes on after the first exchange",
        level: Level::Basic,
        about: "Guest and host speak in turns. After 700 ms and 6.5 s of quiet they do it again. No \
                empty line comes between the lines that were typed, nor the rest of an earlier, \
                longer one after them.",
        advice: "Put receiving and sending into a loop, on one connection, without a time limit: \
                 people think for longer.",
        lesson: PAGE,
        run: |lab| {
            let mut guest = ChatServer::greeted(lab)?;
            guest.pauses(SILENCE);
            guest.sends("and again 4713\n")?;
            lab.types("4714");
            guest.expects_next_line("4714")?;
            lab.expects_shown(&["hello 4711", "and again 4713"])
        },
    },
    Check {
        id: "chat-server/byebye-heard",
        title: "Understands \"byebye\"",
        level: Level::Basic,
        about: "The guest says \"byebye\". Its line end comes 700 ms later, for programs that read \
                lines. (The tutorial's program sends none.) Within 4.5 s the host closes the \
                connection.",
        advice: "When a message is \"byebye\", with or without a line end, close the guest's \
                 connection, without waiting for the keyboard.",
        lesson: PAGE,
        run: |lab| {
            let mut guest = arrives(lab)?;
            chat::says_byebye(&mut guest)?;
            ChatServer::takes_its_leave(lab, &mut guest)
        },
    },
    chat::byebye_typed::<ChatServer>("chat-server/byebye-typed"),
    Check {
        id: "chat-server/tutorial-dialogue",
        title: "Talks with the tutorial's guest",
        level: Level::Expert,
        about: "The guest sends without line ends, in turns, and is quiet for 600 ms after each \
                message, as the tutorial's program is between two lines that are typed. Each \
                message is shown separately.",
        advice: "As long as a guest has never sent a line end, its message ends when no more comes \
                 for a while, such as 200 ms, or when the stream ends.",
        lesson: PAGE,
        run: |lab| {
            let mut guest = arrives(lab)?;
            guest.sends("hello 4711")?;
            guest.pauses_at_any_speed(Duration::from_millis(600));
            lab.types("hi 4712");
            guest.expects("hi 4712")?;
            guest.sends("how are you 4713")?;
            guest.pauses_at_any_speed(Duration::from_millis(600));
            lab.types("fine 4714");
            guest.expects("fine 4714")?;
            guest.sends(BYE)?;
            guest.half_closes();
            guest.expects_the_end()?;
            lab.expects_shown(&["hello 4711", "how are you 4713"])?;
            lab.expects_not_shown("4711how")
        },
    },
    chat::split_message::<ChatServer>("chat-server/split-message"),
    chat::two_in_one::<ChatServer>("chat-server/two-in-one"),
    chat::byebye_inside::<ChatServer>("chat-server/byebye-inside"),
    chat::split_byebye::<ChatServer>("chat-server/split-byebye"),
    chat::long_message::<ChatServer>("chat-server/long-message"),
    chat::cut_character::<ChatServer>("chat-server/cut-character"),
    chat::not_utf8::<ChatServer>("chat-server/not-utf8"),
    Check {
        id: "chat-server/speaks-first",
        title: "Lets the host speak first",
        level: Level::Solid,
        about: "A guest connects and says nothing. What the host's user types reaches it.",
        advice: "Read the keyboard on a separate thread: a program that waits for the guest's \
                 message doesn't send the host's.",
        lesson: Lesson::pitfall("Taking turns ends in a deadlock"),
        run: |lab| {
            let mut guest = arrives(lab)?;
            lab.types("welcome 4711");
            guest.expects("welcome 4711")
        },
    },
    chat::two_in_a_row::<ChatServer>("chat-server/two-in-a-row"),
    chat::empty_line::<ChatServer>("chat-server/empty-line"),
    Check {
        id: "chat-server/guest-leaves",
        title: "Notices that its guest has left",
        level: Level::Solid,
        about: "The guest says a line and hangs up 700 ms later; nothing is typed. The host ends \
                by itself within 1 s, or shows what another guest says, within 5 s.",
        advice: "A read of 0 bytes means that the guest has left: end, or accept another. It is no \
                 empty message. Don't wait for the keyboard first.",
        lesson: Lesson::pitfall("A peer that has gone"),
        run: |lab| {
            let mut guest = ChatServer::met(lab)?;
            guest.pauses(GAP);
            guest.hangs_up();
            ends_or_welcomes_another(lab)
        },
    },
    Check {
        id: "chat-server/guest-resets",
        title: "Survives a guest's reset",
        level: Level::Solid,
        about: "The guest says a line and resets the connection 700 ms later; nothing is typed. \
                The host ends by itself within 1 s, or shows what another guest says, within 5 s.",
        advice: "Handle the errors of send and receive: they mean that this guest has gone. \
                 Don't wait for the keyboard first. Don't show a stack trace.",
        lesson: Lesson::pitfall("One client's error ends the server"),
        run: |lab| {
            let mut guest = ChatServer::met(lab)?;
            guest.pauses(GAP);
            guest.resets();
            ends_or_welcomes_another(lab)
        },
    },
    chat::end_of_input::<ChatServer>("chat-server/end-of-input"),
    chat::terminal_escapes::<ChatServer>("chat-server/terminal-escapes"),
    Check {
        id: "chat-server/port-taken",
        title: "Says so if its port is taken",
        level: Level::Solid,
        about: "The host is started once when all is well, and again when somebody listens on the \
                port. Anything that it shows only the second time counts as its message.",
        advice: "Handle the error of bind: say which port is taken and what to do, and end. Don't \
                 show a stack trace.",
        lesson: Lesson::pitfall("Address already in use"),
        run: |lab| {
            lab.rehearses(arrives)?;
            let _owner = lab.takes_the_port(Type::STREAM)?;
            lab.starts()?;
            lab.input_ends();
            lab.expects_a_message_and_the_end()
        },
    },
];

fn arrives(lab: &mut Lab) -> Told<TcpPeer> {
    lab.connects_as("guest")
}

fn ends_or_welcomes_another(lab: &mut Lab) -> Told {
    if !lab.ends_within(lab.pause(Duration::from_secs(1))) {
        let welcomed = welcomes_another(lab);
        // It may have ended a little later, which is as good.
        if !lab.ends_within(Duration::ZERO) {
            welcomed?;
        }
    }
    lab.expects_no_crash()
}

fn welcomes_another(lab: &mut Lab) -> Told {
    let mut another = arrives(lab)?;
    another.sends("another 4712\n")?;
    lab.tell("the program should end, or show what the other guest has said");
    if lab.shows(lab.patience().answer, |output| {
        output.contains("another 4712")
    }) {
        return Ok(());
    }
    lab.missed(
        "the program ends, or shows what another guest says, within 5 s",
        "it did neither",
    )
}
