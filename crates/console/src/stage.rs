use std::collections::VecDeque;
use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use colored::{Color, Colorize};

use crate::stdio::Stream;
use crate::{Action, Error, OrCannot};

/// How long to wait for what a program should print or read.
const PATIENCE: Duration = Duration::from_secs(20);

/// Several programs on one terminal.
///
/// Every line appears after the name of the program that printed it, in the order of printing:
///
/// ```text
/// host  | Waiting for a guest on 127.0.0.1:12345
/// guest | Connected to 127.0.0.1:12345
/// ```
///
/// The demos play on it, and the tests read whole conversations from it.
///
/// Programs that run at the same time print in an order that differs from run to run. On a
/// [scripted](Stage::scripted) stage a script says whose lines come next, and all other programs
/// wait when they print. So a conversation reads from cause to effect, and the same each time.
#[derive(Clone)]
pub struct Stage {
    shared: Arc<Shared>,
}

/// What a [`Player`] does: a program's function, with the player as its terminal.
pub type Part = Box<dyn FnOnce() -> Result<(), Error> + Send>;

struct Shared {
    scene: Mutex<Scene>,
    changed: Condvar,
}

struct Scene {
    out: Box<dyn Write + Send>,
    /// The first write that failed. From then on nothing is shown.
    failure: Option<io::ErrorKind>,
    players: Vec<&'static str>,
    /// Each line so far, after its player's name.
    lines: Vec<(&'static str, String)>,
    scripted: bool,
    /// What the script waits for. Without a cue nothing is shown on a scripted stage.
    cue: Option<Cue>,
}

/// Lines of this player may be shown: up to one that contains the text or, without a text, up to
/// one that is typed.
struct Cue {
    player: String,
    text: Option<String>,
}

impl Stage {
    /// A stage shown on `out`.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        Self::open(out, false)
    }

    /// A stage with a script: calls of [`Stage::types`] and [`Stage::wait_for`], one after the
    /// other. Only what they ask for is shown.
    pub fn scripted(out: impl Write + Send + 'static) -> Self {
        Self::open(out, true)
    }

    fn open(out: impl Write + Send + 'static, scripted: bool) -> Self {
        let scene = Scene {
            out: Box::new(out),
            failure: None,
            players: Vec::new(),
            lines: Vec::new(),
            scripted,
            cue: None,
        };
        Self {
            shared: Arc::new(Shared {
                scene: Mutex::new(scene),
                changed: Condvar::new(),
            }),
        }
    }

    /// A terminal for a program that plays a part. Each gets the next of four colours.
    #[must_use]
    pub fn player(&self, name: &'static str) -> Player {
        const COLOURS: [Color; 4] = [Color::Magenta, Color::Yellow, Color::Blue, Color::Green];
        let mut scene = self.scene();
        let colour = COLOURS.iter().cycle().nth(scene.players.len());
        scene.players.push(name);
        Player {
            stage: self.clone(),
            name,
            colour: *colour.unwrap_or(&Color::Magenta),
            unfinished: Arc::default(),
        }
    }

    /// Runs the parts, each on its own thread, until all have ended.
    ///
    /// # Errors
    ///
    /// A part fails. This returns at once: the other parts may wait for it in vain, and end with
    /// the process. Or the system has no thread left.
    pub fn play(parts: impl IntoIterator<Item = Part>) -> Result<(), Error> {
        let (ended, results) = channel();
        for part in parts {
            let ended = ended.clone();
            // Nobody receives this any more if another part has failed before.
            thread::Builder::new()
                .spawn(move || ended.send(part()))
                .or_cannot(Action::StartThread, "for each program")?;
        }
        drop(ended);
        results.iter().collect()
    }

    /// Waits until `player` has printed a line that contains `text`; twenty seconds at most.
    ///
    /// # Errors
    ///
    /// No such line appeared, or lines can't be shown any more.
    pub fn wait_for(&self, player: &str, text: &str) -> Result<(), Error> {
        self.wait(player, Some(text))
    }

    /// Waits until `player` has typed its next line, which it does on a scripted stage only now;
    /// twenty seconds at most.
    ///
    /// # Errors
    ///
    /// The program doesn't read a line, or lines can't be shown any more.
    pub fn types(&self, player: &str) -> Result<(), Error> {
        self.wait(player, None)
    }

