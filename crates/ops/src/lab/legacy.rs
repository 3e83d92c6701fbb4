//! Streamable HTTP of 2025-03-26 to 2025-11-25: sessions, a stream per request that can be read again,
//! and a stream of the session's own. Leaving is not cancelling.

use std::sync::Arc;

use axum::response::Response;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    answer::{INVALID_REQUEST, RpcError, SERVER_ERROR},
    call::{Call, Origin},
    dispatch,
    event_log::EventLog,
    faults::Blow,
    http::{self, HeaderMap, StatusCode},
    line::Line,
    revision::Revision,
    session::Session,
    sse,
    state::Lab,
};

const SESSION_NOT_FOUND: i64 = -32001;

pub async fn post(lab: &Arc<Lab>, headers: &HeaderMap, message: Value) -> Response {
    if !http::accepts(headers, "application/json") || !http::accepts(headers, "text/event-stream") {
        return http::plain(
            StatusCode::NOT_ACCEPTABLE,
            "accept application/json and text/event-stream",
        );
    }
    if let Err(error) = check_version(headers) {
        return http::refuse(&Value::Null, &error);
    }
    if lab.options.stateless {
        return post_alone(lab, headers, &message).await;
    }
    if message["method"] == "initialize" {
        return initialize(lab, &message).await;
    }
    let session = match find_session(lab, headers) {
        Ok(session) => session,
        Err(refusal) => return refusal,
    };
    let messages = match message {
        Value::Array(batch) if session.revision() == Revision::V2025_03_26 => batch,
        Value::Object(_) => vec![message],
        _ => {
            return http::refuse(
                &Value::Null,
                &RpcError::new(INVALID_REQUEST, "one JSON object is expected"),
            );
        }
    };
    receive(lab, &session, messages)
}

/// Takes the client's messages; answers its requests on a stream of their own.
fn receive(lab: &Arc<Lab>, session: &Arc<Session>, messages: Vec<Value>) -> Response {
    let mut requests = Vec::new();
    for message in messages {
        if message.get("method").is_none() {
            session.hear(message);
        } else if message.get("id").is_none() {
            notice(session, &message);
        } else {
            requests.push(message);
        }
    }
    if requests.is_empty() {
        return http::empty(StatusCode::ACCEPTED);
    }
    let log = session.open_stream();
    let calls: Vec<_> = requests
        .iter()
        .map(|request| open(lab, session, request, Line::Logged(Arc::clone(&log))))
        .collect();
    if calls
        .iter()
        .any(|call| call.fate.blow == Some(Blow::Unavailable))
    {
        log.finish();
        return http::plain(StatusCode::SERVICE_UNAVAILABLE, "injected fault");
    }
    run(session, &log, calls);
    let primer =
        (session.revision() >= Revision::V2025_11_25).then(|| sse::priming(&log.event_id(0)));
    http::events(stream::iter(primer).chain(log.read(Some(0))))
}

fn run(session: &Arc<Session>, log: &Arc<EventLog>, calls: Vec<Arc<Call>>) {
    // The last call to end closes the stream.
    let open = Arc::new(std::sync::atomic::AtomicUsize::new(calls.len()));
    for call in calls {
        let (session, log, open, id) = (
            Arc::clone(session),
            Arc::clone(log),
            Arc::clone(&open),
            call.id.clone(),
        );
        dispatch::spawn(call, move || {
            session.inflight.leave(&id);
            if open.fetch_sub(1, std::sync::atomic::Ordering::AcqRel) == 1 {
                log.finish();
            }
        });
    }
}

/// Takes a notification: only a cancellation has consequences.
pub fn notice(session: &Session, message: &Value) {
    if message["method"] == "notifications/cancelled" {
        session.inflight.cancel(&message["params"]["requestId"]);
    }
}

/// Opens a call of a session and makes it cancellable by its id.
pub fn open(lab: &Arc<Lab>, session: &Arc<Session>, message: &Value, line: Line) -> Arc<Call> {
    let method = message["method"].as_str().unwrap_or_default();
    if method == "initialize"
        && let Some(params) = message["params"].as_object()
    {
        dispatch::settle(session, params);
    }
    let origin = Origin {
        revision: session.revision(),
        capabilities: session.capabilities(),
        line,
        session: Some(Arc::clone(session)),
        cancel: dispatch::cancellation(lab, Some(session), method),
    };
    let call = Call::open(lab, message, origin);
    session.inflight.enter(&call.id, &call.cancel);
    call
}

