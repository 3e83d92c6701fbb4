//! The keys of one issuer as they were last fetched, and when to fetch them again.
//!
//! A set is asked for again after four minutes, so that a removed key is refused within five; earlier only for an unknown key id,
//! and whatever the ids, once in thirty seconds. While the issuer is down the last set serves for a day. Nothing is spawned: the
//! callers who need the answer drive the one fetch together, and if all of them leave, the next one takes it up.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};

use super::{KeySet, KeysAt, discovery};

const REFRESH_AFTER: Duration = Duration::from_secs(240);
const FETCH_EVERY: Duration = Duration::from_secs(30);
const STALE_MAX: Duration = Duration::from_secs(24 * 3600);
const DOCUMENT_BYTES_MAX: usize = 512 * 1024;

/// Gets documents of issuers. Whoever implements it bounds the time, follows no redirect, and dials no private address.
pub trait Fetch: Send + Sync {
    /// Gets the body of a successful answer, refusing one of more than `bytes_max`.
    fn get(&self, uri: &str, bytes_max: usize) -> BoxFuture<'static, Result<Bytes, FetchFault>>;
}

/// A document could not be had. The text is for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FetchFault(pub String);

/// Whether the token is good cannot be told, as its issuer's keys cannot be had: a 503, neither a 401 nor a caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("keys of `{issuer}` cannot be had: {detail}")]
pub struct KeysUnavailable {
    pub issuer: String,
    /// When asking again may help.
    pub retry_after: Duration,
    /// For the log.
    pub detail: String,
}

pub(super) struct KeySource {
    issuer: String,
    at: KeysAt,
    fetch: Arc<dyn Fetch>,
    state: Mutex<State>,
}

/// The keys in force. The revision differs whenever the keys do.
#[derive(Clone)]
pub(super) struct Current {
    pub(super) set: Arc<KeySet>,
    pub(super) revision: u64,
}

type Flight = Shared<BoxFuture<'static, Result<KeySet, FetchFault>>>;

#[derive(Default)]
struct State {
    current: Option<Current>,
    fetched_at: Option<Instant>,
    attempted_at: Option<Instant>,
    /// What went wrong with the last attempt.
    fault: Option<FetchFault>,
    flight: Option<Flight>,
}

impl KeySource {
    pub(super) fn new(issuer: &str, at: KeysAt, fetch: Arc<dyn Fetch>) -> KeySource {
        KeySource {
            issuer: issuer.to_owned(),
            at,
            fetch,
            state: Mutex::default(),
        }
    }

    pub(super) fn at(&self) -> &KeysAt {
        &self.at
    }

    /// Returns the keys in force, after fetching them if they are old or lack this id.
    ///
    /// # Errors
    /// [`KeysUnavailable`] when there are none, or when only an issuer that does not answer could tell whether the id is good.
    ///
    /// # Cancel safety
    /// Dropping it leaves the fetch to the other waiting callers, or to the next.
    pub(super) async fn keys(
        &self,
        kid: Option<&str>,
        now: Instant,
    ) -> Result<Current, KeysUnavailable> {
        let flight = self.flight(kid, now);
        if let Some(flight) = flight {
            let outcome = flight.clone().await;
            self.land(&flight, outcome);
        }
        self.lock().judge(kid, now).map_err(|fault| {
            let detail = fault.map_or_else(|| "no answer yet".to_owned(), |fault| fault.0);
            KeysUnavailable {
                issuer: self.issuer.clone(),
                retry_after: FETCH_EVERY,
                detail,
            }
        })
    }

    /// Returns the fetch to wait for, if there is one.
    fn flight(&self, kid: Option<&str>, now: Instant) -> Option<Flight> {
        let mut state = self.lock();
        let serves = state.serves(kid, now);
        if serves && state.age(now) < REFRESH_AFTER {
            return None;
        }
        let is_recent = state
            .attempted_at
            .is_some_and(|at| now.saturating_duration_since(at) < FETCH_EVERY);
        match &state.flight {
            // While the issuer fails, who has keys does not wait for somebody else's attempt.
            Some(_) if serves && state.fault.is_some() && is_recent => None,
            Some(flight) => Some(flight.clone()),
            None if is_recent => None,
            None => {
                let flight = self.ask().boxed().shared();
                state.attempted_at = Some(now);
                state.flight = Some(flight.clone());
                Some(flight)
            }
        }
    }

    /// Takes in the outcome, which all who waited bring, once.
    fn land(&self, flight: &Flight, outcome: Result<KeySet, FetchFault>) {
        let mut state = self.lock();
        if !state.flight.as_ref().is_some_and(|own| own.ptr_eq(flight)) {
            return;
        }
        state.flight = None;
        match outcome {
            Ok(set) => state.renew(set),
            Err(fault) => state.fault = Some(fault),
        }
    }

    fn ask(&self) -> impl Future<Output = Result<KeySet, FetchFault>> + Send + 'static {
        let (fetch, issuer, at) = (self.fetch.clone(), self.issuer.clone(), self.at.clone());
        async move {
            let uri = match at {
                KeysAt::Uri(uri) => uri,
                KeysAt::Discovery => {
                    let document = get(&*fetch, &discovery::uri(&issuer)).await?;
                    discovery::keys_uri(&document, &issuer)
                        .map_err(|fault| FetchFault(fault.to_string()))?
                }
            };
            let document = get(&*fetch, &uri).await?;
            KeySet::parse(&document).map_err(|fault| FetchFault(fault.to_string()))
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while held")
    }
}

impl State {
    /// True if a set in force can judge tokens with this key id.
    fn serves(&self, kid: Option<&str>, now: Instant) -> bool {
        self.in_force(now)
            .is_some_and(|current| kid.is_none_or(|kid| current.set.has(kid)))
    }

    fn in_force(&self, now: Instant) -> Option<&Current> {
        self.current.as_ref().filter(|_| self.age(now) <= STALE_MAX)
    }

    fn age(&self, now: Instant) -> Duration {
        self.fetched_at
            .map_or(Duration::MAX, |at| now.saturating_duration_since(at))
    }

    /// The set is as old as the question was, not the answer.
    fn renew(&mut self, set: KeySet) {
        self.fetched_at = self.attempted_at;
        self.fault = None;
        match &self.current {
            Some(current) if *current.set == set => {}
            before => {
                self.current = Some(Current {
                    revision: before.as_ref().map_or(0, |before| before.revision + 1),
                    set: Arc::new(set),
                });
            }
        }
    }

    /// An unknown id is the token's fault only if the issuer has just been asked.
    fn judge(&self, kid: Option<&str>, now: Instant) -> Result<Current, Option<FetchFault>> {
        match self.in_force(now) {
            Some(current) if self.fault.is_none() || self.serves(kid, now) => Ok(current.clone()),
            _ => Err(self.fault.clone()),
        }
    }
}

async fn get(fetch: &dyn Fetch, uri: &str) -> Result<Bytes, FetchFault> {
    let document = fetch.get(uri, DOCUMENT_BYTES_MAX).await?;
    if document.len() > DOCUMENT_BYTES_MAX {
        return Err(FetchFault(format!(
            "a document of more than {DOCUMENT_BYTES_MAX} bytes"
        )));
    }
    Ok(document)
}
