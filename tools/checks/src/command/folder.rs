//! Copies of folders, so that no program under test changes what was handed in, or meets what
//! another run of it has left.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

/// Maximum size of a folder that is copied, in bytes. Each file counts as whole blocks.
pub(crate) const LIMIT: u64 = 64 << 20;

/// What the system needs for a file besides its bytes, more or less. So the limit holds for a
/// folder of many empty files, too.
const BLOCK: u64 = 4096;

/// How deep folders may be nested.
const DEPTH: usize = 32;

/// What tools leave behind. Programs don't need it, and it may be large.
const BY_TOOLS: [&str; 3] = ["__pycache__", "__MACOSX", "node_modules"];

/// Whether the file or folder was made by a tool, or is hidden, as an editor's settings are.
pub(crate) fn is_by_the_way(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") || BY_TOOLS.iter().any(|it| name == *it)
}

/// Copies what is in this folder into another one, which is empty: files, folders and symbolic
/// links. The files of `node_modules` and hidden files are copied, too, as a program may need them.
///
/// # Errors
///
/// Something can't be read or written, or there is more than [`LIMIT`].
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    copy_into(from, to, &mut 0, DEPTH)
}

/// Copies a file, and the files beside it if they fit; no folders.
///
/// # Errors
///
/// The file can't be read or written, or has more than [`LIMIT`].
pub(crate) fn copy_file_and_neighbours(folder: &Path, file: &OsStr, to: &Path) -> io::Result<()> {
    let path = folder.join(file);
    copy_file(&path, &to.join(file), &fs::metadata(&path)?, &mut 0)?;
    let neighbours: Vec<_> = fs::read_dir(folder)?
        .filter_map(Result::ok)
        .map(|entry| entry.file_name())
        .filter(|name| name != file)
        .filter_map(|name| Some((fs::metadata(folder.join(&name)).ok()?, name)))
        .filter(|(metadata, _)| metadata.is_file())
        .collect();
    if neighbours
        .iter()
        .map(|(metadata, _)| size(metadata))
        .sum::<u64>()
        <= LIMIT
    {
        for (metadata, name) in neighbours {
            // It isn't this student's, so it is no fault of theirs if it can't be read.
            let _ = copy_file(&folder.join(&name), &to.join(&name), &metadata, &mut 0);
        }
    }
    Ok(())
}

fn copy_into(from: &Path, to: &Path, copied: &mut u64, depth: usize) -> io::Result<()> {
    if depth == 0 {
        return Err(io::Error::other("its folders are nested too deeply"));
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let metadata = fs::symlink_metadata(&from)?;
        if metadata.is_dir() {
            *copied += BLOCK;
            fs::create_dir(&to)?;
            copy_into(&from, &to, copied, depth - 1)?;
        } else if metadata.is_symlink() {
            copy_link(&from, &to)?;
        } else if metadata.is_file() {
            copy_file(&from, &to, &metadata, copied)?;
        }
        // To read anything else, such as a pipe, might take forever.
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path, metadata: &Metadata, copied: &mut u64) -> io::Result<()> {
    *copied += size(metadata);
    if *copied > LIMIT {
        let limit = LIMIT >> 20;
        return Err(io::Error::other(format!("it has more than {limit} MiB")));
    }
    fs::copy(from, to).map(drop)
}

#[cfg(unix)]
fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(fs::read_link(from)?, to)
}

#[cfg(not(unix))]
fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to).map(drop)
}

fn size(metadata: &Metadata) -> u64 {
    metadata.len().saturating_add(BLOCK)
}
