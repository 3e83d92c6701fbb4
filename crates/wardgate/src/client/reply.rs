//! The answer to one request: one JSON message, or a stream of events that ends with it.

use bytes::Bytes;
use http::{Response, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use wardgate_protocol::{Frame, Kind, Limits, Raw, RequestId, RpcError, scan::Keys, sse::Decoder};

use super::ClientError;

/// Bytes of one answer or event.
const BYTES_MAX: usize = 64 << 20;

/// Reads until the result is there.
///
/// # Errors
/// When the gateway answers with an error, or with what is not MCP.
///
/// # Cancel safety
/// Not to be resumed: what was read is lost.
pub async fn read(
    answer: Response<Incoming>,
    id: &RequestId,
    notice: &mut dyn FnMut(&Frame),
) -> Result<Raw, ClientError> {
    let status = answer.status();
    let text = |name| {
        answer
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let retry_after = text(header::RETRY_AFTER).map(ToOwned::to_owned);
    let kind = text(header::CONTENT_TYPE)
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let (status, body) = (status.as_u16(), answer.into_body());
    let frame = match kind.as_str() {
        "application/json" => parse(whole(body).await?)?,
        "text/event-stream" => stream(body, id, notice).await?,
        _ if status != 200 => {
            return Err(ClientError::Status {
                status,
                retry_after,
            });
        }
        _ => return Err(ClientError::Protocol("neither JSON nor an event stream")),
    };
    match (frame.kind(), frame.result(), frame.error()) {
        (Kind::Result, Some(result), _) => Ok(result.clone()),
        (Kind::Error, _, Some(raw)) => {
            let error = RpcError::read(raw)
                .ok_or(ClientError::Protocol("an error without code and message"))?;
            Err(ClientError::Rpc {
                status,
                error,
                retry_after,
            })
        }
        _ => Err(ClientError::Protocol("no result and no error")),
    }
}

fn parse(bytes: Bytes) -> Result<Frame, ClientError> {
    let limits = Limits {
        message_bytes_max: BYTES_MAX,
        ..Limits::default()
    };
    Frame::parse(bytes, &limits, Keys::Lenient)
        .map_err(|_| ClientError::Protocol("a message cannot be read"))
}

async fn whole(body: Incoming) -> Result<Bytes, ClientError> {
    match Limited::new(body, BYTES_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(_) => Err(ClientError::Protocol(
            "the answer is too large or broke off",
        )),
    }
}

async fn stream(
    mut body: Incoming,
    id: &RequestId,
    notice: &mut dyn FnMut(&Frame),
) -> Result<Frame, ClientError> {
    let mut decoder = Decoder::new(BYTES_MAX);
    while let Some(part) = body.frame().await {
        let Ok(bytes) = part?.into_data() else {
            continue;
        };
        decoder
            .push(&bytes)
            .map_err(|_| ClientError::Protocol("an event is too large or is not text"))?;
        while let Some(event) = decoder.next_event() {
            let Some(data) = event.data.filter(|data| !data.is_empty()) else {
                continue;
            };
            let frame = parse(data)?;
            match frame.kind() {
                Kind::Notification => notice(&frame),
                Kind::Result | Kind::Error if frame.id().is_none_or(|found| found == id) => {
                    return Ok(frame);
                }
                _ => {}
            }
        }
    }
    Err(ClientError::Protocol("the stream ended without an answer"))
}
