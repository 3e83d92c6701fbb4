//! Signed statements of how far a tenant's chain had come. The store keeps them; it neither signs nor verifies.

use wardgate_model::TenantId;

use crate::{Reply, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub tenant: TenantId,
    /// How many records it covers.
    pub size: u64,
    pub root: [u8; 32],
    /// The signed note, as it was shipped.
    pub note: String,
    pub at: Timestamp,
}

pub trait Checkpoints: Send + Sync {
    /// Adds a checkpoint. `Conflict` unless it covers more than the tenant's latest: a chain never shrinks.
    fn add<'a>(&'a self, checkpoint: &'a Checkpoint) -> Reply<'a, ()>;

    fn latest<'a>(&'a self, tenant: &'a TenantId) -> Reply<'a, Option<Checkpoint>>;

    /// Up to `limit` checkpoints that cover more than `above` records, smallest first.
    fn list<'a>(
        &'a self,
        tenant: &'a TenantId,
        above: u64,
        limit: u32,
    ) -> Reply<'a, Vec<Checkpoint>>;
}
