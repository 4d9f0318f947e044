//! The user of the program under test: what they type, what they see, and how the program ends.

use std::process::ExitStatus;
use std::time::Duration;

use anstream::adapter::strip_str;
use supervise::ending::is_success;
use supervise::last_words::{cut, stack_trace};
use supervise::{OUTPUT_LIMIT, Process};

use super::Lab;
use crate::peer::TcpPeer;
use crate::run::{Advise, Deadline, Kind, OUTPUT_END, SHOWN, Stop, Told, shown, time};

/// What a terminal would obey: clear the screen, and name the window.
///
/// A number may begin with zeros (ECMA-48, section 5.4.2). Nobody writes it like that, so it isn't
/// mistaken for a program's own order to clear the screen.
pub const ESCAPES: &str = "\x1b[002J\x1b]0;owned\x07";

/// How long a program has to print what it has received, or to end because of it, before that is
/// judged.
pub(crate) const SETTLE: Duration = Duration::from_millis(500);

/// How long the user looks at the screen before they type a line.
pub(crate) const PACE: Duration = Duration::from_millis(500);

/// How long the user looks whether a program says anything, before they type the first line: longer
/// than Node takes to start on a busy machine.
pub(crate) const FIRST_LOOK: Duration = Duration::from_secs(2);

/// How long nobody may say a word, or come: longer than most time limits that authors choose for a
/// read or for `accept`, of 1 to 5 s.
pub const SILENCE: Duration = Duration::from_millis(6500);

/// What languages print for a value that isn't there.
const NO_VALUE: [&str; 4] = ["None", "null", "undefined", "nil"];

/// What to change in a program that did its job, and ended with another status than 0.
const FAILED_STATUS: &str = "Nothing has gone wrong here, so the exit status should be 0. In Python, \
    sys.exit with a text means 1, and so does exit! in Ruby. If the program's last words name an \
    error, handle that first.";

/// The same, in one that prints the rest of its buffer, too.
const REST_SHOWN: &str = "Print only the bytes that have come, not the whole buffer: the receiving \
    call returns how many they are.";

/// The same, in one that took too much of the machine.
const TAKES_TOO_MUCH: &str = "Look for a loop that again and again starts a thread or a process, \
    or stores or writes something.";

/// The same, in one that doesn't end, and waits for nothing.
const LOOPS: &str = "Look for a loop that goes on without waiting: such as one that takes a read of \
    0 bytes, the end of the stream, for a message.";

/// The same, in one that printed without an end.
const FLOODS: &str = "Look for a loop that goes on without waiting: such as one that takes a read \
    of 0 bytes, the end of the stream, for a message. Limit how much of a peer's text you print: \
    the peer may never stop sending.";

/// The same, in one that shows a letter as an escape.
const ESCAPED: &str = "Print the letter itself, not an escape for it or for its bytes: decode all of \
    its bytes together, wherever they were cut, and escape only control characters. (In Python, \
    ascii and the str of bytes escape every letter that isn't ASCII.)";

impl Lab {
    /// Types a line on the program's keyboard, after a pause of 500 ms. Before the first line, the
    /// user waits up to 2 s until the program has shown something.
    ///
    /// That the program doesn't read it any more isn't a failure here: the next expectation says
    /// what is wrong.
    pub fn types(&mut self, line: &str) {
        let keys = shown(format!("{line}\n").as_bytes());
        self.tell(format_args!("the user types {keys}"));
        self.looks();
        if !self.typed {
            self.remembers();
        }
        self.typed = true;
        // A program may show what is typed.
        self.knows([same(line)]);
        if self.with(|program| program.types(line).is_err()) {
            self.add("(the program has closed its input)");
        }
    }

    /// Types a line that ends with Chinese characters, which this peer expects in UTF-8. On Windows
    /// it has none: there a program reads a pipe in the system's own encoding.
    ///
    /// # Errors
    ///
    /// It doesn't arrive.
    pub fn types_chinese(&mut self, peer: &mut TcpPeer, line: &str) -> Told {
        let chinese = if cfg!(windows) { "" } else { " 你好" };
        let line = format!("{line}{chinese}");
        let is_over = peer.has_left();
        self.types(&line);
        // If the connection was over before, that is the reason.
        peer.expects(&line).advise_if(
            |_| !is_over,
            "Send what is typed in UTF-8, which has every character: not in ASCII or GBK.",
        )
    }

