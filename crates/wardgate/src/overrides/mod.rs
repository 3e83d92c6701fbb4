//! Where overrides come from, and how they come into force: `kept.rs` follows those that operators set, `emergency.rs` the
//! switch that works when nothing else does.

pub mod emergency;
mod kept;
mod kill_file;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use wardgate_control::{Journal, Unwritten, journal::Moment};
use wardgate_ledger::Record;
use wardgate_proxy::{
    record::{Draft, Ledger, Payload},
    seal::random_bytes,
};

pub use kept::Kept;

/// This moment, for the use cases.
pub fn moment() -> Moment {
    Moment {
        at: jiff::Timestamp::now(),
        randomness: random_bytes(),
    }
}

/// Changes in the ledger; without one they are not written down.
pub struct ChangeLog(pub Option<Arc<dyn Ledger>>);

impl Journal for ChangeLog {
    fn write(&self, record: Record) -> BoxFuture<'_, Result<(), Unwritten>> {
        Box::pin(async move {
            match &self.0 {
                Some(ledger) => ledger.intend(draft(record)).await.map_err(|_| Unwritten),
                None => Ok(()),
            }
        })
    }
}

/// A record without payload.
pub fn draft(record: Record) -> Draft {
    Draft {
        record,
        tool: None,
        payload: Payload::default(),
    }
}
