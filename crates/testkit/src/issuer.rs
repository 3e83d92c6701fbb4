//! An issuer of tokens: keys made on the spot, key sets, tokens with exactly the header and claims a test wants, also wrong ones.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::{self, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
        RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// A key that signs tokens.
pub struct SigningKey {
    pub kid: String,
    pair: Pair,
}

enum Pair {
    Rsa(rsa::KeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// Makes a key for this algorithm's family, `RS256` as well as `PS512`.
    pub fn new(kid: &str, algorithm: &str) -> SigningKey {
        let pair = match algorithm {
            "ES256" => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::P256),
            "ES384" => EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).map(Pair::P384),
            "EdDSA" => Ed25519KeyPair::generate().map(Pair::Ed25519),
            _ => rsa::KeyPair::generate(KeySize::Rsa2048).map(Pair::Rsa),
        };
        SigningKey {
            kid: kid.into(),
            pair: pair.expect("a random source"),
        }
    }

    /// The public half, without `alg` and `use`.
    pub fn jwk(&self) -> Value {
        let kid = &self.kid;
        let point = |crv: &str, point: &[u8]| {
            let (x, y) = point[1..].split_at(point.len() / 2);
            json!({"kty": "EC", "crv": crv, "kid": kid, "x": base64(x), "y": base64(y)})
        };
        match &self.pair {
            Pair::Rsa(pair) => {
                let (n, e) = components(pair);
                json!({"kty": "RSA", "kid": kid, "n": base64(&n), "e": base64(&e)})
            }
            Pair::P256(pair) => point("P-256", pair.public_key().as_ref()),
            Pair::P384(pair) => point("P-384", pair.public_key().as_ref()),
            Pair::Ed25519(pair) => {
                let x = base64(pair.public_key().as_ref());
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x})
            }
        }
    }

    /// A token of this algorithm with this key's id and these claims.
    pub fn token(&self, algorithm: &str, claims: &Value) -> String {
        let header = json!({"alg": algorithm, "kid": self.kid, "typ": "at+jwt"});
        self.raw_token(algorithm, &header.to_string(), &claims.to_string())
    }

    /// A token around these texts, signed by this algorithm whatever the header says.
    pub fn raw_token(&self, algorithm: &str, header: &str, payload: &str) -> String {
        let signed = format!(
            "{}.{}",
            base64(header.as_bytes()),
            base64(payload.as_bytes())
        );
        let signature = base64(&self.sign(algorithm, signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match (&self.pair, algorithm) {
            // The old confusion: the public key, which everybody has, as the secret of an HMAC.
            (_, "HS256") => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, self.jwk().to_string().as_bytes());
                hmac::sign(&key, message).as_ref().to_vec()
            }
            (_, "none") => Vec::new(),
            (Pair::P256(pair) | Pair::P384(pair), _) => {
                let signature = pair.sign(&random, message).expect("a random source");
                signature.as_ref().to_vec()
            }
            (Pair::Ed25519(pair), _) => pair.sign(message).as_ref().to_vec(),
            (Pair::Rsa(pair), _) => {
                let padding: &dyn aws_lc_rs::signature::RsaEncoding = match algorithm {
                    "RS256" => &RSA_PKCS1_SHA256,
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    "PS512" => &RSA_PSS_SHA512,
                    other => panic!("an RSA key signs no {other}"),
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature)
                    .expect("room for it");
                signature
            }
        }
    }
}

/// The document an issuer publishes.
pub fn key_set(keys: &[&SigningKey]) -> String {
    let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
    json!({"keys": keys}).to_string()
}

pub fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// RFC 8017 §A.1.1: `SEQUENCE { INTEGER n, INTEGER e }`. With 2048 bits and the usual exponent 65537, the parts stand where they
/// stand.
fn components(pair: &rsa::KeyPair) -> (Vec<u8>, Vec<u8>) {
    let der = pair.public_key().as_ref();
    assert_eq!(der.len(), 270, "a modulus of 2048 bits");
    (der[9..265].to_vec(), der[267..].to_vec())
}
