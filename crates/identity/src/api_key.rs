//! The text of an API key: `wg_<id>_<secret><checksum>`, in lower-case base32.
//!
//! The id is public: it finds the record and stands in logs. The checksum tells a typo from a wrong key, and lets secret scanners
//! recognise one. Whether a key is good is judged in `key_check.rs`.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE32_DNSSEC;
use wardgate_model::{CredentialId, Secret};
use zeroize::Zeroizing;

const PREFIX: &str = "wg_";
const ID_BYTES: usize = 10;
const SECRET_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 4;
/// The length of every key: the prefix, sixteen characters, an underscore, fifty-eight characters.
const TEXT_BYTES: usize = PREFIX.len() + 16 + 1 + 58;

/// A well-formed key. It cannot be printed; [`ApiKey::text`] gives its text once, to whoever it was made for.
pub struct ApiKey {
    id: CredentialId,
    secret: Zeroizing<[u8; SECRET_BYTES]>,
}

/// The text is no key: mistyped, cut, or something else altogether. It says nothing of what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not an API key")]
pub struct MalformedKey;

impl ApiKey {
    /// The random bytes one key is made of: its id, then 256 bits of secret.
    pub const RANDOM_BYTES: usize = ID_BYTES + SECRET_BYTES;

    /// Makes a key out of bytes of a cryptographic random source.
    pub fn mint(random: &[u8; ApiKey::RANDOM_BYTES]) -> ApiKey {
        let (id, secret) = random.split_at(ID_BYTES);
        let mut key = ApiKey {
            id: CredentialId::new(BASE32_DNSSEC.encode(id)),
            secret: Zeroizing::new([0; SECRET_BYTES]),
        };
        key.secret.copy_from_slice(secret);
        key
    }

    /// Reads what a client presented.
    ///
    /// # Errors
    /// [`MalformedKey`] for any text that [`ApiKey::text`] cannot have given.
    pub fn parse(text: &str) -> Result<ApiKey, MalformedKey> {
        // Decoding folds case; a key has one spelling.
        if text.len() != TEXT_BYTES || text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(MalformedKey);
        }
        let (id, tail) = text
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('_'))
            .ok_or(MalformedKey)?;
        if decode(id)?.len() != ID_BYTES {
            return Err(MalformedKey);
        }
        let tail = decode(tail)?;
        let (secret, checksum) = tail.split_at_checked(SECRET_BYTES).ok_or(MalformedKey)?;
        let mut key = ApiKey {
            id: CredentialId::new(id),
            secret: Zeroizing::new([0; SECRET_BYTES]),
        };
        key.secret.copy_from_slice(secret);
        if key.checksum() == checksum {
            Ok(key)
        } else {
            Err(MalformedKey)
        }
    }

    /// Returns the public name of the key.
    pub fn id(&self) -> &CredentialId {
        &self.id
    }

    /// Returns the key as its owner keeps it.
    pub fn text(&self) -> Secret {
        let mut tail = Zeroizing::new([0; SECRET_BYTES + CHECKSUM_BYTES]);
        tail[..SECRET_BYTES].copy_from_slice(self.secret());
        tail[SECRET_BYTES..].copy_from_slice(&self.checksum());
        let tail = Zeroizing::new(BASE32_DNSSEC.encode(tail.as_slice()));
        Secret::new(format!("{PREFIX}{}_{}", self.id, tail.as_str()))
    }

    pub(crate) fn secret(&self) -> &[u8] {
        self.secret.as_slice()
    }

    /// Over the id too, so that the halves of two keys do not make a third.
    fn checksum(&self) -> [u8; CHECKSUM_BYTES] {
        let mut covered = Zeroizing::new(self.id.as_str().as_bytes().to_vec());
        covered.extend_from_slice(self.secret());
        let sum = digest(&SHA256, &covered);
        sum.as_ref()[..CHECKSUM_BYTES]
            .try_into()
            .expect("SHA-256 is longer than the checksum")
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}, …)", self.id)
    }
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, MalformedKey> {
    BASE32_DNSSEC
        .decode(text.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| MalformedKey)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ApiKey, MalformedKey, TEXT_BYTES};

    fn text(seed: u8) -> String {
        ApiKey::mint(&[seed; ApiKey::RANDOM_BYTES])
            .text()
            .expose()
            .to_owned()
    }

    #[test]
    fn printing_a_key_shows_its_id_only() {
        let key = ApiKey::mint(&[7; ApiKey::RANDOM_BYTES]);
        let printed = format!("{key:?}");
        assert!(printed.contains(key.id().as_str()));
        assert!(!printed.contains(&key.text().expose()[21..]));
    }

    #[test]
    fn what_is_no_key_is_refused_without_a_panic() {
        let key = text(3);
        let no_keys = [
            String::new(),
            "wg_".to_owned(),
            "sk-fake".to_owned(),
            format!("{key} "),
            format!("{key}\0"),
            key[..key.len() - 1].to_owned(),
            key.to_uppercase(),
            key.replace("wg_", "wg-"),
            "wg_' OR 1=1 --_%".to_owned(),
            format!("wg_{}_{}", "%".repeat(16), "_".repeat(58)),
            "é".repeat(39),
            "a".repeat(10_240),
            "\0".repeat(TEXT_BYTES),
            // The id of one key, the secret of another.
            format!("{}{}", &text(1)[..20], &text(2)[20..]),
        ];
        for no_key in no_keys {
            assert_eq!(
                ApiKey::parse(&no_key).err(),
                Some(MalformedKey),
                "{no_key:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_key_reads_back_as_what_it_was(
            random in proptest::collection::vec(any::<u8>(), ApiKey::RANDOM_BYTES),
        ) {
            let key = ApiKey::mint(random.as_slice().try_into().unwrap());
            let text = key.text();
            prop_assert_eq!(text.expose().len(), TEXT_BYTES);
            let read = ApiKey::parse(text.expose()).unwrap();
            prop_assert_eq!(read.id(), key.id());
            prop_assert_eq!(read.secret(), key.secret());
        }

        #[test]
        fn one_wrong_character_is_a_typo_not_another_key(at in 0..TEXT_BYTES, to in "[0-9a-z_]") {
            let key = text(9);
            let mut typo = key.clone();
            typo.replace_range(at..=at, &to);
            prop_assume!(typo != key);
            prop_assert!(ApiKey::parse(&typo).is_err());
        }

        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC{0,200}") {
            prop_assert!(ApiKey::parse(&text).is_err());
        }
    }
}
