//! How far a measurement is.

use std::borrow::Cow;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of that many steps on standard error, if that is a terminal. It goes when it is dropped.
pub fn bar(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len} {wide_msg}");
    let bar = ProgressBar::new(steps as u64);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// Shows the next step, as it begins.
pub fn step(bar: &ProgressBar, what: impl Into<Cow<'static, str>>) {
    bar.set_message(what);
    bar.inc(1);
}
