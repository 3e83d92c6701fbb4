//! A legacy session: what `initialize` settled, the client's subscriptions, the lab's open questions,
//! and the streams that can be read again. Modern clients have none.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{
    answer::Stop,
    event_log::EventLog,
    line::Line,
    revision::Revision,
    state::{Change, lock},
};

/// Streams of finished calls that stay readable.
const STREAMS_MAX: usize = 64;
/// Sessions beyond this end the one that was used longest ago.
const SESSIONS_MAX: usize = 4096;

#[derive(Debug)]
pub struct Session {
    pub id: String,
    /// Where messages go that belong to no call: the GET stream, or the only stream there is.
    pub general: Line,
    /// Cancels every call of the session.
    pub ended: CancellationToken,
    pub inflight: Inflight,
    settled: Mutex<Settled>,
    questions: Mutex<HashMap<String, oneshot::Sender<Value>>>,
    streams: Mutex<VecDeque<Arc<EventLog>>>,
    counter: AtomicU64,
    last_use: AtomicU64,
}

/// What the client and the lab agreed on.
#[derive(Debug)]
struct Settled {
    revision: Revision,
    capabilities: Value,
    log_level: Option<String>,
    subscriptions: BTreeSet<String>,
}

impl Session {
    pub fn new(id: String, general: Line, ended: CancellationToken) -> Arc<Self> {
        let settled = Settled {
            revision: Revision::V2024_11_05,
            capabilities: json!({}),
            log_level: None,
            subscriptions: BTreeSet::new(),
        };
        Arc::new(Self {
            id,
            general,
            ended,
            inflight: Inflight::default(),
            settled: Mutex::new(settled),
            questions: Mutex::default(),
            streams: Mutex::default(),
            counter: AtomicU64::new(0),
            last_use: AtomicU64::new(0),
        })
    }

    pub fn settle(&self, revision: Revision, capabilities: Value) {
        let mut settled = lock(&self.settled);
        settled.revision = revision;
        settled.capabilities = capabilities;
    }

    pub fn revision(&self) -> Revision {
        lock(&self.settled).revision
    }

    pub fn capabilities(&self) -> Value {
        lock(&self.settled).capabilities.clone()
    }

    pub fn log_level(&self) -> Option<String> {
        lock(&self.settled).log_level.clone()
    }

    pub fn set_log_level(&self, level: String) {
        lock(&self.settled).log_level = Some(level);
    }

    pub fn subscribe(&self, uri: String) {
        lock(&self.settled).subscriptions.insert(uri);
    }

    pub fn unsubscribe(&self, uri: &str) {
        lock(&self.settled).subscriptions.remove(uri);
    }

    /// Sends the client a request on `line` and waits for its response.
    pub async fn ask(
        &self,
        line: &Line,
        method: &str,
        params: &Value,
        cancel: &CancellationToken,
    ) -> Result<Value, Stop> {
        let id = format!("lab-{}", self.next());
        let (sender, response) = oneshot::channel();
        lock(&self.questions).insert(id.clone(), sender);
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        line.send(request).await;
        let answer = tokio::select! {
            () = cancel.cancelled() => None,
            answer = response => answer.ok(),
        };
        lock(&self.questions).remove(&id);
        let answer = answer.ok_or(Stop::Cancelled)?;
        if let Some(error) = answer.get("error") {
            return Err(Stop::Invalid(format!(
                "the client refused {method}: {}",
                error["message"]
            )));
        }
        Ok(answer["result"].clone())
    }

    /// Takes the client's response to a question. Says whether it was awaited.
    pub fn hear(&self, response: Value) -> bool {
        let Some(id) = response["id"].as_str() else {
            return false;
        };
        let Some(waiting) = lock(&self.questions).remove(id) else {
            return false;
        };
        waiting.send(response).is_ok()
    }

    /// Tells the client of a change, if it should hear of it.
    pub async fn tell(&self, change: &Change) {
        if let Change::Resource(uri) = change
            && !lock(&self.settled).subscriptions.contains(uri)
        {
            return;
        }
        if let Some(notification) = change.legacy_notification() {
            self.general.send(notification).await;
        }
    }

    /// Opens the stream of one POST.
    pub fn open_stream(&self) -> Arc<EventLog> {
        let log = EventLog::new(self.next());
        let mut streams = lock(&self.streams);
        if streams.len() >= STREAMS_MAX
            && let Some(oldest) = streams.iter().position(|stream| stream.is_done())
        {
            streams.remove(oldest);
        }
        streams.push_back(Arc::clone(&log));
        log
    }

    /// Finds the stream and event number that a `Last-Event-ID` names.
    pub fn find_stream(&self, event_id: &str) -> Option<(Arc<EventLog>, u64)> {
        let (stream, number) = event_id.split_once('_')?;
        let (stream, number): (u64, u64) = (stream.parse().ok()?, number.parse().ok()?);
        if let Line::Logged(general) = &self.general
            && general.stream == stream
        {
            return Some((Arc::clone(general), number));
        }
        let streams = lock(&self.streams);
        let log = streams.iter().find(|log| log.stream == stream)?;
        Some((Arc::clone(log), number))
    }

    fn next(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// The sessions of one lab, by id.
#[derive(Debug, Default)]
pub struct Sessions {
    by_id: Mutex<HashMap<String, Arc<Session>>>,
    clock: AtomicU64,
}

impl Sessions {
    pub fn add(&self, session: &Arc<Session>) {
        self.touch(session);
        let mut by_id = lock(&self.by_id);
        if by_id.len() >= SESSIONS_MAX {
            let oldest = by_id
                .values()
                .min_by_key(|session| session.last_use.load(Ordering::Relaxed));
            if let Some(oldest) = oldest.cloned() {
                oldest.ended.cancel();
                by_id.remove(&oldest.id);
            }
        }
        by_id.insert(session.id.clone(), Arc::clone(session));
    }

    pub fn find(&self, id: &str) -> Option<Arc<Session>> {
        let session = lock(&self.by_id).get(id).cloned()?;
        self.touch(&session);
        Some(session)
    }

    /// Ends a session. Says whether there was one.
    pub fn end(&self, id: &str) -> bool {
        let session = lock(&self.by_id).remove(id);
        let Some(session) = session else { return false };
        session.ended.cancel();
        true
    }

    pub fn all(&self) -> Vec<Arc<Session>> {
        lock(&self.by_id).values().cloned().collect()
    }

    fn touch(&self, session: &Session) {
        session.last_use.store(
            self.clock.fetch_add(1, Ordering::Relaxed),
            Ordering::Relaxed,
        );
    }
}

/// Calls that can still be cancelled by their JSON-RPC id.
#[derive(Debug, Default)]
pub struct Inflight(Mutex<HashMap<String, CancellationToken>>);

impl Inflight {
    pub fn enter(&self, id: &Value, cancel: &CancellationToken) {
        lock(&self.0).insert(id.to_string(), cancel.clone());
    }

    pub fn leave(&self, id: &Value) {
        lock(&self.0).remove(&id.to_string());
    }

    pub fn cancel(&self, id: &Value) {
        if let Some(cancel) = lock(&self.0).remove(&id.to_string()) {
            cancel.cancel();
        }
    }
}
