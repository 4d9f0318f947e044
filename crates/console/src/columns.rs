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

/// Tells how many columns the user's terminal has at this moment, as a window may change its size;
/// `None` if the output is no terminal.
pub type Width = fn() -> Option<usize>;

/// The [`Width`] of standard output.
pub fn terminal_width() -> Option<usize> {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map(|(width, _)| width.0.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_is_stronger_than_the_terminal() {
        let width = Some(100);
        assert_eq!(Columns { width }.count(), 100);
        let without = Columns { width: None }.count();
        assert_eq!(without, terminal_width().unwrap_or(80));
    }
}
