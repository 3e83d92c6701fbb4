//! Following the config: a change to its files, or SIGHUP, is compiled and published; a faulty one is shown and the old one stays.

use std::{
    collections::{BTreeSet, VecDeque},
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Context;
use notify::{RecursiveMode, Watcher};
use tokio::{signal::unix::Signal, sync::mpsc};
use tokio_util::sync::CancellationToken;
use wardgate_control::config::{Revisions, changed};
use wardgate_proxy::Gate;
use wardgate_snapshot::Snapshot;

use crate::{
    approvals::webhook::Outbound,
    cli::{
        config_file::{self, Inputs},
        serve::Args,
    },
    compose::{self, ConfigSecrets},
    issuer_keys::IssuerKeys,
    overrides::{draft, moment},
};

/// Editors write a file in several steps.
const SETTLE: Duration = Duration::from_millis(150);

/// The config's files, watched from the moment this exists.
pub struct Watch {
    watcher: notify::RecommendedWatcher,
    changes: mpsc::Receiver<()>,
    files: Vec<PathBuf>,
    watched: Arc<Mutex<Watched>>,
}

#[derive(Default)]
struct Watched {
    /// What must change for the files to say something else: see [`way`].
    names: BTreeSet<PathBuf>,
    /// Folders of included files, where one may also come or go.
    folders: BTreeSet<PathBuf>,
}

impl Watched {
    fn concerns(&self, path: &Path) -> bool {
        let included = || path.extension().is_some_and(|ending| ending == "cedar");
        let within = || {
            path.parent()
                .is_some_and(|folder| self.folders.contains(folder))
        };
        self.names.contains(path) || (included() && within())
    }
}

impl Watch {
    /// Starts to watch. To be called before the files are first read, so that no change falls between.
    ///
    /// # Errors
    /// When nothing can be watched on this machine.
    pub fn start(args: &Args) -> anyhow::Result<Watch> {
        let watched: Arc<Mutex<Watched>> = Arc::default();
        // One pending change is enough: a reload reads everything.
        let (changed, changes) = mpsc::channel(1);
        let known = watched.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            let known = known.lock().expect("no panic while held");
            let is_read = matches!(event.kind, notify::EventKind::Access(_));
            if !is_read && event.paths.iter().any(|path| known.concerns(path)) {
                // Full means that a reload is due anyway.
                let _ = changed.try_send(());
            }
        });
        let files = args.config.path().into_iter();
        let mut watch = Watch {
            watcher: watcher.context("file changes cannot be watched")?,
            changes,
            files: files.chain(args.mcp_json.iter().cloned()).collect(),
            watched,
        };
        watch.follow_links();
        Ok(watch)
    }

    /// Watches the folders of every name on the way to the files, which is another way once a link was changed. Folders and
    /// not files: a file that is replaced is another file.
    fn follow_links(&mut self) {
        let names: BTreeSet<PathBuf> = self.files.iter().flat_map(|file| way(file)).collect();
        let folders: BTreeSet<&Path> = names.iter().filter_map(|name| name.parent()).collect();
        for folder in folders {
            if let Err(fault) = self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                tracing::warn!(folder = %folder.display(), %fault, "changes of the configuration are not followed");
            }
        }
        self.watched.lock().expect("no panic while held").names = names;
    }

    /// Watches the folders of included files from here on, and no others.
    pub fn include(&mut self, patterns: &[PathBuf]) {
        let is_wild = |path: &Path| path.to_string_lossy().contains(['*', '?', '[']);
        let folder = |pattern: &PathBuf| {
            let folder = pattern
                .ancestors()
                .skip(1)
                .find(|folder| !is_wild(folder))?;
            let folder = if folder == Path::new("") {
                Path::new(".")
            } else {
                folder
            };
            std::fs::canonicalize(folder).ok()
        };
        let folders: BTreeSet<PathBuf> = patterns.iter().filter_map(folder).collect();
        for folder in &folders {
            if let Err(fault) = self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                tracing::warn!(folder = %folder.display(), %fault, "changes of included files are not followed");
            }
        }
        self.watched.lock().expect("no panic while held").folders = folders;
    }

    /// Waits for a change, and until it has settled.
    async fn change(&mut self) {
        if self.changes.recv().await.is_none() {
            return std::future::pending().await;
        }
        tokio::time::sleep(SETTLE).await;
        while self.changes.try_recv().is_ok() {}
        self.follow_links();
    }
}

/// Links that a path may lead through; the kernel follows as many.
const LINKS_MAX: usize = 40;

