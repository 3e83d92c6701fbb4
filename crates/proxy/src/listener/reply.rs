//! HTTP responses: one JSON body, or an event stream.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame as BodyFrame;
use tokio::sync::mpsc;
use tokio_util::sync::DropGuard;
use wardgate_protocol::{Frame, RpcError, edit, error, headers, sse};

use super::edge::Refusal;
use crate::{allowance::RateLimit, exchange::Out, outcome::Answer, session::stream::Reader};

type Events = std::pin::Pin<Box<dyn Stream<Item = Result<BodyFrame<Bytes>, Infallible>> + Send>>;
pub type ReplyBody = Either<Full<Bytes>, StreamBody<Events>>;
pub type Reply = Response<ReplyBody>;

/// Between two comments on a silent stream, so that proxies keep it open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Either::Left(Full::default()));
    *reply.status_mut() = status;
    reply
}

pub fn text(status: StatusCode, text: &'static str) -> Reply {
    let mut reply = Response::new(Either::Left(Full::new(Bytes::from_static(text.as_bytes()))));
    *reply.status_mut() = status;
    reply.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    reply
}

fn json(status: StatusCode, body: Bytes) -> Reply {
    let mut reply = Response::new(Either::Left(Full::new(body)));
    *reply.status_mut() = status;
    reply.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    reply
}

/// A body this gateway has put together itself.
pub fn plain_json(body: String) -> Reply {
    json(StatusCode::OK, body.into())
}

/// A refusal before there was a message to answer.
pub fn refusal(refusal: Refusal) -> Reply {
    let mut reply = rpc(
        refusal.status,
        None,
        &RpcError::new(error::INVALID_REQUEST, refusal.reason),
    );
    if matches!(
        refusal.status,
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT
    ) {
        // What follows on this connection may be the rest of what was refused.
        reply
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if refusal.status == StatusCode::SERVICE_UNAVAILABLE {
        reply
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    reply
}

/// A JSON-RPC error with its HTTP status.
pub fn rpc(
    status: StatusCode,
    id: Option<&wardgate_protocol::RequestId>,
    fault: &RpcError,
) -> Reply {
    json(status, Frame::failure(id, &fault.to_raw()).raw().bytes())
}

/// The finished answer as a plain body.
pub fn answer(answer: Answer) -> Reply {
    if answer.bare {
        return empty(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::NOT_FOUND));
    }
    // 499 marks a call its client took back; on HTTP somebody may still read it.
    let status = StatusCode::from_u16(if answer.status == 499 {
        200
    } else {
        answer.status
    })
    .unwrap_or(StatusCode::OK);
    let mut reply = json(status, answer.frame.raw().bytes());
    let head = reply.headers_mut();
    if let Some(session) = answer
        .session
        .and_then(|session| HeaderValue::from_str(&session).ok())
    {
        head.insert(headers::SESSION_ID, session);
    }
    if let Some(wait) = answer
        .retry_after
        .filter(|_| matches!(answer.status, 429 | 503))
    {
        head.insert(
            header::RETRY_AFTER,
            // Rounded up: who waits so long has waited long enough.
            HeaderValue::from((wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)),
        );
    }
    for (name, value) in answer.limit.iter().flat_map(RateLimit::fields) {
        if let Ok(value) = HeaderValue::from_str(value) {
            head.insert(name, value);
        }
    }
    if let Some(challenge) = answer
        .challenge
        .and_then(|challenge| HeaderValue::from_str(&challenge).ok())
    {
        head.insert(header::WWW_AUTHENTICATE, challenge);
    }
    reply
}

/// What takes the place of one more refusal, when there were too many.
pub fn too_many(wait: Duration) -> Reply {
    let fault = RpcError::new(42900, "Too many failed credentials. Try again later.");
    let mut reply = rpc(StatusCode::TOO_MANY_REQUESTS, None, &fault);
    let seconds = seconds(wait);
    reply.headers_mut().insert(header::RETRY_AFTER, seconds);
    reply
}

/// Whole seconds that are not too few.
pub fn seconds(wait: Duration) -> HeaderValue {
    HeaderValue::from(wait.as_secs() + 1)
}

fn event_stream(events: Events) -> Reply {
    let mut reply = Response::new(Either::Right(StreamBody::new(events)));
    let head = reply.headers_mut();
    head.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    head.insert("x-accel-buffering", HeaderValue::from_static("no"));
    reply
}

/// A modern stream: what comes, as it comes. Dropping it cancels the call.
pub fn modern_stream(first: Out, rest: mpsc::Receiver<Out>, cancel: DropGuard) -> Reply {
    let state = (Some(first), rest, cancel, false);
    event_stream(Box::pin(stream::unfold(
        state,
        |(first, mut rest, cancel, done)| async move {
            if done {
                // The call has ended by itself; this only says that nobody waits any longer.
                drop(cancel);
                return None;
            }
            let out = match first {
                Some(out) => Some(out),
                None => match tokio::time::timeout(KEEP_ALIVE, rest.recv()).await {
                    Ok(out) => Some(out?),
                    Err(_) => None,
                },
            };
            let (bytes, done) = match out {
                None => (Bytes::from_static(sse::KEEP_ALIVE), false),
                Some(Out::Notify(frame) | Out::Ask(frame)) => (event(None, &frame), false),
                Some(Out::Answer(answer)) => (event(None, &answer.frame), true),
            };
            Some((Ok(BodyFrame::data(bytes)), (None, rest, cancel, done)))
        },
    )))
}

/// How a legacy stream introduces itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// 2025-11-25: an event with an id and no data comes first, so that the client can resume from the very start.
    Primed,
    Plain,
}

/// A legacy stream: numbered, so that it can be read on from another connection. `keep` lives as long as the stream.
pub fn legacy_stream<K: Send + 'static>(
    number: u64,
    reader: Reader,
    opening: Opening,
    keep: K,
) -> Reply {
    let state = (reader, opening == Opening::Primed, keep);
    event_stream(Box::pin(stream::unfold(
        state,
        move |(mut reader, prime, keep)| async move {
            if prime {
                let bytes = sse::encode(Some(&format!("{number}-0")), Some(1_000), "");
                return Some((Ok(BodyFrame::data(bytes)), (reader, false, keep)));
            }
            let bytes = match tokio::time::timeout(KEEP_ALIVE, reader.next()).await {
                Ok(Some((event_number, frame))) => {
                    event(Some(&format!("{number}-{event_number}")), &frame)
                }
                Ok(None) => return None,
                Err(_) => Bytes::from_static(sse::KEEP_ALIVE),
            };
            Some((Ok(BodyFrame::data(bytes)), (reader, false, keep)))
        },
    )))
}

fn event(id: Option<&str>, frame: &Frame) -> Bytes {
    sse::encode(id, None, edit::one_line(frame.raw()).as_str())
}
