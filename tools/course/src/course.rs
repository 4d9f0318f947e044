//! From the exercises' files to one screen.

use std::path::PathBuf;

use console::Error;
use indicatif::ProgressBar;

use crate::exercises::Exercise;
use crate::screen::State;
use crate::{compile, judging, memory, screen, steps};

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

impl Course {
    /// All of these exercises, in that many columns, and what to do next.
    ///
    /// # Errors
    ///
    /// Cargo can't be started.
    pub fn overview(
        &self,
        exercises: &[Exercise],
        width: usize,
        progress: &ProgressBar,
    ) -> Result<String, Error> {
        Ok(screen::overview(&self.states(exercises, progress)?, width))
    }

    /// One exercise, with its first failure; as a hint, also a program that passes there.
    ///
    /// # Errors
    ///
    /// Cargo can't be started.
    pub fn details(
        &self,
        exercise: Exercise,
        hint: bool,
        width: usize,
        progress: &ProgressBar,
    ) -> Result<String, Error> {
        let states = self.states(&[exercise], progress)?;
        let details = |(exercise, state): &(Exercise, State)| {
            let failure = state.first_failure().filter(|_| hint);
            let hint = failure.map(|it| steps::hint(&self.root, exercise, &it.id));
            screen::details(exercise, state, hint, width)
        };
        Ok(states.first().map(details).unwrap_or_default())
    }

    fn states(
        &self,
        exercises: &[Exercise],
        progress: &ProgressBar,
    ) -> Result<Vec<(Exercise, State)>, Error> {
        progress.set_message("building");
        let built = compile::build(&self.root, exercises).map_err(|cause| {
            Error::cannot(
                "start cargo",
                cause,
                "check that this works: cargo --version",
            )
        })?;
        let state = |(exercise, built): (&Exercise, Result<PathBuf, String>)| {
            let state = built.map_or_else(State::Broken, |executable| {
                let find = || judging::findings(&self.root, exercise, &executable, progress);
                let files = [executable.as_path(), &self.judge];
                State::Judged(memory::recall(&self.memory, exercise.name, &files, find))
            });
            (*exercise, state)
        };
        Ok(exercises.iter().zip(built).map(state).collect())
    }
}
