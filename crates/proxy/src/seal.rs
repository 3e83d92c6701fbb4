//! Sealed tokens: state that travels through a client without being readable or changeable by it.
//!
//! AES-256-GCM with a random nonce; the purpose is authenticated too, so that a session id can never pass as a request state.

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
}
