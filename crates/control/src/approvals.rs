//! Approvals: who says what about a call that waits for people, what is written down, and in which order.
//!
//! A vote is recorded, then counted. Whether it may be cast is a rule of the store's transaction; that it has a reason and comes
//! from somebody of the tenant who is no agent is held here.

use std::sync::Arc;

use wardgate_ledger::{
    Record, RecordType,
    record::{Decision, Effect, Family, What, Who, Why},
};
use wardgate_model::{ApprovalId, GroupName, PrincipalKind, Reach};
use wardgate_store::{
    Approval, ApprovalError, ApprovalFilter, ApprovalState, Approvals, Ballot, Cursor, Page,
    StoreError, Timestamp, Vote,
};

use crate::{
    journal::{Journal, Moment, Operator, Unwritten},
    reason::{Reason, ReasonFault},
};

#[derive(Debug, thiserror::Error)]
pub enum ApprovalFault {
    #[error(transparent)]
    Reason(#[from] ReasonFault),
    #[error("an agent decides nothing")]
    Agent,
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

impl From<StoreError> for ApprovalFault {
    fn from(error: StoreError) -> ApprovalFault {
        ApprovalFault::Approval(error.into())
    }
}

/// Who votes, and the groups they are in at this moment.
#[derive(Clone, Copy, Debug)]
pub struct Voter<'a> {
    pub by: &'a Operator,
    pub groups: &'a [GroupName],
}

/// Who is told that something changed; calls that wait look again.
pub trait Waiting: Send + Sync {
    fn look_again(&self);
}

/// The use cases, over what they need.
#[derive(Clone)]
pub struct Inbox {
    pub store: Arc<dyn Approvals>,
    pub journal: Arc<dyn Journal>,
    pub waiting: Arc<dyn Waiting>,
}

impl Inbox {
    /// Counts a vote: one deny ends the request, and the last approval that was needed grants it. With `dry_run` it says what
    /// would be, and counts nothing.
    ///
    /// # Errors
    /// See [`ApprovalFault`]. One from the store after the record was written leaves the record, and nothing else.
    ///
    /// # Cancel safety
    /// The vote is counted or not, without saying which.
    pub async fn vote(
        &self,
        voter: Voter<'_>,
        id: &ApprovalId,
        ballot: Ballot,
        reason: &str,
        moment: Moment,
        dry_run: bool,
    ) -> Result<Approval, ApprovalFault> {
        let reason = Reason::new(reason)?.as_str().to_owned();
        let by = voter.by;
        // Groups are a tenant's own, so nobody has a say in another tenant.
        let own = Reach::Tenant(by.identity.tenant.clone());
        let approval = self.get(&own, id).await?;
        if by.kind == PrincipalKind::Agent {
            return Err(ApprovalFault::Agent);
        }
        let vote = Vote {
            by: by.identity.clone(),
            person: by.person.clone(),
            groups: voter.groups.to_vec(),
            ballot,
            reason: Some(reason.clone()),
            at: of(moment),
        };
        let mut counted = approval;
        counted.vote(vote.clone())?;
        if dry_run {
            return Ok(counted);
        }
        let verb = verb(counted.state);
        let record = by.record(Family::Approval.verb(verb), &reason, moment);
        self.journal.write(about(record, &counted)).await?;
        let counted = self.store.vote(id, &vote).await?;
        self.waiting.look_again();
        Ok(counted)
    }

    /// Withdraws what is pending or granted.
    ///
    /// # Errors
    /// As [`Inbox::vote`].
    ///
    /// # Cancel safety
    /// As [`Inbox::vote`].
    pub async fn cancel(
        &self,
        by: &Operator,
        reach: &Reach,
        id: &ApprovalId,
        reason: &str,
        moment: Moment,
        dry_run: bool,
    ) -> Result<Approval, ApprovalFault> {
        let reason = Reason::new(reason)?;
        let mut approval = self.get(reach, id).await?;
        if !approval.state.is_live() {
            let state = approval.state;
            return Err(ApprovalError::Closed { state }.into());
        }
        approval.state = ApprovalState::Cancelled;
        if dry_run {
            return Ok(approval);
        }
        let record = by.record(Family::Approval.verb("cancel"), reason.as_str(), moment);
        self.journal.write(about(record, &approval)).await?;
        let cancelled = self.store.cancel(id, of(moment)).await?;
        self.waiting.look_again();
        Ok(cancelled)
    }

    /// Returns one approval, if it is within reach.
    ///
    /// # Errors
    /// What the store says; `NotFound` for one of another tenant too.
    ///
    /// # Cancel safety
    /// Nothing is changed.
    pub async fn get(&self, reach: &Reach, id: &ApprovalId) -> Result<Approval, StoreError> {
        let found = self.store.get(id).await?;
        let is_shown =
            |approval: &Approval| reach.covers(&approval.request.binding.requester.tenant);
        let missing = StoreError::NotFound { what: "approval" };
        found.filter(is_shown).ok_or(missing)
    }

    /// Lists approvals within reach, newest first.
    ///
    /// # Errors
    /// What the store says.
    ///
    /// # Cancel safety
    /// Nothing is changed.
    pub async fn list(
        &self,
        reach: &Reach,
        state: Option<ApprovalState>,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Approval>, StoreError> {
        let tenant = match reach {
            Reach::Everywhere => None,
            Reach::Tenant(own) => Some(own.clone()),
        };
        let filter = ApprovalFilter {
            tenant,
            requester: None,
            state,
        };
        self.store.list(&filter, after, limit).await
    }
}

/// Returns the record of something that befell an approval without an operator: it was asked for, used, withdrawn, or ran out.
pub fn befell(verb: &'static str, approval: &Approval, moment: Moment) -> Record {
    let requester = &approval.request.binding.requester;
    let who = Who {
        principal: Some(requester.principal.as_str().into()),
        ..Who::of(requester.tenant.clone())
    };
    let kind: RecordType = Family::Approval.verb(verb);
    let mut record = Record::new(kind, who, moment.at, moment.randomness);
    record.why = approval.request.reason.as_deref().map(|reason| Why {
        text: reason.into(),
        source: "caller".into(),
    });
    about(record, approval)
}

/// What a vote does, by the state it leads to.
fn verb(state: ApprovalState) -> &'static str {
    match state {
        ApprovalState::Approved => "grant",
        ApprovalState::Denied => "deny",
        ApprovalState::Pending
        | ApprovalState::Expired
        | ApprovalState::Cancelled
        | ApprovalState::Used => "vote",
    }
}

/// Names the approval and what it is about in a record.
fn about(mut record: Record, approval: &Approval) -> Record {
    let request = &approval.request;
    let binding = &request.binding;
    let effect = match approval.state {
        ApprovalState::Approved | ApprovalState::Used => Effect::Allow,
        ApprovalState::Pending => Effect::RequireApproval,
        ApprovalState::Denied | ApprovalState::Expired | ApprovalState::Cancelled => Effect::Deny,
    };
    let rules = request.needs.iter().map(|need| need.rule.as_str().into());
    record.decision = Some(Decision {
        approval: Some(request.id.as_str().into()),
        rules: rules.collect(),
        policy_rev: Some(binding.policy_rev.as_str().into()),
        ..Decision::of(effect)
    });
    record.what = What {
        server: Some(binding.server.as_str().into()),
        version: Some(binding.version.as_str().into()),
        tool: Some(binding.tool.as_str().into()),
        ..What::default()
    };
    record
}

fn of(moment: Moment) -> Timestamp {
    Timestamp::from_millis(moment.at.as_millisecond())
}
