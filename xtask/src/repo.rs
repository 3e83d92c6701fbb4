//! Where things are in this repository.

use std::env;
use std::path::{Path, PathBuf};

/// The root of the working tree: the folder above this crate.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in a folder of the workspace")
}

/// What is installed for tests and never committed.
pub fn peers_dir() -> PathBuf {
    root().join(".peers")
}

/// Where cargo puts what it builds for the workspace.
pub fn target_dir() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// The gateway as `cargo build` leaves it.
pub fn gateway_binary() -> PathBuf {
    target_dir().join("debug/wardgate")
}
