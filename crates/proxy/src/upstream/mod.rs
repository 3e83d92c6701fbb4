//! The servers behind the gateway.
//!
//! A [`line::Line`] is how one kind of client reaches one server (server × era × capabilities): it outlives connections and
//! keeps the catalog. A [`link::Link`] is one live connection of a line. A [`flight::Flight`] is one request under way on a link.

pub mod backoff;
pub mod changes;
pub mod child;
pub mod declared;
pub mod fault;
pub mod flight;
pub mod http;
pub mod http_client;
pub mod http_connection;
pub mod http_flight;
pub mod line;
pub mod link;
pub mod routes;
pub mod sse;
pub mod starts;
pub mod stdio;
pub mod watch;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::{Semaphore, broadcast};
use tokio_util::task::TaskTracker;
use wardgate_model::Alias;
use wardgate_protocol::Era;
use wardgate_snapshot::{EraPin, Server, Snapshot};

use crate::gate::Secrets;
use changes::Change;
use declared::Declared;
use fault::LinkFault;
use line::{Line, LineKey};
use link::Link;
use starts::Starts;

/// What lines need from the gate.
#[derive(Clone)]
pub struct Means {
    pub secrets: Arc<dyn Secrets>,
    pub launcher: PathBuf,
    pub tasks: TaskTracker,
    /// Tasks that see a child off; waited for at the end.
    pub children: TaskTracker,
    pub changes: broadcast::Sender<Change>,
    pub clients: Arc<http_client::Clients>,
}

pub struct Upstreams {
    means: Means,
    lines: Mutex<HashMap<LineKey, Arc<Line>>>,
    servers: Mutex<HashMap<Arc<str>, Arc<ServerState>>>,
    /// Counts the times that clients' lines were chosen anew; what was built on the old choice is out of date.
    rerouted: AtomicU64,
}

/// Lines of one server, each maybe a process, that clients can make by what they declare beyond the core. The next client gets
/// one without.
const EXTRA_LINES_MAX: usize = 32;

fn is_full(lines: &HashMap<LineKey, Arc<Line>>, key: &LineKey) -> bool {
    let others = lines
        .keys()
        .filter(|other| other.digest == key.digest && other.declared.has_extra());
    others.count() >= EXTRA_LINES_MAX
}

/// Facts about one server, whatever the line.
pub struct ServerState {
    /// Eras it has been seen not to speak.
    denied: Mutex<Vec<Era>>,
    pub slots: Semaphore,
    /// Of its command, where it is one.
    pub starts: Mutex<Starts>,
}

impl ServerState {
    pub fn start_failed(&self) {
        let mut starts = self.starts.lock().expect("no panic while held");
        starts.failed(std::time::Instant::now());
    }
}

impl Upstreams {
    pub fn new(secrets: Arc<dyn Secrets>, launcher: PathBuf, tasks: TaskTracker) -> Upstreams {
        // When a subscriber lags it is told so and treats it as "everything changed".
        let (changes, _) = broadcast::channel(256);
        let clients = Arc::new(http_client::Clients::default());
        Upstreams {
            means: Means {
                secrets,
                launcher,
                tasks,
                children: TaskTracker::new(),
                changes,
                clients,
            },
            lines: Mutex::default(),
            servers: Mutex::default(),
            rerouted: AtomicU64::new(0),
        }
    }

    /// Returns the line that suits this client, and a live link on it.
    ///
    /// # Errors
    /// When the server cannot be reached or speaks no era this gateway speaks.
    ///
    /// # Cancel safety
    /// Connecting goes on in its own task, so a caller that gives up loses nothing for the next.
    pub async fn reach(
        &self,
        server: &Arc<Server>,
        client: Era,
        declared: &Declared,
    ) -> Result<(Arc<Line>, Arc<Link>), LinkFault> {
        let state = self.server_state(server);
        let mut last = LinkFault::NoEra;
        for era in self.eras(server, client, &state) {
            let line = self.line(server, era, declared);
            match line.link().await {
                Ok(link) => return Ok((line, link)),
                Err(LinkFault::EraRefused { detail }) => {
                    tracing::debug!(server = %server.alias, ?era, detail, "server does not speak this era");
                    self.deny(server, era, &state);
                    last = LinkFault::EraRefused { detail };
                }
                Err(fault) => return Err(fault),
            }
        }
        // Nothing fits: forget, so that a replaced server is asked afresh next time.
        state.denied.lock().expect("no panic while held").clear();
        state.start_failed();
        self.rerouted.fetch_add(1, Ordering::AcqRel);
        Err(last)
    }

