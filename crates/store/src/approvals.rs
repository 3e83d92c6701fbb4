//! Approvals: what is asked, who said what, and the states between. The rules that must hold inside one transaction are
//! pure functions of [`Approval`]; adapters load, ask them, and write.

use std::time::Duration;

use wardgate_model::{
    ApprovalId, GroupName, Identity, PersonId, PrincipalId, ServerName, TenantId,
};

use crate::{Cursor, Page, Reply, StoreError, Timestamp};

words! {
    ApprovalState {
        Pending = "pending",
        /// Granted, and not used yet.
        Approved = "approved",
        Denied = "denied",
        /// Nobody decided in time, or nobody used it in time.
        Expired = "expired",
        Cancelled = "cancelled",
        Used = "used",
    }
}

words! {
    Ballot {
        Approve = "approve",
        Deny = "deny",
    }
}

/// Exactly what a grant is good for. A call that differs in any of this needs another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Binding {
    pub requester: Identity,
    pub server: ServerName,
    pub version: String,
    pub tool: String,
    pub args_digest: String,
    /// Digest of the tool's contract.
    pub contract: String,
    pub policy_rev: String,
}

/// One rule that asks for people, and how many of which group lift it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub rule: String,
    pub group: GroupName,
    pub count: u32,
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub id: ApprovalId,
    pub binding: Binding,
    /// The human being behind the requester.
    pub person: PersonId,
    /// The canonical arguments, redacted.
    pub args: String,
    /// The arguments themselves, encrypted by the caller; kept until it is closed.
    pub sealed_args: Option<Vec<u8>>,
    /// At least one, or nobody can ever approve it.
    pub needs: Vec<Need>,
    pub reason: Option<String>,
    pub created_at: Timestamp,
    pub decide_by: Timestamp,
    /// How long the grant lasts, counted from the last vote. Kept to the millisecond.
    pub use_within: Duration,
}

/// What one person said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    pub by: Identity,
    pub person: PersonId,
    /// The groups the voter was in at that moment.
    pub groups: Vec<GroupName>,
    pub ballot: Ballot,
    pub reason: Option<String>,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    pub request: Request,
    pub state: ApprovalState,
    /// Set when it is approved.
    pub use_by: Option<Timestamp>,
    /// When it came to a state it cannot leave.
    pub closed_at: Option<Timestamp>,
    /// In the order they were cast.
    pub votes: Vec<Vote>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    Fresh {
        approval: Box<Approval>,
        /// The one with the same binding that had run out and was closed on the way, to be recorded as expired.
        overdue: Option<Box<Approval>>,
    },
    /// The same thing is already asked for or granted: its id, not the new request's, counts.
    Same(Box<Approval>),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    #[error("too many requests of this principal are waiting for approval ({pending})")]
    TooMany { pending: u32 },
    #[error("the approval is {state}")]
    Closed { state: ApprovalState },
    #[error("nobody decides on their own request")]
    Own,
    #[error("this person has already voted")]
    Twice,
    #[error("the voter is in none of the groups that are asked")]
    NoSay,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApprovalState {
    /// Whether anything can still happen to it.
    pub fn is_live(self) -> bool {
        matches!(self, ApprovalState::Pending | ApprovalState::Approved)
    }
}

impl Approval {
    pub fn open(request: Request) -> Approval {
        Approval {
            request,
            state: ApprovalState::Pending,
            use_by: None,
            closed_at: None,
            votes: Vec::new(),
        }
    }

    /// Counts a vote: one deny kills, and the last approval that was needed starts the second clock.
    ///
    /// # Errors
    /// `Closed`, `Own`, `Twice` and `NoSay`; the approval is then as it was.
    pub fn vote(&mut self, vote: Vote) -> Result<(), ApprovalError> {
        self.may_vote(&vote)?;
        let at = vote.at;
        let ballot = vote.ballot;
        self.votes.push(vote);
        match ballot {
            Ballot::Deny => self.close(ApprovalState::Denied, at),
            Ballot::Approve if self.has_enough() => {
                self.state = ApprovalState::Approved;
                self.use_by = Some(at.after(self.request.use_within));
            }
            Ballot::Approve => {}
        }
        Ok(())
    }

