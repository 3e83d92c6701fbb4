//! Reading what a client sends: JSON bodies, queries, and the words every list and every change share.

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    response::Response,
};
use bytes::Bytes;
use http::{StatusCode, header, request::Parts};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;
use wardgate_store::{Cursor, PAGE_MAX};

use crate::problem::Problem;

/// A JSON body without a member that is not known.
pub struct Sent<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Sent<T>, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let essence = kind.and_then(|kind| kind.to_str().ok()?.split(';').next());
        // A page elsewhere can send a form or plain text without asking first, but not this (Fetch, CORS-safelisted).
        if !essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json")) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media_type",
                "send the body as `application/json`",
            ));
        }
        let unread = |_| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "bad_request",
                "the body cannot be read",
            )
        };
        let body = Bytes::from_request(request, state).await.map_err(unread)?;
        match serde_json::from_slice(&body) {
            Ok(value) => Ok(Sent(value)),
            Err(fault) if fault.is_data() => Err(Problem::invalid(&said(&fault))),
            Err(fault) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "not_json",
                &said(&fault),
            )),
        }
    }
}

/// What the reader of JSON says, with nothing of what was read.
fn said(fault: &serde_json::Error) -> String {
    let place = format!("at line {}, column {}", fault.line(), fault.column());
    let text = fault.to_string();
    let known = ["missing field", "unknown field", "duplicate field"];
    match known.iter().find(|known| text.starts_with(**known)) {
        Some(known) => {
            let name = text.split('`').nth(1).unwrap_or_default();
            let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
            format!("{} `{name}` {place}", known.replace("field", "member"))
        }
        None if fault.is_data() => format!("a value of the wrong kind {place}"),
        None => format!("the body is not JSON {place}"),
    }
}

/// A query without a parameter that is not known.
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Asked<T>, Problem> {
        let unread = |_| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "bad_query",
                "the query has a parameter that is not known, comes twice, or has the wrong form",
            )
        };
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|query: axum::extract::Query<T>| Asked(query.0))
            .map_err(unread)
    }
}

/// How every change may be asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Change {
    /// With `1` the answer says what would be done, and nothing is.
    #[serde(default)]
    #[param(inline)]
    dry_run: Option<DryRun>,
}

#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
enum DryRun {
    #[serde(rename = "1")]
    Yes,
    #[serde(rename = "0")]
    No,
}

impl Change {
    pub fn is_dry_run(&self) -> bool {
        matches!(self.dry_run, Some(DryRun::Yes))
    }
}

/// Items of a page that says nothing of its length.
pub const PAGE_DEFAULT: u32 = 50;

/// Reads where a page begins and how long it is.
///
/// # Errors
/// When the cursor is none of ours, or the page is too long.
pub fn page(cursor: Option<&str>, limit: Option<u32>) -> Result<(Option<Cursor>, u32), Problem> {
    let bad = |detail: &str| Problem::new(StatusCode::BAD_REQUEST, "bad_query", detail);
    let limit = limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(bad(&format!("`limit` is a number from 1 to {PAGE_MAX}")));
    }
    let cursor = cursor.map(str::parse).transpose();
    let cursor = cursor.map_err(|_| bad("`cursor` is not one that a page ended with"))?;
    Ok((cursor, limit))
}

/// The JSON of an answer.
pub fn json(status: StatusCode, value: &impl serde::Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => {
            let mut response = Response::new(axum::body::Body::from(body));
            *response.status_mut() = status;
            let kind = http::HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        Err(_) => {
            use axum::response::IntoResponse;
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Problem::new(status, "internal", "the answer cannot be written").into_response()
        }
    }
}
