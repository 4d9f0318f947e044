//! How far a measurement is.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of that many steps on standard error, if that is a terminal. It goes when it is dropped.
pub fn bar(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len} {wide_msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(steps as u64).with_style(style)
}

/// Shows the next step, as it begins.
pub fn step(bar: &ProgressBar, what: &str) {
    bar.set_message(what.to_owned());
    bar.inc(1);
}
