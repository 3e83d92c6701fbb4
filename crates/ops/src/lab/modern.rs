//! Streamable HTTP of 2026-07-28: one POST is one request, answered by JSON or by a stream that ends
//! with its response. Leaving is cancelling.

use std::sync::Arc;

use axum::response::Response;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    answer::{HEADER_MISMATCH, INVALID_PARAMS, INVALID_REQUEST, RpcError, UNSUPPORTED_VERSION},
    call::{Call, Origin},
    dispatch,
    faults::Blow,
    headers,
    http::{self, HeaderMap, StatusCode},
    line::Line,
    options::LabEra,
    revision::Revision,
    sse,
    state::Lab,
};

pub const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// Messages of one call that wait for a slow client; then its handler waits.
const LINE_MESSAGES_MAX: usize = 64;

/// Says whether a message is of the modern era: by its `_meta`, by its header, or because only that
/// era has the method.
pub fn is_modern(headers: &HeaderMap, message: &Value) -> bool {
    http::text(headers, http::VERSION) == Some(Revision::MODERN.as_str())
        || bears_modern_meta(message)
}

/// Says whether this era answers a message, given whether the message is `modern`.
pub fn claims(lab: &Lab, modern: bool) -> bool {
    match lab.options.era {
        LabEra::Both => modern,
        LabEra::Legacy => false,
        LabEra::Modern => true,
    }
}

pub fn bears_modern_meta(message: &Value) -> bool {
    message["method"] == "server/discover" || message["params"]["_meta"].get(VERSION).is_some()
}

pub async fn post(lab: &Arc<Lab>, headers: &HeaderMap, message: Value) -> Response {
    if !http::accepts(headers, "application/json") || !http::accepts(headers, "text/event-stream") {
        return http::plain(
            StatusCode::NOT_ACCEPTABLE,
            "accept application/json and text/event-stream",
        );
    }
    let id = &message["id"];
    if let Err(error) = check_envelope(lab, &message) {
        return http::refuse(id, &error);
    }
    if id.is_null() {
        return http::empty(StatusCode::ACCEPTED);
    }
    let checked = check_meta(&message)
        .and_then(|()| headers::check(lab, headers, &message))
        .and_then(|()| check_version(&message));
    if let Err(error) = checked {
        return http::refuse(id, &error);
    }
    run(lab, &message).await
}

async fn run(lab: &Arc<Lab>, message: &Value) -> Response {
    let (sender, mut receiver) = mpsc::channel(LINE_MESSAGES_MAX);
    let call = open(lab, message, Line::Live(sender));
    if call.fate.blow == Some(Blow::Unavailable) {
        return http::plain(StatusCode::SERVICE_UNAVAILABLE, "injected fault");
    }
    let guard = call.cancel.clone().drop_guard();
    dispatch::spawn(call, || ());
    let Some(first) = receiver.recv().await else {
        return http::empty(StatusCode::SERVICE_UNAVAILABLE);
    };
    if first.get("method").is_none() {
        return http::json(http::status_of(&first), &first);
    }
    let rest = stream::unfold((receiver, guard), async |(mut receiver, guard)| {
        let message = receiver.recv().await?;
        Some((message, (receiver, guard)))
    });
    let messages = stream::iter([first]).chain(rest);
    http::events(messages.map(|message| sse::event(None, &message)))
}

/// Opens a call that carries its revision and capabilities with it.
pub fn open(lab: &Arc<Lab>, message: &Value, line: Line) -> Arc<Call> {
    let method = message["method"].as_str().unwrap_or_default();
    let cancel: CancellationToken = dispatch::cancellation(lab, None, method);
    let origin = Origin {
        revision: Revision::MODERN,
        capabilities: message["params"]["_meta"][CAPABILITIES].clone(),
        line,
        session: None,
        cancel,
    };
    Call::open(lab, message, origin)
}

pub fn check_envelope(lab: &Lab, message: &Value) -> Result<(), RpcError> {
    let bad = |why: &str| Err(RpcError::new(INVALID_REQUEST, why));
    if !message.is_object() {
        return bad("a request is one JSON object");
    }
    if message["jsonrpc"] != "2.0" || !message["method"].is_string() {
        return bad("a request has `jsonrpc` 2.0 and a `method`");
    }
    if !(message.get("id").is_none()
        || message["id"].is_string()
        || message["id"].is_i64()
        || message["id"].is_u64())
    {
        return bad("an id is a string or an integer");
    }
    // An `initialize` of the other era learns which version to come back with.
    let opens_session = message["method"] == "initialize" && !bears_modern_meta(message);
    if opens_session && !lab.options.era.speaks_legacy() {
        return Err(unsupported(&message["params"]["protocolVersion"]));
    }
    Ok(())
}

/// MCP 2026-07-28 basic#meta: version and capabilities are in each request.
pub fn check_meta(message: &Value) -> Result<(), RpcError> {
    let meta = &message["params"]["_meta"];
    if !meta[VERSION].is_string() {
        return Err(RpcError::new(
            INVALID_PARAMS,
            format!("`_meta` must hold `{VERSION}`"),
        ));
    }
    if !meta[CAPABILITIES].is_object() {
        return Err(RpcError::new(
            INVALID_PARAMS,
            format!("`_meta` must hold `{CAPABILITIES}`"),
        ));
    }
    Ok(())
}

pub fn check_version(message: &Value) -> Result<(), RpcError> {
    let requested = &message["params"]["_meta"][VERSION];
    if *requested == Revision::MODERN.as_str() {
        Ok(())
    } else {
        Err(unsupported(requested))
    }
}

fn unsupported(requested: &Value) -> RpcError {
    let data = json!({"supported": [Revision::MODERN.as_str()], "requested": requested});
    RpcError::new(UNSUPPORTED_VERSION, "Unsupported protocol version").with_data(data)
}

pub fn header_mismatch(why: String) -> RpcError {
    RpcError::new(HEADER_MISMATCH, format!("Header mismatch: {why}"))
}
