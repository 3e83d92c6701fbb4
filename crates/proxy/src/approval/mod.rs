//! Approvals, as calls need them: what one is bound to, the port that remembers them, and what clients are told.
//!
//! When a call needs one is decided by policies and obeyed by [`crate::stage::approve`]; who may give one, and where they are
//! kept, is not known here.

pub mod bound;
pub mod frozen;
pub mod page;
pub mod runs;
pub mod state;
pub mod task;
pub mod told;

use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use wardgate_model::{ApprovalId, GroupName, Identity, PersonId, ServerName, ToolRef};

use crate::record::Payload;

/// Exactly what a grant is good for: a call that differs in any of this needs another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    pub requester: Identity,
    pub server: ServerName,
    pub version: String,
    pub tool: String,
    pub args_digest: String,
    /// Of the tool's contract, of where its server is, and of who is who in the tenant.
    pub contract: String,
    pub policy_rev: String,
}

/// A rule that asks for people, and how many of which group lift it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub rule: String,
    pub group: GroupName,
    pub count: u32,
}

/// What is asked of people. No `Debug`: it holds the arguments.
#[derive(Clone)]
pub struct Wanted {
    pub binding: Binding,
    pub tool: ToolRef,
    /// The human being behind the requester.
    pub person: PersonId,
    /// The arguments, and what of them nobody is shown.
    pub payload: std::sync::Arc<Payload>,
    /// The request as a task needs it, unreadable to whoever keeps it.
    pub frozen: Option<Vec<u8>>,
    pub needs: Vec<Need>,
    pub reason: Option<String>,
    pub terms: Terms,
}

#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub decide_within: Duration,
    pub use_within: Duration,
    /// Requests of one principal that may wait at one time.
    pub pending_max: u32,
}

/// An approval that is asked for or was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub id: ApprovalId,
    pub needs: Vec<Need>,
    /// The end of the clock that runs: the time to decide, or the time to use it.
    pub until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Pending(Asked),
    Granted(Asked),
    /// Somebody said no, and that holds as long as the request could have been decided.
    Denied {
        id: ApprovalId,
        reason: Option<String>,
    },
    /// Nobody decided in time, it was withdrawn, or it is used.
    Over {
        id: ApprovalId,
        state: &'static str,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("{pending} requests of this principal wait for approval")]
    TooMany { pending: u32 },
    #[error("the arguments are too long to be shown to people")]
    TooLong,
    /// What is not known is not granted.
    #[error("approvals cannot be looked up")]
    Unknown,
}

/// Where approvals are asked for and remembered. What it returns is durable.
pub trait Approvals: Send + Sync {
    /// Asks for people, or returns what stands for the same binding.
    fn ask(&self, wanted: Wanted) -> BoxFuture<'_, Result<Standing, Fault>>;

    /// Returns what stands for this binding and asks nobody, or `None` if nothing does.
    fn stands<'a>(&'a self, binding: &'a Binding)
    -> BoxFuture<'a, Result<Option<Standing>, Fault>>;

    /// Returns what stands, or `None` if there is no such approval.
    fn look<'a>(&'a self, id: &'a ApprovalId) -> BoxFuture<'a, Result<Option<Standing>, Fault>>;

    /// Returns the request that was kept with it, as it was given.
    fn frozen<'a>(&'a self, id: &'a ApprovalId) -> BoxFuture<'a, Result<Option<Vec<u8>>, Fault>>;

    /// Waits until the approval is no longer pending.
    fn decided<'a>(&'a self, id: &'a ApprovalId) -> BoxFuture<'a, Result<(), Fault>>;

    /// Uses up the grant for this binding, if there is one. Of many who try, one gets it.
    fn use_up<'a>(
        &'a self,
        binding: &'a Binding,
    ) -> BoxFuture<'a, Result<Option<ApprovalId>, Fault>>;

    /// Withdraws what does not fit any more.
    fn withdraw<'a>(&'a self, id: &'a ApprovalId) -> BoxFuture<'a, Result<(), Fault>>;
}
