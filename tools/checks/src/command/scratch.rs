//! A folder for copies, which is gone when this program has ended, however it ends.

use std::io;
use std::path::Path;

use console::{Error, OrCannot};
use tempfile::TempDir;

/// A folder for copies.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: TempDir,
    #[cfg(unix)]
    _remover: std::process::ChildStdin,
}

impl Scratch {
    /// Creates it where this system has its temporary files.
    ///
    /// # Errors
    ///
    /// The system can't.
    pub(crate) fn new() -> Result<Self, Error> {
        Self::create().or_cannot(
            "create a folder for copies in",
            std::env::temp_dir().display(),
        )
    }

    #[cfg(unix)]
    fn create() -> io::Result<Self> {
        use std::os::unix::process::CommandExt;
        use std::process::{Command, Stdio};

        let folder = TempDir::new()?;
        // If this program is interrupted, or killed, it drops nothing. But the pipe closes.
        let mut remover = Command::new("sh")
            .args(["-c", r#"read -r _; rm -rf "$0""#])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of Ctrl-C's reach.
            .process_group(0)
            .spawn()?;
        let pipe = remover.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            folder,
            _remover: pipe,
        })
    }

    #[cfg(not(unix))]
    fn create() -> io::Result<Self> {
        let folder = TempDir::new()?;
        Ok(Self { folder })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}
