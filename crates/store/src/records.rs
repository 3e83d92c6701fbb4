//! The ledger's lines. The store keeps the canonical text byte for byte beside the columns that lists and sums need; what
//! a record means, how it is hashed and how a chain is verified is the ledger's.

use std::collections::HashMap;

use wardgate_model::{PrincipalId, RecordId, TenantId, ToolRef, ToolsetName};

use crate::{Cursor, Page, Reply, StoreError, Timestamp};

words! {
    Stage {
        /// Written before a call is sent.
        Received = "received",
        /// Written when its outcome is known.
        Complete = "complete",
    }
}

/// One record, ready to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub tenant: TenantId,
    pub seq: u64,
    pub id: RecordId,
    pub at: Timestamp,
    /// `tool.call`, `approval.granted`, `config.change` …
    pub kind: String,
    pub stage: Stage,
    /// None where nobody was identified.
    pub principal: Option<PrincipalId>,
    pub toolset: Option<ToolsetName>,
    pub tool: Option<ToolRef>,
    /// What policy decided.
    pub effect: Option<String>,
    pub status: Option<String>,
    /// The received record that this one completes.
    pub of: Option<RecordId>,
    /// The idempotency key.
    pub key: Option<String>,
    /// The trace it belongs to.
    pub trace: Option<String>,
    pub spend: Spend,
    /// The exact canonical JSON line.
    pub text: String,
    pub hash: [u8; 32],
}

/// What a record has cost. A received record has cost nothing yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spend {
    pub calls: i64,
    pub cost_micro_usd: i64,
    pub tokens: i64,
    pub bytes: i64,
    pub compute_ms: i64,
}

/// Where a tenant's chain stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub tenant: TenantId,
    pub seq: u64,
    pub hash: [u8; 32],
    /// The Merkle tree's state, as the ledger serialises it.
    pub tree: Vec<u8>,
}

/// Whether a batch may be appended: each tenant's lines follow its stored head without a gap, beginning with 1, and end in
/// the head that comes with them. `stored` answers with a tenant's head before the batch.
///
/// # Errors
/// `Conflict`, with the promise that is broken.
pub fn follows<'h>(
    lines: &[Line],
    heads: &[Head],
    stored: impl Fn(&TenantId) -> Option<&'h Head>,
) -> Result<(), StoreError> {
    let conflict = |what| Err(StoreError::Conflict { what });
    let mut ends: HashMap<&TenantId, (u64, Option<&[u8; 32]>)> = HashMap::new();
    for head in heads {
        let before = stored(&head.tenant).map_or(0, |head| head.seq);
        if ends.insert(&head.tenant, (before, None)).is_some() {
            return conflict("a tenant has two heads in one batch");
        }
    }
    for line in lines {
        let Some((seq, hash)) = ends.get_mut(&line.tenant) else {
            return conflict("a line's tenant has no head in its batch");
        };
        if seq.checked_add(1) != Some(line.seq) {
            return conflict("the chain has moved on, or has a gap");
        }
        (*seq, *hash) = (line.seq, Some(&line.hash));
    }
    for head in heads {
        if ends.get(&head.tenant) != Some(&(head.seq, Some(&head.hash))) {
            return conflict("a head is not where its lines end");
        }
    }
    Ok(())
}

/// Which records a list holds. Every field that is set must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordFilter {
    pub tenant: Option<TenantId>,
    pub principal: Option<PrincipalId>,
    pub tool: Option<ToolRef>,
    pub kind: Option<String>,
    pub stage: Option<Stage>,
    pub effect: Option<String>,
    pub status: Option<String>,
    pub of: Option<RecordId>,
    pub key: Option<String>,
    pub trace: Option<String>,
    /// From here on.
    pub since: Option<Timestamp>,
    /// Up to and without.
    pub until: Option<Timestamp>,
}

pub trait Records: Send + Sync {
    /// Appends lines and moves the heads of their tenants, durably and in one transaction: when this returns, a power cut
    /// takes nothing of it back; when it fails, nothing of it is there.
    ///
    /// `heads` holds one head for each tenant of the lines. `Conflict` as [`follows`] says, which fences off a second writer,
    /// or if a line's id is taken. Do not drop the future before it is ready: how the write went would be lost with it.
    fn append<'a>(&'a self, lines: &'a [Line], heads: &'a [Head]) -> Reply<'a, ()>;

    fn head<'a>(&'a self, tenant: &'a TenantId) -> Reply<'a, Option<Head>>;

    /// The heads of all tenants, by tenant.
    fn heads(&self) -> Reply<'_, Vec<Head>>;

    fn get<'a>(&'a self, id: &'a RecordId) -> Reply<'a, Option<Line>>;

    /// What matches, newest first.
    fn page<'a>(
        &'a self,
        filter: &'a RecordFilter,
        after: Option<&'a Cursor>,
        limit: u32,
    ) -> Reply<'a, Page<Line>>;

    /// Up to `limit` lines of a tenant behind `after_seq`, in the order of the chain. An empty answer is the end.
    fn chain<'a>(
        &'a self,
        tenant: &'a TenantId,
        after_seq: u64,
        limit: u32,
    ) -> Reply<'a, Vec<Line>>;

    /// Up to `limit` received records that no record completes, oldest first: calls whose outcome nobody wrote down.
    fn unfinished(&self, limit: u32) -> Reply<'_, Vec<Line>>;
}
