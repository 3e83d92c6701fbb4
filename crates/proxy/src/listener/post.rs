//! POST: one message in, one answer out, or a stream when there is more to say.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;
use wardgate_model::Caller;
use wardgate_protocol::{
    Era, Frame, Kind, Limits, Method, Revision, RpcError, Trace, error, frame::FrameFault, headers,
    meta, scan::Keys,
};

use super::{
    body,
    edge::Refusal,
    http::{Visit, because},
    reply::{self, Opening, Reply},
    running::{Leaving, Running},
};
use crate::{
    call::{Arrival, Hail},
    exchange::{Exchange, Out},
    outcome::Answer,
    pipeline,
    session::{Session, Underway, recognise},
    stage::{heed, identify::identify, record::Refused, resolve::Headers},
    stop::Stop,
};

/// Messages one batch of 2025-03-26 may hold.
pub const BATCH_MAX: usize = 32;

/// Answers a POST.
pub async fn post(visit: Visit, body: Incoming) -> Reply {
    if let Err(refusal) = media(&visit.head) {
        return refused(&visit, refusal).await;
    }
    let caps = &visit.snapshot.gateway.caps;
    let bytes = match body::read(body, caps, &visit.door.budget).await {
        Ok(bytes) => bytes,
        Err(refusal) => return refused(&visit, refusal).await,
    };
    let limits = Limits {
        message_bytes_max: caps.body_bytes_max,
        ..Limits::default()
    };
    match Frame::parse(bytes.clone(), &limits, Keys::Strict) {
        Ok(frame) => message(visit, frame).await,
        Err(FrameFault::Batch) => batch(visit, bytes, &limits).await,
        Err(fault) => malformed(&visit, &fault).await,
    }
}

/// RFC 9110 §8.3, §12.5.1. Only JSON comes in: a page cannot send that across sites without asking first.
fn media(head: &HeaderMap) -> Result<(), Refusal> {
    let unsupported = |reason| Refusal {
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        reason,
    };
    let said = |name: header::HeaderName| head.get(name).and_then(|value| value.to_str().ok());
    if !said(header::CONTENT_TYPE).is_some_and(is_json) {
        return Err(unsupported("Content-Type must be application/json"));
    }
    if said(header::CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity"))
    {
        return Err(unsupported("encoded bodies are not accepted"));
    }
    if head.contains_key(header::ACCEPT) && !accepts_both(head) {
        return Err(Refusal {
            status: StatusCode::NOT_ACCEPTABLE,
            reason: "Accept must list application/json and text/event-stream",
        });
    }
    Ok(())
}

/// Says whether an answer may be JSON and may be an event stream.
fn accepts_both(head: &HeaderMap) -> bool {
    let (mut json, mut stream) = (false, false);
    for value in head.get_all(header::ACCEPT) {
        for part in value.to_str().unwrap_or_default().split(',') {
            let media = part.split(';').next().unwrap_or_default().trim();
            let is = |wanted: &str| media.eq_ignore_ascii_case(wanted);
            json |= media == "*/*" || is("application/json") || is("application/*");
            stream |= media == "*/*" || is("text/event-stream") || is("text/*");
        }
    }
    json && stream
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts
        .next()
        .is_some_and(|media| media.eq_ignore_ascii_case("application/json"));
    is_json
        && parts.all(|part| {
            !part.to_ascii_lowercase().starts_with("charset")
                || part
                    .to_ascii_lowercase()
                    .trim_start_matches("charset=")
                    .trim_matches('"')
                    == "utf-8"
        })
}

async fn refused(visit: &Visit, refusal: Refusal) -> Reply {
    visit.refused(because(refusal.reason)).await;
    reply::refusal(refusal)
}

/// Refuses what is no request; `frame` is what was read of it.
///
/// A response is answered without its id, which is not one of the client's.
async fn invalid(visit: &Visit, frame: &Frame, reason: &'static str, fault: &RpcError) -> Reply {
    let method = frame.method().map(Method::parse);
    visit
        .refused(Refused {
            method: method.as_ref(),
            code: Some(fault.code),
            ..because(reason)
        })
        .await;
    let id = frame.id().filter(|_| method.is_some());
    reply::rpc(StatusCode::BAD_REQUEST, id, fault)
}

async fn malformed(visit: &Visit, fault: &FrameFault) -> Reply {
    let (id, error) = refusal(fault);
    visit.refused(faulty(fault)).await;
    reply::rpc(StatusCode::BAD_REQUEST, id.as_ref(), &error)
}

/// What the record says of a text that is no message.
pub fn faulty(fault: &FrameFault) -> Refused<'static> {
    let (reason, code) = match fault {
        FrameFault::Parse(_) => ("the text is not JSON", error::PARSE_ERROR),
        FrameFault::Batch => ("a batch", error::INVALID_REQUEST),
        FrameFault::Invalid { reason, .. } => (*reason, error::INVALID_REQUEST),
    };
    Refused {
        code: Some(code),
        ..because(reason)
    }
}

