//! A library of documents in place of the network, and a verifier whose clock the test turns.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};
use wardgate_identity::{
    Fetch, FetchFault, Issuer, KeysAt, Now, TokenFault, TokenRefusal, Verified, Verifier,
};
use wardgate_model::TenantId;
use wardgate_testkit::issuer::{SigningKey, key_set};

pub const ISSUER: &str = "https://idp.test";
pub const KEYS: &str = "https://idp.test/keys";
pub const RESOURCE: &str = "https://gw.test/mcp/finance";
/// When every test begins.
pub const START: u64 = 1_800_000_000;

/// Documents by address. What is missing cannot be fetched.
#[derive(Clone, Default)]
pub struct Library(Arc<Mutex<Shelves>>);

#[derive(Default)]
struct Shelves {
    documents: HashMap<String, String>,
    fetched: Vec<String>,
    /// Fetches wait for this many turns of the runtime first.
    turns: usize,
}

impl Library {
    pub fn put(&self, uri: &str, document: &str) {
        let mut shelves = self.0.lock().unwrap();
        shelves.documents.insert(uri.into(), document.into());
    }
    pub fn burn(&self) {
        self.0.lock().unwrap().documents.clear();
    }
    pub fn fetched(&self) -> usize {
        self.0.lock().unwrap().fetched.len()
    }
    pub fn slow_down(&self, turns: usize) {
        self.0.lock().unwrap().turns = turns;
    }
}

impl Fetch for Library {
    fn get(&self, uri: &str, _: usize) -> BoxFuture<'static, Result<Bytes, FetchFault>> {
        let (library, uri) = (self.clone(), uri.to_owned());
        async move {
            let turns = {
                let mut shelves = library.0.lock().unwrap();
                shelves.fetched.push(uri.clone());
                shelves.turns
            };
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            let shelves = library.0.lock().unwrap();
            let document = shelves.documents.get(&uri).cloned();
            document
                .map(Bytes::from)
                .ok_or_else(|| FetchFault("connection refused".into()))
        }
        .boxed()
    }
}

pub fn issuer() -> Issuer {
    Issuer {
        keys: KeysAt::Uri(KEYS.into()),
        ..Issuer::new(TenantId::new("acme"), ISSUER, "wardgate")
    }
}

pub fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "wardgate", "sub": "lena", "iat": START, "exp": START + 900,
    })
}

/// The usual claims with some of them changed; null takes one away.
pub fn claims_with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims
                .as_object_mut()
                .unwrap()
                .insert(name.clone(), value.clone()),
        };
    }
    claims
}

/// The header and claims of one token under the signature of another.
pub fn graft(token: &str, signed: &str) -> String {
    let (content, _) = token.rsplit_once('.').unwrap();
    let (_, signature) = signed.rsplit_once('.').unwrap();
    format!("{content}.{signature}")
}

/// A verifier, its issuer's key, and the time.
pub struct Desk {
    pub library: Library,
    pub key: SigningKey,
    pub verifier: Verifier,
    start: Instant,
    pub passed: Duration,
}

impl Desk {
    pub fn new() -> Desk {
        Desk::with(vec![issuer()], "ES256")
    }

    pub fn with(issuers: Vec<Issuer>, algorithm: &str) -> Desk {
        let library = Library::default();
        let key = SigningKey::new("k1", algorithm);
        library.put(KEYS, &key_set(&[&key]));
        let fetch: Arc<dyn Fetch> = Arc::new(library.clone());
        Desk {
            verifier: Verifier::new(issuers, &fetch, 1_000).unwrap(),
            library,
            key,
            start: Instant::now(),
            passed: Duration::ZERO,
        }
    }

    pub fn wait(&mut self, seconds: u64) {
        self.passed += Duration::from_secs(seconds);
    }

    pub fn now(&self) -> Now {
        Now {
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(START) + self.passed,
            monotonic: self.start + self.passed,
        }
    }

    pub fn token(&self, changes: Value) -> String {
        self.key.token("ES256", &claims_with(changes))
    }

    pub async fn verify(&self, token: &str) -> Result<Verified, TokenFault> {
        self.verifier.verify(token, RESOURCE, self.now()).await
    }

    pub async fn refusal(&self, token: &str) -> Option<TokenRefusal> {
        match self.verify(token).await {
            Ok(_) => None,
            Err(TokenFault::Refused(refusal)) => Some(refusal),
            Err(fault) => panic!("{fault}"),
        }
    }
}
