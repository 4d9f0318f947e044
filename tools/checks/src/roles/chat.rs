//! Section 4.3: what holds for both sides of the chat.
//!
//! A message is a line of UTF-8 that ends with LF. A program may also send messages as the
//! tutorial's do, without LF: a check finds them wherever they are in what has come. Where a check
//! itself sends without LF, it is quiet for at least 700 ms after each message: a program that
//! tells such messages apart by quiet has 200 ms for that.

use std::time::Duration;

use super::after_an_empty_line;
use crate::check::{Check, Lesson, Level};
use crate::lab::{ESCAPES, Lab};
use crate::peer::TcpPeer;
use crate::run::{Advise, Kind, Told};

pub(super) const PAGE: Lesson = Lesson::page("docs/4.3-chat.md");

/// The word that ends the talk.
pub(super) const BYE: &str = "byebye";

/// A gap between two parts of a message, and between two messages that nothing else divides. It
/// isn't a time limit that anybody chooses for a read.
pub(super) const GAP: Duration = Duration::from_millis(700);

/// A side of the chat, under test.
pub(super) trait ChatSide {
    /// The program and its peer are connected, and it is the user's turn.
    fn met(lab: &mut Lab) -> Told<TcpPeer>;

    /// The program and its peer have talked in turns, in lines, and it is the peer's turn. The peer
    /// has been quiet for 700 ms, so that what it says next isn't read with what it said before.
    fn greeted(lab: &mut Lab) -> Told<TcpPeer>;

    /// The peer has said `byebye`: the program should take its leave.
    fn takes_its_leave(lab: &mut Lab, peer: &mut TcpPeer) -> Told;
}

/// The peer says `byebye` as the tutorial's programs do, and then ends the line for a program that
/// reads lines.
pub(super) fn says_byebye(peer: &mut TcpPeer) -> Told {
    peer.sends(BYE)?;
    peer.pauses(GAP);
    peer.sends("\n")
}

/// The connection has ended, and the program does.
pub(super) fn ends(lab: &mut Lab) -> Told {
    let ended = lab.expects_success();
    let still_runs = matches!(&ended, Err(stop) if stop.kind == Kind::Missing);
    if !still_runs {
        return ended;
    }
    ended.advise(
        "The connection has ended, but something still waits, and keeps the program running: a \
         thread, a task or a child process that reads the keyboard or receives. Make that thread a \
         daemon, or end the whole program (os._exit, System.exit, process.exit).",
    )
}

pub(super) const fn byebye_typed<S: ChatSide>(id: &'static str) -> Check {
    Check {
        id,
        title: "Says \"byebye\", and ends",
        level: Level::Basic,
        about: "It is the user's turn, and the peer is quiet for 700 ms, in which a greeting may \
                come. Then \"byebye\" is typed. The peer receives it, alone, the end of the stream \
                follows, and the peer hangs up.",
        advice: "Send \"byebye\" before you close, and end the program when it is sent: another \
                 thread or task may not have sent it yet.",
        lesson: PAGE,
        run: |lab| {
            let mut peer = S::met(lab)?;
            peer.passes_over(GAP);
            lab.types(BYE);
            peer.expects_alone(BYE)?;
            peer.expects_the_end().advise(
                "The word came, but the connection stayed open. Compare the line without its line \
                 end, even the first one: it is a message, and no name. Then end the program, or \
                 call shutdown before close: as long as another thread receives from a connection, \
                 close alone doesn't end it.",
            )?;
            peer.hangs_up();
            ends(lab)
        },
    }
}

pub(super) const fn split_message<S: ChatSide>(id: &'static str) -> Check {
    Check {
        id,
        title: "Takes a message that comes in two parts",
        level: Level::Solid,
        about: "After a first exchange and 700 ms of quiet, half a line comes, and 700 ms later \
                the other half. They are shown as one message.",
        advice: "One read is not one message. Add what comes to a buffer, and take a message out \
                 of it when its line end has come.",
        lesson: Lesson::pitfall("One recv is not one message"),
        run: |lab| {
            let mut peer = S::greeted(lab)?;
            peer.sends("the two halves of ")?;
            peer.pauses(GAP);
            peer.sends("message 4714\n")?;
            lab.expects_shown(&["the two halves of message 4714"])
        },
    }
}

