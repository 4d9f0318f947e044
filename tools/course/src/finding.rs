//! What came of one check of an exercise.

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The check's name, such as `tcp-server/split-request`. A check of functions has a title only.
    pub id: String,
    /// What an exercise does that passes, or what its functions are called with.
    pub title: String,
    /// Whether this one passes. `None`: nobody knows.
    pub passed: Option<bool>,
    /// If it failed: why, and what to do, in parts with a name each.
    pub why: Vec<(String, String)>,
}

impl Finding {
    /// The task of the `todo!` that the check has reached, such as "write `send`: write all bytes".
    pub fn task(&self) -> Option<&str> {
        let mut parts = self.why.iter();
        parts.find_map(|(_, text)| text.strip_prefix("Next: "))
    }

    /// What comes next, in a few words: the beginning of the task, or else the title.
    pub fn next(&self) -> &str {
        let task = self.task().and_then(|task| task.split(':').next());
        task.unwrap_or(&self.title)
    }
}