/// Returns every name that decides what a path means: each link on the way and the file at its end, in folders without links.
/// Orchestrators mount a file as a link through a link to a folder, and swap the latter.
fn way(path: &Path) -> Vec<PathBuf> {
    let mut names = Vec::new();
    let mut at = PathBuf::new();
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut ahead: VecDeque<OsString> = parts(&whole).collect();
    while let Some(part) = ahead.pop_front() {
        if part == ".." {
            at.pop();
            continue;
        }
        at.push(part);
        match std::fs::read_link(&at) {
            Ok(target) if names.len() < LINKS_MAX => {
                names.push(at.clone());
                at.pop();
                // An absolute target begins with the root, which replaces what was walked.
                ahead = parts(&target).chain(ahead).collect();
            }
            _ => {}
        }
    }
    names.push(at);
    names
}

fn parts(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().map(|part| part.as_os_str().to_owned())
}

/// Follows the config until `stop`. Without a watch it is read again on SIGHUP only.
pub async fn follow(
    mut watch: Option<Watch>,
    mut hangup: Signal,
    gate: Arc<Gate>,
    args: Args,
    (secrets, issuer_keys, outbound): (Arc<ConfigSecrets>, Arc<IssuerKeys>, Arc<Outbound>),
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = change_in(&mut watch) => {}
            Some(()) = hangup.recv() => {}
        }
        let included = reload(&gate, &args, &secrets, (&issuer_keys, &outbound)).await;
        if let (Some(watch), Some(patterns)) = (&mut watch, included) {
            watch.include(&patterns);
        }
    }
}

async fn change_in(watch: &mut Option<Watch>) {
    match watch {
        Some(watch) => watch.change().await,
        None => std::future::pending().await,
    }
}

/// Returns the patterns of included files, where the config could be read.
async fn reload(
    gate: &Gate,
    args: &Args,
    secrets: &ConfigSecrets,
    outside: (&IssuerKeys, &Outbound),
) -> Option<Vec<PathBuf>> {
    let (included, end) = match read(args) {
        Ok(inputs) => (
            Some(inputs.loaded.config.policies.clone()),
            publish(gate, inputs, secrets, outside).await,
        ),
        Err(why) => (None, Err(why)),
    };
    if let Some(end) = end.transpose() {
        tell(gate, &end).await;
    }
    included
}

fn read(args: &Args) -> Result<Inputs, String> {
    let read = config_file::load(&args.config, &args.mcp_json, args.listen);
    read.map_err(|diagnostics| {
        config_file::show(&diagnostics);
        format!("findings: {}", diagnostics.len())
    })
}

/// Puts the config in the place of the one that serves. Returns nothing if it says the same.
async fn publish(
    gate: &Gate,
    inputs: Inputs,
    secrets: &ConfigSecrets,
    (issuer_keys, outbound): (&IssuerKeys, &Outbound),
) -> Result<Option<Revisions>, String> {
    let loaded = &inputs.loaded;
    config_file::show(&loaded.remarks);
    let snapshot = compose::snapshot(&inputs).map_err(|fault| fault.to_string())?;
    let old = gate.snapshot();
    if old.revision == snapshot.revision {
        return Ok(None);
    }
    warn_of_what_waits(&old, &snapshot);
    let obeyed = outbound.replace(&loaded.config);
    let obeyed = obeyed.and_then(|()| issuer_keys.replace(&loaded.config));
    obeyed.map_err(|fault| fault.to_string())?;
    secrets.replace(inputs.loaded.held);
    let policies = snapshot.authorizer.as_ref();
    let revisions = Revisions {
        snapshot: snapshot.revision.clone(),
        policies: policies.map(|authorizer| authorizer.policies().revision().to_owned()),
    };
    let published = gate.publish(snapshot).await;
    published.map_err(|fault| fault.to_string())?;
    Ok(Some(revisions))
}

fn warn_of_what_waits(old: &Snapshot, new: &Snapshot) {
    let admin_at = |snapshot: &Snapshot| snapshot.gateway.admin.as_ref().map(|admin| admin.listen);
    if old.gateway.listen != new.gateway.listen
        || admin_at(old) != admin_at(new)
        || old.gateway.tls != new.gateway.tls
        || old.gateway.record != new.gateway.record
        || old.gateway.audit.file_bytes_max != new.gateway.audit.file_bytes_max
    {
        tracing::warn!(
            "listen, admin, tls, record and audit.file_max take effect at the next start"
        );
    }
}

async fn tell(gate: &Gate, end: &Result<Revisions, String>) {
    match end {
        Ok(revisions) => {
            let revision = &revisions.snapshot;
            tracing::info!(
                revision = &revision[..12.min(revision.len())],
                "configuration reloaded"
            );
        }
        Err(why) => {
            tracing::error!(why, "configuration not reloaded, the old one keeps serving");
        }
    }
    if let Some(ledger) = &gate.ports.ledger {
        let tenant = &gate.snapshot().gateway.tenant;
        ledger.note(draft(changed(tenant, end, moment()))).await;
    }
}
