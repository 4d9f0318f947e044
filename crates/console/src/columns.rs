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
        let terminal = || {
            let size = terminal_size::terminal_size_of(io::stdout());
            size.map(|(width, _)| width.0)
        };
        self.width.or_else(terminal).unwrap_or(80).into()
    }
}
