//! The program's keyboard and screen, and how it ends.

use std::process::ExitStatus;
use std::time::Duration;

use super::Lab;
use crate::program::{OUTPUT_LIMIT, Program};
use crate::story::{Stop, Told, shown, time};

/// What begins the text that a crash leaves on a console, in the languages that students use.
///
/// A program that ends with one of these wasn't prepared for what has happened.
pub const STACK_TRACES: &[&str] = &[
    "Traceback (most recent call last)", // Python
    "panicked at",                       // Rust
    "stack backtrace:",                  // Rust
    "Exception in thread",               // Java, Kotlin
    "\n\tat ",                           // Java
    "Unhandled exception",               // .NET, Dart
    "[running]:",                        // Go
    "\n    at ",                         // JavaScript
    "(most recent call first)",          // Ruby, OCaml
    "\n\tfrom ",                         // Ruby
    "Stack trace:",                      // PHP
    "stack traceback:",                  // Lua
    "CallStack (from HasCallStack)",     // Haskell
    "terminate called",                  // C++
    "Segmentation fault",                // C
    "core dumped",                       // C
];

/// What a terminal would obey: clear the screen, and name the window.
///
/// A number may begin with zeros (ECMA-48, section 5.4.1). Nobody writes it like that, so it isn't
/// mistaken for a program's own order to clear the screen.
pub const ESCAPES: &str = "\x1b[002J\x1b]0;owned\x07";

/// How long a program has to print what it has received, or to end because of it, before that is
/// judged.
pub(crate) const SETTLE: Duration = Duration::from_millis(500);

