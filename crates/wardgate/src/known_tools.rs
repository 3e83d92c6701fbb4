//! The tools that servers were last seen with, in a file of the state folder. What judges policies without a gateway, such as
//! `wardgate check`, judges them against these.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use wardgate_model::Alias;
use wardgate_policy::{CaseTool, Tool};
use wardgate_proxy::{Gate, catalog::governed::Seen};

use crate::replace::replace;

/// The file in the state folder.
pub const FILE: &str = "tools.json";

const EVERY: Duration = Duration::from_secs(1);

/// By the alias of their server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KnownTools(BTreeMap<String, Vec<CaseTool>>);

impl KnownTools {
    /// Reads a file; `None` if there is none.
    ///
    /// # Errors
    /// When it cannot be read or holds something else.
    pub fn read(path: &Path) -> io::Result<Option<KnownTools>> {
        match fs::read(path) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(fault) if fault.kind() == ErrorKind::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Returns the tools; one with a name that cannot be read is none.
    pub fn tools(&self) -> Vec<Tool> {
        let written = self.0.values().flatten();
        written.filter_map(|tool| tool.read().ok()).collect()
    }

    /// Takes in what was seen. A server that was not seen keeps what was known of it while it is still served.
    fn update(&mut self, seen: &BTreeMap<Alias, Vec<Tool>>, is_served: impl Fn(&str) -> bool) {
        self.0.retain(|alias, _| is_served(alias));
        for (alias, tools) in seen {
            let written = tools.iter().map(CaseTool::from).collect();
            self.0.insert(alias.to_string(), written);
        }
    }
}

/// Writes what is seen as it changes, until `stop`.
pub async fn keep(gate: Arc<Gate>, state: PathBuf, stop: CancellationToken) {
    let path = state.join(FILE);
    let mut known = KnownTools::read(&path)
        .inspect_err(|fault| {
            tracing::warn!(file = %path.display(), %fault, "what is known of tools cannot be read, and is learned anew");
        })
        .ok()
        .flatten()
        .unwrap_or_default();
    let mut seen = Seen::default();
    let mut tick = tokio::time::interval(EVERY);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let Some(tools) = seen.look(&gate) else {
            continue;
        };
        let before = known.clone();
        let snapshot = gate.snapshot();
        known.update(&tools, |alias| {
            snapshot.servers.contains_key(&Alias::new(alias))
        });
        if known == before {
            continue;
        }
        let (path, text) = (path.clone(), serde_json::to_vec(&known));
        let written = tokio::task::spawn_blocking(move || replace(&path, &text?)).await;
        if let Err(fault) = written.map_err(io::Error::other).flatten() {
            tracing::warn!(%fault, "what is known of tools cannot be written");
        }
    }
}