    fn wait(&self, player: &str, text: Option<&str>) -> Result<(), Error> {
        let mut scene = self.scene();
        if scene.scripted {
            scene.cue = Some(Cue {
                player: player.to_owned(),
                text: text.map(ToOwned::to_owned),
            });
            self.shared.changed.notify_all();
        }
        let text = text.unwrap_or_default();
        let appeared = |scene: &Scene| {
            let mut lines = scene.lines.iter();
            let shown = lines.any(|(name, line)| *name == player && line.contains(text));
            if scene.scripted {
                scene.cue.is_none()
            } else {
                shown
            }
        };
        let (scene, timeout) = self
            .shared
            .changed
            .wait_timeout_while(scene, PATIENCE, |scene| {
                !appeared(scene) && scene.failure.is_none()
            })
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = scene.failure {
            return Err(Error::output(failure.into()));
        }
        drop(scene);
        if timeout.timed_out() {
            return Err(Error::cannot(
                format_args!("see {text:?} from the {player}"),
                io::Error::from(io::ErrorKind::TimedOut),
                "run it again on a machine that is less busy",
            ));
        }
        Ok(())
    }

    fn scene(&self) -> MutexGuard<'_, Scene> {
        let scene = self.shared.scene.lock();
        scene.unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, player: &Player, line: &str, is_typed: bool) -> io::Result<()> {
        let is_on = |scene: &Scene| match &scene.cue {
            Some(cue) => cue.player == player.name && (cue.text.is_none() || !is_typed),
            None => !scene.scripted,
        };
        let waits = |scene: &mut Scene| !is_on(scene) && scene.failure.is_none();
        let scene = self.shared.changed.wait_while(self.scene(), waits);
        let mut scene = scene.unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = scene.failure {
            return Stream::Out.mark(Err(failure.into()));
        }
        let width = scene.players.iter().map(|name| name.len()).max();
        let name = format!("{:1$}", player.name, width.unwrap_or(0)).color(player.colour);
        let shown = writeln!(scene.out, "{name} | {line}").and_then(|()| scene.out.flush());
        scene.lines.push((player.name, line.to_owned()));
        scene.cue.take_if(|cue| match &cue.text {
            Some(text) => line.contains(text),
            None => is_typed,
        });
        self.shared.changed.notify_all();
        Stream::Out.mark(shown.inspect_err(|error| scene.failure = Some(error.kind())))
    }
}

/// The terminal of one of the programs on a [`Stage`].
///
/// Text written to it appears on the stage line by line, each line when its end arrives.
#[derive(Clone)]
pub struct Player {
    stage: Stage,
    name: &'static str,
    colour: Color,
    unfinished: Arc<Mutex<Vec<u8>>>,
}

impl Player {
    /// A keyboard on which these lines are typed, one each time the program reads a line. After the
    /// last one, the input ends.
    ///
    /// As on a terminal, typed text appears after the program's prompt.
    pub fn keyboard<L: Into<String>>(&self, lines: impl IntoIterator<Item = L>) -> PlayerKeyboard {
        PlayerKeyboard {
            player: self.clone(),
            prompt: "",
            to_type: lines.into_iter().map(Into::into).collect(),
            typed: VecDeque::new(),
        }
    }

    fn add(&mut self, bytes: &[u8], is_typed: bool) -> io::Result<()> {
        let unfinished = self.unfinished.lock();
        let mut unfinished = unfinished.unwrap_or_else(PoisonError::into_inner);
        unfinished.extend_from_slice(bytes);
        let end = unfinished.iter().rposition(|&byte| byte == b'\n');
        let whole: Vec<u8> = unfinished.drain(..end.map_or(0, |end| end + 1)).collect();
        // What is typed may wait for its cue while the program prints.
        drop(unfinished);
        let whole = String::from_utf8_lossy(&whole);
        let mut lines = whole.lines();
        lines.try_for_each(|line| self.stage.show(self, line, is_typed))
    }
}

impl Write for Player {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes, false)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The keyboard of a [`Player`].
pub struct PlayerKeyboard {
    player: Player,
    prompt: &'static str,
    to_type: VecDeque<String>,
    typed: VecDeque<u8>,
}