    /// The user looks at the screen, as people do before they touch the keyboard.
    pub(super) fn looks(&self) {
        if !self.typed {
            let limit = self.pause(FIRST_LOOK);
            self.shows(limit, |text| !text.is_empty());
        }
        self.shows(self.pause(PACE), |_| false);
    }

    /// Remembers what is on the screen: from now on that is no news.
    pub fn remembers(&mut self) {
        let lines = lines(&self.output());
        // A prompt may be before it now, and not the next time.
        let rests: Vec<_> = lines.iter().map(|it| self.unknown(it).to_owned()).collect();
        self.knows(lines.into_iter().chain(rests));
    }

    fn knows(&mut self, lines: impl IntoIterator<Item = String>) {
        let lines = lines.into_iter().filter(|line| !line.is_empty());
        self.known.extend(lines);
    }

    /// Whether the output has words that it hadn't when it was remembered, or when all was well.
    pub fn has_news(&self) -> bool {
        self.are_news(&self.output())
    }

    /// Waits until it has, or has ended, for this time at most.
    pub fn waits_for_news(&self, limit: Duration) {
        self.shows(limit, |output| self.are_news(output));
    }

    fn are_news(&self, output: &str) -> bool {
        let lines = lines(before_crash(output));
        let mut rests = (1..).zip(lines.iter().map(|line| self.unknown(line)));
        rests.any(|(number, rest)| {
            let is_last = number == lines.len();
            says_something(rest) && !self.is_begun(rest, is_last) && !self.has_no_value(rest)
        })
    }

    /// Whether these words are the beginning of a line that is known. Words that usually have a
    /// number after them say nothing without one. Nor does the last line without its end: what
    /// usually follows it is missing.
    fn is_begun(&self, words: &str, is_last: bool) -> bool {
        let mut left = self.known.iter().filter_map(|it| without_words(it, words));
        left.any(|left| is_last || left.trim_start().starts_with('#'))
    }

    /// Whether these words are a line that is known, with what a language prints instead of a value.
    fn has_no_value(&self, words: &str) -> bool {
        let mut around = NO_VALUE.iter().filter_map(|it| words.split_once(it));
        around.any(|(before, after)| {
            let (before, after) = (before.trim_end(), after.trim_start());
            let mut known = self.known.iter();
            known.any(|it| it.starts_with(before) && it.ends_with(after))
        })
    }

