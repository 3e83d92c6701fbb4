//! HTTP+SSE of 2024-11-05: one long GET at `/sse` carries everything the lab says; the client posts to
//! the endpoint that the first event names.

use std::sync::Arc;

use axum::{extract::State, http::Uri, response::Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    answer::{PARSE_ERROR, RpcError},
    dispatch,
    http::{self, StatusCode},
    legacy,
    line::Line,
    sse,
    state::Lab,
};

/// Messages that wait for a slow client; then whoever sends waits.
const STREAM_MESSAGES_MAX: usize = 256;

pub async fn open(State(lab): State<Arc<Lab>>) -> Response {
    if !lab.options.era.speaks_legacy() {
        return http::empty(StatusCode::NOT_FOUND);
    }
    let (sender, receiver) = mpsc::channel(STREAM_MESSAGES_MAX);
    let session = lab.open_session(Line::Live(sender));
    let endpoint = sse::endpoint(&format!("/messages?sessionId={}", session.id));
    let ended = session.ended.clone().cancelled_owned();
    // The connection is the session: when the client leaves, its calls end.
    let guard = session.ended.clone().drop_guard();
    let messages = stream::unfold((receiver, guard), async |(mut receiver, guard)| {
        let message: Value = receiver.recv().await?;
        Some((sse::event(None, &message), (receiver, guard)))
    });
    http::events(stream::iter([endpoint]).chain(messages.take_until(ended)))
}

pub async fn post(State(lab): State<Arc<Lab>>, uri: Uri, body: Bytes) -> Response {
    let id = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .find_map(|pair| pair.strip_prefix("sessionId="));
    let Some(session) = id.and_then(|id| lab.sessions.find(id)) else {
        return http::plain(StatusCode::NOT_FOUND, "unknown session");
    };
    let Ok(message) = serde_json::from_slice::<Value>(&body) else {
        return http::refuse(
            &Value::Null,
            &RpcError::new(PARSE_ERROR, "the body is not JSON"),
        );
    };
    if message.get("method").is_none() {
        session.hear(message);
    } else if message.get("id").is_none() {
        legacy::notice(&session, &message);
    } else {
        let call = legacy::open(&lab, &session, &message, session.general.clone());
        let id = call.id.clone();
        dispatch::spawn(call, move || session.inflight.leave(&id));
    }
    http::empty(StatusCode::ACCEPTED)
}
