//! The README and the pages of `docs/`, as their tests see them.
//!
//! - [`page`]: a page's blocks, links, headings and commands.
//! - [`quote`]: what a block has to say, by the source that it names.
//!
//! `tests/pages.rs` compares each block with its source and follows each link;
//! `tests/external.rs` runs each command. No program uses this crate.

pub mod page;
pub mod quote;

use std::env;
use std::path::{Path, PathBuf};

/// The directory of the workspace, which paths in comments and messages begin from.
pub fn root() -> PathBuf {
    // Asked when the test runs: two clones with one target directory share the compiled `env!`.
    let here = env::var_os("CARGO_MANIFEST_DIR");
    let here = here.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let here = Path::new(&here);
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}