    /// A line without what is known at its beginning.
    fn unknown<'a>(&self, line: &'a str) -> &'a str {
        let mut rest = line;
        // Without the longest that is known: it may begin with another.
        let after = |rest| {
            self.known
                .iter()
                .filter_map(|it| without_words(rest, it))
                .min_by_key(|it| it.len())
        };
        while let Some(after) = after(rest) {
            rest = after.trim_start();
        }
        rest
    }

    /// The user has no more to say: Ctrl-D, or the end of a file, after the same pauses as before a
    /// line. A Ctrl-D that comes earlier is lost if the program then makes its terminal raw, as
    /// readline does in Node and Python.
    pub fn input_ends(&mut self) {
        self.tell("the input ends");
        self.looks();
        self.with(Process::end_input);
    }

    /// The last expectation of a check: that these texts appear in the program's output.
    ///
    /// At a pipe a program may hold its output back in a buffer until it ends. So if they aren't
    /// there in time, its input ends and its connections too, and it has the same time again. At a
    /// terminal that is only to see, for 2 s, whether it is late or waits for its user: a program
    /// that then takes its turn and shows them hasn't passed.
    ///
    /// # Errors
    ///
    /// One of them doesn't appear, or only in a stack trace.
    pub fn expects_shown(&mut self, texts: &[&str]) -> Told {
        let list: Vec<String> = texts.iter().map(|text| shown(text.as_bytes())).collect();
        let list = list.join(" and ");
        self.tell(format_args!("the program's output should have {list}"));
        let missing = |output: &str| {
            let output = before_crash(output);
            texts.iter().copied().find(|text| !has_text(output, text))
        };
        let all = |output: &str| missing(output).is_none();
        let limit = self.patience().answer;
        if self.shows(limit, all) {
            return Ok(());
        }
        let expected = format!("the program's output has {list} within {}", time(limit));
        let text = cut(missing(&self.output()).unwrap_or("it"), SHOWN);
        // Before the input ends, as that may leave a stack trace, which isn't what is wrong.
        let mut missed = self
            .missed(expected, format_args!("{text:?} isn't there"))
            .advise_if(|_| has_escaped(&self.output(), &text), ESCAPED);
        let ran = self.ended().is_none();
        self.with(Process::end_input);
        self.half_closes_all();
        let has_terminal = self.with(|program| program.has_terminal());
        let limit = if has_terminal {
            self.pause(OUTPUT_END)
        } else {
            limit
        };
        if self.shows(limit, all) {
            return if has_terminal { missed } else { Ok(()) };
        }
        if let Err(stop) = &mut missed
            && ran
            && self.ended().is_some()
        {
            stop.kind = Kind::Wrong;
        }
        missed
    }

    /// The same, and nothing invisible comes with them, such as the rest of a buffer.
    ///
    /// # Errors
    ///
    /// One of them doesn't appear, or such characters do within 500 ms.
    pub fn expects_shown_alone(&mut self, texts: &[&str]) -> Told {
        self.expects_shown(texts)?;
        self.tell("nothing invisible should come with it");
        let invisible = |output: &str| output.chars().filter(|it| is_invisible(*it)).count();
        if !self.shows(self.pause(SETTLE), |output| invisible(output) > 0) {
            return Ok(());
        }
        let count = invisible(&self.output());
        let saw = format!("invisible characters came with it, such as NULs: {count} of them");
        self.failed("the program prints what came, and no more", saw)
            .advise(REST_SHOWN)
    }

    /// Expects that this text isn't in the program's output.
    ///
    /// # Errors
    ///
    /// It is.
    pub fn expects_not_shown(&mut self, text: &str) -> Told {
        self.tell(format_args!(
            "the program's output should not have {text:?}"
        ));
        if !self.output().contains(text) {
            return Ok(());
        }
        let expected = format!("the program's output doesn't have {text:?}");
        self.failed(expected, "it has it")
    }

    /// The last expectation of a check: that the program's output has none of the
    /// [`ESCAPES`] that a peer has sent, after 500 ms.
    ///
    /// # Errors
    ///
    /// It has.
    pub fn expects_no_escapes(&mut self) -> Told {
        let escapes = |output: &str| {
            let raw = ["\x1b[002J", "\x1b]0;owned", "owned\x07"];
            raw.iter().any(|it| output.contains(it))
        };
        self.tell("the program's output should have no raw escape sequence of the peer's");
        if !escapes(&self.output()) {
            self.input_ends();
            let later = time(SETTLE);
            self.tell(format_args!("nor should it have one after {later}"));
            if !self.shows(self.pause(SETTLE), escapes) {
                return Ok(());
            }
        }
        self.failed(
            "control characters are escaped before they are printed",
            "the peer's ESC or BEL came out unchanged: a terminal would have obeyed it",
        )
    }

    /// Waits for the program to end by itself: with status 0, or because one of its processes ended
    /// the others.
    ///
    /// # Errors
    ///
    /// It doesn't within [`Patience::end`](crate::run::Patience::end), or with another status, or
    /// by a crash.
    pub fn expects_success(&mut self) -> Told {
        self.tell("the program should end by itself, with exit status 0");
        let end = time(self.patience().end);
        let expected = format!("the program ends by itself within {end}, with exit status 0");
        self.ends_within(self.patience().end);
        let status = self.ended();
        self.expects_no_crash()?;
        match status {
            Some(status) if is_success(status) => Ok(()),
            Some(_) => self
                .failed(expected, "its exit status says that it failed")
                .advise(FAILED_STATUS),
            None => self
                .missed(expected, "it still runs")
                .advise_if(|stop| stop.is_busy, LOOPS),
        }
    }

    /// Waits for the program to give up: it ends within
    /// [`Patience::end`](crate::run::Patience::end), whatever its status, and tells the user why,
    /// but not by a crash. What it shows when all is well, and what it has shown when
    /// that was [remembered](Self::remembers), isn't telling.
    ///
    /// # Errors
    ///
    /// It doesn't.
    pub fn expects_a_message_and_the_end(&mut self) -> Told {
        self.tell("the program should say what is wrong, and end");
        self.expects_to_end(self.patience().end)?;
        self.expects_news()
    }

    /// Expects that the program has told the user more than it tells when all is well.
    ///
    /// # Errors
    ///
    /// It hasn't.
    pub fn expects_news(&self) -> Told {
        if self.has_news() {
            return Ok(());
        }
        self.failed(
            "the program says what is wrong",
            "it ended, and said no more than it says when nothing is wrong",
        )
    }

    /// Waits for the program to end within this time, whatever its status, but not by a crash. The
    /// time begins when the program has shown something, or a peer has reached it.
    ///
    /// # Errors
    ///
    /// It doesn't.
    pub fn expects_to_end(&mut self, limit: Duration) -> Told {
        if !self.reached {
            let mut start = Deadline::of_start(&self.run, self.start_limit());
            while self.ended().is_none()
                && !start.left().is_zero()
                && !self.shows(start.left(), |output| !output.is_empty())
            {}
        }
        if !self.ends_within(limit) {
            let expected = format!("the program ends within {}", time(limit));
            let missed = self.missed(expected, "it still runs");
            return missed.advise_if(|stop| stop.is_busy, LOOPS);
        }
        self.expects_no_crash()
    }

    /// Expects that the program hasn't crashed: that what it has printed isn't a stack trace, and
    /// that it wasn't ended by a signal.
    ///
    /// # Errors
    ///
    /// It has: its output has a [`stack_trace`], or it was ended by a signal, such as
    /// SIGSEGV, or SIGPIPE for having sent to a connection that is gone.
    pub fn expects_no_crash(&mut self) -> Told {
        if self.ended().is_some() {
            // A stack trace may still be on its way.
            self.ends_within(OUTPUT_END);
        }
        // It has ended, and no program can choose not to have an exit status.
        let is_crash = |end: ExitStatus| end.code().is_none() && !is_success(end);
        let expected = if self.has_stack_trace() {
            "the program ends without a stack trace"
        } else if self.ended().is_some_and(is_crash) {
            "the program ends by itself, with a message for the user"
        } else {
            return Ok(());
        };
        self.failed(expected, "")
    }

    /// Expects that the program goes on, whatever has been done to it: that it hasn't ended 500 ms
    /// later.
    ///
    /// # Errors
    ///
    /// It has.
    pub fn expects_to_live(&mut self) -> Told {
        self.expects_to_live_for(SETTLE)
    }

    /// The same, this time later.
    ///
    /// # Errors
    ///
    /// It has ended.
    pub fn expects_to_live_for(&mut self, pause: Duration) -> Told {
        let later = time(pause);
        self.tell(format_args!("the program should still run {later} later"));
        if !self.ends_within(self.pause(pause)) {
            return Ok(());
        }
        self.failed("the program goes on", "")
    }

    /// Expects that the program, which has nothing more to read, ends or waits.
    ///
    /// # Errors
    ///
    /// It keeps a processor busy. (Only Linux tells.)
    pub fn expects_no_endless_loop(&self) -> Told {
        self.tell("the program should end, or wait");
        if !self.is_busy() {
            return Ok(());
        }
        self.missed("the program ends, or waits", "it still runs")
    }

    /// What holds for every check, at its end: the program hasn't flooded its output, and wasn't
    /// stopped because it took too much of the machine.
    ///
    /// # Errors
    ///
    /// It has, or was.
    pub fn expects_no_flood(&self) -> Told {
        let stopped = self.with(|program| program.stopped().map(str::to_owned));
        let (expected, saw, advice) = if let Some(why) = stopped {
            self.tell("the check looks at how much of the machine the program uses");
            let expected = "the program uses no more of the machine than it needs";
            (expected, format!("{why}: it was stopped"), TAKES_TOO_MUCH)
        } else if self.with(Process::floods) {
            let expected = "the program prints only what there is to say";
            let most = OUTPUT_LIMIT >> 10;
            let saw = format!("it printed more than {most} KiB, and was ended");
            (expected, saw, FLOODS)
        } else {
            return Ok(());
        };
        Err(Stop::of(Kind::Wrong, expected, saw)).advise(advice)
    }
}

