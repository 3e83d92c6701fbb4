//! `/admin/v1/keys`: API keys at run time.

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wardgate_control::keys::{Issued, KeyFault, Keys, Wanted};
use wardgate_model::{
    CredentialId, GroupName, PrincipalId, PrincipalKind, Reach, TenantId, ToolsetName,
};
use wardgate_store::{ApiKey, Timestamp};

use crate::{
    Desk, Visitor,
    input::{Asked, Change, Sent, json, page},
    problem::Problem,
};

/// An API key, without the key.
#[derive(Debug, Serialize, ToSchema)]
pub struct Key {
    /// The public part of the key.
    pub id: String,
    pub tenant: String,
    pub principal: String,
    pub kind: Kind,
    pub groups: Vec<String>,
    /// The toolsets it opens; absent if it opens all of its tenant's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toolsets: Option<Vec<String>>,
    pub state: KeyState,
    pub created_at: String,
    pub created_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_by: Option<String>,
    /// About when it was used last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    Active,
    Expired,
    Revoked,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    User,
    Agent,
    #[default]
    Service,
}

/// A part of the list of keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyPage {
    items: Vec<Key>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeyList {
    /// Only keys of this tenant.
    tenant: Option<String>,
    /// What the page before named as `next`.
    cursor: Option<String>,
    /// Keys on one page; 50 if nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// A key to be issued.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// By default the tenant of who asks.
    tenant: Option<String>,
    /// Who will call with it.
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9_.@:/-]+$")]
    principal: String,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    groups: Vec<String>,
    /// The toolsets it opens; by default all that its tenant sees. Such a key does not open the admin API.
    toolsets: Option<Vec<String>>,
    /// When it stops working; by default never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<jiff::Timestamp>,
    /// Why; goes into the record.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// What was issued.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewKeyIssued {
    item: Key,
    /// The key, shown this once. Absent from what a dry run says.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// Why something is changed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// Goes into the record.
    #[schema(min_length = 1, max_length = 500)]
    pub(crate) reason: String,
}

/// Lists API keys, newest first.
#[utoipa::path(
    get,
    path = "/admin/v1/keys",
    operation_id = "list_keys",
    tag = "keys",
    params(KeyList),
    responses((status = 200, description = "A page of keys", body = KeyPage), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn list(
    State(desk): State<Desk>,
    Extension(reach): Extension<Reach>,
    Asked(asked): Asked<KeyList>,
) -> Result<Response, Problem> {
    let (cursor, limit) = page(asked.cursor.as_deref(), asked.limit)?;
    let tenant = asked.tenant.map(TenantId::new);
    let found = keys(&desk)?
        .list(&reach, tenant.as_ref(), cursor.as_ref(), limit)
        .await?;
    let now = now(&desk);
    let list = KeyPage {
        items: found.items.iter().map(|item| shown(item, now)).collect(),
        next: found.next.map(|next| next.to_string()),
    };
    Ok(json(StatusCode::OK, &list))
}

/// Issues an API key and shows it, this once.
#[utoipa::path(
    post,
    path = "/admin/v1/keys",
    operation_id = "create_key",
    tag = "keys",
    params(Change),
    request_body = NewKey,
    responses(
        (status = 200, description = "What would be issued", body = NewKeyIssued),
        (status = 201, description = "What was issued", body = NewKeyIssued),
        (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json")
    )
)]
pub async fn create(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Extension(reach): Extension<Reach>,
    Asked(change): Asked<Change>,
    Sent(new): Sent<NewKey>,
) -> Result<Response, Problem> {
    let wanted = wanted(new, &visitor);
    let (moment, random) = (desk.chance)();
    let issued = keys(&desk)?
        .create(
            &visitor.operator,
            &reach,
            wanted,
            (moment, &random),
            change.is_dry_run(),
        )
        .await?;
    let Issued { item, key } = issued;
    let status = match key {
        Some(_) => StatusCode::CREATED,
        None => StatusCode::OK,
    };
    let answer = NewKeyIssued {
        item: shown(&item, Timestamp::from_millis(moment.at.as_millisecond())),
        key: key.map(|key| key.expose().to_owned()),
    };
    Ok(json(status, &answer))
}

