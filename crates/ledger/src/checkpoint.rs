//! Signed checkpoints: what a chain was at a moment, in a form that can be kept elsewhere.
//!
//! A note of C2SP tlog-checkpoint: origin, size, root, then signatures. Only a copy held outside shows that a file was cut
//! or rolled back, so notes are small, plain text, and stand by themselves.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::chain::Chain;
use crate::digest::Digest;
use crate::key::{PublicKey, SigningKey};

/// After this many records a checkpoint is due.
pub const RECORDS_MAX: u64 = 1_000;
/// After this long a checkpoint is due, if there is anything new.
pub const ELAPSED_MAX: Duration = Duration::from_secs(60);

const SIGNATURE: &str = "— ";

/// Returns whether a checkpoint is due, `elapsed` after the last one.
pub fn due(records_since: u64, elapsed: Duration) -> bool {
    records_since >= RECORDS_MAX || (records_since > 0 && elapsed >= ELAPSED_MAX)
}

/// What a chain was: `size` records, under one root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: String,
    pub size: u64,
    pub root: Digest,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    #[error("no checkpoint")]
    Malformed,
    #[error("checkpoint {size} of {origin} is not signed by the key")]
    ForeignKey { origin: String, size: u64 },
}

impl Checkpoint {
    /// Signs where a chain is: the text of the note.
    pub fn sign(chain: &Chain, key: &SigningKey) -> String {
        let checkpoint = Checkpoint {
            origin: key.public().origin(chain.tenant()),
            size: chain.size(),
            root: chain.root(),
        };
        let text = checkpoint.text();
        let origin = &checkpoint.origin;
        let signature = [&key.public().id(origin)[..], &key.sign(&text)].concat();
        let signature = STANDARD.encode(signature);
        format!("{text}\n{SIGNATURE}{origin} {signature}\n")
    }

    /// Reads a note that at least one of the keys signed; other signatures (of witnesses) are passed over.
    ///
    /// # Errors
    /// When it is no checkpoint, or none of the keys signed it.
    pub fn open(note: &str, keys: &[PublicKey]) -> Result<Checkpoint, CheckpointError> {
        let at = note.find("\n\n").ok_or(CheckpointError::Malformed)?;
        let (text, signatures) = (&note[..=at], &note[at + 2..]);
        let checkpoint = Checkpoint::read(text).ok_or(CheckpointError::Malformed)?;
        let mut lines = signatures.lines();
        match lines.any(|line| keys.iter().any(|key| checkpoint.signed(text, line, key))) {
            true => Ok(checkpoint),
            false => Err(CheckpointError::ForeignKey {
                origin: checkpoint.origin,
                size: checkpoint.size,
            }),
        }
    }

    fn signed(&self, text: &str, line: &str, key: &PublicKey) -> bool {
        let Some((name, content)) = line
            .strip_prefix(SIGNATURE)
            .and_then(|line| line.split_once(' '))
        else {
            return false;
        };
        let Ok(content) = STANDARD.decode(content) else {
            return false;
        };
        let Some((id, signature)) = content.split_at_checked(4) else {
            return false;
        };
        name == self.origin
            && key.covers(name)
            && id == key.id(name)
            && key.verifies(text, signature)
    }

    fn text(&self) -> String {
        let root = STANDARD.encode(self.root.as_bytes());
        format!("{}\n{}\n{root}\n", self.origin, self.size)
    }

    /// Extension lines are allowed and say nothing here; the signature covers them.
    fn read(text: &str) -> Option<Checkpoint> {
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let root: [u8; 32] = STANDARD.decode(root).ok()?.try_into().ok()?;
        let checkpoint = Checkpoint {
            origin: origin.to_owned(),
            size: size.parse().ok()?,
            root: Digest::from_bytes(root),
        };
        // One spelling: no leading zero, no sign, no second way to write the root.
        text.starts_with(&checkpoint.text()).then_some(checkpoint)
    }
}

/// Splits a text of several notes, one after the other, into its notes.
pub fn notes(text: &str) -> Vec<&str> {
    let (mut notes, mut start, mut at, mut in_signatures) = (Vec::new(), 0, 0, false);
    for line in text.split_inclusive('\n') {
        let is_signature = line.starts_with(SIGNATURE);
        if in_signatures && !is_signature {
            notes.push(text[start..at].trim_start_matches('\n'));
            start = at;
        }
        in_signatures = is_signature;
        at += line.len();
    }
    if !text[start..].trim().is_empty() {
        notes.push(text[start..].trim_start_matches('\n'));
    }
    notes
}

#[cfg(test)]
mod tests {
    use wardgate_model::TenantId;

    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed("log.example.com", &[seed; 32]).unwrap()
    }

    fn note(seed: u8) -> String {
        Checkpoint::sign(&Chain::new(TenantId::new("acme")), &key(seed))
    }

    #[test]
    fn the_vector_of_the_note_format_verifies() {
        // The example of golang.org/x/mod/sumdb/note: the signature over a text that is no checkpoint.
        let text = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let key =
            PublicKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
                .unwrap();
        let signature = STANDARD
            .decode("x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=")
            .unwrap();
        assert_eq!(signature[..4], key.id("PeterNeumann"));
        assert!(key.verifies(text, &signature[4..]));
    }

    #[test]
    fn a_note_opens_with_its_own_key_only() {
        let public = |seed| key(seed).public().clone();
        let opened = Checkpoint::open(&note(1), &[public(2), public(1)]).unwrap();
        assert_eq!(opened.origin, "log.example.com/acme");
        assert_eq!((opened.size, opened.root), (0, Digest::of(b"")));
        assert!(matches!(
            Checkpoint::open(&note(1), &[public(2)]),
            Err(CheckpointError::ForeignKey { size: 0, .. })
        ));
    }

    #[test]
    fn a_witness_may_sign_too() {
        let witnessed = format!("{}— witness.example.com Az3grlgtzPIC\n", note(1));
        assert!(Checkpoint::open(&witnessed, &[key(1).public().clone()]).is_ok());
    }

    #[test]
    fn a_changed_note_does_not_open() {
        let note = note(1);
        for (at, _) in note.char_indices().filter(|(_, c)| c.is_ascii()) {
            let mut changed = note.clone().into_bytes();
            changed[at] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            // Past the last signature line nothing is signed.
            let last = at == note.len() - 1;
            assert!(
                last || Checkpoint::open(&changed, &[key(1).public().clone()]).is_err(),
                "{at}"
            );
        }
    }

    #[test]
    fn notes_in_one_file_come_apart() {
        let three = [note(1), note(2), note(3)];
        assert_eq!(notes(&three.concat()), three);
        assert_eq!(notes(&three.join("\n")), three, "with blank lines between");
        assert!(notes("\n").is_empty());
    }

    #[test]
    fn a_checkpoint_is_due_by_number_or_by_time() {
        let secs = Duration::from_secs;
        assert!(!due(0, secs(3600)));
        assert!(!due(999, secs(59)));
        assert!(due(1000, secs(0)));
        assert!(due(1, secs(60)));
    }
}
