//! Names in the state folder, and how its files are made: whole, and for their owner only.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::OpenError;

/// Records, and whatever else is remembered.
pub const DATABASE: &str = "wardgate.db";
/// The private key that signs checkpoints. Who has it can sign another past.
pub const SIGNING_KEY: &str = "audit.key";
/// Its public half, to be kept elsewhere too.
pub const PUBLIC_KEY: &str = "audit.pub";
/// Signed checkpoints, one after the other, to be shipped off the machine.
pub const CHECKPOINTS: &str = "checkpoints.txt";
/// The secret of fingerprints: with it, guesses at redacted values can be tried.
pub const FINGERPRINT_KEY: &str = "fingerprint.key";
/// The secret under which API keys are hashed.
pub const INSTALL_KEY: &str = "keys.key";
/// Locked by every gateway that writes here.
pub const ALIVE: &str = "alive.lock";

pub fn private() -> OpenOptions {
    let mut how = OpenOptions::new();
    how.mode(0o600);
    how
}

/// Makes a file with this content, unless there is one; what is there is whole. Returns what it holds.
///
/// # Errors
/// What the file system says.
pub fn keep(path: &Path, content: impl FnOnce() -> String) -> io::Result<String> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read,
    }
    let mut own = path.as_os_str().to_owned();
    own.push(format!(".{}", std::process::id()));
    let own = Path::new(&own);
    let mut file = private()
        .write(true)
        .create(true)
        .truncate(true)
        .open(own)?;
    file.write_all(content().as_bytes())?;
    file.sync_all()?;
    // A link fails where a rename would replace what another process has made and read.
    let linked = std::fs::hard_link(own, path);
    std::fs::remove_file(own)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => sync_folder_of(path)?,
    }
    std::fs::read_to_string(path)
}

/// A name is durable once its folder is.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Appends durably.
///
/// # Errors
/// What the file system says.
pub fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = private().append(true).create(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

pub(super) fn fault(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::File { what, path, source }
}