/// Returns the error for a text that is no message, and the id it is told with.
pub fn refusal(fault: &FrameFault) -> (Option<wardgate_protocol::RequestId>, RpcError) {
    match fault {
        FrameFault::Parse(scan) => (
            None,
            RpcError::new(error::PARSE_ERROR, format!("Parse error: {scan}")),
        ),
        FrameFault::Batch => (
            None,
            RpcError::new(error::INVALID_REQUEST, fault.to_string()),
        ),
        FrameFault::Invalid { reason, id } => (
            id.clone(),
            RpcError::new(error::INVALID_REQUEST, format!("Invalid request: {reason}")),
        ),
    }
}

async fn message(visit: Visit, frame: Frame) -> Reply {
    if visit.says_modern() || meta::is_modern(frame.lookup()) {
        return modern(visit, frame).await;
    }
    if let Some(unknown) = unknown_version(&visit, &frame) {
        return invalid(&visit, &frame, "no such protocol version", &unknown).await;
    }
    match frame.kind() {
        Kind::Request => legacy_request(visit, frame).await,
        Kind::Notification | Kind::Result | Kind::Error => legacy_side(&visit, frame).await,
    }
}

/// A version header that names no revision at all; `initialize` carries its version in the body.
fn unknown_version(visit: &Visit, frame: &Frame) -> Option<RpcError> {
    let said = visit
        .head
        .get(headers::PROTOCOL_VERSION)?
        .to_str()
        .unwrap_or_default();
    let is_opening = frame.method() == Some("initialize");
    (!is_opening && Revision::parse(said).is_none())
        .then(|| RpcError::unsupported_version(&wardgate_sanitize::printable(said, 40)))
}

