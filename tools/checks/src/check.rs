//! What a check is, and what comes of it.

use std::fmt::{self, Display};

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::lab::Lab;
use crate::run::{Kind, Told};

/// What a program claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Section 4.1: answers each client with "Hello World"
    TcpServer,
    /// Section 4.2: sends each typed line and shows what the server answers
    TcpClient,
    /// Section 4.3: the side of the chat that listens
    ChatServer,
    /// Section 4.3: the side of the chat that connects
    ChatClient,
    /// Section 5.1: converts degrees Celsius to Fahrenheit
    UdpServer,
    /// Section 5.2: asks that server
    UdpClient,
}

impl Role {
    /// All of them, in the tutorial's order.
    pub const ALL: [Self; 6] = [
        Self::TcpServer,
        Self::TcpClient,
        Self::ChatServer,
        Self::ChatClient,
        Self::UdpServer,
        Self::UdpClient,
    ];
}

impl Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.to_possible_value();
        f.write_str(name.as_ref().map_or("", PossibleValue::get_name))
    }
}

/// One thing that a program of some role must do or survive.
#[derive(Debug)]
pub struct Check {
    /// Its name, with its role: `tcp-server/split-request`.
    pub id: &'static str,
    /// What a program does that passes, in a few words.
    pub title: &'static str,
    /// How far a student has come whose program passes.
    pub level: Level,
    /// What the check does, with every pause and time limit that isn't in its steps.
    pub about: &'static str,
    /// What to change in a program that fails.
    pub advice: &'static str,
    /// Where to read about it.
    pub lesson: Lesson,
    /// Starts the program, plays its peers, and stops at the first thing that isn't as expected.
    pub run: fn(&mut Lab) -> Told,
}

/// How far a student has come whose program passes a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The program does its job, with a polite peer.
    Basic,
    /// It does its job on an ordinary day: with messages in pieces, peers that leave, bad input.
    Solid,
    /// It survives what few programs are prepared for.
    Expert,
}

impl Level {
    /// All of them, from the first to the last.
    pub const ALL: [Self; 3] = [Self::Basic, Self::Solid, Self::Expert];
}

impl Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Basic => "basic",
            Self::Solid => "solid",
            Self::Expert => "expert",
        })
    }
}

/// A place in the docs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lesson {
    /// The page's file, from the workspace's root.
    pub page: &'static str,
    /// A heading on that page; without one the whole page is meant.
    pub heading: Option<&'static str>,
}

impl Lesson {
    /// A whole page, for a program's first steps.
    pub const fn page(page: &'static str) -> Self {
        Self {
            page,
            heading: None,
        }
    }

    /// One of the things that learners of network programming hit.
    pub const fn pitfall(heading: &'static str) -> Self {
        Self {
            page: "docs/pitfalls.md",
            heading: Some(heading),
        }
    }
}

impl Display for Lesson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.heading {
            Some(heading) => write!(f, "{}, {heading:?}", self.page),
            None => f.write_str(self.page),
        }
    }
}

/// Whether the program passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verdict {
    /// It did.
    Passed,
    /// It did when it ran alone, after it failed beside others. It counts as passed.
    Unsteady,
    /// It didn't.
    Failed,
    /// Unknown: the check couldn't be made.
    #[default]
    Skipped,
}

impl Verdict {
    /// Whether it counts as passed.
    pub fn is_pass(self) -> bool {
        matches!(self, Self::Passed | Self::Unsteady)
    }
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Whether the program passed.
    pub verdict: Verdict,
    /// If it failed: what that says about the program.
    pub kind: Option<Kind>,
    /// If it failed: what should have happened.
    pub expected: Option<String>,
    /// If it failed: what happened instead. If it was skipped: why.
    pub saw: Option<String>,
    /// If it failed: what to change.
    pub advice: Option<String>,
    /// If it failed: the check before it that failed at the same step, if one did.
    pub same_as: Option<&'static str>,
    /// If it failed: a datagram was expected, and none came, not even a wrong one.
    pub is_silence: bool,
    /// If the program has crashed: the name of the error, or of the signal.
    pub crash: Option<String>,
    /// What was done, in order. If it failed, the last step is the one that failed.
    pub steps: Vec<String>,
    /// If it failed: the commands that do by hand what its peers did. Empty if there are none.
    pub by_hand: Vec<String>,
}

impl Outcome {
    /// A check that wasn't made, for this reason.
    pub fn skipped(why: impl Into<String>) -> Self {
        Self {
            saw: Some(why.into()),
            ..Self::default()
        }
    }
}
