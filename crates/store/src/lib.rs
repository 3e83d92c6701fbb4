//! What Wardgate remembers, as ports: one trait and plain data per aggregate. No SQL, no runtime, no clock: adapters
//! implement the traits, callers pass the time in.
//!
//! An adapter keeps every promise written at the methods; `conformance`, a feature, holds it to them. Dropping a future of a
//! port before it is ready leaves the whole change done or none of it, without saying which.

#[macro_use]
mod words;
pub mod api_keys;
pub mod approvals;
pub mod checkpoints;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod error;
pub mod overrides;
pub mod page;
pub mod records;
pub mod time;
pub mod usage;

use std::sync::Arc;

pub use api_keys::{ApiKey, ApiKeys};
pub use approvals::{
    Approval, ApprovalError, ApprovalFilter, ApprovalState, Approvals, Ballot, Binding, Need,
    Opened, Request, Vote,
};
pub use checkpoints::{Checkpoint, Checkpoints};
pub use error::{Fault, Retry, StoreError};
pub use overrides::{Lift, Lifted, Override, OverrideError, OverrideFilter, Overrides};
pub use page::{Cursor, PAGE_MAX, Page};
pub use records::{Head, Line, RecordFilter, Records, Spend, Stage};
pub use time::Timestamp;
pub use usage::{Counter, Usage, UsageBy, UsageSum};

/// What a port's method returns: a future that may be sent to another thread.
pub type Reply<'a, T, E = StoreError> = futures_util::future::BoxFuture<'a, Result<T, E>>;

/// Every port of one store.
#[derive(Clone)]
pub struct Store {
    pub api_keys: Arc<dyn ApiKeys>,
    pub approvals: Arc<dyn Approvals>,
    pub overrides: Arc<dyn Overrides>,
    pub records: Arc<dyn Records>,
    pub checkpoints: Arc<dyn Checkpoints>,
    pub usage: Arc<dyn Usage>,
}