async fn initialize(lab: &Arc<Lab>, message: &Value) -> Response {
    let session = lab.open_session(Line::Logged(EventLog::new(0)));
    let (sender, _) = mpsc::channel(1);
    let call = open(lab, &session, message, Line::Live(sender));
    let id = call.id.clone();
    let response = dispatch::respond(call).await;
    session.inflight.leave(&id);
    let Some(response) = response else {
        return http::empty(StatusCode::SERVICE_UNAVAILABLE);
    };
    let mut reply = http::json(StatusCode::OK, &response);
    if let Ok(id) = session.id.parse() {
        reply.headers_mut().insert(http::SESSION_ID, id);
    }
    reply
}

/// Answers without a session: each POST stands alone, and the client can be asked nothing.
async fn post_alone(lab: &Arc<Lab>, headers: &HeaderMap, message: &Value) -> Response {
    if message.get("method").is_none() || message.get("id").is_none() {
        return http::empty(StatusCode::ACCEPTED);
    }
    let wanted = message["params"]["protocolVersion"]
        .as_str()
        .or(http::text(headers, http::VERSION));
    let (sender, mut receiver) = mpsc::channel(64);
    let origin = Origin {
        revision: wanted
            .and_then(Revision::legacy)
            .unwrap_or(Revision::NEWEST_LEGACY),
        capabilities: json!({}),
        line: Line::Live(sender),
        session: None,
        cancel: dispatch::cancellation(lab, None, ""),
    };
    let call = Call::open(lab, message, origin);
    if call.fate.blow == Some(Blow::Unavailable) {
        return http::plain(StatusCode::SERVICE_UNAVAILABLE, "injected fault");
    }
    dispatch::spawn(call, || ());
    let Some(first) = receiver.recv().await else {
        return http::empty(StatusCode::SERVICE_UNAVAILABLE);
    };
    if first.get("method").is_none() {
        return http::json(StatusCode::OK, &first);
    }
    let rest = stream::unfold(receiver, async |mut receiver| {
        Some((receiver.recv().await?, receiver))
    });
    http::events(
        stream::iter([first])
            .chain(rest)
            .map(|message| sse::event(None, &message)),
    )
}

/// GET: the stream of the session, or the rest of one that was lost.
pub fn open_stream(lab: &Arc<Lab>, headers: &HeaderMap) -> Response {
    if !http::accepts(headers, "text/event-stream") {
        return http::plain(StatusCode::NOT_ACCEPTABLE, "accept text/event-stream");
    }
    let session = match find_session(lab, headers) {
        Ok(session) => session,
        Err(refusal) => return refusal,
    };
    let ended = session.ended.clone().cancelled_owned();
    let found = match http::text(headers, http::LAST_EVENT_ID) {
        Some(event_id) => session
            .find_stream(event_id)
            .map(|(log, last)| (log, Some(last))),
        None => match &session.general {
            Line::Logged(log) => Some((Arc::clone(log), None)),
            Line::Live(_) => None,
        },
    };
    let Some((log, last)) = found else {
        return http::refuse(
            &Value::Null,
            &RpcError::new(SERVER_ERROR, "unknown event id"),
        );
    };
    http::events(log.read(last).take_until(ended))
}

/// DELETE: ends the session.
pub fn end_session(lab: &Arc<Lab>, headers: &HeaderMap) -> Response {
    match find_session(lab, headers) {
        Ok(session) => {
            lab.sessions.end(&session.id);
            http::empty(StatusCode::NO_CONTENT)
        }
        Err(refusal) => refusal,
    }
}

fn find_session(lab: &Lab, headers: &HeaderMap) -> Result<Arc<Session>, Response> {
    let Some(id) = http::text(headers, http::SESSION_ID) else {
        let error = RpcError::new(
            SERVER_ERROR,
            "Bad Request: Mcp-Session-Id header is required",
        );
        return Err(http::refuse(&Value::Null, &error));
    };
    lab.sessions.find(id).ok_or_else(|| {
        let error = RpcError::new(SESSION_NOT_FOUND, "Session not found");
        http::json(StatusCode::NOT_FOUND, &error.envelope(&Value::Null))
    })
}

fn check_version(headers: &HeaderMap) -> Result<(), RpcError> {
    match http::text(headers, http::VERSION) {
        Some(version) if Revision::legacy(version).is_none() => Err(RpcError::new(
            SERVER_ERROR,
            "Bad Request: Unsupported protocol version",
        )),
        _ => Ok(()),
    }
}
