//! Legacy sessions. What a session *is* travels sealed in its id, so any replica serves it; what is *happening* in it
//! (questions waiting for the client, streams, subscriptions) lives here while it happens and no longer.

pub mod news;
pub mod quota;
pub mod recognise;
pub mod registry;
pub mod stream;
pub mod token;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use wardgate_protocol::{
    Frame, Kind, Limits, Method, Raw, RequestId, Revision, capabilities::ClientCapabilities, edit,
};

use crate::{seal::random_bytes, upstream::line::Line};
use stream::StreamLog;

/// Names a session within this process; random, sealed into the id the client holds.
pub type SessionKey = [u8; 16];

pub struct Session {
    key: SessionKey,
    pub revision: Revision,
    pub capabilities: ClientCapabilities,
    pub capabilities_raw: Raw,
    pub info: Option<Raw>,
    state: Mutex<State>,
    /// Cancelled when the session ends; its streams end with it.
    pub ended: CancellationToken,
    next: AtomicU64,
}

#[derive(Default)]
struct State {
    log_level: Option<String>,
    /// Requests to the client that wait for its response, by our id.
    asked: HashMap<u64, oneshot::Sender<Frame>>,
    /// Calls under way, by the client's id. Some clients use one id for every call.
    calls: HashMap<RequestId, Vec<(u64, CancellationToken)>>,
    subscriptions: HashMap<String, Arc<Line>>,
    streams: HashMap<u64, (Arc<StreamLog>, Instant)>,
}

/// Streams can be picked up again this long after their answer.
const REPLAY: Duration = Duration::from_secs(60);
const STREAMS_MAX: usize = 64;

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({})", self.revision.as_str())
    }
}

impl Session {
    pub fn new(
        key: SessionKey,
        revision: Revision,
        capabilities_raw: Raw,
        info: Option<Raw>,
    ) -> Arc<Session> {
        Arc::new(Session {
            key,
            revision,
            capabilities: ClientCapabilities::read(&capabilities_raw),
            capabilities_raw,
            info,
            state: Mutex::default(),
            ended: CancellationToken::new(),
            next: AtomicU64::new(1),
        })
    }

    pub fn key(&self) -> &SessionKey {
        &self.key
    }

    pub fn log_level(&self) -> Option<String> {
        self.state().log_level.clone()
    }

    pub fn set_log_level(&self, level: String) {
        self.state().log_level = Some(level);
    }

