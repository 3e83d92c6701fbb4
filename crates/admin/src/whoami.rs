//! `GET /admin/v1/whoami`: who the gateway takes the visitor for, and what that opens.

use axum::{Extension, response::Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use wardgate_model::Role;

use crate::{Visitor, input::json, problem::Problem};

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    tenant: String,
    principal: String,
    kind: &'static str,
    /// How they were made known.
    auth: String,
    /// The human being behind the account: two accounts of one person are never two people.
    person: String,
    groups: Vec<String>,
    roles: Held,
}

/// What they are trusted with.
#[derive(Debug, Serialize, ToSchema)]
pub struct Held {
    /// Over every tenant.
    everywhere: Vec<&'static str>,
    /// Over their own tenant.
    own: Vec<&'static str>,
}

/// Says who asks.
#[utoipa::path(
    get,
    path = "/admin/v1/whoami",
    operation_id = "whoami",
    tag = "whoami",
    responses((status = 200, description = "Who asks", body = Me), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn get(Extension(visitor): Extension<Visitor>) -> Response {
    let names = |roles: &[Role]| roles.iter().map(|role| role.as_str()).collect();
    let operator = &visitor.operator;
    let me = Me {
        tenant: operator.identity.tenant.to_string(),
        principal: operator.identity.principal.to_string(),
        kind: operator.kind.as_str(),
        auth: operator.auth.clone(),
        person: operator.person.to_string(),
        groups: visitor.groups.iter().map(ToString::to_string).collect(),
        roles: Held {
            everywhere: names(&visitor.held.everywhere),
            own: names(&visitor.held.own),
        },
    };
    json(StatusCode::OK, &me)
}
