//! How one kind of client reaches one server. A line outlives its links: it holds the catalog, the backoff and what is subscribed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use wardgate_model::Alias;
use wardgate_protocol::{Era, Frame, Method, Raw};
use wardgate_snapshot::{Endpoint, HeaderValue, Server};

use super::{
    Means, ServerState,
    backoff::Backoff,
    changes::{Change, News, Shelf},
    child,
    declared::Declared,
    fault::{FlightFault, LinkFault},
    link::{Hello, Link},
    watch,
};
use crate::catalog::Catalog;

pub mod open;

/// What tells lines apart. Servers with another definition have another digest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LineKey {
    pub digest: Arc<str>,
    pub era: Era,
    /// What is declared to a legacy server for the whole session, and to a modern one in what the gateway asks by itself.
    pub declared: Declared,
}

impl LineKey {
    pub fn new(server: &Server, era: Era, declared: Declared) -> LineKey {
        LineKey {
            digest: server.digest.clone(),
            era,
            declared: declared.on(era),
        }
    }
}

pub struct Line {
    server: Arc<Server>,
    pub key: LineKey,
    means: Means,
    /// Facts about the server that all its lines share.
    pub state: Arc<ServerState>,
    pub catalog: Catalog,
    link: Mutex<Option<Arc<Link>>>,
    /// What the server last said of itself, kept while it is away.
    hello: Mutex<Option<Hello>>,
    /// One attempt to connect at a time; the rest wait for it.
    connecting: tokio::sync::Mutex<()>,
    backoff: Mutex<Backoff>,
    /// Parent of every link's token.
    closed: CancellationToken,
    /// The server was reconfigured: no new link, but calls under way keep theirs.
    pub released: CancellationToken,
    used: Mutex<Instant>,
    /// Resource URIs someone downstream wants to hear of, with how many do.
    subscribed: Mutex<BTreeMap<String, usize>>,
    /// The most verbose level asked of the server so far, as [`severity`]; starts above every level.
    logs: AtomicU8,
    /// Wakes the watch of a modern link: what it listens for has changed.
    pub subscriptions_changed: Notify,
}

/// RFC 5424 levels as MCP spells them, least severe first.
pub const LOG_LEVELS: [&str; 8] = [
    "debug",
    "info",
    "notice",
    "warning",
    "error",
    "critical",
    "alert",
    "emergency",
];

/// Returns the place of a level among [`LOG_LEVELS`]; one that MCP does not know counts as the least severe.
pub fn severity(level: &str) -> u8 {
    LOG_LEVELS
        .iter()
        .position(|known| *known == level)
        .unwrap_or(0) as u8
}

/// Lines for clients that declared anything are closed after this long without use; the rest keep their child and its state.
const IDLE: Duration = Duration::from_secs(15 * 60);

impl Line {
    pub fn new(
        server: Arc<Server>,
        key: LineKey,
        means: Means,
        state: Arc<ServerState>,
    ) -> Arc<Line> {
        Arc::new(Line {
            state,
            catalog: Catalog::default(),
            server,
            key,
            means,
            link: Mutex::default(),
            hello: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            backoff: Mutex::default(),
            closed: CancellationToken::new(),
            released: CancellationToken::new(),
            used: Mutex::new(Instant::now()),
            subscribed: Mutex::default(),
            logs: AtomicU8::new(u8::MAX),
            subscriptions_changed: Notify::new(),
        })
    }

    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    pub fn alias(&self) -> &Alias {
        &self.server.alias
    }

    /// Returns the live link, connecting if there is none.
    ///
    /// # Errors
    /// [`LinkFault`], at once while backing off.
    ///
    /// # Cancel safety
    /// The attempt runs in its own task and its link is kept for whoever asks next.
    pub async fn link(self: &Arc<Self>) -> Result<Arc<Link>, LinkFault> {
        *self.used.lock().expect("no panic while held") = Instant::now();
        if let Some(link) = self.live() {
            return Ok(link);
        }
        let line = self.clone();
        let attempt = self.means.tasks.spawn(async move { line.connect().await });
        attempt.await.unwrap_or_else(|_| {
            Err(LinkFault::Unreachable {
                detail: "the attempt to connect failed inside the gateway".into(),
            })
        })
    }

