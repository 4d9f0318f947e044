use std::collections::{HashMap, VecDeque};
use std::fmt::Display;
use std::io::{self, BufReader, Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use colored::{Color, Colorize};

use crate::{Action, Error, OrCannot, show};

/// How long to wait for a line that a program should print or read.
const PATIENCE: Duration = Duration::from_secs(20);

/// Several programs on one terminal, and a script that plays them: the calls of [`Stage::types`]
/// and [`Stage::wait_for`].
///
/// Every line appears after the name of the program that printed it:
///
/// ```text
/// host  | Waiting for a guest on 127.0.0.1:12345
/// guest | Connected to 127.0.0.1:12345
/// ```
///
/// The demos play on it, and the tests read whole conversations from it.
///
/// Programs that run at the same time print in an order that differs from run to run. Here the
/// script says whose lines come next, and all other lines wait. So a conversation reads from cause
/// to effect, and the same each time.
pub struct Stage<W> {
    out: W,
    players: Vec<&'static str>,
    keyboards: HashMap<&'static str, Sender<String>>,
    events: Sender<Event>,
    /// It has no bound: programs on a stage print a few lines.
    inbox: Receiver<Event>,
    /// What each player has printed and the script hasn't asked for.
    waiting: HashMap<&'static str, Vec<u8>>,
}

/// What the player with this name prints, or the error that ended a program.
type Event = Result<(&'static str, Vec<u8>), Error>;

impl<W: Write> Stage<W> {
    /// A stage shown on `out`, for players with these names.
    pub fn new(out: W, players: impl Into<Vec<&'static str>>) -> Self {
        let (events, inbox) = channel();
        Self {
            out,
            players: players.into(),
            keyboards: HashMap::new(),
            events,
            inbox,
            waiting: HashMap::new(),
        }
    }

    /// Starts a program on its own thread, with a player's terminal. If it fails, the script's next
    /// step returns its error.
    ///
    /// As on any terminal, what is typed appears after the program's prompt, or after `prompt` if
    /// the program has none.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub fn start(
        &mut self,
        player: &'static str,
        prompt: &'static str,
        program: impl FnOnce(BufReader<PlayerKeyboard>, PlayerScreen) -> Result<(), Error>
        + Send
        + 'static,
    ) -> Result<JoinHandle<()>, Error> {
        let (keyboard, lines) = channel();
        self.keyboards.insert(player, keyboard);
        let (events, failed) = (self.events.clone(), self.events.clone());
        let screen = PlayerScreen { player, events };
        let keyboard = PlayerKeyboard {
            screen: screen.clone(),
            prompt,
            lines,
            typed: VecDeque::new(),
        };
        let run = move || {
            if let Err(error) = program(BufReader::new(keyboard), screen) {
                // Nobody receives it if the stage has gone.
                let _ = failed.send(Err(error));
            }
        };
        let thread = thread::Builder::new().spawn(run);
        thread.or_cannot(Action::StartThread, "for each program")
    }

    /// Types a line for `player`, and shows the player's lines up to this one.
    ///
    /// # Errors
    ///
    /// As for [`Stage::wait_for`]. The line doesn't appear until the program reads it.
    pub fn types(&mut self, player: &str, line: &str) -> Result<(), Error> {
        let keyboard = self.keyboards.get(player);
        // A program that has ended reads nothing.
        let _ = keyboard.map(|keyboard| keyboard.send(line.to_owned()));
        self.wait_for(player, line)
    }

    /// Shows the lines of `player` up to one that contains `text`. Waits twenty seconds for each
    /// line at most.
    ///
    /// # Errors
    ///
    /// No such line came, a program has failed, or lines can't be shown any more.
    pub fn wait_for(&mut self, player: &str, text: &str) -> Result<(), Error> {
        loop {
            if let Some(waiting) = self.waiting.get_mut(player)
                && let Some(end) = waiting.iter().position(|byte| *byte == b'\n')
            {
                let line: Vec<u8> = waiting.drain(..=end).take(end).collect();
                let line = String::from_utf8_lossy(&line);
                self.shows(player, &line)?;
                if line.contains(text) {
                    return Ok(());
                }
            } else {
                let event = self.inbox.recv_timeout(PATIENCE).map_err(|late| {
                    let action = format_args!("see {text:?} from the {player}");
                    Error::cannot(action, late, "run it again on a machine that is less busy")
                })?;
                let (player, printed) = event?;
                self.waiting.entry(player).or_default().extend(printed);
            }
        }
    }

    /// Shows a line of `player`, who needn't be a program. Each of the first four players has a
    /// colour.
    ///
    /// # Errors
    ///
    /// Lines can't be shown any more.
    pub fn shows(&mut self, player: &str, line: impl Display) -> Result<(), Error> {
        const COLOURS: [Color; 4] = [Color::Magenta, Color::Yellow, Color::Blue, Color::Green];
        let width = self.players.iter().map(|name| name.len()).max();
        let mut coloured = self.players.iter().zip(COLOURS);
        let colour = coloured.find_map(|(name, colour)| (*name == player).then_some(colour));
        let name = format!("{player:0$}", width.unwrap_or(0)).color(colour.unwrap_or(Color::White));
        show(&mut self.out, format_args!("{name} | {line}\n"))
    }
}

/// The screen of one of the programs on a [`Stage`].
#[derive(Clone)]
pub struct PlayerScreen {
    player: &'static str,
    events: Sender<Event>,
}

impl Write for PlayerScreen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Nobody sees it if the stage has gone.
        let _ = self.events.send(Ok((self.player, bytes.to_vec())));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The keyboard of one of the programs on a [`Stage`]. The input ends with the stage.
pub struct PlayerKeyboard {
    screen: PlayerScreen,
    prompt: &'static str,
    lines: Receiver<String>,
    typed: VecDeque<u8>,
}

impl Read for PlayerKeyboard {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.typed.is_empty()
            && let Ok(line) = self.lines.recv()
        {
            writeln!(self.screen, "{}{line}", self.prompt)?;
            writeln!(self.typed, "{line}")?;
        }
        self.typed.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufRead;

    use testkit::{Capture, PATIENCE, plain};

    use super::*;
    use crate::{Style, say};

    #[test]
    fn lines_stand_under_the_name_of_who_printed_them_in_the_scripts_order() {
        plain();
        let capture = Capture::default();
        let mut stage = Stage::new(capture.clone(), ["host", "guest"]);
        let host = stage.start("host", "", |_, mut screen| {
            say(&mut screen, Style::Event, "Waiting")?;
            write!(screen, "half a line, ").map_err(Error::output)?;
            say(&mut screen, Style::Event, "now whole\nnot asked for")
        });
        host.unwrap().join().unwrap();
        let guest = stage.start("guest", "", |mut keyboard, mut screen| {
            write!(screen, "Message: ").map_err(Error::output)?;
            let mut typed = String::new();
            keyboard.read_line(&mut typed).map_err(Error::output)?;
            say(
                &mut screen,
                Style::Event,
                format!("You said {typed:?}\nGood bye"),
            )
        });
        guest.unwrap();

        stage.types("guest", "hello").unwrap();
        stage.wait_for("guest", "You said").unwrap();
        stage.wait_for("host", "now whole").unwrap();
        stage.shows("the end", "is near").unwrap();
        stage.wait_for("guest", "Good bye").unwrap();
        insta::assert_snapshot!(capture.text(), @r#"
        guest | Message: hello
        guest | You said "hello\n"
        host  | Waiting
        host  | half a line, now whole
        the end | is near
        guest | Good bye
        "#);
    }

    #[test]
    fn a_line_is_typed_when_the_script_says_so_and_the_input_ends_with_the_stage() {
        plain();
        let capture = Capture::default();
        let mut stage = Stage::new(capture.clone(), ["host"]);
        let (tell, read) = channel();
        let reading = stage.start("host", "> ", move |keyboard, mut screen| {
            say(&mut screen, Style::Event, "Waiting")?;
            for line in keyboard.lines() {
                tell.send(line.unwrap()).unwrap();
            }
            say(&mut screen, Style::Event, "Nobody sees this")
        });
        stage.wait_for("host", "Waiting").unwrap();
        assert!(read.try_recv().is_err());
        let long = "x".repeat(100_000);
        stage.types("host", &long).unwrap();
        assert_eq!(read.recv_timeout(PATIENCE).unwrap(), long);
        assert_eq!(capture.text(), format!("host | Waiting\nhost | > {long}\n"));
        drop(stage);
        reading.unwrap().join().unwrap();
    }

    #[test]
    fn a_program_that_fails_ends_the_script_with_its_error() {
        let mut stage = Stage::new(io::sink(), ["host"]);
        let fails = stage.start("host", "", |_, _| {
            Err(Error::cannot("play", "I am ill", "rest"))
        });
        fails.unwrap();
        let error = stage.wait_for("guest", "Connected").unwrap_err();
        assert_eq!(error.to_string(), "can't play: I am ill; rest");
    }

    #[test]
    fn a_stage_that_nobody_watches_any_more_ends_the_script_quietly() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut stage = Stage::new(Gone, ["guest"]);
        let connects = stage.start("guest", "", |_, mut screen| {
            say(&mut screen, Style::Event, "Connected")
        });
        connects.unwrap();
        let seen = stage.wait_for("guest", "Connected");
        assert!(matches!(seen, Err(Error::OutputGone)));
    }
}
