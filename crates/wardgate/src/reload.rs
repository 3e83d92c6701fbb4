//! Following the config: a change to its files, or SIGHUP, is compiled and published; a faulty one is shown and the old one stays.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use notify::{RecursiveMode, Watcher};
use tokio::{signal::unix::Signal, sync::mpsc};
use tokio_util::sync::CancellationToken;
use wardgate_proxy::Gate;

use crate::{
    cli::{config_file, serve::Args},
    compose::{self, ConfigSecrets},
};

/// Editors write a file in several steps.
const SETTLE: Duration = Duration::from_millis(150);

/// The config's files, watched from the moment this exists.
pub struct Watch {
    changes: mpsc::Receiver<()>,
    _watcher: notify::RecommendedWatcher,
}

impl Watch {
    /// Starts to watch. To be called before the files are first read, so that no change falls between.
    ///
    /// # Errors
    /// When the files cannot be watched.
    pub fn start(args: &Args) -> anyhow::Result<Watch> {
        // One pending change is enough: a reload reads everything.
        let (changed, changes) = mpsc::channel(1);
        let files: Vec<PathBuf> = args
            .config
            .path()
            .into_iter()
            .chain(args.mcp_json.iter().cloned())
            .collect();
        Ok(Watch {
            changes,
            _watcher: watch(&files, changed)?,
        })
    }
}

/// Follows the config until `stop`. Without a watch it is read again on SIGHUP only.
pub async fn follow(
    mut watch: Option<Watch>,
    mut hangup: Signal,
    gate: Arc<Gate>,
    args: Args,
    secrets: Arc<ConfigSecrets>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = change(&mut watch) => {}
            Some(()) = hangup.recv() => {}
        }
        reload(&gate, &args, &secrets).await;
    }
}

/// Waits for a change, and until it has settled.
async fn change(watch: &mut Option<Watch>) {
    let Some(watch) = watch else {
        return std::future::pending().await;
    };
    if watch.changes.recv().await.is_none() {
        return std::future::pending().await;
    }
    tokio::time::sleep(SETTLE).await;
    while watch.changes.try_recv().is_ok() {}
}

/// Watches the folders, not the files: a file that is replaced is another file.
fn watch(
    files: &[PathBuf],
    changed: mpsc::Sender<()>,
) -> anyhow::Result<notify::RecommendedWatcher> {
    let names: Vec<_> = files
        .iter()
        .filter_map(|file| file.file_name().map(ToOwned::to_owned))
        .collect();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let is_read = matches!(event.kind, notify::EventKind::Access(_));
        if !is_read
            && event.paths.iter().any(|path| {
                path.file_name()
                    .is_some_and(|name| names.iter().any(|known| known == name))
            })
        {
            // Full means that a reload is due anyway.
            let _ = changed.try_send(());
        }
    })
    .context("file changes cannot be watched")?;
    for file in files {
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .map_or_else(|| PathBuf::from("."), ToOwned::to_owned);
        watcher
            .watch(&folder, RecursiveMode::NonRecursive)
            .with_context(|| format!("`{}` cannot be watched", folder.display()))?;
    }
    Ok(watcher)
}

async fn reload(gate: &Gate, args: &Args, secrets: &ConfigSecrets) {
    let loaded = match config_file::load(&args.config, &args.mcp_json, args.listen) {
        Ok(loaded) => loaded,
        Err(diagnostics) => {
            config_file::show(&diagnostics);
            tracing::error!(
                findings = diagnostics.len(),
                "configuration not reloaded, the old one keeps serving"
            );
            return;
        }
    };
    config_file::show(&loaded.remarks);
    let snapshot = match compose::snapshot(&loaded) {
        Ok(snapshot) => snapshot,
        Err(fault) => {
            return tracing::error!(%fault, "configuration not reloaded, the old one keeps serving");
        }
    };
    let old = gate.snapshot();
    if old.revision == snapshot.revision {
        return;
    }
    if old.gateway.listen != snapshot.gateway.listen
        || old.gateway.tls != snapshot.gateway.tls
        || old.gateway.record != snapshot.gateway.record
    {
        tracing::warn!("listen, tls and record take effect at the next start");
    }
    secrets.replace(loaded.held);
    let revision = snapshot.revision.clone();
    match gate.publish(snapshot).await {
        Ok(()) => tracing::info!(
            revision = &revision[..12.min(revision.len())],
            "configuration reloaded"
        ),
        Err(fault) => {
            tracing::error!(%fault, "configuration not reloaded, the old one keeps serving")
        }
    }
}
