//! Records: what one says, how a file of them proves itself, and how it looks to other tools.
//!
//! Pure: time, randomness, keys and readers are passed in. Where records are stored is another crate's matter. Start at
//! `record.rs` for the shape, `chain.rs` for the proof, `verify.rs` for who checks it.

pub mod record;
pub mod text;
pub mod usd;

pub mod canonical;
pub mod digest;
pub mod redact;

pub mod chain;
pub mod merkle;
pub mod sealed;

pub mod checkpoint;
pub mod key;
pub mod verify;

pub mod explain;
pub mod export;
pub mod filter;

pub use canonical::{CanonicalError, CanonicalJson, canonicalize};
pub use chain::Chain;
pub use checkpoint::{Checkpoint, CheckpointError};
pub use digest::Digest;
pub use explain::explain;
pub use export::{Format, Site};
pub use filter::Filter;
pub use key::{KeyError, PublicKey, SigningKey};
pub use record::{Record, RecordId, RecordType};
pub use redact::{FingerprintKey, Label, Level, Redacted, redact};
pub use sealed::Sealed;
pub use text::{Text, printable};
pub use usd::Usd;
pub use verify::{Fault, Report, Verifier, verify};
