//! `/admin/v1/approvals`: calls that wait for people, and what people say of them.

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use wardgate_control::approvals::{ApprovalFault, Inbox, Voter};
use wardgate_model::{ApprovalId, Reach};
use wardgate_store::{Approval, ApprovalError, ApprovalState, Ballot};

use crate::{
    Desk, Visitor,
    input::{Asked, Change, Sent, json, page},
    keys::{Why, time},
    problem::Problem,
};

/// A call that needs people to agree.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApprovalItem {
    pub id: String,
    pub state: ApprovalStanding,
    /// Who calls, as `tenant/principal`.
    pub requester: String,
    /// The person behind the requester.
    pub person: String,
    pub server: String,
    pub version: String,
    /// The tool's name at its server.
    pub tool: String,
    /// The arguments, with what is sensitive taken out.
    #[schema(value_type = Object)]
    pub args: Box<RawValue>,
    /// Digest of the exact arguments that a grant is good for.
    pub args_digest: String,
    /// Why, as the requester says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who has to agree.
    pub needs: Vec<NeedItem>,
    /// In the order they were cast.
    pub votes: Vec<VoteItem>,
    pub created_at: String,
    /// The end of the time to decide.
    pub decide_by: String,
    /// The end of the time to use it, once it is granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<String>,
}

/// A rule of policies, and how many people of which group lift it.
#[derive(Debug, Serialize, ToSchema)]
pub struct NeedItem {
    pub rule: String,
    pub group: String,
    pub count: u32,
    /// How many of them have agreed.
    pub have: usize,
}

/// What one person said.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoteItem {
    pub by: String,
    pub ballot: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub at: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalStanding {
    Pending,
    /// Granted, and not used yet.
    Approved,
    Denied,
    Expired,
    Cancelled,
    Used,
}