/// Whether a user reads this text in the output: in any colours, and with a comma for the point of
/// a number, as many languages write it.
fn has_text(output: &str, text: &str) -> bool {
    let plain = strip_str(output).to_string();
    let texts = [text, &text.replace('.', ",")];
    texts
        .iter()
        .any(|it| output.contains(it) || plain.contains(it))
}

/// Whether the output has an escape for the first letter of this text that isn't ASCII, or for the
/// first byte of it.
fn has_escaped(output: &str, text: &str) -> bool {
    let letter = text.chars().map(u32::from).find(|&code| code > 0x7f);
    let byte = text.bytes().find(|byte| !byte.is_ascii());
    let (Some(code), Some(byte)) = (letter, byte) else {
        return false;
    };
    let output = output.to_lowercase();
    let escapes = [
        format!("\\u{code:04x}"),
        format!("\\u{{{code:x}}}"),
        format!("\\x{byte:02x}"),
    ];
    escapes.iter().any(|escape| output.contains(escape))
}

/// What the program printed before a stack trace, if there is one.
fn before_crash(output: &str) -> &str {
    let before = stack_trace(output).and_then(|start| output.get(..start));
    before.unwrap_or(output)
}

/// Whether these words are more than a letter, which may be a plural's: 1 second, 2 seconds.
fn says_something(words: &str) -> bool {
    // A character of GBK may be two bytes that aren't UTF-8.
    let length = |c: char| match c {
        char::REPLACEMENT_CHARACTER => 1,
        c => 2 * usize::from(is_letter(c)),
    };
    words.chars().map(length).sum::<usize>() > 3
}

