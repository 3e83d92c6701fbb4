//! Approvals between the data plane and the store: `kept.rs` is what calls ask of, `terms.rs` their words in the store's and
//! back, `webhook.rs` who else is told.

mod kept;
mod terms;
pub mod webhook;

pub use kept::Kept;
