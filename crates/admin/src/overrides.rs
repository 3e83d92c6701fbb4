//! `/admin/v1/overrides`: kill switches and break-glass.

use std::time::Duration;

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wardgate_control::overrides::{
    Created, Emergency, LASTS_DEFAULT, OverrideFault, Switch, Until, Wanted,
};
use wardgate_model::{OverrideEffect, OverrideId, OverrideMatch, Reach};
use wardgate_store::{Lifted, Override, OverrideError, OverrideFilter, Timestamp};

use crate::{
    Desk, Visitor,
    input::{Asked, Change, Sent, json, page},
    keys::{Why, time},
    problem::Problem,
};

/// What an operator has stopped or opened for the moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverrideItem {
    pub id: String,
    pub effect: Effect,
    #[serde(rename = "match")]
    pub matches: Match,
    /// Shown to whoever is stopped by it.
    pub reason: String,
    /// The person who set it.
    pub by: String,
    pub created_at: String,
    /// Absent if it is in force until it is lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Whether it cancelled the calls under way that it is about.
    pub cancel: bool,
    pub state: OverrideState,
    /// Who wants it lifted, in the order they said so.
    pub lifts: Vec<LiftItem>,
    /// How many people it takes to lift it.
    pub lifts_needed: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifted_at: Option<String>,
}

/// One person's word that it should end.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiftItem {
    pub by: String,
    pub reason: String,
    pub at: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The kill switch.
    Deny,
    /// Break-glass: lifts soft rules of policies.
    Allow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverrideState {
    InForce,
    Expired,
    Lifted,
}

/// What it is about.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Match {
    pub kind: MatchKind,
    /// `pay/refund_create`, `com.acme/payments`, `acme/ana` …; absent where the kind says it all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MatchKind {
    Tool,
    Server,
    Toolset,
    Tenant,
    Principal,
    /// Every tool that the config does not mark `read_only`.
    AllWrites,
    /// Whatever a server would be asked for.
    Everything,
}

/// A stop by the file `KILL` in the state folder, or by the signal: no operator has signed in for it, and taking it out of the file
/// is what lifts it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmergencyItem {
    pub id: String,
    pub effect: Effect,
    #[serde(rename = "match")]
    pub matches: Match,
    /// Shown to whoever is stopped by it.
    pub reason: String,
    /// Whether it cancelled the calls under way that it is about.
    pub cancel: bool,
    pub state: OverrideState,
}

/// A part of the list of overrides.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverridePage {
    /// On the first page: what the emergency switch stops at this moment.
    emergencies: Vec<EmergencyItem>,
    items: Vec<OverrideItem>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OverrideList {
    /// Only those in force (`true`).
    active: Option<bool>,
    /// What the page before named as `next`.
    cursor: Option<String>,
    /// Overrides on one page; 50 if nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// An override to be set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOverride {
    effect: Effect,
    #[serde(rename = "match")]
    matches: Match,
    /// Why; goes into the record, and to whoever is stopped by it.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// For how long; an hour if nothing is said.
    #[schema(minimum = 1)]
    seconds: Option<u64>,
    /// Until somebody lifts it, instead of for some time.
    #[serde(default)]
    until_lifted: bool,
    /// Cancel the calls under way that it is about.
    #[serde(default)]
    cancel: bool,
}

/// What was set, and what that means.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverrideSet {
    item: OverrideItem,
    /// The tools it concerns, of those the gateway knows.
    tools: Vec<String>,
    /// Requests under way that were cancelled.
    cancelled: usize,
}

