//! What a class has handed in: files, and a folder for each student.

use std::any::Any;
use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use checks::check::Role;
use checks::port::Port;
use supervise::{Command, Process};
use tempfile::TempDir;

use crate::choose::find;
use crate::folder;
use crate::program_file::{ProgramFile, begin, is_archive, is_library, mistaken};
use crate::safe_name;
use crate::start;

/// All that is in a folder of submissions.
#[derive(Debug)]
pub(crate) struct Class {
    /// What is judged, sorted by name.
    pub(crate) submissions: Vec<Submitted>,
    /// The names of what isn't.
    pub(crate) left_out: Vec<String>,
}

/// A file or folder that was handed in.
#[derive(Debug, Clone)]
pub(crate) struct Submitted {
    /// Its name, safe to print, and different from all others'.
    pub(crate) name: String,
    /// Its name as the system has it.
    pub(crate) file_name: OsString,
    path: PathBuf,
    is_folder: bool,
    /// What else is copied, if it is a file: data that it may need.
    beside: Arc<[PathBuf]>,
}

impl Class {
    /// Reads a folder of submissions. It leaves out hidden files and folders, what tools made, the
    /// folder for reports, and what is neither a folder nor a program. With a command, a file
    /// without an ending counts as a program, too. A document is a submission that can't be
    /// started. So is an archive, unless a folder beside it has its name: then it was unpacked.
    ///
    /// # Errors
    ///
    /// The folder can't be read.
    pub(crate) fn read(
        within: &Path,
        reports: Option<&Path>,
        has_command: bool,
    ) -> io::Result<Self> {
        let reports = reports.and_then(|reports| fs::canonicalize(reports).ok());
        let mut names = Vec::new();
        for entry in fs::read_dir(within)? {
            names.push(entry?.file_name());
        }
        names.sort();
        let is_submission = |path: &Path| {
            let is_reports = reports.is_some() && fs::canonicalize(path).ok() == reports;
            // To look into a pipe might take forever. A link to nothing is a row that says so.
            let is_file = path.is_file() || !path.exists();
            let is_program = is_file
                && (ProgramFile::of(path).is_some() || (has_command && path.extension().is_none()));
            let is_unpacked = is_archive(path) && path.with_extension("").is_dir();
            !folder::is_by_the_way(path)
                && !is_reports
                && (path.is_dir() || is_program || (mistaken(path).is_some() && !is_unpacked))
        };
        let (submissions, left_out): (Vec<_>, Vec<_>) = names
            .into_iter()
            .partition(|name| is_submission(&within.join(name)));
        // A classmate's program is no data, and to some languages it is a part of this one. Neither
        // is what changes all programs of Node, or what another run left.
        let is_data = |path: &PathBuf| {
            let is_state = path
                .extension()
                .is_some_and(|it| it == "pid" || it == "lock");
            let is_setting = path.ends_with("package.json");
            path.is_file() && !is_library(path) && !is_archive(path) && !is_setting && !is_state
        };
        let paths = left_out.iter().map(|name| within.join(name));
        let beside: Arc<[_]> = folder::that_fit(paths.filter(is_data).collect()).into();
        let submitted = |file_name: OsString| {
            let path = within.join(&file_name);
            Submitted {
                name: safe_name(&file_name),
                file_name,
                is_folder: path.is_dir(),
                path,
                beside: Arc::clone(&beside),
            }
        };
        Ok(Self {
            submissions: submissions.into_iter().map(submitted).collect(),
            left_out: left_out.iter().map(|name| safe_name(name)).collect(),
        })
    }
}

/// A submission that can be started: copied, and compiled if it needs to be.
#[derive(Debug)]
pub(crate) struct Ready {
    /// How it was compiled, if it had to be.
    pub(crate) compiled: Option<String>,
    /// How it is started. Each check's own copy replaces `{dir}`, and has the folder to start in.
    pub(crate) command: Command,
    /// What is copied for each check: itself a copy of what was handed in.
    original: TempDir,
    scratch: PathBuf,
}

impl Submitted {
    /// Copies it into `scratch`, finds its program, compiles it if necessary, and starts it once to
    /// see that the system can. `given` is the command of the user, with `{file}` and `{dir}`.
    ///
    /// # Errors
    ///
    /// It can't be started. The error says why, in a line or more.
    pub(crate) fn get_ready(
        &self,
        role: Role,
        given: Option<&Command>,
        scratch: &Path,
    ) -> Result<Ready, Box<dyn Error>> {
        if !self.is_folder
            && let Some(why) = mistaken(&self.path)
        {
            return Err(why.into());
        }
        let original = self
            .copy(scratch)
            .map_err(|error| format!("it can't be copied: {error}"))?;
        let root = original.path();
        let program = || self.program(root, role, given.is_some());
        let (command, compiled) = match given {
            None => start::command(&program()?, root)?,
            Some(given) if given.has("{file}") => {
                let program = program()?;
                let command = given.with("{file}", &program.dotted_name());
                (command.within(program.folder()), None)
            }
            Some(given) => (given.clone(), None),
        };
        let folder = command.dir.as_deref().unwrap_or(root).strip_prefix(root);
        let ready = Ready {
            compiled,
            command: command.clone().within(folder.unwrap_or(Path::new(""))),
            original,
            scratch: scratch.to_owned(),
        };
        ready
            .can_start()
            .map_err(|error| format!("the system can't start {}: {error}", ready.command))?;
        Ok(ready)
    }

    /// Its program in `root`, which is a copy, if it can be read there.
    fn program(&self, root: &Path, role: Role, has_command: bool) -> Result<ProgramFile, String> {
        let program = if self.is_folder {
            find(root, role, has_command)?
        } else {
            ProgramFile::of_any(&root.join(&self.file_name))
        };
        let renamed = program.renamed(root);
        let program = renamed.map_err(|error| format!("it can't be renamed: {error}"))?;
        begin(&program.path).map_err(|error| format!("its program can't be read: {error}"))?;
        Ok(program)
    }

    fn copy(&self, scratch: &Path) -> io::Result<TempDir> {
        let copy = TempDir::new_in(scratch)?;
        if self.is_folder {
            folder::copy(&self.path, copy.path())?;
        } else {
            folder::copy_file(&self.path, &self.beside, copy.path())?;
        }
        Ok(copy)
    }
}

impl Ready {
    /// The command in a copy that no other check has, and that copy, which is deleted when dropped.
    ///
    /// # Errors
    ///
    /// It can't be copied.
    pub(crate) fn prepare(&self) -> io::Result<(Command, Box<dyn Any>)> {
        let copy = TempDir::new_in(&self.scratch)?;
        folder::copy(self.original.path(), copy.path())?;
        let mut command = self.command.with("{dir}", copy.path().as_os_str());
        command.dir = command.dir.map(|dir| copy.path().join(dir));
        Ok((command, Box::new(copy)))
    }

    fn can_start(&self) -> io::Result<()> {
        let (command, _copy) = self.prepare()?;
        Process::start(&command.for_port(Port::free()?.number)).map(drop)
    }
}