    /// Returns the live link if there is one.
    pub fn live(&self) -> Option<Arc<Link>> {
        self.link
            .lock()
            .expect("no panic while held")
            .as_ref()
            .filter(|link| link.is_open())
            .cloned()
    }

    /// Returns what the server last said of itself.
    pub fn hello(&self) -> Option<Hello> {
        self.hello.lock().expect("no panic while held").clone()
    }

    async fn connect(self: Arc<Self>) -> Result<Arc<Link>, LinkFault> {
        let _alone = self.connecting.lock().await;
        if let Some(link) = self.live() {
            return Ok(link);
        }
        if self.closed.is_cancelled() || self.released.is_cancelled() {
            return Err(LinkFault::Closed);
        }
        if let Some((wait, detail)) = self
            .backoff
            .lock()
            .expect("no panic while held")
            .wait(Instant::now())
        {
            return Err(LinkFault::BackingOff { wait, detail });
        }
        self.begin()?;
        match self.open().await {
            Ok(link) => {
                self.backoff
                    .lock()
                    .expect("no panic while held")
                    .connected(Instant::now());
                *self.link.lock().expect("no panic while held") = Some(link.clone());
                self.catalog.invalidate_all();
                self.logs.store(u8::MAX, Ordering::Release);
                let earlier = self
                    .hello
                    .lock()
                    .expect("no panic while held")
                    .replace(link.hello.clone());
                if earlier.is_some() {
                    self.all_may_have_changed();
                }
                self.means
                    .tasks
                    .spawn(watch::watch(Arc::downgrade(&self), Arc::downgrade(&link)));
                tracing::info!(server = %self.server.alias, protocol = link.hello.revision.as_str(), "connected");
                Ok(link)
            }
            Err(fault) => {
                if let LinkFault::Unreachable { detail } = &fault {
                    self.state.start_failed();
                    self.backoff
                        .lock()
                        .expect("no panic while held")
                        .failed(Instant::now(), detail.clone());
                    tracing::warn!(server = %self.server.alias, detail, "cannot connect");
                }
                Err(fault)
            }
        }
    }

    /// Notes that a link has ended by itself.
    pub fn link_ended(&self, detail: String) {
        if !self.closed.is_cancelled() {
            tracing::warn!(server = %self.server.alias, detail, "connection ended");
            self.state.start_failed();
            self.backoff
                .lock()
                .expect("no panic while held")
                .failed(Instant::now(), detail);
        }
    }

    /// Notes that a command is about to be started; other servers may be tried as often as the backoff allows.
    fn begin(&self) -> Result<(), LinkFault> {
        if !matches!(self.server.endpoint, Endpoint::Stdio { .. }) {
            return Ok(());
        }
        let mut starts = self.state.starts.lock().expect("no panic while held");
        let begun = starts.begin(Instant::now());
        begun.map_err(|wait| LinkFault::BackingOff {
            wait,
            detail: "it was started too often within a minute".into(),
        })
    }

    /// Receives news from this server: forgets what it makes stale, then tells subscribers.
    pub fn news(&self, news: News) {
        if let News::List(shelf) = &news {
            self.catalog.invalidate(*shelf);
        }
        // No subscriber is no fault.
        let _ = self.means.changes.send(Change {
            server: Some(self.server.alias.clone()),
            news,
        });
    }

    /// Forgets every list and says so: the server was away, and nobody knows what it is now.
    pub fn all_may_have_changed(&self) {
        for shelf in [Shelf::Tools, Shelf::Prompts, Shelf::Resources] {
            self.news(News::List(shelf));
        }
    }