/// Lists overrides, newest first.
#[utoipa::path(
    get,
    path = "/admin/v1/overrides",
    operation_id = "list_overrides",
    tag = "overrides",
    params(OverrideList),
    responses((status = 200, description = "A page of overrides", body = OverridePage), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn list(
    State(desk): State<Desk>,
    Extension(reach): Extension<Reach>,
    Asked(asked): Asked<OverrideList>,
) -> Result<Response, Problem> {
    let (cursor, limit) = page(asked.cursor.as_deref(), asked.limit)?;
    let now = now(&desk);
    let filter = OverrideFilter {
        active_at: (asked.active == Some(true)).then_some(now),
        ..OverrideFilter::default()
    };
    let found = switch(&desk)?
        .list(&reach, &filter, cursor.as_ref(), limit)
        .await?;
    let stops = match cursor {
        None => switch(&desk)?.emergencies(&reach),
        Some(_) => Vec::new(),
    };
    let list = OverridePage {
        emergencies: stops.iter().map(EmergencyItem::of).collect(),
        items: found
            .items
            .iter()
            .map(|item| OverrideItem::of(item, now))
            .collect(),
        next: found.next.map(|next| next.to_string()),
    };
    Ok(json(StatusCode::OK, &list))
}

/// Stops something, or breaks glass. In force when this answers.
#[utoipa::path(
    post,
    path = "/admin/v1/overrides",
    operation_id = "set_override",
    tag = "overrides",
    params(Change),
    request_body = NewOverride,
    responses((status = 200, description = "What a dry run would do", body = OverrideSet), (status = 201, description = "What is in force", body = OverrideSet), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn create(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Extension(reach): Extension<Reach>,
    Asked(change): Asked<Change>,
    Sent(new): Sent<NewOverride>,
) -> Result<Response, Problem> {
    let (moment, _) = (desk.chance)();
    let (wanted, dry_run) = (wanted(new)?, change.is_dry_run());
    let created = switch(&desk)?
        .create(&visitor.operator, &reach, wanted, moment, dry_run)
        .await?;
    let status = match dry_run {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    Ok(json(status, &OverrideSet::of(&created, now(&desk))))
}

/// Says that an override should end. Another person has to agree where it stops all writes or everything.
#[utoipa::path(
    post,
    path = "/admin/v1/overrides/{id}/verb:lift",
    operation_id = "lift_override",
    tag = "overrides",
    params(("id" = String, Path, description = "The override"), Change),
    request_body = Why,
    responses((status = 200, description = "It has ended, or with `dry_run` would", body = OverrideItem), (status = 202, description = "It stays in force until another person agrees", body = OverrideItem), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn lift(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Extension(reach): Extension<Reach>,
    Path(id): Path<String>,
    Asked(change): Asked<Change>,
    Sent(why): Sent<Why>,
) -> Result<Response, Problem> {
    let (moment, _) = (desk.chance)();
    let id = OverrideId::new(id);
    let lifted = switch(&desk)?
        .lift(
            &visitor.operator,
            &reach,
            &id,
            &why.reason,
            moment,
            change.is_dry_run(),
        )
        .await?;
    let now = now(&desk);
    Ok(match lifted {
        Lifted::Done(item) => json(StatusCode::OK, &OverrideItem::of(&item, now)),
        Lifted::NeedsAnother(item) => json(StatusCode::ACCEPTED, &OverrideItem::of(&item, now)),
    })
}

fn switch(desk: &Desk) -> Result<&Switch, Problem> {
    let switch = desk.overrides.as_ref();
    switch.ok_or_else(|| {
        Problem::unavailable("this gateway remembers nothing, so it sets no overrides")
    })
}

fn wanted(new: NewOverride) -> Result<Wanted, Problem> {
    let matches = OverrideMatch::parse(new.matches.kind.as_str(), &new.matches.name);
    let matches = matches.ok_or_else(|| {
        Problem::invalid(
            "`match.name` does not name one of that kind; `all-writes` and `everything` have none",
        )
    })?;
    let until = match (new.until_lifted, new.seconds) {
        (true, Some(_)) => {
            return Err(Problem::invalid(
                "it is either for some `seconds` or `until_lifted`",
            ));
        }
        (true, None) => Until::Lifted,
        (false, seconds) => Until::After(seconds.map_or(LASTS_DEFAULT, Duration::from_secs)),
    };
    Ok(Wanted {
        effect: match new.effect {
            Effect::Deny => OverrideEffect::Deny,
            Effect::Allow => OverrideEffect::Allow,
        },
        matches,
        reason: new.reason,
        until,
        cancel: new.cancel,
    })
}

impl MatchKind {
    fn as_str(self) -> &'static str {
        match self {
            MatchKind::Tool => "tool",
            MatchKind::Server => "server",
            MatchKind::Toolset => "toolset",
            MatchKind::Tenant => "tenant",
            MatchKind::Principal => "principal",
            MatchKind::AllWrites => "all-writes",
            MatchKind::Everything => "everything",
        }
    }

    fn of(matches: &OverrideMatch) -> MatchKind {
        match matches {
            OverrideMatch::Tool(_) => MatchKind::Tool,
            OverrideMatch::Server(_) => MatchKind::Server,
            OverrideMatch::Toolset(_) => MatchKind::Toolset,
            OverrideMatch::Tenant(_) => MatchKind::Tenant,
            OverrideMatch::Principal(_) => MatchKind::Principal,
            OverrideMatch::AllWrites => MatchKind::AllWrites,
            OverrideMatch::Everything => MatchKind::Everything,
        }
    }
}

fn now(desk: &Desk) -> Timestamp {
    let (moment, _) = (desk.chance)();
    Timestamp::from_millis(moment.at.as_millisecond())
}

impl OverrideItem {
    /// An override as it is at this moment.
    pub fn of(item: &Override, now: Timestamp) -> OverrideItem {
        let lift = |lift: &wardgate_store::Lift| LiftItem {
            by: lift.by.to_string(),
            reason: lift.reason.clone(),
            at: time(lift.at),
        };
        OverrideItem {
            id: item.id.to_string(),
            effect: match item.effect {
                OverrideEffect::Allow => Effect::Allow,
                OverrideEffect::Deny | OverrideEffect::Freeze => Effect::Deny,
            },
            matches: Match {
                kind: MatchKind::of(&item.matches),
                name: item.matches.value(),
            },
            reason: item.reason.clone(),
            by: item.by.to_string(),
            created_at: time(item.created_at),
            expires_at: item.expires_at.map(time),
            cancel: item.cancel_in_flight,
            state: match item.lifted_at {
                Some(_) => OverrideState::Lifted,
                None if item.is_active(now) => OverrideState::InForce,
                None => OverrideState::Expired,
            },
            lifts: item.lifts.iter().map(lift).collect(),
            lifts_needed: item.lifts_needed(),
            lifted_at: item.lifted_at.map(time),
        }
    }
}

impl EmergencyItem {
    pub fn of(stop: &Emergency) -> EmergencyItem {
        EmergencyItem {
            id: stop.id.to_string(),
            effect: Effect::Deny,
            matches: Match {
                kind: MatchKind::of(&stop.matches),
                name: stop.matches.value(),
            },
            reason: stop.reason.clone(),
            cancel: stop.cancel,
            state: OverrideState::InForce,
        }
    }
}

impl OverrideSet {
    /// What was done, or would be.
    pub fn of(created: &Created, now: Timestamp) -> OverrideSet {
        OverrideSet {
            item: OverrideItem::of(&created.item, now),
            tools: created.tools.iter().map(ToString::to_string).collect(),
            cancelled: created.cancelled,
        }
    }
}

impl From<OverrideFault> for Problem {
    fn from(fault: OverrideFault) -> Problem {
        let said = fault.to_string();
        let conflict = |code| Problem::new(StatusCode::CONFLICT, code, &said);
        match fault {
            OverrideFault::Reason(_)
            | OverrideFault::NoTime
            | OverrideFault::LongTime(_)
            | OverrideFault::OpenForGood
            | OverrideFault::OpenForAll
            | OverrideFault::OpenAndCancel => Problem::invalid(&said),
            OverrideFault::Beyond => Problem::new(StatusCode::FORBIDDEN, "beyond_roles", &said),
            OverrideFault::Override(OverrideError::Ended) => conflict("ended"),
            OverrideFault::Override(OverrideError::Twice) => conflict("same_person"),
            OverrideFault::Override(OverrideError::Store(error)) => error.into(),
            OverrideFault::Unwritten(_) => Problem::unavailable(&said),
        }
    }
}
