//! What operators do to a running gateway: one file per subject, each a few use cases over ports.
//!
//! Nothing here knows the data plane, SQL, HTTP or a clock. Who may do what is the admin surface's to judge; that each change
//! has a reason and a record is held here.

pub mod approvals;
pub mod config;
pub mod journal;
pub mod keys;
pub mod overrides;
pub mod reason;
pub mod records;
mod scope;

pub use journal::{Journal, Operator, Unwritten};
