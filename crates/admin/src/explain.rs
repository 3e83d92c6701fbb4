//! `/admin/v1/explain`: what would become of a call, layer by layer, without making it.

use axum::{Extension, extract::State, response::Response};
use futures_util::future::BoxFuture;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use wardgate_model::{PrincipalKind, Reach, TenantId};

use crate::{
    Desk,
    input::{Sent, json},
    problem::Problem,
};

const NAME_CHARS_MAX: usize = 128;

/// The call that is asked about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    #[schema(min_length = 1, max_length = 128)]
    pub tenant: String,
    /// Who would call.
    #[schema(min_length = 1, max_length = 128)]
    pub principal: String,
    /// What kind of being that is; `user` if nothing is said.
    #[serde(default)]
    pub kind: Kind,
    /// Groups of the caller besides those the tenant declares.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Scopes of the caller's token.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The toolset it would come through; `default` if nothing is said.
    pub toolset: Option<String>,
    /// `alias/tool`, or the name that the toolset exposes.
    #[schema(min_length = 1)]
    pub tool: String,
    /// Its arguments, judged as they are written.
    #[schema(value_type = Option<Object>)]
    pub arguments: Option<Box<RawValue>>,
    /// Why the caller would say that it calls.
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    User,
    Agent,
    Service,
}

/// What would become of the call.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// The tool as `alias/tool`, if it is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    pub answer: Answer,
    /// In the order in which they are asked.
    pub layers: Vec<Layer>,
    /// Every rule of the policies that is about such calls.
    pub rules: Vec<RuleVerdict>,
}

/// How it would end.
#[derive(Debug, Serialize, ToSchema)]
pub struct Answer {
    /// `ok` if it would reach its server, `not_found` if the caller is told that there is no such thing, else the error's class.
    pub class: String,
    /// The layer at which it would end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// What the caller would be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The smallest change that would let it go on there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
}

/// One layer's say.
#[derive(Debug, Serialize, ToSchema)]
pub struct Layer {
    pub layer: String,
    /// `ok`, `not_found`, or the error's class.
    pub verdict: String,
    pub says: String,
    /// What would have to be otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
}

/// What one rule says.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleVerdict {
    pub id: String,
    pub effect: RuleEffect,
    pub verdict: Verdict,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleEffect {
    Permit,
    Forbid,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Matched,
    NotMatched,
    Failed,
    NotAsked,
}

/// The part of the gateway that knows.
pub trait Explainer: Send + Sync {
    /// Explains; `None` where the arguments are none that a client could send.
    fn explain(&self, question: Question) -> BoxFuture<'_, Option<Explanation>>;
}

/// Says what would become of a call. Nothing is called, charged, asked of people or recorded.
#[utoipa::path(
    post,
    path = "/admin/v1/explain",
    operation_id = "explain",
    tag = "explain",
    request_body = Question,
    responses((status = 200, description = "What would become of the call", body = Explanation), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn explain(
    State(desk): State<Desk>,
    Extension(reach): Extension<Reach>,
    Sent(question): Sent<Question>,
) -> Result<Response, Problem> {
    if !reach.covers(&TenantId::new(&question.tenant)) {
        return Err(Problem::not_found("tenant"));
    }
    question.check_names()?;
    let explained = desk.explainer.explain(question).await;
    let explained =
        explained.ok_or_else(|| Problem::invalid("`arguments` hold what no client could send"))?;
    Ok(json(StatusCode::OK, &explained))
}

impl Question {
    fn check_names(&self) -> Result<(), Problem> {
        let is_name = |name: &str| (1..=NAME_CHARS_MAX).contains(&name.chars().count());
        match is_name(&self.tenant) && is_name(&self.principal) && !self.tool.is_empty() {
            true => Ok(()),
            false => Err(Problem::invalid(
                "`tenant` and `principal` are 1 to 128 characters, and `tool` names one",
            )),
        }
    }
}

impl From<Kind> for PrincipalKind {
    fn from(kind: Kind) -> PrincipalKind {
        match kind {
            Kind::User => PrincipalKind::User,
            Kind::Agent => PrincipalKind::Agent,
            Kind::Service => PrincipalKind::Service,
        }
    }
}
