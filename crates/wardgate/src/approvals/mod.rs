//! Approvals between the data plane and the store: `kept.rs` is what calls ask of, `terms.rs` their words in the store's and
//! back.

mod kept;
mod terms;

pub use kept::Kept;
