//! HTTP: the routes, the guard against foreign hosts, and the small replies that both eras share.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{self, Next},
    response::Response,
    routing::{any, get, post},
    serve::ListenerExt,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::net::TcpListener;

use super::{
    answer::{
        HEADER_MISMATCH, INVALID_REQUEST, METHOD_NOT_FOUND, MISSING_CAPABILITY, PARSE_ERROR,
        RpcError, SERVER_ERROR, UNSUPPORTED_VERSION,
    },
    control, legacy, modern, old_http,
    state::Lab,
};

pub use axum::http::{HeaderMap, Method, StatusCode, header};

pub const SESSION_ID: &str = "mcp-session-id";
pub const VERSION: &str = "mcp-protocol-version";
pub const LAST_EVENT_ID: &str = "last-event-id";

const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

pub async fn serve(listener: TcpListener, lab: Arc<Lab>) -> std::io::Result<()> {
    let closing = lab.closing.clone();
    let running = lab.running.clone();
    let router = Router::new()
        .route("/mcp", any(mcp))
        .route("/sse", get(old_http::open))
        .route("/messages", post(old_http::post))
        .nest("/lab", control::routes())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(local_only))
        .with_state(lab);
    // Without it each small event waits for the client's delayed acknowledgement (40 ms).
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "connection keeps its delay");
        }
    });
    axum::serve(listener, router)
        .with_graceful_shutdown(closing.cancelled_owned())
        .await?;
    running.close();
    running.wait().await;
    Ok(())
}

/// The MCP endpoint. A POST of either era; GET and DELETE are the legacy session's.
async fn mcp(State(lab): State<Arc<Lab>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let legacy_session = lab.options.era.speaks_legacy() && !lab.options.stateless;
    match parts.method {
        Method::POST => post_mcp(&lab, &parts.headers, body).await,
        Method::GET if legacy_session => legacy::open_stream(&lab, &parts.headers),
        Method::DELETE if legacy_session => legacy::end_session(&lab, &parts.headers),
        _ => plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed"),
    }
}

async fn post_mcp(lab: &Arc<Lab>, headers: &HeaderMap, body: Body) -> Response {
    if !has_json_body(headers) {
        return plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body must be application/json",
        );
    }
    let limited = http_body_util::Limited::new(body, BODY_BYTES_MAX);
    let Ok(body) = limited.collect().await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "the body could not be read");
    };
    let Ok(message) = serde_json::from_slice::<Value>(&body.to_bytes()) else {
        return refuse(
            &Value::Null,
            &RpcError::new(PARSE_ERROR, "the body is not JSON"),
        );
    };
    if modern::claims(lab, modern::is_modern(headers, &message)) {
        modern::post(lab, headers, message).await
    } else {
        legacy::post(lab, headers, message).await
    }
}

fn has_json_body(headers: &HeaderMap) -> bool {
    let media_type = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    media_type
        .split(';')
        .next()
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// Says whether the client can read a media type, by its `Accept`.
pub fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    let (main, _) = media_type.split_once('/').unwrap_or((media_type, ""));
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|accept| {
            accept
                .split(',')
                .filter_map(|range| range.split(';').next())
                .map(str::trim)
                .any(|range| {
                    range.eq_ignore_ascii_case(media_type)
                        || range == "*/*"
                        || range == format!("{main}/*")
                })
        })
}

pub fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// MCP 2025-11-25 basic/transports#security-warning: a page of a foreign site that has rebound its
/// name to this machine is refused.
async fn local_only(request: Request, next: Next) -> Response {
    let host = text(request.headers(), header::HOST.as_str());
    let origin = request
        .headers()
        .get(header::ORIGIN)
        .map(|origin| origin.to_str().unwrap_or_default());
    let origin_host = origin.map(|origin| origin.split_once("://").map_or("", |(_, host)| host));
    if host.is_none_or(is_loopback) && origin_host.is_none_or(is_loopback) {
        return next.run(request).await;
    }
    plain(
        StatusCode::FORBIDDEN,
        "only loopback hosts and origins are served",
    )
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next(),
        None => authority.split(':').next(),
    };
    matches!(host, Some("localhost" | "127.0.0.1" | "::1"))
}

/// The status that belongs to an error, as the conformance suite and the SDKs have it.
pub fn status_of(response: &Value) -> StatusCode {
    match response.pointer("/error/code").and_then(Value::as_i64) {
        Some(METHOD_NOT_FOUND) => StatusCode::NOT_FOUND,
        Some(
            PARSE_ERROR | INVALID_REQUEST | HEADER_MISMATCH | MISSING_CAPABILITY
            | UNSUPPORTED_VERSION | SERVER_ERROR,
        ) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}

/// An error before any handler ran: always 400 but for a missing method.
pub fn refuse(id: &Value, error: &RpcError) -> Response {
    let envelope = error.envelope(id);
    let status = match status_of(&envelope) {
        StatusCode::OK => StatusCode::BAD_REQUEST,
        status => status,
    };
    json(status, &envelope)
}

pub fn json(status: StatusCode, value: &Value) -> Response {
    reply(status, "application/json", Body::from(value.to_string()))
}

pub fn plain(status: StatusCode, text: &'static str) -> Response {
    reply(status, "text/plain; charset=utf-8", Body::from(text))
}

pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

pub fn events(stream: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let body = Body::from_stream(stream.map(Ok::<_, std::convert::Infallible>));
    let mut response = reply(StatusCode::OK, "text/event-stream", body);
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-cache"),
    );
    headers.insert("x-accel-buffering", header::HeaderValue::from_static("no"));
    response
}

fn reply(status: StatusCode, media_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(media_type),
    );
    response
}
