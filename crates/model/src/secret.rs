//! Secrets: by reference in config, wrapped in memory, never printed or serialised.

use std::path::PathBuf;

use zeroize::Zeroizing;

/// Where a secret comes from. Safe to print.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretRef {
    /// An environment variable of the gateway.
    Env(String),
    /// A file; one trailing line feed is dropped.
    File(PathBuf),
    /// A command without a shell; its standard output, one trailing line feed dropped.
    Exec(Vec<String>),
}

/// A secret text. It has neither `Display` nor `Serialize`, and `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }
    /// Gives the text to the one place that must put it on the wire or in an environment.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
