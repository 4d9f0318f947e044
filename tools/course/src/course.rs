//! From the exercises' files to one screen.

use std::path::PathBuf;

use console::Error;
use indicatif::ProgressBar;

use crate::compile::{self, Built};
use crate::exercises::{self, Exercise};
use crate::screen::State;
use crate::{judging, memory, screen, steps};

/// Where everything is.
#[derive(Debug)]
pub struct Course {
    /// The workspace.
    pub root: PathBuf,
    /// Where to remember what was judged.
    pub memory: PathBuf,
    /// This program's own file, which holds the checks. If it changes, all is judged again.
    pub judge: PathBuf,
}

/// What the student asks for.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// All exercises, on one screen.
    All,
    /// One exercise, by its name.
    One {
        /// The exercise's name.
        name: String,
        /// Whether to tell which program passes its first failing check.
        hint: bool,
    },
}

impl Course {
    /// Builds and judges what is wanted, and shows it in that many columns.
    ///
    /// # Errors
    ///
    /// Cargo can't be started.
    pub fn screen(
        &self,
        wanted: &Wanted,
        width: usize,
        progress: &ProgressBar,
    ) -> Result<String, Error> {
        progress.set_message("building");
        let exercises = chosen(wanted);
        let built = compile::build(&self.root, &exercises).map_err(|cause| {
            Error::cannot(
                "start cargo",
                cause,
                "check that it is installed: cargo --version",
            )
        })?;
        let states: Vec<(Exercise, State)> = exercises
            .into_iter()
            .zip(built)
            .map(|(exercise, built)| (exercise, self.state(&exercise, built, progress)))
            .collect();
        Ok(match (wanted, states.as_slice()) {
            (Wanted::One { hint, .. }, [(exercise, state)]) => {
                let failure = state.first_failure().filter(|_| *hint);
                let step = failure.and_then(|it| steps::that_passes(&self.root, exercise, &it.id));
                screen::one(exercise, state, step.as_ref(), *hint, width)
            }
            _ => screen::overview(&states, width),
        })
    }

    fn state(&self, exercise: &Exercise, built: Built, progress: &ProgressBar) -> State {
        let executable = match built {
            Ok(executable) => executable,
            Err(error) => return State::Broken(error),
        };
        let find = || judging::findings(&self.root, exercise, &executable, progress);
        let files = [executable.as_path(), &self.judge];
        State::Judged(memory::recall(&self.memory, exercise.name, &files, find))
    }

    /// The files that a student changes.
    pub fn files(&self, wanted: &Wanted) -> Vec<PathBuf> {
        let files = chosen(wanted)
            .into_iter()
            .map(|it| self.root.join(it.file()));
        files.collect()
    }
}

fn chosen(wanted: &Wanted) -> Vec<Exercise> {
    let mut exercises = exercises::all();
    if let Wanted::One { name, .. } = wanted {
        exercises.retain(|exercise| exercise.name == name);
    }
    exercises
}
