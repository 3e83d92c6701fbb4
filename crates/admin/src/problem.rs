//! What goes wrong, as RFC 9457 has it. The matches that turn a use case's faults into these are exhaustive, beside the handlers.

use axum::{body::Body, response::IntoResponse};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;
use wardgate_store::{Retry, StoreError};

/// Why a request was not done.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: `code` tells problems apart.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The meaning of the status.
    title: &'static str,
    status: u16,
    /// What is wrong with this request.
    detail: String,
    /// Tells problems apart; does not change.
    code: &'static str,
    #[serde(skip)]
    retry_after_s: Option<u32>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: &str) -> Problem {
        Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.to_owned(),
            code,
            retry_after_s: None,
        }
    }

    pub fn not_found(what: &str) -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            &format!("no such {what}"),
        )
    }

    /// What was sent cannot be meant.
    pub fn invalid(detail: &str) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    /// Something this needs is not there now.
    pub fn unavailable(detail: &str) -> Problem {
        Problem {
            retry_after_s: Some(1),
            ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
        }
    }

    pub(crate) fn response(&self) -> Response<Bytes> {
        let body = serde_json::to_vec(self).unwrap_or_default();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let head = response.headers_mut();
        head.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        head.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = self.retry_after_s {
            head.insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        self.response().map(Body::from)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match &error {
            StoreError::NotFound { what } => Problem::not_found(what),
            StoreError::Conflict { what } => Problem::new(StatusCode::CONFLICT, "conflict", what),
            StoreError::Busy
            | StoreError::Full
            | StoreError::Io { .. }
            | StoreError::Poisoned
            | StoreError::Corrupt { .. }
            | StoreError::Unopenable { .. }
            | StoreError::FutureSchema { .. }
            | StoreError::OldEngine { .. }
            | StoreError::ForeignStore { .. }
            | StoreError::Internal { .. } => {
                tracing::error!(%error, detail = error.detail(), "the admin API cannot use the store");
                match error.retry() {
                    Retry::Never => Problem::new(
                        StatusCode::INTERNAL_SERVER_ERROR,
                        "internal",
                        &error.to_string(),
                    ),
                    Retry::Soon | Retry::AfterRepair | Retry::AfterReopen => {
                        Problem::unavailable(&error.to_string())
                    }
                }
            }
        }
    }
}

/// The answer to a request that never came to a handler.
pub fn refused(status: StatusCode, detail: &str) -> Response<Bytes> {
    refused_here(status, detail).response()
}

pub(crate) fn refused_here(status: StatusCode, detail: &str) -> Problem {
    let code = match status {
        StatusCode::UNAUTHORIZED => "unauthenticated",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::TOO_MANY_REQUESTS => "too_many",
        StatusCode::SERVICE_UNAVAILABLE => return Problem::unavailable(detail),
        status if status.is_server_error() => "internal",
        _ => "bad_request",
    };
    Problem::new(status, code, detail)
}
