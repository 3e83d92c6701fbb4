//! `/admin/v1/limits`: how far each limit is used up, and by whom.

use axum::{Extension, extract::State, response::Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use wardgate_model::{Reach, TenantId};

use crate::{Desk, input::json, problem::Problem};

/// One limit, one key, one dimension. Amounts are in the dimension's unit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Standing {
    /// The tenant that declared the limit, or whose use is counted.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// The limit's name.
    pub limit: String,
    /// What is counted separately, such as a principal or a tool; empty for a limit that nobody has used.
    #[schema(value_type = Object)]
    pub key: serde_json::Value,
    pub dimension: String,
    /// As much as may be used.
    pub most: u64,
    pub used: u64,
    pub remaining: u64,
    /// Absent for concurrency, as is `resets_in_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resets_in_ms: Option<u64>,
}

/// Where limits stand.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandingList {
    items: Vec<Standing>,
}

/// The running gateway's counters.
pub trait Standings: Send + Sync {
    /// Everything that has been used of any limit, and limits of which nothing was.
    fn standings(&self) -> Vec<Standing>;
}

/// Lists limits: what each key has used of them, and those that nobody has used.
#[utoipa::path(
    get,
    path = "/admin/v1/limits",
    operation_id = "list_limits",
    tag = "limits",
    responses((status = 200, description = "What has been used", body = StandingList), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn list(State(desk): State<Desk>, Extension(reach): Extension<Reach>) -> Response {
    let mut items = desk.limits.standings();
    items.retain(|item| match (&reach, &item.tenant) {
        (Reach::Everywhere, _) => true,
        (reach, Some(tenant)) => reach.covers(tenant),
        (Reach::Tenant(_), None) => false,
    });
    json(StatusCode::OK, &StandingList { items })
}