/// 2026-07-28: every request stands alone; headers must agree with the body; closing the stream is cancelling.
async fn modern(mut visit: Visit, frame: Frame) -> Reply {
    match frame.kind() {
        Kind::Request => {}
        Kind::Notification => return modern_side(&visit, &frame).await,
        Kind::Result | Kind::Error => {
            let reason = "clients send no responses in this revision";
            let fault = RpcError::new(error::INVALID_REQUEST, reason);
            return invalid(&visit, &frame, reason, &fault).await;
        }
    }
    if let Err(fault) = headers::check_standard(&Headers(&visit.head), &frame) {
        return invalid(&visit, &frame, "headers and body do not agree", &fault).await;
    }
    let cancel = CancellationToken::new();
    let head = std::mem::take(&mut visit.head);
    let leaving = Leaving::Cancels(cancel.clone());
    let mut running = start(
        &visit,
        frame,
        Hail::Modern,
        Some(head),
        leaving,
        cancel.clone(),
        None,
    );
    match running.first().await {
        Some(Out::Answer(answer)) => reply::answer(answer),
        Some(first) => reply::modern_stream(first, running.stream(), cancel.drop_guard()),
        None => reply::empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Hands a request to the pipeline.
fn start(
    visit: &Visit,
    frame: Frame,
    hail: Hail,
    headers: Option<HeaderMap>,
    leaving: Leaving,
    cancel: CancellationToken,
    underway: Option<Underway>,
) -> Running {
    let (exchange, hearing) = Exchange::new();
    let head = Headers(headers.as_ref().unwrap_or(&visit.head));
    let trace = Trace::read(frame.lookup(), Some(&head));
    let arrival = Arrival {
        snapshot: visit.snapshot.clone(),
        toolset: visit.toolset.clone(),
        credentials: visit.credentials.clone(),
        hail,
        frame,
        headers,
        underway,
        trace,
    };
    let gate = &visit.door.gate;
    let work = Box::pin(pipeline::serve(gate.clone(), arrival, exchange, cancel));
    Running::new(work, hearing, gate.tasks.clone(), leaving)
}

/// Legacy: an answer may become a stream that survives its connection; a disconnect is no cancellation.
async fn legacy_request(visit: Visit, frame: Frame) -> Reply {
    let token = visit.session_token();
    let cancel = CancellationToken::new();
    if frame.method() == Some("initialize") {
        let head = Some(visit.head.clone());
        let running = start(
            &visit,
            frame,
            Hail::Opening,
            head,
            Leaving::MeansNothing,
            cancel,
            None,
        );
        return opened(running).await;
    }
    // Looked up before the call, so that cancelling and streaming find the same session the call runs in.
    let session = session(&visit, token.as_deref()).await.ok();
    let hail = match &session {
        Some(session) => Hail::Held(session.clone()),
        None => Hail::Token(token),
    };
    let underway = session
        .as_ref()
        .zip(frame.id())
        .map(|(session, id)| session.enter(id, cancel.clone()));
    let leaving = Leaving::MeansNothing;
    let mut running = start(&visit, frame, hail, None, leaving, cancel, underway);
    match (running.first().await, session) {
        (Some(Out::Answer(answer)), _) => reply::answer(answer),
        (Some(first), Some(session)) => {
            let (number, log) = session.stream();
            let opening = if session.revision >= Revision::V2025_11_25 {
                Opening::Primed
            } else {
                Opening::Plain
            };
            let reader = log.reader(0);
            let mut out = running.stream();
            visit.door.gate.tasks.spawn(async move {
                let mut next = Some(first);
                while let Some(said) = next {
                    log.append(match said {
                        Out::Notify(frame) | Out::Ask(frame) => frame,
                        Out::Answer(answer) => answer.frame,
                    });
                    next = out.recv().await;
                }
                log.finish();
            });
            reply::legacy_stream(number, reader, opening, session)
        }
        (_, None) | (None, _) => reply::empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// An opening is answered, never streamed.
async fn opened(mut running: Running) -> Reply {
    match running.first().await {
        Some(Out::Answer(answer)) => reply::answer(answer),
        _ => reply::empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

async fn caller(visit: &Visit) -> Result<Caller, Stop> {
    let gate = &visit.door.gate;
    let (snapshot, toolset) = (&visit.snapshot, &visit.toolset);
    let caller = identify(gate, snapshot, toolset, &visit.credentials).await?;
    heed::caller(gate, &heed::subject(caller.identity(), toolset))?;
    Ok(caller)
}

async fn session(visit: &Visit, token: Option<&str>) -> Result<std::sync::Arc<Session>, Stop> {
    let caller = caller(visit).await?;
    recognise::session(&visit.door.gate, token, &caller, &visit.toolset)
}

/// Notifications mean nothing in this revision, and are accepted of whom requests would be.
async fn modern_side(visit: &Visit, frame: &Frame) -> Reply {
    match caller(visit).await {
        Ok(_) => reply::empty(StatusCode::ACCEPTED),
        Err(stop) => turned_away(visit, frame, &stop, Era::Modern).await,
    }
}

/// Answers what has no id.
async fn turned_away(visit: &Visit, frame: &Frame, stop: &Stop, era: Era) -> Reply {
    let method = frame.method().map(Method::parse);
    visit
        .refused(Refused {
            method: method.as_ref(),
            ..Refused::stopped(stop, era)
        })
        .await;
    reply::answer(Answer::stop(None, &Method::Ping, era, stop))
}

/// Notifications and responses: accepted without an answer.
async fn legacy_side(visit: &Visit, frame: Frame) -> Reply {
    let session = match session(visit, visit.session_token().as_deref()).await {
        Ok(session) => session,
        Err(stop) => return turned_away(visit, &frame, &stop, Era::Legacy).await,
    };
    session.receive(frame);
    reply::empty(StatusCode::ACCEPTED)
}

/// 2025-03-26 alone has batches; their answers come together.
async fn batch(visit: Visit, bytes: Bytes, limits: &Limits) -> Reply {
    let token = visit.session_token();
    let session = match session(&visit, token.as_deref()).await {
        Ok(session) if session.revision == Revision::V2025_03_26 && !visit.says_modern() => session,
        _ => return malformed(&visit, &FrameFault::Batch).await,
    };
    let frames = match Frame::parse_batch(bytes, limits, BATCH_MAX) {
        Ok(frames) => frames,
        Err(fault) => return malformed(&visit, &fault).await,
    };
    let mut answers = Vec::new();
    for frame in frames {
        match frame {
            Ok(frame) if frame.kind() == Kind::Request => {
                answers.extend(batched(&visit, frame, token.clone()).await)
            }
            Ok(frame) => session.receive(frame),
            Err(fault) => {
                visit.refused(faulty(&fault)).await;
                let (id, error) = refusal(&fault);
                answers.push(
                    Frame::failure(id.as_ref(), &error.to_raw())
                        .raw()
                        .as_str()
                        .to_owned(),
                );
            }
        }
    }
    if answers.is_empty() {
        reply::empty(StatusCode::ACCEPTED)
    } else {
        reply::plain_json(format!("[{}]", answers.join(",")))
    }
}

async fn batched(visit: &Visit, frame: Frame, token: Option<String>) -> Option<String> {
    let cancel = CancellationToken::new();
    let hail = Hail::Token(token);
    let leaving = Leaving::MeansNothing;
    let mut running = start(visit, frame, hail, None, leaving, cancel, None);
    while let Some(next) = running.first().await {
        if let Out::Answer(answer) = next {
            return Some(answer.frame.raw().as_str().to_owned());
        }
    }
    None
}
