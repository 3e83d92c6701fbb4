//! A server as a child process: started without a shell, with few variables, under a supervisor that outlives a killed gateway.

use std::{
    collections::VecDeque, io, path::Path, process::Stdio, sync::Arc, sync::Mutex, time::Duration,
};

use tokio::{
    io::AsyncReadExt,
    process::{ChildStderr, Command},
};
use tokio_util::task::TaskTracker;
use wardgate_model::Secret;
use wardgate_snapshot::SELF;

/// Variables every child may see: what programs need to find themselves, and nothing that loads code into them.
const INHERITED: [&str; 12] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TERM",
    "TMPDIR",
    "SHELL",
    "XDG_CONFIG_HOME",
];

/// Bytes of a child's standard error that are kept.
const STDERR_KEPT: usize = 64 << 10;
/// How long a child has to leave after its input is closed, and again after TERM.
const GRACE: Duration = Duration::from_secs(2);

/// What to start.
pub struct ChildSpec<'a> {
    pub command: &'a [String],
    pub env: Vec<(String, Secret)>,
    pub inherit_env: &'a [String],
    pub cwd: Option<&'a Path>,
}

/// Starts the command through our own executable, which becomes its supervisor: own process group, subreaper, parent-death signal.
///
/// # Errors
/// When the supervisor cannot be started. A command that does not exist shows as a child that ends at once.
pub fn spawn(launcher: &Path, spec: &ChildSpec<'_>) -> io::Result<tokio::process::Child> {
    let mut command = Command::new(launcher);
    command
        .arg("__child")
        .arg(std::process::id().to_string())
        .arg("--");
    match spec.command.split_first() {
        Some((first, rest)) if first == SELF => command.arg(launcher).args(rest),
        _ => command.args(spec.command),
    };
    command.env_clear().envs(inherited(spec.inherit_env));
    for (name, value) in &spec.env {
        command.env(name, value.expose());
    }
    if let Some(cwd) = spec.cwd {
        command.current_dir(cwd);
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(false);
    command.spawn()
}

fn inherited(more: &[String]) -> impl Iterator<Item = (String, std::ffi::OsString)> {
    let names = INHERITED
        .iter()
        .map(|name| (*name).to_owned())
        .chain(more.iter().cloned());
    names.filter_map(|name| std::env::var_os(&name).map(|value| (name, value)))
}

/// Waits for the child, first patiently, then with TERM, then with KILL. The supervisor takes the whole tree down.
pub async fn stop(mut child: tokio::process::Child) {
    for signal in [
        None,
        Some(rustix::process::Signal::TERM),
        Some(rustix::process::Signal::KILL),
    ] {
        if let (Some(signal), Some(pid)) = (
            signal,
            child
                .id()
                .and_then(|pid| rustix::process::Pid::from_raw(pid as i32)),
        ) && let Err(error) = rustix::process::kill_process(pid, signal)
        {
            tracing::debug!(%error, "signal not delivered");
        }
        // After TERM the supervisor needs its own grace before it kills the tree.
        let patience = if signal.is_some() { GRACE * 2 } else { GRACE };
        if tokio::time::timeout(patience, child.wait()).await.is_ok() {
            return;
        }
    }
    tracing::error!(pid = child.id(), "child could not be stopped");
}

/// The last bytes a child wrote to standard error.
#[derive(Clone, Default)]
pub struct Stderr(Arc<Mutex<VecDeque<u8>>>);

impl Stderr {
    /// Reads to the end in its own task, keeping the tail and counting the rest away.
    pub fn follow(mut pipe: ChildStderr, server: String, tasks: &TaskTracker) -> Stderr {
        let kept = Stderr::default();
        let ring = kept.clone();
        tasks.spawn(async move {
            let mut chunk = vec![0; 8 << 10];
            while let Ok(read @ 1..) = pipe.read(&mut chunk).await {
                ring.push(&chunk[..read]);
                tracing::debug!(
                    server,
                    text =
                        wardgate_sanitize::loggable(&String::from_utf8_lossy(&chunk[..read]), 512),
                    "child stderr"
                );
            }
        });
        kept
    }

    fn push(&self, bytes: &[u8]) {
        let mut ring = self.0.lock().expect("no panic while held");
        ring.extend(bytes);
        let excess = ring.len().saturating_sub(STDERR_KEPT);
        ring.drain(..excess);
    }

    /// Returns the last line, made printable, for a diagnostic.
    pub fn last_line(&self) -> Option<String> {
        let ring: Vec<u8> = self
            .0
            .lock()
            .expect("no panic while held")
            .iter()
            .copied()
            .collect();
        let text = String::from_utf8_lossy(&ring).into_owned();
        let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
        Some(wardgate_sanitize::loggable(line.trim(), 200))
    }
}
