//! The keys of the ledger: made at the first start, kept in the state folder, readable to its owner only.

use std::path::Path;

use wardgate_ledger::SigningKey;
use wardgate_proxy::seal::random_bytes;
use zeroize::Zeroizing;

use super::{OpenError, files};

/// Characters of the store's id in the log's name.
const NAME_CHARS: usize = 12;

/// The key that signs checkpoints. Its public half is written beside it.
pub fn signing(state: &Path, store_id: &str) -> Result<SigningKey, OpenError> {
    let short: String = store_id
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(NAME_CHARS)
        .collect();
    let name = format!("wardgate-{short}");
    let path = state.join(files::SIGNING_KEY);
    let fresh = || {
        let key = SigningKey::from_seed(&name, &random_bytes()).expect("a plain name");
        format!("{}\n", *key.to_secret_text())
    };
    let text = files::keep(&path, fresh).map_err(files::fault("cannot keep a key in", &path))?;
    let text = Zeroizing::new(text);
    let key = SigningKey::parse(&text).map_err(|source| OpenError::Key { path, source })?;
    let path = state.join(files::PUBLIC_KEY);
    files::keep(&path, || format!("{}\n", key.public()))
        .map_err(files::fault("cannot keep a key in", &path))?;
    Ok(key)
}

/// The secret that fingerprints of redacted values are made with.
pub fn fingerprints(state: &Path) -> Result<Zeroizing<String>, OpenError> {
    random(&state.join(files::FINGERPRINT_KEY))
}

/// The secret under which API keys are hashed.
pub fn install(state: &Path) -> Result<Zeroizing<String>, OpenError> {
    random(&state.join(files::INSTALL_KEY))
}

fn random(path: &Path) -> Result<Zeroizing<String>, OpenError> {
    let fresh = || {
        let secret: [u8; 32] = random_bytes();
        secret.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    files::keep(path, fresh)
        .map(Zeroizing::new)
        .map_err(files::fault("cannot keep a key in", path))
}
