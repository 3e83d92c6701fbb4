//! The lab itself: its options, the small world its tools act on, and who hears of changes.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    answer::{INVALID_PARAMS, Outcome, Stop},
    call::Call,
    effects::Effects,
    faults::{Faults, Misfortune},
    line::Line,
    options::LabOptions,
    seal::Seal,
    session::{Session, Sessions},
    tasks::TaskBoard,
    tools::{Contracts, Refunds, Shelf},
};

/// Changes a slow listener may lag behind before it misses some.
const CHANGES_BUFFERED: usize = 256;

#[derive(Debug)]
pub struct Lab {
    pub options: LabOptions,
    pub effects: Effects,
    pub seal: Seal,
    pub sessions: Sessions,
    pub contracts: Contracts,
    pub shelf: Shelf,
    pub refunds: Refunds,
    pub tasks: TaskBoard,
    pub changes: broadcast::Sender<Change>,
    /// Fires when the lab shuts down.
    pub closing: CancellationToken,
    pub running: TaskTracker,
    faults: Mutex<Faults>,
    tool_calls: AtomicU64,
    ids: AtomicU64,
    /// Calls of `flaky` so far; which of them fail follows from the seed.
    pub flaky_attempts: AtomicU64,
    counts: Mutex<BTreeMap<String, u64>>,
    /// Items on one page of a list.
    page_size: AtomicUsize,
}

/// Something a client may have subscribed to.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    Tools,
    Prompts,
    Resources,
    Resource(String),
    /// A task of the tasks extension, as it is now.
    Task(Value),
}

impl Lab {
    pub fn open(options: LabOptions, closing: CancellationToken) -> io::Result<Self> {
        Ok(Self {
            effects: Effects::open(options.effects.as_deref())?,
            seal: Seal::default(),
            sessions: Sessions::default(),
            contracts: Contracts::new(&options),
            shelf: Shelf::default(),
            refunds: Refunds::default(),
            tasks: TaskBoard::default(),
            changes: broadcast::Sender::new(CHANGES_BUFFERED),
            closing,
            running: TaskTracker::new(),
            faults: Mutex::new(options.faults),
            tool_calls: AtomicU64::new(0),
            ids: AtomicU64::new(0),
            flaky_attempts: AtomicU64::new(0),
            counts: Mutex::default(),
            page_size: AtomicUsize::new(usize::MAX),
            options,
        })
    }

    pub fn server_info(&self) -> Value {
        json!({"name": "wardgate-lab", "title": "Wardgate lab", "version": self.options.version})
    }

    pub fn faults(&self) -> Faults {
        *lock(&self.faults)
    }

    pub fn set_faults(&self, faults: Faults) {
        *lock(&self.faults) = faults;
    }

    /// Draws what befalls the next tool call. Calls are numbered from 0.
    pub fn next_fate(&self) -> Misfortune {
        self.faults()
            .befall(self.tool_calls.fetch_add(1, Ordering::Relaxed))
    }

    /// A number that is new in this process.
    pub fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts something that `/lab/calls` will tell of.
    pub fn count(&self, what: &str) {
        let mut counts = lock(&self.counts);
        match counts.get_mut(what) {
            Some(count) => *count += 1,
            None => drop(counts.insert(what.into(), 1)),
        }
    }

    pub fn counts(&self) -> BTreeMap<String, u64> {
        lock(&self.counts).clone()
    }

    pub fn set_page_size(&self, items: usize) {
        self.page_size.store(items.max(1), Ordering::Relaxed);
    }

    /// Cuts the page of `items` that `call` asks for, under the result field `name`.
    pub fn page(&self, call: &Call, name: &str, items: Vec<Value>) -> Outcome {
        let start = match call.params.get("cursor") {
            None => 0,
            Some(cursor) => parse_cursor(cursor, items.len())?,
        };
        let end = start
            .saturating_add(self.page_size.load(Ordering::Relaxed))
            .min(items.len());
        let mut result = json!({name: items[start..end]});
        if end < items.len() {
            result["nextCursor"] = format!("from-{end}").into();
        }
        Ok(result)
    }

    /// Tells every client that should hear of it.
    pub async fn publish(&self, change: Change) {
        for session in self.sessions.all() {
            session.tell(&change).await;
        }
        // An error says that no modern client listens.
        let _ = self.changes.send(change);
    }

    /// Opens a session whose messages without a call go to `general`.
    pub fn open_session(&self, general: Line) -> Arc<Session> {
        let id = self.seal.id("session", self.next_id());
        let session = Session::new(id, general, self.closing.child_token());
        self.sessions.add(&session);
        session
    }
}

impl Change {
    pub fn method(&self) -> &'static str {
        match self {
            Self::Tools => "notifications/tools/list_changed",
            Self::Prompts => "notifications/prompts/list_changed",
            Self::Resources => "notifications/resources/list_changed",
            Self::Resource(_) => "notifications/resources/updated",
            Self::Task(_) => "notifications/tasks",
        }
    }

    pub fn params(&self) -> Value {
        match self {
            Self::Tools | Self::Prompts | Self::Resources => json!({}),
            Self::Resource(uri) => json!({"uri": uri}),
            Self::Task(task) => task.clone(),
        }
    }

    /// The notification for a legacy client, which knows nothing of the tasks extension.
    pub fn legacy_notification(&self) -> Option<Value> {
        if matches!(self, Self::Task(_)) {
            return None;
        }
        let mut notification = json!({"jsonrpc": "2.0", "method": self.method()});
        if let Self::Resource(_) = self {
            notification["params"] = self.params();
        }
        Some(notification)
    }
}

fn parse_cursor(cursor: &Value, items: usize) -> Result<usize, Stop> {
    let start = cursor
        .as_str()
        .and_then(|cursor| cursor.strip_prefix("from-")?.parse().ok());
    let known = start.filter(|start| *start < items);
    known.ok_or_else(|| Stop::rpc(INVALID_PARAMS, "unknown cursor"))
}

/// Locks state that is whole between any two statements, so that a panic elsewhere does not matter.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