    /// Makes a request to the client and gives the receiver of its response.
    pub fn ask(self: &Arc<Self>, method: &Method, params: Option<&Raw>) -> (Frame, Asked) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (tell, response) = oneshot::channel();
        self.state().asked.insert(id, tell);
        let frame = Frame::request(&RequestId::number(id), method.as_str(), params);
        (
            frame,
            Asked {
                session: self.clone(),
                id,
                response,
            },
        )
    }

    /// Hands a response of the client to whoever asked; a response nobody waits for is dropped.
    pub fn responded(&self, response: Frame) {
        let Some(id) = response.id().and_then(|id| id.as_u64()) else {
            return;
        };
        if let Some(tell) = self.state().asked.remove(&id) {
            // The call may have been given up between the two lines.
            let _ = tell.send(response);
        }
    }

    /// Notes a call under way, so that the client can cancel it, until the guard is dropped.
    pub fn enter(self: &Arc<Self>, id: &RequestId, cancel: CancellationToken) -> Underway {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.state()
            .calls
            .entry(id.clone())
            .or_default()
            .push((number, cancel));
        Underway {
            session: self.clone(),
            id: id.clone(),
            number,
        }
    }

    /// Cancels the newest call with this id.
    pub fn cancel(&self, id: &RequestId) {
        if let Some((_, cancel)) = self.state().calls.get(id).and_then(|calls| calls.last()) {
            cancel.cancel();
        }
    }

    /// Takes a message that nobody answers: a response, or a notification.
    pub fn receive(&self, frame: Frame) {
        match frame.kind() {
            Kind::Result | Kind::Error => self.responded(frame),
            Kind::Notification if frame.method() == Some("notifications/cancelled") => {
                let id = frame.params().and_then(|params| {
                    edit::get(params.as_str(), &["requestId"]).map(|id| params.slice_of(id))
                });
                if let Some(id) =
                    id.and_then(|id| RequestId::parse(id, Limits::default().id_bytes_max))
                {
                    self.cancel(&id);
                }
            }
            Kind::Notification | Kind::Request => {}
        }
    }

    /// Makes a stream that can be picked up again by its number.
    pub fn stream(&self) -> (u64, Arc<StreamLog>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let log = Arc::new(StreamLog::default());
        let mut state = self.state();
        if state.streams.len() >= STREAMS_MAX
            && let Some(oldest) = state
                .streams
                .iter()
                .min_by_key(|(_, (_, since))| *since)
                .map(|(number, _)| *number)
        {
            state.streams.remove(&oldest);
        }
        state.streams.insert(number, (log.clone(), Instant::now()));
        (number, log)
    }

    pub fn find_stream(&self, number: u64) -> Option<Arc<StreamLog>> {
        self.state()
            .streams
            .get(&number)
            .map(|(log, _)| log.clone())
    }

    /// Notes a subscription; returns false when the session already had it.
    pub fn subscribe(&self, uri: &str, line: Arc<Line>) -> bool {
        self.state()
            .subscriptions
            .insert(uri.to_owned(), line)
            .is_none()
    }

    pub fn unsubscribe(&self, uri: &str) -> Option<Arc<Line>> {
        self.state().subscriptions.remove(uri)
    }

    pub fn subscribed(&self) -> std::collections::BTreeSet<String> {
        self.state().subscriptions.keys().cloned().collect()
    }

    pub fn is_subscribed(&self, uri: &str) -> bool {
        self.state().subscriptions.contains_key(uri)
    }

    /// Ends everything that is going on in the session.
    pub fn end(&self) {
        self.ended.cancel();
        let mut state = self.state();
        state.asked.clear();
        for (_, cancel) in state.calls.values().flatten() {
            cancel.cancel();
        }
        state.streams.clear();
        for (uri, line) in state.subscriptions.drain() {
            line.unsubscribe(&uri);
        }
    }

    /// Says whether dropping this from memory would lose something, and forgets streams whose time is over.
    pub fn is_worth_keeping(&self) -> bool {
        let mut state = self.state();
        state.streams.retain(|_, (log, since)| {
            if !log.is_finished() {
                *since = Instant::now();
            }
            since.elapsed() < REPLAY
        });
        state.log_level.is_some()
            || !state.asked.is_empty()
            || !state.calls.is_empty()
            || !state.subscriptions.is_empty()
            || !state.streams.is_empty()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no panic while held")
    }
}

/// Makes the session an `initialize` asks for.
pub fn open_session(initialize: &Frame) -> Arc<Session> {
    let part = |key: &str| {
        let params = initialize.params()?;
        edit::get(params.as_str(), &[key]).map(|part| params.slice_of(part))
    };
    let wanted = part("protocolVersion")
        .and_then(|raw| edit::string(raw.as_str()).map(|text| text.into_owned()))
        .unwrap_or_default();
    let capabilities = part("capabilities").unwrap_or_else(|| Raw::trusted("{}"));
    Session::new(
        random_bytes(),
        Revision::negotiate(&wanted),
        capabilities,
        part("clientInfo"),
    )
}

/// A question that waits for the client. Dropping it takes the question back.
pub struct Asked {
    session: Arc<Session>,
    id: u64,
    response: oneshot::Receiver<Frame>,
}

impl Asked {
    /// Waits for the response; `None` when the session ended first.
    ///
    /// # Cancel safety
    /// Dropping forgets the question; a late response is ignored.
    pub async fn response(mut self) -> Option<Frame> {
        (&mut self.response).await.ok()
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.session.state().asked.remove(&self.id);
    }
}

/// A call the client may cancel.
pub struct Underway {
    session: Arc<Session>,
    id: RequestId,
    /// Which of the calls with this id.
    number: u64,
}

impl Drop for Underway {
    fn drop(&mut self) {
        let mut state = self.session.state();
        if let Some(calls) = state.calls.get_mut(&self.id) {
            calls.retain(|(number, _)| *number != self.number);
            if calls.is_empty() {
                state.calls.remove(&self.id);
            }
        }
    }
}
