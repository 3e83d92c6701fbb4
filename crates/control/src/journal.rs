//! Who changes something, and the port by which that is written down before it is done.

use futures_util::future::BoxFuture;
use wardgate_ledger::{
    Record, RecordType,
    record::{Who, Why},
};
use wardgate_model::{Identity, PersonId, PrincipalKind};

/// Who changes something.
#[derive(Clone, Debug)]
pub struct Operator {
    pub identity: Identity,
    pub kind: PrincipalKind,
    /// How they were made known, such as `api_key`.
    pub auth: String,
    /// The human being behind the account.
    pub person: PersonId,
}

/// The record is not written; nothing of it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its record cannot be written, so nothing was changed")]
pub struct Unwritten;

/// Where changes are written down.
pub trait Journal: Send + Sync {
    /// Writes durably.
    fn write(&self, record: Record) -> BoxFuture<'_, Result<(), Unwritten>>;
}

/// The moment something is done, and what makes its ids unlike any others.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub at: jiff::Timestamp,
    pub randomness: [u8; 10],
}

impl Operator {
    /// Returns the beginnings of the record of a change.
    pub fn record(&self, kind: RecordType, reason: &str, moment: Moment) -> Record {
        let who = Who {
            principal: Some(self.identity.principal.as_str().into()),
            kind: Some(self.kind),
            auth: Some(self.auth.as_str().into()),
            ..Who::of(self.identity.tenant.clone())
        };
        let mut record = Record::new(kind, who, moment.at, moment.randomness);
        record.why = Some(Why {
            text: reason.into(),
            source: "operator".into(),
        });
        record
    }
}