impl Lab<'_> {
    /// Types a line on the program's keyboard.
    ///
    /// That the program doesn't read it any more isn't a failure here: the next expectation says
    /// what is wrong.
    pub fn types(&mut self, line: &str) {
        let bytes = format!("{line}\n");
        self.story
            .tell(format_args!("the user types {}", shown(bytes.as_bytes())));
        let typed = match self.story.program().as_mut() {
            Some(program) => program.types(bytes.as_bytes()),
            None => Ok(()),
        };
        if typed.is_err() {
            self.story.add("(the program has closed its input)");
        }
    }

    /// The user has no more to say: Ctrl-D, or the end of a file.
    pub fn input_ends(&mut self) {
        self.story.tell("the input ends");
        if let Some(program) = self.story.program().as_mut() {
            program.end_input();
        }
    }

    /// The last expectation of a check: that these texts appear in the program's output.
    ///
    /// They may come late, as a program may hold its output back in a buffer until it ends. So if
    /// they aren't there within half the time of an answer, the program's input ends and its
    /// connections too, and it has the time of an answer more.
    ///
    /// # Errors
    ///
    /// One of them doesn't appear.
    pub fn expects_shown(&mut self, texts: &[&str]) -> Told {
        let list: Vec<String> = texts.iter().map(|text| shown(text.as_bytes())).collect();
        let list = list.join(" and ");
        self.story
            .tell(format_args!("the program's output should have {list}"));
        let all = |output: &str| texts.iter().all(|text| output.contains(text));
        let is_shown = |limit| match self.story.program().as_mut() {
            Some(program) => program.wait_for(limit, all),
            None => false,
        };
        if is_shown(self.patience().answer / 2) {
            return Ok(());
        }
        let has_printed = !self.output().trim().is_empty();
        let before = self.story.aftermath();
        if let Some(program) = self.story.program().as_mut() {
            program.end_input();
        }
        self.story.half_closes_all();
        if is_shown(self.patience().answer) {
            return Ok(());
        }
        let expected = format!("the program's output has {list}");
        let saw = "it isn't there, not even after the input had ended";
        if !has_printed {
            return self.story.failed(expected, saw);
        }
        // What it has printed since then is about the end of the input, which isn't what is wrong.
        Err(Stop::Failed {
            expected,
            saw: format!("{saw}{before}"),
        })
    }

    /// Expects that this text isn't in the program's output.
    ///
    /// # Errors
    ///
    /// It is.
    pub fn expects_not_shown(&mut self, text: &str) -> Told {
        self.story.tell(format_args!(
            "the program's output should not have {text:?}"
        ));
        if self.output().contains(text) {
            return self.story.failed(
                format!("the program's output doesn't have {text:?}"),
                "it has it",
            );
        }
        Ok(())
    }

    /// The last expectation of a check: that the program's output has none of the
    /// [`ESCAPES`] that a peer has sent, after 500 ms.
    ///
    /// # Errors
    ///
    /// It has.
    pub fn expects_no_escapes(&mut self) -> Told {
        self.story.tell(format_args!(
            "the input ends; after {}, the program's output should have no raw escape sequence \
             of the peer's",
            time(SETTLE)
        ));
        let escapes =
            |output: &str| output.contains("\x1b[002J") || output.contains("\x1b]0;owned");
        let obeyed = match self.story.program().as_mut() {
            Some(program) => {
                program.end_input();
                program.wait_for(SETTLE, escapes)
            }
            None => false,
        };
        if !obeyed {
            return Ok(());
        }
        self.story.failed(
            "what a terminal would obey is escaped before it is printed",
            "the peer's ESC came out as it was: a terminal would have cleared its screen",
        )
    }

    /// Waits for the program to end by itself: with status 0.
    ///
    /// # Errors
    ///
    /// It doesn't within [`Patience::end`](crate::story::Patience::end), or with another status, or by
    /// a crash.
    pub fn expects_success(&mut self) -> Told {
        self.story
            .tell("the program should end by itself, with exit status 0");
        let expected = format!(
            "the program ends by itself within {}, with exit status 0",
            time(self.patience().end)
        );
        let status = self.end(self.patience().end);
        self.expects_no_crash()?;
        match status {
            Some(status) if status.success() => Ok(()),
            Some(_) => self
                .story
                .failed(expected, "its exit status tells of a failure"),
            None => self.story.failed(expected, "it still runs"),
        }
    }

    /// Waits for the program to give up: it ends within this time, whatever its status, and tells
    /// the user why, but not by a crash.
    ///
    /// # Errors
    ///
    /// It doesn't.
    pub fn expects_a_message_and_the_end(&mut self, limit: Duration) -> Told {
        self.story
            .tell("the program should say what is wrong, and end");
        let expected = format!(
            "the program says what is wrong, and ends within {}",
            time(limit)
        );
        if self.end(limit).is_none() {
            return self.story.failed(expected, "it still runs");
        }
        self.expects_no_crash()?;
        if self.output().trim().is_empty() {
            return self.story.failed(expected, "it ended without a word");
        }
        Ok(())
    }

    /// Expects that the program hasn't crashed: that what it has printed isn't a stack trace, and
    /// that it wasn't ended by a signal.
    ///
    /// # Errors
    ///
    /// It has: its output has one of [`STACK_TRACES`], or it was ended by a signal, such as
    /// SIGSEGV, or SIGPIPE for having sent to a connection that is gone.
    pub fn expects_no_crash(&mut self) -> Told {
        let output = self.output();
        if let Some(marker) = STACK_TRACES.iter().find(|marker| output.contains(**marker)) {
            return self.story.failed(
                "a message for the user, and no stack trace",
                format!("the output has {:?}", marker.trim()),
            );
        }
        // It has ended, and no program can choose not to have an exit status.
        if self.story.ended().is_some_and(|end| end.code().is_none()) {
            return self.story.failed(
                "the program ends by itself, with a message for the user",
                "a signal has ended it, which it wasn't prepared for",
            );
        }
        Ok(())
    }

    /// Expects that the program goes on, whatever has been done to it: that it hasn't ended 500 ms
    /// later.
    ///
    /// # Errors
    ///
    /// It has.
    pub fn expects_to_live(&mut self) -> Told {
        let settle = time(SETTLE);
        self.story
            .tell(format_args!("the program should still run {settle} later"));
        if self.end(SETTLE).is_none() {
            return Ok(());
        }
        self.story.failed("the program goes on", "it didn't")
    }

    /// Whether the program ends by itself within this time.
    pub fn ends_within(&mut self, limit: Duration) -> bool {
        self.end(limit).is_some()
    }

    fn end(&mut self, limit: Duration) -> Option<ExitStatus> {
        self.story
            .program()
            .as_mut()
            .and_then(|program| program.wait_for_end(limit))
    }

    /// Whether the output has this text, or has it within this time.
    pub fn shows_within(&mut self, text: &str, limit: Duration) -> bool {
        match self.story.program().as_mut() {
            Some(program) => program.wait_for(limit, |output| output.contains(text)),
            None => false,
        }
    }

    fn output(&self) -> String {
        self.story
            .program()
            .as_ref()
            .map_or_else(String::new, Program::text)
    }

    /// What holds for every check, at its end: the program hasn't flooded its output.
    ///
    /// # Errors
    ///
    /// It has.
    pub fn expects_no_flood(&self) -> Told {
        let stopped = self
            .story
            .program()
            .as_ref()
            .and_then(|program| program.stopped().map(str::to_owned));
        if let Some(why) = stopped {
            self.story
                .tell("what the program takes of the machine is looked at");
            return Err(Stop::Failed {
                expected: "the program takes what it needs".to_owned(),
                saw: format!("{why}: it was stopped"),
            });
        }
        let floods = self.story.program().as_ref().is_some_and(Program::floods);
        if !floods {
            return Ok(());
        }
        self.story.tell("the program's output is looked at");
        Err(Stop::Failed {
            expected: "the program prints what there is to say".to_owned(),
            saw: format!(
                "it printed more than {} KiB: its output was closed",
                OUTPUT_LIMIT >> 10
            ),
        })
    }
}
