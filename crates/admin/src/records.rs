//! `/admin/v1/records`: what happened, as the ledger has it. Payloads were redacted before they were written.

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use wardgate_control::records::Reading;
use wardgate_model::{Alias, PrincipalId, Reach, RecordId, TenantId, ToolRef};
use wardgate_store::{Line, RecordFilter, Timestamp};

use crate::{
    Desk,
    input::{Asked, json, page},
    problem::Problem,
};

/// A part of the list of records.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordPage {
    /// Each letter by letter the line whose hash the chain has.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Box<RawValue>>,
    /// Where the next page begins; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecordList {
    /// Only records of this tenant.
    tenant: Option<String>,
    /// Only what this principal did.
    principal: Option<String>,
    /// Only what was done with this tool, `alias/tool`.
    tool: Option<String>,
    /// Only records of this type, such as `tool.call` or `key.create`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Only what ended like this, such as `success` or `denied`.
    status: Option<String>,
    /// Only what happened at this moment or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<jiff::Timestamp>,
    /// Only what happened before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<jiff::Timestamp>,
    /// What the page before named as `next`.
    cursor: Option<String>,
    /// Records on one page; 50 if nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Lists records, newest first.
#[utoipa::path(
    get,
    path = "/admin/v1/records",
    operation_id = "list_records",
    tag = "records",
    params(RecordList),
    responses((status = 200, description = "A page of records", body = RecordPage), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn list(
    State(desk): State<Desk>,
    Extension(reach): Extension<Reach>,
    Asked(asked): Asked<RecordList>,
) -> Result<Response, Problem> {
    let (cursor, limit) = page(asked.cursor.as_deref(), asked.limit)?;
    let reading = reading(&desk)?;
    let filter = filter(asked)?;
    let found = reading.list(&reach, filter, cursor.as_ref(), limit).await?;
    let items: Result<Vec<_>, _> = found.items.into_iter().map(raw).collect();
    let list = RecordPage {
        items: items?,
        next: found.next.map(|next| next.to_string()),
    };
    Ok(json(StatusCode::OK, &list))
}

/// Returns one record.
#[utoipa::path(
    get,
    path = "/admin/v1/records/{id}",
    operation_id = "get_record",
    tag = "records",
    params(("id" = String, Path, description = "The record, as `rec_…`")),
    responses((status = 200, description = "The record", body = Object), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn get(
    State(desk): State<Desk>,
    Extension(reach): Extension<Reach>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let line = reading(&desk)?.get(&reach, &RecordId::new(id)).await?;
    Ok(json(StatusCode::OK, &raw(line)?))
}

fn reading(desk: &Desk) -> Result<&Reading, Problem> {
    let records = desk.records.as_ref();
    records.ok_or_else(|| Problem::unavailable("this gateway keeps no records"))
}

fn filter(asked: RecordList) -> Result<RecordFilter, Problem> {
    let at = |time: jiff::Timestamp| Timestamp::from_millis(time.as_millisecond());
    let tool = asked.tool.map(|tool| match tool.split_once('/') {
        Some((alias, name)) => Ok(ToolRef {
            alias: Alias::new(alias),
            name: name.into(),
        }),
        None => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "bad_query",
            "name the tool as `alias/tool`",
        )),
    });
    Ok(RecordFilter {
        tenant: asked.tenant.map(TenantId::new),
        principal: asked.principal.map(PrincipalId::new),
        tool: tool.transpose()?,
        kind: asked.kind,
        status: asked.status,
        since: asked.since.map(at),
        until: asked.until.map(at),
        ..RecordFilter::default()
    })
}

fn raw(line: Line) -> Result<Box<RawValue>, Problem> {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    RawValue::from_string(line.text)
        .map_err(|_| Problem::new(status, "internal", "a record is damaged"))
}