impl PlayerKeyboard {
    /// The same for a program without a prompt: typed text appears after this one.
    #[must_use]
    pub fn with_prompt(mut self, prompt: &'static str) -> Self {
        self.prompt = prompt;
        self
    }
}

impl Read for PlayerKeyboard {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for PlayerKeyboard {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.typed.is_empty()
            && let Some(line) = self.to_type.pop_front()
        {
            let shown = format!("{}{line}\n", self.prompt);
            self.player.add(shown.as_bytes(), true)?;
            self.typed.extend(line.into_bytes());
            self.typed.push_back(b'\n');
        }
        self.typed.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.typed.consume(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Style, say};
    use testkit::{Capture, PATIENCE, plain};

    #[test]
    fn lines_stand_under_the_name_of_who_printed_them() {
        plain();
        let screen = Capture::default();
        let stage = Stage::new(screen.clone());
        let mut host = stage.player("host");
        let mut guest = stage.player("guest");
        let mut keyboard = guest.keyboard(["hello"]);

        say(&mut host, Style::Event, "Waiting").unwrap();
        write!(guest, "Message: ").unwrap();
        let mut typed = String::new();
        keyboard.read_line(&mut typed).unwrap();
        assert_eq!(typed, "hello\n");
        write!(host, "half a line, ").unwrap();
        say(&mut guest, Style::Event, "two\nlines").unwrap();
        say(&mut host, Style::Event, "now whole").unwrap();
        stage.wait_for("host", "now whole").unwrap();
        assert_eq!(keyboard.read_line(&mut typed).unwrap(), 0);

        insta::assert_snapshot!(screen.text(), @r"
        host  | Waiting
        guest | Message: hello
        guest | two
        guest | lines
        host  | half a line, now whole
        ");
    }

    #[test]
    fn on_a_scripted_stage_only_what_the_script_asks_for_is_shown() {
        plain();
        let screen = Capture::default();
        let stage = Stage::scripted(screen.clone());
        let (mut host, mut guest) = (stage.player("host"), stage.player("guest"));
        let keyboard = host.keyboard(["hello", "never typed"]).with_prompt("> ");
        thread::spawn(move || {
            writeln!(guest, "one\ntwo\nthree").unwrap();
        });
        let (tell, read) = channel();
        thread::spawn(move || {
            tell.send(String::new()).unwrap();
            for line in keyboard.lines() {
                tell.send(line.unwrap()).unwrap();
            }
        });
        read.recv_timeout(PATIENCE).unwrap();
        let printing = thread::spawn(move || writeln!(host, "first\nsecond\nthird"));

        // The keyboard of the host waits for its own cue.
        stage.wait_for("host", "first").unwrap();
        stage.wait_for("guest", "two").unwrap();
        assert!(read.try_recv().is_err());
        stage.wait_for("host", "third").unwrap();
        printing.join().unwrap().unwrap();
        stage.types("host").unwrap();
        assert_eq!(read.recv_timeout(PATIENCE).unwrap(), "hello");
        stage.wait_for("guest", "").unwrap();

        insta::assert_snapshot!(screen.text(), @r"
        host  | first
        guest | one
        guest | two
        host  | second
        host  | third
        host  | > hello
        guest | three
        ");
        assert!(read.try_recv().is_err());
    }

    #[test]
    fn on_a_stage_that_nobody_watches_any_more_every_part_ends_quietly() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let stage = Stage::new(Gone);
        let mut guest = stage.player("guest");
        // No program takes it for an error of its connection.
        for _ in 0..2 {
            let talked = writeln!(guest, "hello").or_cannot(Action::Talk, "the host");
            assert!(matches!(talked, Err(Error::OutputGone)));
        }
        let mut keyboard = guest.keyboard(["hello"]);
        // The keyboard shows what is typed.
        let typed = keyboard.read_line(&mut String::new());
        let typed = typed.or_cannot(Action::ReadInput, "the input");
        assert!(matches!(typed, Err(Error::OutputGone)));
        let said = say(&mut guest, Style::Event, "Connected");
        assert!(matches!(said, Err(Error::OutputGone)));
        let seen = stage.wait_for("host", "Connected");
        assert!(matches!(seen, Err(Error::OutputGone)));
    }
}