/// A part of the list of approvals.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApprovalPage {
    items: Vec<ApprovalItem>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApprovalList {
    /// Only those in this state.
    #[param(inline)]
    state: Option<ApprovalStanding>,
    /// What the page before named as `next`.
    cursor: Option<String>,
    /// Approvals on one page; 50 if nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Lists approvals, newest first.
#[utoipa::path(
    get,
    path = "/admin/v1/approvals",
    operation_id = "list_approvals",
    tag = "approvals",
    params(ApprovalList),
    responses((status = 200, description = "A page of approvals", body = ApprovalPage), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn list(
    State(desk): State<Desk>,
    Extension(reach): Extension<Reach>,
    Asked(asked): Asked<ApprovalList>,
) -> Result<Response, Problem> {
    let (cursor, limit) = page(asked.cursor.as_deref(), asked.limit)?;
    let state = asked.state.map(ApprovalStanding::stored);
    let found = inbox(&desk)?
        .list(&reach, state, cursor.as_ref(), limit)
        .await?;
    let list = ApprovalPage {
        items: found.items.iter().map(ApprovalItem::of).collect(),
        next: found.next.map(|next| next.to_string()),
    };
    Ok(json(StatusCode::OK, &list))
}

/// Returns one approval.
#[utoipa::path(
    get,
    path = "/admin/v1/approvals/{id}",
    operation_id = "get_approval",
    tag = "approvals",
    params(("id" = String, Path, description = "The approval")),
    responses((status = 200, description = "The approval", body = ApprovalItem), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn get(
    State(desk): State<Desk>,
    Extension(reach): Extension<Reach>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let found = inbox(&desk)?.get(&reach, &ApprovalId::new(id)).await?;
    Ok(json(StatusCode::OK, &ApprovalItem::of(&found)))
}

/// Agrees. Takes a member of a group that is asked; nobody agrees to their own request.
#[utoipa::path(
    post,
    path = "/admin/v1/approvals/{id}/verb:approve",
    operation_id = "approve",
    tag = "approvals",
    params(("id" = String, Path, description = "The approval"), Change),
    request_body = Why,
    responses((status = 200, description = "It is granted, or with `dry_run` would be", body = ApprovalItem), (status = 202, description = "More people have to agree", body = ApprovalItem), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn approve(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    Asked(change): Asked<Change>,
    Sent(why): Sent<Why>,
) -> Result<Response, Problem> {
    vote(&desk, &visitor, id, Ballot::Approve, &why, &change).await
}

/// Says no, which ends the request.
#[utoipa::path(
    post,
    path = "/admin/v1/approvals/{id}/verb:deny",
    operation_id = "deny",
    tag = "approvals",
    params(("id" = String, Path, description = "The approval"), Change),
    request_body = Why,
    responses((status = 200, description = "It is denied, or with `dry_run` would be", body = ApprovalItem), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn deny(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(id): Path<String>,
    Asked(change): Asked<Change>,
    Sent(why): Sent<Why>,
) -> Result<Response, Problem> {
    vote(&desk, &visitor, id, Ballot::Deny, &why, &change).await
}

/// Withdraws a request or a grant that is not used yet.
#[utoipa::path(
    post,
    path = "/admin/v1/approvals/{id}/verb:cancel",
    operation_id = "cancel_approval",
    tag = "approvals",
    params(("id" = String, Path, description = "The approval"), Change),
    request_body = Why,
    responses((status = 200, description = "It is withdrawn, or with `dry_run` would be", body = ApprovalItem), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn cancel(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Extension(reach): Extension<Reach>,
    Path(id): Path<String>,
    Asked(change): Asked<Change>,
    Sent(why): Sent<Why>,
) -> Result<Response, Problem> {
    let (moment, _) = (desk.chance)();
    let (by, id) = (&visitor.operator, ApprovalId::new(id));
    let cancelled = inbox(&desk)?
        .cancel(by, &reach, &id, &why.reason, moment, change.is_dry_run())
        .await?;
    Ok(json(StatusCode::OK, &ApprovalItem::of(&cancelled)))
}

async fn vote(
    desk: &Desk,
    visitor: &Visitor,
    id: String,
    ballot: Ballot,
    why: &Why,
    change: &Change,
) -> Result<Response, Problem> {
    let (moment, _) = (desk.chance)();
    let voter = Voter {
        by: &visitor.operator,
        groups: &visitor.groups,
    };
    let id = ApprovalId::new(id);
    let counted = inbox(desk)?
        .vote(voter, &id, ballot, &why.reason, moment, change.is_dry_run())
        .await?;
    let status = match counted.state {
        ApprovalState::Pending => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    Ok(json(status, &ApprovalItem::of(&counted)))
}

fn inbox(desk: &Desk) -> Result<&Inbox, Problem> {
    let inbox = desk.approvals.as_ref();
    inbox.ok_or_else(|| {
        Problem::unavailable("this gateway remembers nothing, so nothing waits for approval")
    })
}

impl ApprovalStanding {
    fn of(state: ApprovalState) -> ApprovalStanding {
        match state {
            ApprovalState::Pending => ApprovalStanding::Pending,
            ApprovalState::Approved => ApprovalStanding::Approved,
            ApprovalState::Denied => ApprovalStanding::Denied,
            ApprovalState::Expired => ApprovalStanding::Expired,
            ApprovalState::Cancelled => ApprovalStanding::Cancelled,
            ApprovalState::Used => ApprovalStanding::Used,
        }
    }

    fn stored(self) -> ApprovalState {
        match self {
            ApprovalStanding::Pending => ApprovalState::Pending,
            ApprovalStanding::Approved => ApprovalState::Approved,
            ApprovalStanding::Denied => ApprovalState::Denied,
            ApprovalStanding::Expired => ApprovalState::Expired,
            ApprovalStanding::Cancelled => ApprovalState::Cancelled,
            ApprovalStanding::Used => ApprovalState::Used,
        }
    }
}

impl ApprovalItem {
    pub fn of(approval: &Approval) -> ApprovalItem {
        let request = &approval.request;
        let binding = &request.binding;
        let agree = |group: &wardgate_model::GroupName| {
            let votes = approval.votes.iter();
            let votes = votes.filter(|vote| vote.ballot == Ballot::Approve);
            votes.filter(|vote| vote.groups.contains(group)).count()
        };
        let need = |need: &wardgate_store::Need| NeedItem {
            rule: need.rule.clone(),
            group: need.group.to_string(),
            count: need.count,
            have: agree(&need.group),
        };
        let vote = |vote: &wardgate_store::Vote| VoteItem {
            by: vote.by.to_string(),
            ballot: vote.ballot.as_str().to_owned(),
            reason: vote.reason.clone(),
            at: time(vote.at),
        };
        ApprovalItem {
            id: request.id.to_string(),
            state: ApprovalStanding::of(approval.state),
            requester: binding.requester.to_string(),
            person: request.person.to_string(),
            server: binding.server.to_string(),
            version: binding.version.clone(),
            tool: binding.tool.clone(),
            // What is stored was written as JSON.
            args: RawValue::from_string(request.args.clone())
                .unwrap_or_else(|_| RawValue::NULL.to_owned()),
            args_digest: binding.args_digest.clone(),
            reason: request.reason.clone(),
            needs: request.needs.iter().map(need).collect(),
            votes: approval.votes.iter().map(vote).collect(),
            created_at: time(request.created_at),
            decide_by: time(request.decide_by),
            use_by: approval.use_by.map(time),
            closed_at: approval.closed_at.map(time),
        }
    }
}

impl From<ApprovalFault> for Problem {
    fn from(fault: ApprovalFault) -> Problem {
        let said = fault.to_string();
        let forbidden = |code| Problem::new(StatusCode::FORBIDDEN, code, &said);
        match fault {
            ApprovalFault::Reason(_) => Problem::invalid(&said),
            ApprovalFault::Agent => forbidden("agent"),
            ApprovalFault::Approval(ApprovalError::Own) => forbidden("self"),
            ApprovalFault::Approval(ApprovalError::NoSay) => forbidden("no_say"),
            ApprovalFault::Approval(ApprovalError::Twice) => {
                Problem::new(StatusCode::CONFLICT, "same_person", &said)
            }
            ApprovalFault::Approval(ApprovalError::Closed { .. }) => {
                Problem::new(StatusCode::CONFLICT, "closed", &said)
            }
            ApprovalFault::Approval(ApprovalError::TooMany { .. }) => {
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many", &said)
            }
            ApprovalFault::Approval(ApprovalError::Store(error)) => error.into(),
            ApprovalFault::Unwritten(_) => Problem::unavailable(&said),
        }
    }
}
