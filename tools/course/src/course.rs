//! From the exercises' files to one screen.

use std::path::PathBuf;

use console::Error;
use indicatif::ProgressBar;

use crate::compile::Built;
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
    /// How far these exercises are, in that many columns, and what to do next. If there is only one,
    /// its first failure too; as a hint, also a program that passes there.
    ///
    /// # Errors
    ///
    /// Cargo can't be started.
    pub fn screen(
        &self,
        exercises: &[Exercise],
        hint: bool,
        width: usize,
        progress: &ProgressBar,
    ) -> Result<String, Error> {
        let states = self.states(exercises, progress)?;
        let [(exercise, state)] = states.as_slice() else {
            return Ok(screen::overview(&states, width));
        };
        let failure = state.first_failure().filter(|_| hint);
        let hint = failure.map(|it| steps::hint(&self.root, exercise, &it.id));
        Ok(screen::details(exercise, state, hint, width))
    }

    fn states(
        &self,
        exercises: &[Exercise],
        progress: &ProgressBar,
    ) -> Result<Vec<(Exercise, State)>, Error> {
        progress.set_message("building");
        let next = "check that this works: cargo --version";
        let built = compile::build(&self.root, exercises)
            .map_err(|cause| Error::cannot("start cargo", cause, next))?;
        let state = |(exercise, built): (&Exercise, Built)| {
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
