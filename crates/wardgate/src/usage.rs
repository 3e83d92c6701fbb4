//! What was used of limits, kept over restarts in one small file of the state folder.
//!
//! Written every few seconds and at the end, so a gateway that is killed forgets that much at most. One gateway owns a state
//! folder: of two, the later writer wins.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use wardgate_limit::{Usage, UsageEntry};
use wardgate_proxy::Gate;

use crate::replace::replace;

/// The file in the state folder.
const FILE: &str = "limits.json";

const EVERY: Duration = Duration::from_secs(2);

/// The file, and what it holds.
pub struct UsageFile {
    path: PathBuf,
    written: Mutex<Vec<UsageEntry>>,
}

impl UsageFile {
    /// Adds what an earlier life used to the gate's limits. A file that cannot be read is told of and replaced.
    pub fn restore(gate: &Gate, state: &Path) -> Arc<UsageFile> {
        let path = state.join(FILE);
        match read(&path) {
            Ok(Some(usage)) => gate.limits.restore(&usage, &gate.moment()),
            Ok(None) => {}
            Err(fault) => {
                tracing::warn!(file = %path.display(), %fault, "what was used of limits cannot be read, counting begins anew");
            }
        }
        let written = Mutex::default();
        Arc::new(UsageFile { path, written })
    }

    /// Writes every few seconds until `stop`.
    pub async fn keep(self: Arc<Self>, gate: Arc<Gate>, stop: CancellationToken) {
        let mut tick = tokio::time::interval(EVERY);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            let (file, gate) = (self.clone(), gate.clone());
            if let Err(fault) = tokio::task::spawn_blocking(move || file.write(&gate)).await {
                tracing::error!(%fault, "what was used of limits is not written");
            }
        }
    }

    /// Writes what was used, if that has changed. A failure is told of and tried again by the next write.
    pub fn write(&self, gate: &Gate) {
        let mut written = self.written.lock().expect("no panic while held");
        let usage = gate.limits.usage(&gate.moment());
        if usage.entries == *written {
            return;
        }
        match write(&self.path, &usage) {
            Ok(()) => *written = usage.entries,
            Err(fault) => {
                tracing::warn!(file = %self.path.display(), %fault, "what was used of limits cannot be written");
            }
        }
    }
}

fn read(path: &Path) -> io::Result<Option<Usage>> {
    match fs::read(path) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
        Err(fault) if fault.kind() == ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn write(path: &Path, usage: &Usage) -> io::Result<()> {
    replace(path, &serde_json::to_vec(usage)?)
}
