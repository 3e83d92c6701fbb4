//! One tenant's chain: each record names the hash of the one before, and all of them grow one tree.
//!
//! A chain is a value. Who keeps it commits its new state together with the line, or catches up from the lines.

use serde::{Deserialize, Serialize};
use wardgate_model::TenantId;

use crate::canonical::CanonicalError;
use crate::digest::Digest;
use crate::merkle::Tree;
use crate::record::Record;
use crate::sealed::{BadLine, LINE_BYTES_MAX, Place, Sealed};

/// Where a tenant's chain ends. Its serialised form is its whole state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    tenant: TenantId,
    head: Digest,
    tree: Tree,
}

impl Chain {
    /// Returns the empty chain of a tenant.
    pub fn new(tenant: TenantId) -> Chain {
        Chain {
            tenant,
            head: Digest::ZERO,
            tree: Tree::default(),
        }
    }

    /// Seals a record as the next of this chain. On an error the chain is as before.
    ///
    /// # Errors
    /// When the record belongs to another tenant, is too long, or has no canonical form.
    pub fn append(&mut self, record: Record) -> Result<Sealed, AppendError> {
        if record.who.tenant != self.tenant {
            return Err(AppendError::OtherTenant);
        }
        let sealed = Sealed::new(self.next(), self.head, record)?;
        if sealed.line().len() > LINE_BYTES_MAX {
            return Err(AppendError::TooLong);
        }
        self.grow(sealed.hash);
        Ok(sealed)
    }

    /// Goes on over a line that was appended before: after a restart, from the last state that was kept.
    ///
    /// # Errors
    /// When the line is not the next one of this chain; the chain is as before.
    pub fn catch_up(&mut self, line: &str) -> Result<(), CatchUpError> {
        Ok(self.follow(&Place::read(line)?)?)
    }

    pub(crate) fn follow(&mut self, place: &Place) -> Result<(), Break> {
        if place.tenant != self.tenant {
            return Err(Break::OtherTenant);
        }
        if place.seq > self.next() {
            return Err(Break::Missing { found: place.seq });
        }
        if place.seq < self.next() {
            return Err(Break::Repeated { found: place.seq });
        }
        if place.prev != self.head {
            return Err(Break::Unlinked);
        }
        self.grow(place.hash);
        Ok(())
    }

    fn grow(&mut self, hash: Digest) {
        self.head = hash;
        self.tree.push(hash);
    }

    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// How many records it has; the sequence number of the last.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The sequence number of the next record; the first is 1.
    pub fn next(&self) -> u64 {
        self.size() + 1
    }

    /// The hash of the last record.
    pub fn head(&self) -> Digest {
        self.head
    }

    pub fn root(&self) -> Digest {
        self.tree.root()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    #[error("the record belongs to another tenant")]
    OtherTenant,
    #[error("the record is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    #[error("the record has no canonical form: {0}")]
    NoCanonicalForm(#[from] CanonicalError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatchUpError {
    #[error(transparent)]
    Line(#[from] BadLine),
    #[error(transparent)]
    Break(#[from] Break),
}

/// Why a sound line is not the next of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    #[error("the record belongs to another tenant")]
    OtherTenant,
    #[error("a record is missing, found seq {found}")]
    Missing { found: u64 },
    #[error("seq {found} appears again")]
    Repeated { found: u64 },
    #[error("prev is not the hash of the record before")]
    Unlinked,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{RecordType, Who};

    fn record(tenant: &str) -> Record {
        let ts = "2026-11-22T08:30:11.402Z".parse().unwrap();
        Record::new(
            RecordType::TOOL_CALL,
            Who::of(TenantId::new(tenant)),
            ts,
            [1; 10],
        )
    }

    #[test]
    fn a_chain_goes_on_from_its_stored_state() {
        let mut whole = Chain::new(TenantId::new("acme"));
        let lines: Vec<_> = (0..7)
            .map(|_| whole.append(record("acme")).unwrap())
            .collect();
        let mut kept = Chain::new(TenantId::new("acme"));
        for sealed in &lines[..4] {
            kept.catch_up(sealed.line()).unwrap();
        }
        let stored = serde_json::to_string(&kept).unwrap();
        let mut resumed: Chain = serde_json::from_str(&stored).unwrap();
        for sealed in &lines[4..] {
            let again = resumed.append(sealed.record.clone()).unwrap();
            assert_eq!(again.line(), sealed.line());
        }
        assert_eq!(resumed, whole);
        assert_eq!((whole.size(), whole.head()), (7, lines[6].hash));
    }

    #[test]
    fn what_does_not_belong_is_refused_and_changes_nothing() {
        let mut chain = Chain::new(TenantId::new("acme"));
        assert_eq!(
            chain.append(record("other")).unwrap_err(),
            AppendError::OtherTenant
        );
        let mut long = record("acme");
        let args = format!("\"{}\"", "x".repeat(LINE_BYTES_MAX));
        long.what.args = crate::CanonicalJson::of(&args).ok();
        assert_eq!(chain.append(long).unwrap_err(), AppendError::TooLong);
        let first = chain.append(record("acme")).unwrap();
        let before = chain.clone();
        assert_eq!(
            chain.catch_up(first.line()),
            Err(Break::Repeated { found: 1 }.into())
        );
        assert_eq!(chain, before);
    }
}