    /// Returns the line this client would use, without connecting. For catalogs that already exist.
    pub fn line_for(&self, server: &Arc<Server>, client: Era, declared: &Declared) -> Arc<Line> {
        let state = self.server_state(server);
        let era = self.eras(server, client, &state)[0];
        self.line(server, era, declared)
    }

    /// Returns a number that changes whenever the same client may get another line than before.
    pub fn routing(&self) -> u64 {
        self.rerouted.load(Ordering::Acquire)
    }

    /// Returns the eras to try, best first: the pin, else the client's own unless the server has refused it.
    fn eras(&self, server: &Server, client: Era, state: &ServerState) -> Vec<Era> {
        let other = if client == Era::Legacy {
            Era::Modern
        } else {
            Era::Legacy
        };
        match server.era {
            _ if matches!(server.endpoint, wardgate_snapshot::Endpoint::Sse { .. }) => {
                vec![Era::Legacy]
            }
            EraPin::Legacy => vec![Era::Legacy],
            EraPin::Modern => vec![Era::Modern],
            EraPin::Auto
                if state
                    .denied
                    .lock()
                    .expect("no panic while held")
                    .contains(&client) =>
            {
                vec![other, client]
            }
            EraPin::Auto => vec![client, other],
        }
    }

    fn deny(&self, server: &Server, era: Era, state: &ServerState) {
        let mut denied = state.denied.lock().expect("no panic while held");
        if server.era == EraPin::Auto && !denied.contains(&era) {
            denied.push(era);
            self.rerouted.fetch_add(1, Ordering::AcqRel);
        }
        drop(denied);
        // The refused line never carried anything; it must not linger with a failing catalog.
        self.lines
            .lock()
            .expect("no panic while held")
            .retain(|key, _| key.digest != server.digest || key.era != era);
    }

    fn line(&self, server: &Arc<Server>, era: Era, declared: &Declared) -> Arc<Line> {
        let mut key = LineKey::new(server, era, declared.clone());
        let state = self.server_state(server);
        let mut lines = self.lines.lock().expect("no panic while held");
        if key.declared.has_extra() && !lines.contains_key(&key) && is_full(&lines, &key) {
            key.declared = key.declared.core();
        }
        lines
            .entry(key)
            .or_insert_with_key(|key| {
                Line::new(server.clone(), key.clone(), self.means.clone(), state)
            })
            .clone()
    }

    fn server_state(&self, server: &Server) -> Arc<ServerState> {
        let mut servers = self.servers.lock().expect("no panic while held");
        servers
            .entry(server.digest.clone())
            .or_insert_with(|| {
                Arc::new(ServerState {
                    denied: Mutex::default(),
                    slots: Semaphore::new(server.concurrency_max),
                    starts: Mutex::default(),
                })
            })
            .clone()
    }

    /// Closes lines whose server is gone or changed. Flights under way keep their link until they end.
    pub fn keep_only(&self, snapshot: &Snapshot) {
        let kept = |digest: &Arc<str>| {
            snapshot
                .servers
                .values()
                .any(|server| server.digest == *digest)
        };
        self.servers
            .lock()
            .expect("no panic while held")
            .retain(|digest, _| kept(digest));
        let mut lines = self.lines.lock().expect("no panic while held");
        lines.retain(|key, line| {
            let keep = kept(&key.digest);
            if !keep {
                line.release();
            }
            keep
        });
    }

    /// Closes links that nobody has used for long.
    pub fn sweep(&self) {
        self.means.clients.sweep();
        let mut lines = self.lines.lock().expect("no panic while held");
        let before = lines.len();
        lines.retain(|_, line| !line.retire_if_idle());
        if lines.len() != before {
            self.rerouted.fetch_add(1, Ordering::AcqRel);
        }
    }

    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.means.changes.subscribe()
    }

    /// Tells every subscriber that any list may have changed, after a reload.
    pub fn announce_everything(&self) {
        let _ = self.means.changes.send(Change::everything());
    }

    /// Closes every link at once.
    pub fn shut_down(&self) {
        let lines: Vec<_> = self
            .lines
            .lock()
            .expect("no panic while held")
            .drain()
            .map(|(_, line)| line)
            .collect();
        for line in &lines {
            line.close();
        }
    }

    /// Waits until the children that were told to stop are gone.
    pub async fn wait_for_children(&self) {
        self.means.children.close();
        self.means.children.wait().await;
    }

    /// Returns every line of a server that has connected at least once, for diagnostics.
    pub fn lines_of(&self, alias: &Alias) -> Vec<Arc<Line>> {
        let lines = self.lines.lock().expect("no panic while held");
        lines
            .values()
            .filter(|line| line.server().alias == *alias)
            .cloned()
            .collect()
    }
}