pub(super) const fn two_in_one<S: ChatSide>(id: &'static str) -> Check {
    Check {
        id,
        title: "Takes a message and \"byebye\" that come at once",
        level: Level::Solid,
        about: "After a first exchange and 700 ms of quiet, a line and the line \"byebye\" come at \
                once. 700 ms later a line is typed, for a program that takes turns. The first \
                message is shown, the second ends the talk within 4.5 s.",
        advice: "One read may return several messages. Divide what came at the line ends, and look \
                 at each. If \"byebye\" was shown as a message of its own, mend byebye-heard first.",
        lesson: Lesson::pitfall("One recv is not one message"),
        run: |lab| {
            let mut peer = S::greeted(lab)?;
            peer.sends("the last words 4714\nbyebye\n")?;
            peer.pauses(GAP);
            lab.types("my turn 4715");
            S::takes_its_leave(lab, &mut peer)?;
            lab.expects_shown(&["the last words 4714"])
        },
    }
}

pub(super) const fn byebye_inside<S: ChatSide>(id: &'static str) -> Check {
    Check {
        id,
        title: "Goes on when \"byebye\" is only part of a message",
        level: Level::Solid,
        about: "After a first exchange and 700 ms of quiet, the peer says a line that begins and \
                ends with \"byebye\", and then such a line is typed. It arrives, and the program \
                still runs 500 ms later.",
        advice: "Compare the whole message with \"byebye\": the word inside a longer message \
                 doesn't end the chat.",
        lesson: PAGE,
        run: |lab| {
            let mut peer = S::greeted(lab)?;
            peer.sends("byebye is no way to say byebye\n")?;
            lab.types("byebye 4715 is not byebye");
            peer.expects("byebye 4715 is not byebye")?;
            lab.expects_to_live()
        },
    }
}

pub(super) const fn split_byebye<S: ChatSide>(id: &'static str) -> Check {
    Check {
        id,
        title: "Understands \"byebye\" that comes in two parts",
        level: Level::Solid,
        about: "After a first exchange and 700 ms of quiet, \"bye\" comes, and 700 ms later \
                \"bye\" with a line end. That ends the talk within 4.5 s.",
        advice: "Compare whole messages with \"byebye\", not what one read returned.",
        lesson: Lesson::pitfall("One recv is not one message"),
        run: |lab| {
            let mut peer = S::greeted(lab)?;
            peer.sends("bye")?;
            peer.pauses(GAP);
            peer.sends("bye\n")?;
            S::takes_its_leave(lab, &mut peer)
        },
    }
}

pub(super) const fn long_message<S: ChatSide>(id: &'static str) -> Check {
    Check {
        id,
        title: "Shows all of a long message",
        level: Level::Solid,
        about: "After a first exchange and 700 ms of quiet, a line of more than 3,000 bytes comes \
                at once. It is shown as one message.",
        advice: "A message may be longer than the buffer of one read: read until its line end has \
                 come. Print it as one line, too: a terminal wraps it.",
        lesson: Lesson::pitfall("One recv is not one message"),
        run: |lab| {
            let mut peer = S::greeted(lab)?;
            let long = format!("{} the end 4714", "x".repeat(3000));
            peer.sends(format!("{long}\n"))?;
            lab.expects_shown(&[&long])
        },
    }
}

pub(super) const fn cut_character<S: ChatSide>(id: &'static str) -> Check {
    Check {
        id,
        title: "Shows a character that is cut between two reads",
        level: Level::Expert,
        about: "After a first exchange and 700 ms of quiet, two of the three bytes of a character \
                come, and 700 ms later the third one and the rest of the line.",
        advice: "Decode a message when all of it has come: a read may end inside a character.",
        lesson: Lesson::pitfall("A character cut in two"),
        run: |lab| {
            let mut peer = S::greeted(lab)?;
            peer.sends(b"\xe6\xb1")?;
            peer.pauses(GAP);
            peer.sends(b"\x89 and more 4714\n")?;
            lab.expects_shown(&["汉 and more 4714"])
        },
    }
}

