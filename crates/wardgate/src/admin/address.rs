//! Where the admin surface of a state folder's gateway is: a file that holds its address while the gateway runs. Empty means that
//! it runs without one.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::replace::replace;

const FILE: &str = "admin.url";

/// The file, taken away when the gateway ends.
pub struct Posted(PathBuf);

impl Posted {
    /// Posts it where the folder is there: for this alone none is made.
    ///
    /// # Errors
    /// What the file system says.
    pub fn post(state: &Path, url: Option<&str>) -> io::Result<Option<Posted>> {
        if !state.is_dir() {
            return Ok(None);
        }
        let path = state.join(FILE);
        replace(&path, url.unwrap_or_default().as_bytes())?;
        Ok(Some(Posted(path)))
    }
}

impl Drop for Posted {
    fn drop(&mut self) {
        if let Err(fault) = std::fs::remove_file(&self.0) {
            tracing::debug!(%fault, "the address of the admin API is left in the state folder");
        }
    }
}

/// What a gateway in this folder has posted, if one runs.
pub fn posted(state: &Path) -> Option<String> {
    std::fs::read_to_string(state.join(FILE)).ok()
}