    /// Comes to a state it cannot leave. What was sealed is for a call that can no longer be sent, and is forgotten.
    pub fn close(&mut self, state: ApprovalState, at: Timestamp) {
        self.state = state;
        self.closed_at = Some(at);
        self.request.sealed_args = None;
    }

    /// Whether its clock has run out: the first while it is pending, the second once it is approved.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        match self.state {
            ApprovalState::Pending => self.request.decide_by <= now,
            ApprovalState::Approved => self.use_by.is_some_and(|use_by| use_by <= now),
            ApprovalState::Denied
            | ApprovalState::Expired
            | ApprovalState::Cancelled
            | ApprovalState::Used => false,
        }
    }

    fn may_vote(&self, vote: &Vote) -> Result<(), ApprovalError> {
        if self.state != ApprovalState::Pending {
            return Err(ApprovalError::Closed { state: self.state });
        }
        if self.is_overdue(vote.at) {
            return Err(ApprovalError::Closed {
                state: ApprovalState::Expired,
            });
        }
        if vote.person == self.request.person || vote.by == self.request.binding.requester {
            return Err(ApprovalError::Own);
        }
        let same = |earlier: &Vote| earlier.person == vote.person || earlier.by == vote.by;
        if self.votes.iter().any(same) {
            return Err(ApprovalError::Twice);
        }
        let asked = |need: &Need| vote.groups.contains(&need.group);
        if !self.request.needs.iter().any(asked) {
            return Err(ApprovalError::NoSay);
        }
        Ok(())
    }

    /// Every rule has as many people of its group as it asks for. One person may count for several rules.
    fn has_enough(&self) -> bool {
        self.request.needs.iter().all(|need| {
            let votes = self.votes.iter();
            let counted = votes
                .filter(|vote| vote.ballot == Ballot::Approve && vote.groups.contains(&need.group));
            counted.count() >= need.count as usize
        })
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApprovalFilter {
    pub tenant: Option<TenantId>,
    pub requester: Option<PrincipalId>,
    pub state: Option<ApprovalState>,
}

pub trait Approvals: Send + Sync {
    /// Opens a request, or returns the pending or approved one with the same binding that is still good at
    /// `request.created_at`. `TooMany` if the requester already has `pending_max` others waiting; `Conflict` if the id is
    /// taken.
    fn open<'a>(
        &'a self,
        request: &'a Request,
        pending_max: u32,
    ) -> Reply<'a, Opened, ApprovalError>;

    /// Counts one vote and moves the state in the same transaction; see [`Approval::vote`]. `NotFound` if there is no such
    /// approval.
    fn vote<'a>(&'a self, id: &'a ApprovalId, vote: &'a Vote)
    -> Reply<'a, Approval, ApprovalError>;

    /// Uses up the grant for exactly this binding, if there is one that is still good. Of many who try, one gets it.
    fn consume<'a>(&'a self, binding: &'a Binding, now: Timestamp) -> Reply<'a, Option<Approval>>;

    /// Withdraws what is pending or approved; `Closed` if it is neither. Who may do that is the caller's rule.
    fn cancel<'a>(
        &'a self,
        id: &'a ApprovalId,
        now: Timestamp,
    ) -> Reply<'a, Approval, ApprovalError>;

    /// Closes what nobody decided or used in time, at most [`crate::PAGE_MAX`] at once, and returns it, so that each is
    /// recorded once.
    fn expire(&self, now: Timestamp) -> Reply<'_, Vec<Approval>>;

    fn get<'a>(&'a self, id: &'a ApprovalId) -> Reply<'a, Option<Approval>>;

    /// What matches, newest first. The state is the stored one: what is overdue is pending until [`Approvals::expire`].
    fn list<'a>(
        &'a self,
        filter: &'a ApprovalFilter,
        after: Option<&'a Cursor>,
        limit: u32,
    ) -> Reply<'a, Page<Approval>>;
}