/// Whether this is part of a word, even of one that isn't UTF-8, as in GBK.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == char::REPLACEMENT_CHARACTER
}

/// Whether no terminal shows this character or does anything because of it. (Around a colour in a
/// prompt, \x01 and \x02 are for readline.)
fn is_invisible(c: char) -> bool {
    matches!(c, '\0' | '\x03'..='\x06' | '\x10'..='\x17' | '\x19' | '\x1c'..='\x1f' | '\x7f')
}

/// The lines of output as they are compared. CR alone, too, ends what a user sees of a line.
fn lines(output: &str) -> Vec<String> {
    output.split(['\n', '\r']).map(same).collect()
}

/// A line, as it is compared, without these words at its beginning. They may have one letter more,
/// as a plural has. A Chinese word has no end to see.
fn without_words<'a>(line: &'a str, words: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(words)?;
    let cut_off = rest.split(' ').next().unwrap_or_default();
    let is_whole = cut_off.chars().count() <= 1 || !cut_off.is_ascii() || !words.is_ascii();
    is_whole.then_some(rest)
}

/// The words of a line, as they are compared: without what differs from run to run, such as a port
/// or an address in memory, and without signs and colours, which say nothing.
fn same(line: &str) -> String {
    let plain = strip_str(line).to_string();
    let is_digit = |c: char| c.is_ascii_digit();
    let words = plain.split(|c: char| !(is_letter(c) || c == '-'));
    let words = words.map(|word| word.trim_matches('-'));
    let fold = |word: &str| {
        if word.is_ascii() && word.contains(is_digit) {
            return "#".to_owned();
        }
        // Chinese has no spaces between words.
        let parts: Vec<_> = word.split(is_digit).filter(|it| !it.is_empty()).collect();
        parts.join("#")
    };
    let mut words: Vec<_> = words.filter(|it| !it.is_empty()).map(fold).collect();
    words.dedup();
    words.join(" ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    #[cfg(unix)]
    use std::io::Write;
    #[cfg(unix)]
    use std::net::Shutdown;
    #[cfg(unix)]
    use std::time::Instant;

    use supervise::Command;

    use super::*;
    #[cfg(unix)]
    use crate::lab::started;
    #[cfg(unix)]
    use crate::peer::tests::connected_in;
    #[cfg(unix)]
    use crate::port::tests::soon;
    use crate::run::Patience;
    #[cfg(unix)]
    use crate::run::tests::kind;

    #[cfg(unix)]
    #[test]
    fn who_shows_a_letter_as_an_escape_hears_that() {
        for (word, advice) in [
            (r"\u6c49 4712", Some(ESCAPED)),
            (r"\u{6C49} 4712", Some(ESCAPED)),
            (r"b\xe6\xb1", Some(ESCAPED)),
            (r"\ufffd 4712", None),
        ] {
            let script = format!(r"printf '%s\n' '{word}'");
            let told = started(&script, &Patience::short()).expects_shown(&["汉 4712"]);
            let failure = told.unwrap_err();
            assert_eq!(failure.advice.as_deref(), advice, "{word}: {failure:?}");
        }
    }

    /// The user types "36.6" when the program has shown its prompt, and looks at what comes of it.
    #[cfg(unix)]
    #[test]
    fn neither_what_was_typed_nor_what_was_on_the_screen_is_news() {
        let patience = Patience {
            speed: 10,
            ..Patience::short()
        };
        for (then, is_news) in [
            ("echo 36.6 'C: ' $x '-> '", false),
            ("echo 'C: -> Error'", true),
            ("echo 'C: 36.6 is' too cold", true),
            // Another frame of a spinner, and no prompt before it.
            (r"printf '\\ asking\r- asking\r'", false),
            (r"printf '\\ asking\r- gave up\r'", true),
            ("echo asking 2 seconds; echo asking 1 second", false),
            // "Failed" in GBK.
            (r"printf '\312\247\260\334\n'", true),
            // The rest of a buffer.
            (r"printf '\377\376\377\n'", false),
        ] {
            let script = format!(
                "printf 'C: '; read x; echo asking 1 second; printf '| asking\\r'; read y; {then}"
            );
            let mut lab = started(&script, &patience);
            assert!(lab.shows(Duration::from_secs(20), |text| text == "C: "));
            lab.types("36.6");
            assert!(lab.shows(Duration::from_secs(20), |text| text.ends_with('\r')));
            lab.remembers();
            lab.types("");
            assert!(lab.ends_within(Duration::from_secs(20)));
            assert_eq!(lab.has_news(), is_news, "{then}: {}", lab.output());
        }
    }

    #[test]
    fn a_word_is_not_known_by_its_beginning() {
        let mut lab = Lab::new(&Command::new("cat", [""; 0]), None, &Patience::short());
        lab.knows(["C", "old", "asking # second", "温度"].map(str::to_owned));
        for (line, unknown) in [
            ("Cold", "Cold"),
            ("C old news", "news"),
            ("asking # seconds", "s"),
            ("温度过低", "过低"),
            ("C过低", "过低"),
            ("温度Cold", "Cold"),
        ] {
            assert_eq!(lab.unknown(line), unknown, "{line}");
        }
    }

    #[test]
    fn the_beginning_of_a_known_line_is_no_news() {
        let mut lab = Lab::new(&Command::new("cat", [""; 0]), None, &Patience::short());
        lab.knows([
            "Answer # degrees".to_owned(),
            "Connecting to # connected".to_owned(),
            "服务器没有应答时会重试".to_owned(),
            "Connecting done".to_owned(),
        ]);
        for (line, is_news) in [
            ("Answer: \n", false),
            ("Answer: none", true),
            ("Answer: None", false),
            ("Answer: undefined degrees", false),
            ("None of the servers has answered", true),
            ("Error: null", true),
            ("Connecting to 8080... ", false),
            ("Connecting to 8080... failed", true),
            ("Ans", true),
            ("服务器没有应答\n", true),
            ("Connecting ... ", false),
            ("Connecting ... \n", true),
        ] {
            assert_eq!(lab.are_news(line), is_news, "{line}");
        }
    }

    /// A busy machine takes a while to start it.
    #[cfg(unix)]
    #[test]
    fn nothing_is_typed_before_the_first_words() {
        soon(|| {
            let mut lab = started("sleep .25; echo ready; cat", &Patience::short());
            lab.types("hello");
            lab.known.iter().any(|line| line == "ready").then_some(())
        });
    }

    /// What ends with the input had its time. What goes on may be late.
    #[cfg(unix)]
    #[test]
    fn what_was_not_shown_may_be_late_unless_the_program_ends() {
        let patience = Patience {
            answer: Duration::from_millis(100),
            ..Patience::short()
        };
        for (script, expected) in [
            ("exec cat", Kind::Wrong),
            ("cat; exec sleep 60", Kind::Missing),
        ] {
            soon(|| {
                let mut lab = started(script, &patience);
                (kind(lab.expects_shown(&["hello"])) == Some(expected)).then_some(())
            });
        }
    }

    /// As the answer in a buffer of 1024 bytes. A terminal's own orders are no text.
    #[cfg(unix)]
    #[test]
    fn an_answer_is_shown_without_the_rest_of_the_buffer() {
        for (printed, is_alone) in [
            (r"96.4\n", true),
            (r"\001\033[1m\002> \r\033[1m96.4\033[0m\a\t\b\n", true),
            (r"96.4\000\000\n", false),
            (r"96.4\n'; sleep .2; printf '\003", false),
        ] {
            let mut lab = started(&format!("printf '{printed}'"), &Patience::default());
            let told = lab.expects_shown_alone(&["96.4"]);
            assert_eq!(told.is_ok(), is_alone, "{printed}: {told:?}");
        }
    }

    /// Nobody knows when a program is about to say something.
    #[cfg(unix)]
    #[test]
    fn a_program_that_says_nothing_is_looked_at_for_the_whole_first_look() {
        let lab = started("cat", &Patience::default());
        let begun = Instant::now();
        lab.looks();
        assert!(begun.elapsed() >= FIRST_LOOK + PACE);
    }

    /// As a runtime is that ends its threads: here a child, in the second of the two moments of 1 s
    /// for which the lab looks. Its processor time is gone with it, however late in that moment.
    #[cfg(target_os = "linux")]
    #[test]
    fn to_be_busy_for_a_moment_is_no_endless_loop() {
        let busy = "(while :; do :; done) & echo; sleep 1.2; kill -KILL $!; exec sleep 60";
        soon(|| {
            let lab = started(busy, &Patience::default());
            assert!(lab.shows(Duration::from_secs(20), |text| !text.is_empty()));
            lab.expects_no_endless_loop().ok()
        });
    }

    /// The test is the program's side of the connection.
    #[cfg(unix)]
    #[test]
    fn what_is_typed_has_to_arrive_in_utf8() {
        let patience = Patience {
            answer: Duration::from_millis(50),
            speed: 10,
            ..Patience::short()
        };
        let in_utf8 =
            "Send what is typed in UTF-8, which has every character: not in ASCII or GBK.";
        for (arrives, is_over, advice) in [
            ("hello 你好\n", false, None),
            ("hello 你好\n", true, None),
            ("hello ??\n", false, Some(in_utf8)),
            // It was left before anything was typed.
            ("", true, None),
        ] {
            let mut lab = started("cat", &patience);
            let (mut peer, mut program) = connected_in(&lab);
            program.write_all(arrives.as_bytes()).unwrap();
            if is_over {
                program.shutdown(Shutdown::Both).unwrap();
            }
            let told = lab.types_chinese(&mut peer, "hello");
            assert_eq!(told.is_ok(), arrives.contains("你好"), "{arrives}");
            let found = told.as_ref().err().and_then(|stop| stop.advice.as_deref());
            assert_eq!(found, advice, "{told:?}");
        }
    }

    /// It takes a moment, and its child says something when it has ended.
    #[cfg(unix)]
    #[test]
    fn the_time_to_end_begins_when_the_program_has_shown_something() {
        let patience = Patience {
            start: Duration::from_secs(20),
            ..Patience::short()
        };
        let late = "i=0; while [ $i -lt 30000 ]; do i=$((i + 1)); done
            (while kill -0 $$ 2>/dev/null; do :; done; echo over) & exit";
        let mut lab = started(late, &patience);
        let told = lab.expects_to_end(Duration::ZERO);
        assert!(told.is_ok(), "{told:?}");
    }

    /// It shows nothing and goes on. That it may be slow to start is no reason to wait any more.
    #[cfg(unix)]
    #[test]
    fn a_program_that_is_there_has_no_time_to_start() {
        let patience = Patience {
            start: Duration::from_mins(2),
            ..Patience::short()
        };
        for (reached, start) in [(true, Duration::MAX), (false, Duration::ZERO)] {
            let mut lab = started("cat", &patience);
            (lab.reached, lab.start) = (reached, start);
            let begun = Instant::now();
            let told = lab.expects_to_end(Duration::ZERO);
            assert_eq!(kind(told), Some(Kind::Missing));
            assert!(begun.elapsed() < patience.start, "{reached}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn who_loops_instead_of_ending_hears_that() {
        let mut lab = started("while :; do :; done", &Patience::short());
        lab.reached = true;
        let failure = lab.expects_to_end(Duration::ZERO).unwrap_err();
        assert_eq!(failure.advice.as_deref(), Some(LOOPS), "{failure:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_stack_trace_is_no_success_whatever_the_exit_status() {
        const TRACE: &str = "the program ends without a stack trace";
        let patience = Patience {
            end: Duration::from_secs(20),
            ..Patience::short()
        };
        for (script, expected) in [
            ("exit 0", None),
            ("echo 'Stack trace:'", Some(TRACE)),
            ("echo 'Stack trace:'; exit 1", Some(TRACE)),
            ("exit 1", Some("the program ends by itself within 20 s")),
            (
                "kill -SEGV $$",
                Some("the program ends by itself, with a message"),
            ),
        ] {
            let mut lab = started(script, &patience);
            let failure = lab.expects_success().err();
            let is_as_expected = match (&failure, expected) {
                (Some(failure), Some(begins)) => failure.expected.starts_with(begins),
                (failure, begins) => failure.is_none() && begins.is_none(),
            };
            assert!(is_as_expected, "{script}: {failure:?}");
        }
    }

    /// As a program shows them that puts each message on its own row.
    #[cfg(unix)]
    #[test]
    fn two_texts_in_different_places_are_not_one() {
        let mut lab = started(r"printf '\033[1;1Hhello\033[2;1H4712'", &Patience::short());
        assert!(lab.ends_within(Duration::from_secs(20)));
        assert!(lab.expects_not_shown("hello4712").is_ok());
        assert!(lab.expects_not_shown("4712").is_err());
    }

    /// As some libraries colour numbers, and some languages write them.
    #[test]
    fn a_text_may_have_colours_and_a_number_a_comma() {
        let shown = "It is \x1b[1;36m97\x1b[0m.\x1b[1;36m9\x1b[0m \x1b[1mdegrees\x1b[0m";
        assert!(has_text(shown, "97.9 degrees"));
        assert!(has_text("It is 97,9 degrees", "97.9"));
        // What follows the order to name the window has no end.
        assert!(has_text("\x1b]0;97.9", "97.9"));
        assert!(!has_text("It is 979 degrees", "97.9"));
    }

    #[test]
    fn a_stack_trace_shows_nothing() {
        for crash in [
            "Traceback (most recent call last):\n  x.py\nValueError: 97.88\n",
            "Error: 97.88\n    at x.js:1:2\n",
        ] {
            assert_eq!(before_crash(crash), "");
            assert_eq!(before_crash(&format!("212\n{crash}")).trim(), "212");
        }
        assert_eq!(before_crash("212\n"), "212\n");
    }

    #[test]
    fn lines_that_differ_in_numbers_and_signs_only_are_the_same() {
        assert_eq!(same("  8080 is taken: 98.5 \n"), "# is taken #");
        assert_eq!(same("- <Socket at 0x7f3a>"), same("\\ <Socket at 0xbeef1>"));
        assert_eq!(same("id 0a3e-dead-4f"), same("id b-1"));
        assert_eq!(same("第2次没有回答"), same("第10次没有回答"));
        assert_ne!(same("端口1314已连接"), same("第2次没有回答"));
        assert_eq!(same("8081 is taken: 48"), same("17 is taken: 98"));
        assert_ne!(same("one is taken"), same("1 is taken"));
        assert_ne!(same("is taken"), same("1 is taken"));
        assert_eq!(same("\x1b[1;31mtaken\x1b[0m"), "taken");
    }
}