    /// Adds a subscriber to a resource; the server is told about the first.
    ///
    /// # Errors
    /// The server's error when it refuses; the subscriber then does not count.
    pub async fn subscribe(
        &self,
        link: &Arc<Link>,
        uri: &str,
    ) -> Result<Result<(), Raw>, FlightFault> {
        let first = {
            let mut subscribed = self.subscribed.lock().expect("no panic while held");
            let count = subscribed.entry(uri.to_owned()).or_default();
            *count += 1;
            *count == 1
        };
        if first && self.key.era == Era::Modern {
            self.subscriptions_changed.notify_one();
        }
        if !first || self.key.era == Era::Modern {
            return Ok(Ok(()));
        }
        let params = Raw::of(&serde_json::json!({"uri": uri}));
        match link.ask(&Method::ResourcesSubscribe, &params).await {
            Ok(Ok(_)) => Ok(Ok(())),
            Ok(Err(error)) => {
                self.uncount(uri);
                Ok(Err(error))
            }
            Err(fault) => {
                self.uncount(uri);
                Err(fault)
            }
        }
    }

    /// Takes a subscriber away; the server is told about the last.
    pub fn unsubscribe(&self, uri: &str) {
        if !self.uncount(uri) {
            return;
        }
        if self.key.era == Era::Modern {
            self.subscriptions_changed.notify_one();
            return;
        }
        let Some(link) = self.live() else { return };
        let params = Raw::of(&serde_json::json!({"uri": uri}));
        let asking = link.clone();
        link.errand("unsubscription", async move {
            asking.ask(&Method::ResourcesUnsubscribe, &params).await
        });
    }

    /// Returns whether that was the last subscriber.
    fn uncount(&self, uri: &str) -> bool {
        let mut subscribed = self.subscribed.lock().expect("no panic while held");
        let Some(count) = subscribed.get_mut(uri) else {
            return false;
        };
        *count -= 1;
        if *count > 0 {
            return false;
        }
        subscribed.remove(uri);
        true
    }

    /// Asks a legacy server for log messages at least this verbose; never less than another client already wanted.
    pub async fn want_logs(&self, link: &Arc<Link>, level: &str) {
        let wanted = severity(level);
        if self.key.era == Era::Modern
            || !link.hello.has(&["logging"])
            || self.logs.fetch_min(wanted, Ordering::AcqRel) <= wanted
        {
            return;
        }
        let params = Raw::of(&serde_json::json!({"level": level}));
        if let Err(fault) = link.ask(&Method::LoggingSetLevel, &params).await {
            tracing::debug!(%fault, "log level not set");
        }
    }

    pub fn subscriptions(&self) -> Vec<String> {
        self.subscribed
            .lock()
            .expect("no panic while held")
            .keys()
            .cloned()
            .collect()
    }

    /// Lets go of the link: it closes when the last call on it ends. A new one is refused.
    pub fn release(&self) {
        self.released.cancel();
        self.link.lock().expect("no panic while held").take();
    }

    /// Closes the link at once; a new one is refused.
    pub fn close(&self) {
        self.closed.cancel();
        if let Some(link) = self.link.lock().expect("no panic while held").take() {
            link.closed.cancel();
        }
    }

    /// Closes the line if it was made for an interactive client that has not been heard of for long; returns whether it did.
    pub fn retire_if_idle(&self) -> bool {
        let idle = self.used.lock().expect("no panic while held").elapsed() > IDLE;
        let quiet = self.live().is_none_or(|link| link.routes.is_idle());
        let retire =
            idle && quiet && !self.key.declared.is_plain() && self.subscriptions().is_empty();
        if retire {
            self.close();
        }
        retire
    }

    /// Resolves configured headers or variables.
    async fn resolve(
        &self,
        values: &[(String, HeaderValue)],
    ) -> Result<Vec<(String, wardgate_model::Secret)>, LinkFault> {
        let mut resolved = Vec::with_capacity(values.len());
        for (name, value) in values {
            let secret = match value {
                HeaderValue::Plain(text) => wardgate_model::Secret::new(text.clone()),
                HeaderValue::Secret { prefix, from } => {
                    let secret = self
                        .means
                        .secrets
                        .resolve(from)
                        .await
                        .map_err(|fault| LinkFault::Secret { detail: fault.0 })?;
                    wardgate_model::Secret::new(format!("{prefix}{}", secret.expose()))
                }
            };
            resolved.push((name.clone(), secret));
        }
        Ok(resolved)
    }
}
