//! What a check is, and what comes of it.

use std::fmt::{self, Display};
use std::time::Duration;

use serde::Serialize;

use crate::judge::Submission;
use crate::lab::Lab;
use crate::port::Port;
use crate::roles;
use crate::story::{Stop, Story, Told};

/// How often a check is tried on another port if somebody else has the one it had.
const TRIES: u32 = 5;

/// How long to wait until a port that can't be changed is free. On Linux a connection is in
/// TIME-WAIT for 60 s.
const TIME_WAIT: Duration = Duration::from_secs(65);

/// What a program claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
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

    /// Its checks, in the order in which a student meets them. The first ones are small. The very
    /// first says whether the program is there at all: without it the others say nothing.
    pub fn checks(self) -> &'static [Check] {
        match self {
            Self::TcpServer => roles::tcp_server::CHECKS,
            Self::TcpClient => roles::tcp_client::CHECKS,
            Self::ChatServer => roles::chat_server::CHECKS,
            Self::ChatClient => roles::chat_client::CHECKS,
            Self::UdpServer => roles::udp_server::CHECKS,
            Self::UdpClient => roles::udp_client::CHECKS,
        }
    }
}

impl Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TcpServer => "tcp-server",
            Self::TcpClient => "tcp-client",
            Self::ChatServer => "chat-server",
            Self::ChatClient => "chat-client",
            Self::UdpServer => "udp-server",
            Self::UdpClient => "udp-client",
        })
    }
}

/// One thing that a program of some role must stand.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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

/// Whether the program stood it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It did.
    Passed,
    /// It did when it ran alone, after it had failed beside others. It counts as passed.
    Unsteady,
    /// It didn't.
    Failed,
    /// Nobody knows: the check couldn't be made.
    Skipped,
}

impl Verdict {
    /// Whether it counts as passed.
    pub fn is_pass(self) -> bool {
        matches!(self, Self::Passed | Self::Unsteady)
    }
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the program stood it.
    pub verdict: Verdict,
    /// If it failed: what should have happened.
    pub expected: Option<String>,
    /// If it failed: what happened instead. If it was skipped: why.
    pub saw: Option<String>,
    /// What was done, in order. If it failed, the last step is the one that did.
    pub steps: Vec<String>,
}

impl Outcome {
    /// A check that wasn't made, for this reason.
    pub fn skipped(why: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Skipped,
            expected: None,
            saw: Some(why.into()),
            steps: Vec::new(),
        }
    }
}

impl Check {
    /// Whether it is its role's very first, which says whether the program is there at all.
    pub fn is_first(&self) -> bool {
        Role::ALL.iter().any(|role| {
            role.checks()
                .first()
                .is_some_and(|first| first.id == self.id)
        })
    }

    /// Runs it against a program; again, on another port if possible, if somebody else has the
    /// program's port.
    ///
    /// If the program has a fixed port, no two checks may run at the same time.
    pub fn judge(&self, submission: &Submission) -> Outcome {
        let (mut outcome, mut port_lost) = self.attempt(submission);
        let mut tries = 1;
        while port_lost && tries < TRIES {
            if let Some(number) = submission.fixed_port {
                Port::fixed(number).wait_until_free(TIME_WAIT);
                // There is no other, so one more try has to do.
                tries = TRIES;
            }
            tries += 1;
            (outcome, port_lost) = self.attempt(submission);
        }
        outcome
    }

    /// Runs it once. Returns the outcome, and whether it may be due to somebody else who has the
    /// program's port.
    fn attempt(&self, submission: &Submission) -> (Outcome, bool) {
        let (command, _needed) = match submission.prepare.as_ref().map(|it| it.prepare()) {
            None => (submission.command.clone(), None),
            Some(Ok((command, needed))) => (command, Some(needed)),
            Some(Err(error)) => {
                let why = format!("its folder can't be copied: {error}");
                return (Outcome::skipped(why), false);
            }
        };
        let fixed_port = submission.fixed_port;
        let story = Story::new(fixed_port.is_some(), &submission.patience);
        let mut lab = Lab::new(&command, fixed_port, story.clone());
        let end = (self.run)(&mut lab);
        // A flood is a reason for much else.
        let end = lab.expects_no_flood().and(end);
        story.close();
        let port_lost = matches!(end, Err(Stop::PortLost { .. }));
        let outcome = match end {
            Ok(()) => Outcome {
                verdict: Verdict::Passed,
                expected: None,
                saw: None,
                steps: story.steps(),
            },
            Err(Stop::Failed { expected, saw } | Stop::PortLost { expected, saw }) => Outcome {
                verdict: Verdict::Failed,
                expected: Some(expected),
                saw: Some(saw),
                steps: story.steps(),
            },
            Err(Stop::Skipped(why)) => Outcome {
                steps: story.steps(),
                ..Outcome::skipped(why)
            },
        };
        (outcome, port_lost)
    }
}