/// Revokes an API key for good.
#[utoipa::path(
    post,
    path = "/admin/v1/keys/{id}/verb:revoke",
    operation_id = "revoke_key",
    tag = "keys",
    params(("id" = String, Path, description = "The public part of the key"), Change),
    request_body = Why,
    responses((status = 200, description = "The key as it is, or with `dry_run` as it was", body = Key), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn revoke(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Extension(reach): Extension<Reach>,
    Path(id): Path<String>,
    Asked(change): Asked<Change>,
    Sent(why): Sent<Why>,
) -> Result<Response, Problem> {
    let (moment, _) = (desk.chance)();
    let id = CredentialId::new(id);
    let revoked = keys(&desk)?
        .revoke(
            &visitor.operator,
            &reach,
            &id,
            &why.reason,
            moment,
            change.is_dry_run(),
        )
        .await?;
    let now = Timestamp::from_millis(moment.at.as_millisecond());
    Ok(json(StatusCode::OK, &shown(&revoked, now)))
}

fn keys(desk: &Desk) -> Result<&Keys, Problem> {
    let keys = desk.keys.as_ref();
    keys.ok_or_else(|| Problem::unavailable("this gateway remembers nothing, so it issues no keys"))
}

fn wanted(new: NewKey, visitor: &Visitor) -> Wanted {
    let own = &visitor.operator.identity.tenant;
    Wanted {
        tenant: new.tenant.map_or_else(|| own.clone(), TenantId::new),
        principal: PrincipalId::new(new.principal),
        kind: match new.kind {
            Kind::User => PrincipalKind::User,
            Kind::Agent => PrincipalKind::Agent,
            Kind::Service => PrincipalKind::Service,
        },
        groups: new.groups.iter().map(GroupName::new).collect(),
        toolsets: new
            .toolsets
            .map(|names| names.iter().map(ToolsetName::new).collect()),
        expires_at: new.expires_at,
        reason: new.reason,
    }
}

fn now(desk: &Desk) -> Timestamp {
    let (moment, _) = (desk.chance)();
    Timestamp::from_millis(moment.at.as_millisecond())
}

fn shown(item: &ApiKey, now: Timestamp) -> Key {
    let texts = |names: &[ToolsetName]| names.iter().map(ToString::to_string).collect();
    Key {
        id: item.id.to_string(),
        tenant: item.tenant.to_string(),
        principal: item.principal.to_string(),
        kind: match item.kind {
            PrincipalKind::User => Kind::User,
            PrincipalKind::Agent => Kind::Agent,
            PrincipalKind::Service => Kind::Service,
        },
        groups: item.groups.iter().map(ToString::to_string).collect(),
        toolsets: item.toolsets.as_deref().map(texts),
        state: match (item.revoked_at, item.expires_at) {
            (Some(_), _) => KeyState::Revoked,
            (None, Some(end)) if end <= now => KeyState::Expired,
            (None, _) => KeyState::Active,
        },
        created_at: time(item.created_at),
        created_by: item.created_by.to_string(),
        expires_at: item.expires_at.map(time),
        revoked_at: item.revoked_at.map(time),
        revoked_by: item.revoked_by.as_ref().map(ToString::to_string),
        last_used: item.last_used.map(time),
    }
}

/// RFC 3339; a moment no calendar has is shown as its milliseconds.
pub(crate) fn time(at: Timestamp) -> String {
    match jiff::Timestamp::from_millisecond(at.millis()) {
        Ok(at) => at.to_string(),
        Err(_) => at.millis().to_string(),
    }
}

impl From<KeyFault> for Problem {
    fn from(fault: KeyFault) -> Problem {
        let said = fault.to_string();
        match fault {
            KeyFault::Reason(_)
            | KeyFault::Name { .. }
            | KeyFault::Many { .. }
            | KeyFault::UnknownToolset(_)
            | KeyFault::Over => Problem::invalid(&said),
            KeyFault::Beyond => Problem::new(StatusCode::FORBIDDEN, "beyond_roles", &said),
            KeyFault::NotFound(what) => Problem::not_found(what),
            KeyFault::Store(error) => error.into(),
            KeyFault::Unwritten(_) => Problem::unavailable(&said),
        }
    }
}
