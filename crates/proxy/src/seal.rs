//! Sealed tokens: state that travels through a client without being readable or changeable by it.
//!
//! AES-256-GCM with a random nonce, or one made from the content where the same content is to give the same token; the purpose is authenticated too, so that a session id can never pass as a request state.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{SHA256, digest},
    hmac,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Session,
    RequestState,
    /// The state of a server, where its client must not read it.
    ServerState,
    /// That a call waits for people.
    Approval,
    /// The request of a call that waits for people.
    Frozen,
    /// Sealed twice, the same content gives the same token: a task has one id however often it is told.
    Task,
    /// As [`Purpose::Task`], of the gateway's own, which wait for people.
    Waiting,
}

impl Purpose {
    fn tag(self) -> &'static str {
        match self {
            Purpose::Session => "wgs1.",
            Purpose::RequestState => "wgr1.",
            Purpose::ServerState => "wgu1.",
            Purpose::Approval => "wga1.",
            Purpose::Frozen => "wgf1.",
            Purpose::Task => "wgt1.",
            Purpose::Waiting => "wgw1.",
        }
    }
}

pub struct Seal {
    key: LessSafeKey,
    /// Makes nonces out of contents, for [`Purpose::Task`] and [`Purpose::Waiting`].
    nonces: hmac::Key,
}

impl Seal {
    /// Makes a seal from a secret text; replicas that share the text open each other's tokens.
    pub fn from_secret(secret: &str) -> Seal {
        Seal::from_key(digest(&SHA256, secret.as_bytes()).as_ref())
    }

    /// Makes a seal only this process can open.
    pub fn random() -> Seal {
        let key: [u8; 32] = random_bytes();
        Seal::from_key(&key)
    }

    fn from_key(key: &[u8]) -> Seal {
        let derived = |label: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), label);
        let sealing =
            UnboundKey::new(&AES_256_GCM, derived(b"seal").as_ref()).expect("the key is 32 bytes");
        Seal {
            key: LessSafeKey::new(sealing),
            nonces: hmac::Key::new(hmac::HMAC_SHA256, derived(b"nonce").as_ref()),
        }
    }

    pub fn close<T: Serialize>(&self, purpose: Purpose, content: &T) -> String {
        let mut sealed = serde_json::to_vec(content).expect("own values serialise");
        let nonce = self.nonce(purpose, &sealed);
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(purpose.tag()),
                &mut sealed,
            )
            .expect("sealing a short text cannot fail");
        let mut token = nonce.to_vec();
        token.extend_from_slice(&sealed);
        format!("{}{}", purpose.tag(), URL_SAFE_NO_PAD.encode(token))
    }

    /// Seals a value that stands for itself wherever it is met: the same for the same `bound_to` and value.
    pub fn close_value(&self, bound_to: &[u8], value: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        let content = [bound_to, b"\0", value].concat();
        nonce.copy_from_slice(&hmac::sign(&self.nonces, &content).as_ref()[..NONCE_LEN]);
        let mut sealed = value.to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(of_value(bound_to)),
                &mut sealed,
            )
            .expect("sealing a short text cannot fail");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens what [`Seal::close_value`] has sealed; `None` if it is damaged or bound to something else.
    pub fn open_value(&self, bound_to: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let aad = Aad::from(of_value(bound_to));
        let plain = self.key.open_in_place(nonce, aad, &mut sealed).ok()?;
        Some(plain.to_vec())
    }

    /// A nonce made from the content repeats only with the content, and then shows no more than that (as in RFC 5297).
    fn nonce(&self, purpose: Purpose, content: &[u8]) -> [u8; NONCE_LEN] {
        match purpose {
            Purpose::Session
            | Purpose::RequestState
            | Purpose::ServerState
            | Purpose::Approval
            | Purpose::Frozen => random_bytes(),
            Purpose::Task | Purpose::Waiting => {
                let mut nonce = [0; NONCE_LEN];
                nonce.copy_from_slice(&hmac::sign(&self.nonces, content).as_ref()[..NONCE_LEN]);
                nonce
            }
        }
    }

    /// Returns the content if this seal made the token for this purpose.
    pub fn open<T: DeserializeOwned>(&self, purpose: Purpose, token: &str) -> Option<T> {
        let body = token.strip_prefix(purpose.tag())?;
        let mut bytes = URL_SAFE_NO_PAD.decode(body).ok()?;
        if bytes.len() < NONCE_LEN {
            return None;
        }
        let mut sealed = bytes.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&bytes).ok()?;
        let plain = self
            .key
            .open_in_place(nonce, Aad::from(purpose.tag()), &mut sealed)
            .ok()?;
        serde_json::from_slice(plain).ok()
    }

    /// Says whether a token claims to be ours for this purpose, opened or not.
    pub fn claims(purpose: Purpose, token: &str) -> bool {
        token.starts_with(purpose.tag())
    }
}

/// What is authenticated with a value; no tag of a purpose begins so.
fn of_value(bound_to: &[u8]) -> Vec<u8> {
    [b"value\0", bound_to].concat()
}

/// Returns bytes from the operating system's generator.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_task_has_one_id_and_two_sessions_have_two() {
        let seal = Seal::random();
        assert_eq!(
            seal.close(Purpose::Task, &"t"),
            seal.close(Purpose::Task, &"t")
        );
        assert_ne!(
            seal.close(Purpose::Task, &"t"),
            seal.close(Purpose::Task, &"u")
        );
        assert_ne!(
            seal.close(Purpose::Session, &"t"),
            seal.close(Purpose::Session, &"t")
        );
    }

    #[test]
    fn a_token_opens_only_for_its_purpose_and_unchanged() {
        let seal = Seal::random();
        let token = seal.close(Purpose::Session, &"hello");
        assert_eq!(
            seal.open::<String>(Purpose::Session, &token).as_deref(),
            Some("hello")
        );
        assert_eq!(seal.open::<String>(Purpose::Task, &token), None);
        assert_eq!(
            seal.open::<String>(Purpose::Task, &token.replace("wgs1", "wgt1")),
            None
        );
        for at in 5..token.len() {
            let mut bent = token.clone().into_bytes();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            if bent != token.as_bytes() {
                assert_eq!(
                    seal.open::<String>(Purpose::Session, std::str::from_utf8(&bent).unwrap()),
                    None,
                    "byte {at}"
                );
            }
        }
        assert_eq!(
            Seal::random().open::<String>(Purpose::Session, &token),
            None
        );
    }

    #[test]
    fn a_value_has_one_token_and_opens_only_where_it_is_bound() {
        let seal = Seal::random();
        let sealed = seal.close_value(b"acme", b"ana@acme.test");
        assert_eq!(sealed, seal.close_value(b"acme", b"ana@acme.test"));
        assert_ne!(sealed, seal.close_value(b"globex", b"ana@acme.test"));
        let opened = seal.open_value(b"acme", &sealed);
        assert_eq!(opened.as_deref(), Some(&b"ana@acme.test"[..]));
        assert_eq!(seal.open_value(b"globex", &sealed), None);
        assert_eq!(Seal::random().open_value(b"acme", &sealed), None);
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert_eq!(seal.open_value(b"acme", &bent), None, "byte {at}");
            assert_eq!(seal.open_value(b"acme", &sealed[..at]), None);
        }
    }
}
