//! Copies of folders, so that no program under test changes what was handed in, or meets what
//! another run of it has left.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use supervise::limits;

/// Maximum size of a folder that is copied, in bytes, as [`limits::size_of`] counts.
pub(crate) const LIMIT: u64 = 64 << 20;

/// How deep folders may be nested.
const DEPTH: usize = 32;

/// Folders that a tool made and needs only for itself.
const BY_TOOLS: [&str; 4] = ["__pycache__", "__MACOSX", ".git", ".svn"];

/// The folders of a Python environment. A student may keep the program beside them.
const OF_PYTHON: [&str; 7] = ["bin", "include", "lib", "lib64", "libs", "scripts", "share"];

/// Whether a tool made this folder and needs it only for itself: by its name, in an environment of
/// Python (venv, conda), or with the mark of what can be made again
/// (<https://bford.info/cachedir/>), as cargo's `target` has it.
fn is_by_tools(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let is_of_python = || {
        let is_beside = |it: &&str| path.with_file_name(it).exists();
        OF_PYTHON.iter().any(|it| lower == *it)
            && ["pyvenv.cfg", "conda-meta"].iter().any(is_beside)
    };
    BY_TOOLS.iter().any(|it| name == *it) || path.join("CACHEDIR.TAG").exists() || is_of_python()
}

/// Whether no program of the student is in it: it is hidden, as an editor's settings are, or a tool
/// made it.
pub(crate) fn is_by_the_way(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".") || name == "node_modules" || is_by_tools(path)
}

/// Copies what is in this folder into another one, which is empty: files, folders and symbolic
/// links. `node_modules` and hidden files are copied, too, as a program may need them; what tools
/// made for themselves isn't.
///
/// # Errors
///
/// Something can't be read or written, or there is more than [`LIMIT`].
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    copy_into(from, to, &mut 0, DEPTH)
}

/// Copies a file into a folder, and what may be `beside` it there: that is nobody's fault if it
/// can't be read.
///
/// # Errors
///
/// The file can't be read or written, or has more than [`LIMIT`].
pub(crate) fn copy_file(file: &Path, beside: &[PathBuf], to: &Path) -> io::Result<()> {
    let copy = |from: &Path| {
        let metadata = fs::metadata(from).map_err(about(from))?;
        let to = to.join(from.file_name().unwrap_or_default());
        copy_one(from, &to, &metadata, &mut 0)
    };
    copy(file)?;
    for it in beside {
        let _ = copy(it);
    }
    Ok(())
}

/// Of these, the smallest, as many as may be copied together.
pub(crate) fn that_fit(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    let size = |file: &PathBuf| fs::metadata(file).map_or(u64::MAX, |it| limits::size_of(&it));
    files.sort_by_cached_key(size);
    let mut sum = 0_u64;
    files.retain(|file| {
        sum = sum.saturating_add(size(file));
        sum <= LIMIT
    });
    files
}

/// Makes an error say which file it is about.
fn about(path: &Path) -> impl Fn(io::Error) -> io::Error {
    let name = crate::safe_name(path.file_name().unwrap_or_default());
    move |error| io::Error::new(error.kind(), format!("{name}: {error}"))
}

fn copy_into(from: &Path, to: &Path, copied: &mut u64, depth: usize) -> io::Result<()> {
    if depth == 0 {
        return Err(io::Error::other("its folders are nested too deeply"));
    }
    for entry in fs::read_dir(from).map_err(about(from))? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let metadata = fs::symlink_metadata(&from)?;
        if metadata.is_dir() {
            if !is_by_tools(&from) {
                *copied += limits::size_of(&metadata);
                fs::create_dir(&to)?;
                copy_into(&from, &to, copied, depth - 1)?;
            }
        } else if metadata.is_symlink() {
            copy_link(&from, &to).map_err(about(&from))?;
        } else if metadata.is_file() {
            copy_one(&from, &to, &metadata, copied)?;
        }
        // To read anything else, such as a pipe, might take forever.
    }
    Ok(())
}

fn copy_one(from: &Path, to: &Path, metadata: &Metadata, copied: &mut u64) -> io::Result<()> {
    *copied += limits::size_of(metadata);
    if *copied > LIMIT {
        let limit = LIMIT >> 20;
        return Err(io::Error::other(format!(
            "it has more than {limit} MiB: hand in only the program and the files that it needs"
        )));
    }
    match fs::copy(from, to) {
        // The program meets what it would meet here: a file that can't be read.
        #[cfg(unix)]
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let unreadable = fs::File::create(to)?;
            unreadable.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o0))
        }
        copied => copied.map(drop).map_err(about(from)),
    }
}

#[cfg(unix)]
fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(fs::read_link(from)?, to)
}

#[cfg(not(unix))]
fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to).map(drop)
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_that_can_not_be_read_stops_nothing() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = from.path().join("secret");
        fs::write(&secret, "text").unwrap();
        fs::write(from.path().join("server.py"), "").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o0)).unwrap();
        // An administrator may read everything.
        let is_readable = fs::read(&secret).is_ok();
        copy(from.path(), to.path()).unwrap();
        assert!(to.path().join("server.py").exists());
        assert_eq!(fs::read(to.path().join("secret")).is_ok(), is_readable);
    }
}
