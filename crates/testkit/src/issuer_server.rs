//! An issuer that answers over HTTP: its discovery document, its keys, and tokens as a test wants them.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use crate::{
    issuer::{SigningKey, key_set},
    upstream::{Act, Received, Upstream},
};

/// Ends when dropped.
pub struct IssuerServer {
    server: Upstream,
    state: Arc<State>,
    key: SigningKey,
}

#[derive(Default)]
struct State {
    published: Mutex<String>,
    down: AtomicBool,
}

impl IssuerServer {
    /// Starts with one key, `k1`.
    pub async fn start() -> IssuerServer {
        let state = Arc::new(State::default());
        let answering = state.clone();
        let mut issuer = IssuerServer {
            server: Upstream::start(move |received| answering.answer(received)).await,
            state,
            key: SigningKey::new("k1", "EdDSA"),
        };
        issuer.rotate("k1");
        issuer
    }

    /// What tokens name in `iss`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    pub fn port(&self) -> u16 {
        self.server.address.port()
    }

    /// Signs with another key from here on, and publishes that one alone.
    pub fn rotate(&mut self, kid: &str) {
        self.key = SigningKey::new(kid, "EdDSA");
        *self.state.published.lock().expect("no panic while held") = key_set(&[&self.key]);
    }

    /// Answers nothing but errors, or answers again.
    pub fn set_down(&self, down: bool) {
        self.state.down.store(down, Ordering::Release);
    }

    /// How often the keys were asked for.
    pub fn fetches(&self) -> usize {
        let received = self.server.received();
        let keys = received.iter().filter(|one| one.target == "/keys");
        keys.count()
    }

    /// A token for `lena`, with audience `wardgate`, good for ten minutes, and these claims changed. Null takes one away.
    pub fn token(&self, changes: Value) -> String {
        self.token_signed_by(&self.key, changes)
    }

    /// The same, signed by a key that may not be this issuer's.
    pub fn token_signed_by(&self, key: &SigningKey, changes: Value) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.expect("a time after 1970").as_secs();
        let mut claims = json!({
            "iss": self.url(), "aud": "wardgate", "sub": "lena", "iat": now, "exp": now + 600,
        });
        for (name, value) in changes.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        let present = claims.as_object_mut().expect("an object");
        present.retain(|_, value| !value.is_null());
        key.token("EdDSA", &claims)
    }
}

impl State {
    fn answer(&self, received: &Received) -> Act {
        let own = format!("http://{}", received.header("host").unwrap_or_default());
        match received.target.as_str() {
            _ if self.down.load(Ordering::Acquire) => Act::status(500),
            "/.well-known/openid-configuration" => {
                let document = json!({"issuer": own, "jwks_uri": format!("{own}/keys")});
                Act::json(document.to_string())
            }
            "/keys" => Act::json(self.published.lock().expect("no panic while held").clone()),
            _ => Act::status(404),
        }
    }
}