pub(super) const fn not_utf8<S: ChatSide>(id: &'static str) -> Check {
    Check {
        id,
        title: "Survives a message that isn't text",
        level: Level::Solid,
        about: "After a first exchange and 700 ms of quiet, a line comes that isn't UTF-8. The \
                text in it is shown, and what is typed next arrives, in UTF-8 (on Unix it has \
                Chinese characters).",
        advice: "Don't let decoding fail: replace what isn't UTF-8 (from_utf8_lossy, \
                 errors=\"replace\").",
        lesson: Lesson::pitfall("Bytes that are not text"),
        run: |lab| {
            let mut peer = S::greeted(lab)?;
            peer.sends(b"caf\xe9 \xff 4714\n")?;
            lab.expects_to_live()?;
            lab.types_chinese(&mut peer, "go on 4715")?;
            lab.expects_shown(&["4714"])
        },
    }
}

pub(super) const fn two_in_a_row<S: ChatSide>(id: &'static str) -> Check {
    Check {
        id,
        title: "Shows two messages in a row",
        level: Level::Solid,
        about: "After a first exchange and 700 ms of quiet, two lines come, 700 ms apart, and \
                nothing is typed. Both are shown.",
        advice: "Receive on a separate thread: a program that waits for the keyboard doesn't hear \
                 the other side.",
        lesson: Lesson::pitfall("Taking turns ends in a deadlock"),
        run: |lab| {
            let mut peer = S::greeted(lab)?;
            peer.sends("once 4714\n")?;
            peer.pauses(GAP);
            peer.sends("and again 4715\n")?;
            lab.expects_shown(&["once 4714", "and again 4715"])
        },
    }
}

pub(super) const fn empty_line<S: ChatSide>(id: &'static str) -> Check {
    Check {
        id,
        title: "Survives an empty line",
        level: Level::Solid,
        about: "After a first exchange and 700 ms of quiet, the peer says a line; an empty line is \
                typed, and another one after it, which arrives although the peer says nothing \
                meanwhile.",
        advice: "An empty line says nothing: don't send it, and don't wait for an answer to it, \
                 but ask the user again.",
        lesson: Lesson::pitfall("An empty message is not a message"),
        run: |lab| {
            let mut peer = S::greeted(lab)?;
            peer.sends("your turn 4714\n")?;
            lab.types("");
            lab.types("after it 4715");
            let told = peer.expects("after it 4715");
            after_an_empty_line(&peer, told)
        },
    }
}

pub(super) const fn end_of_input<S: ChatSide>(id: &'static str) -> Check {
    Check {
        id,
        title: "Ends when its input ends",
        level: Level::Solid,
        about: "After a first exchange and 700 ms of quiet, the peer says a line; 700 ms later, \
                when it is the user's turn, the input ends. The program ends, or waits for 1 s \
                without keeping a processor busy, and the peer closes its sending side.",
        advice: "The end of the input (Ctrl-D) means that the user has no more to say: no error, \
                 and no empty line. Leave as after \"byebye\", or when the other side does.",
        lesson: Lesson::pitfall("The end of the input"),
        run: |lab| {
            let mut peer = S::greeted(lab)?;
            peer.sends("your turn 4714\n")?;
            peer.pauses(GAP);
            lab.input_ends();
            lab.expects_no_endless_loop().advise(
                "Leave the loop that reads the keyboard when the input has ended: fgets returns \
                 NULL then, and read 0 bytes. And let a call wait (recv, select): don't look again \
                 and again.",
            )?;
            peer.half_closes();
            lab.expects_success()
        },
    }
}

pub(super) const fn terminal_escapes<S: ChatSide>(id: &'static str) -> Check {
    Check {
        id,
        title: "Prints nothing that a terminal would obey",
        level: Level::Expert,
        about: "After a first exchange and 700 ms of quiet, a line with a terminal's escape \
                sequences comes. They must not come out unchanged: when the text after them has \
                been shown, the input ends, and the check looks for 500 ms more.",
        advice: "Escape control characters before you print a message (escape_debug, repr).",
        lesson: Lesson::pitfall("Bytes that your terminal obeys"),
        run: |lab| {
            let mut peer = S::greeted(lab)?;
            peer.sends(format!("{ESCAPES} harmless 4714\n"))?;
            lab.expects_shown(&["harmless 4714"])?;
            lab.expects_no_escapes()
        },
    }
}
