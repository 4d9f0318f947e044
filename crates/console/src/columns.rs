use std::io;

/// The flag of programs whose output depends on how wide the terminal is.
#[derive(Debug, Clone, clap::Args)]
pub struct Columns {
    /// Columns to print for; without it, those of the terminal, or 80
    #[arg(long, value_name = "N", global = true)]
    width: Option<u16>,
}

impl Columns {
    /// How many columns there are. An output that isn't a terminal has 80.
    pub fn count(&self) -> usize {
        let asked_for = self.width.map(usize::from);
        asked_for.or_else(terminal_width).unwrap_or(80)
    }
}

/// Returns how many columns the user's terminal has now, as a window may change its size; `None` if
/// the output isn't a terminal.
pub type Width = fn() -> Option<usize>;

/// The [`Width`] of standard output.
pub fn terminal_width() -> Option<usize> {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map(|(width, _)| width.0.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    use {
        rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt},
        rustix::termios::{Winsize, tcsetwinsize},
        std::env,
        std::io::Write,
        std::process::{Command, Stdio},
        testkit::Program,
    };

    #[test]
    fn the_flag_is_stronger_than_the_terminal() {
        let width = Some(100);
        assert_eq!(Columns { width }.count(), 100);
        let without = Columns { width: None }.count();
        assert_eq!(without, terminal_width().unwrap_or(80));
    }

    /// The test runs itself again, at a terminal and behind a pipe.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_terminal_tells_its_width_and_a_pipe_has_none() {
        const TELLS: &str = "CONSOLE_TELLS";
        if env::var_os(TELLS).is_some() {
            // Standard error isn't the terminal.
            writeln!(io::stderr(), "width: {:?}", terminal_width()).unwrap();
            return;
        }
        let told = |output: Stdio| {
            let name = "columns::tests::a_terminal_tells_its_width_and_a_pipe_has_none";
            let mut command = Command::new(env::current_exe().unwrap());
            command
                .args(["--exact", name, "--nocapture"])
                .env(TELLS, "");
            Program::start_into(command, output).wait().errors
        };
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let ours = openpt(flags).unwrap();
        unlockpt(&ours).unwrap();
        let terminal = ioctl_tiocgptpeer(&ours, flags).unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&terminal, size).unwrap();
        assert!(told(terminal.into()).contains("width: Some(100)"));
        assert!(told(Stdio::piped()).contains("width: None"));
    }
}
