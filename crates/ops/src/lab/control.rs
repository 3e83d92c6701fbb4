//! What a test can do to a running lab, outside the protocol: count, change contracts, change faults.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    faults::Faults,
    http::{self, StatusCode},
    state::{Change, Lab},
};

pub fn routes() -> Router<Arc<Lab>> {
    Router::new()
        .route("/calls", get(calls))
        .route("/mutate", post(mutate))
        .route("/faults", post(faults))
        .route("/page", post(page))
}

/// Requests so far, by method, tool calls by tool (`tools/call echo`), and those of them that the
/// client gave up (`cancelled tools/call slow`).
async fn calls(State(lab): State<Arc<Lab>>) -> Response {
    http::json(StatusCode::OK, &json!(lab.counts()))
}

/// `{"tool": …, "description": …}` replaces fields of a contract; with `tool` alone, restores it.
async fn mutate(State(lab): State<Arc<Lab>>, body: Bytes) -> Response {
    let Ok(mut fields) = serde_json::from_slice::<Map<String, Value>>(&body) else {
        return http::plain(StatusCode::BAD_REQUEST, "a JSON object is expected");
    };
    let tool = fields.shift_remove("tool");
    let tool = tool.as_ref().and_then(Value::as_str).unwrap_or_default();
    if !lab.contracts.replace(tool, fields) {
        return http::plain(StatusCode::NOT_FOUND, "there is no such tool");
    }
    lab.publish(Change::Tools).await;
    http::empty(StatusCode::NO_CONTENT)
}

/// The body is a fault specification; an empty one heals.
async fn faults(State(lab): State<Arc<Lab>>, body: String) -> Response {
    match body.trim().parse::<Faults>() {
        Ok(faults) => {
            lab.set_faults(faults);
            http::empty(StatusCode::NO_CONTENT)
        }
        Err(error) => http::json(
            StatusCode::BAD_REQUEST,
            &json!({"error": error.to_string()}),
        ),
    }
}

/// The body is the number of items on one page of a list.
async fn page(State(lab): State<Arc<Lab>>, body: String) -> Response {
    match body.trim().parse() {
        Ok(items) => {
            lab.set_page_size(items);
            http::empty(StatusCode::NO_CONTENT)
        }
        Err(_) => http::plain(StatusCode::BAD_REQUEST, "a number is expected"),
    }
}
