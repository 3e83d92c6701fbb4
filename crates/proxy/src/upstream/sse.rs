//! HTTP+SSE of 2024-11-05 as a client: one event stream for everything the server says, a POST for everything we say.

use bytes::Bytes;
use http::{HeaderValue, Method as Verb, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;
use wardgate_protocol::{Frame, Limits, scan::Keys, sse};

use super::{
    fault::{FlightFault, LinkFault},
    http::{HttpSite, chain},
    http_client::origin_form,
    http_connection::Reply,
};

pub struct SseWire {
    site: HttpSite,
    /// In origin-form; the origin is the site's.
    endpoint: Uri,
}

/// Opens the stream and waits for its `endpoint` event. Frames go to `incoming`; the stream's end cancels `closed`.
///
/// # Errors
/// When the stream cannot be opened or names no endpoint of its own origin.
pub async fn open(
    site: HttpSite,
    base: &Url,
    incoming: mpsc::Sender<Frame>,
    closed: CancellationToken,
    tasks: &TaskTracker,
) -> Result<SseWire, LinkFault> {
    let mut request = Request::new(Full::new(Bytes::new()));
    *request.uri_mut() = site.path.clone();
    *request.headers_mut() = site.fixed.clone();
    request.headers_mut().insert(
        header::ACCEPT,
        HeaderValue::from_static("text/event-stream"),
    );
    let response = site
        .origin
        .request(request)
        .await
        .map_err(|error| LinkFault::Unreachable {
            detail: chain(&error),
        })?;
    if response.status() != StatusCode::OK {
        return Err(LinkFault::EraRefused {
            detail: format!(
                "the event stream answered HTTP {}",
                response.status().as_u16()
            ),
        });
    }
    let mut stream = Stream {
        body: response.into_body(),
        decoder: sse::Decoder::new(site.reply_bytes_max),
    };
    let path = stream.endpoint().await?;
    let endpoint = same_origin(base, &path)?;
    tasks.spawn(read(stream, site.reply_bytes_max, incoming, closed));
    Ok(SseWire { site, endpoint })
}

/// The server names where to POST; only its own origin is believed, or it could send our credentials elsewhere.
fn same_origin(base: &Url, path: &str) -> Result<Uri, LinkFault> {
    let bad = || LinkFault::EraRefused {
        detail: "the endpoint event does not name a path of the same origin".into(),
    };
    let url = base.join(path).map_err(|_| bad())?;
    if url.origin() != base.origin() {
        return Err(bad());
    }
    origin_form(&url).ok_or_else(bad)
}

struct Stream {
    body: Reply,
    decoder: sse::Decoder,
}

impl Stream {
    async fn next_event(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(event) = self.decoder.next_event() {
                return Some(event);
            }
            let data = self.body.frame().await?.ok()?.into_data().ok()?;
            self.decoder.push(&data).ok()?;
        }
    }

    async fn endpoint(&mut self) -> Result<String, LinkFault> {
        while let Some(event) = self.next_event().await {
            if let (Some("endpoint"), Some(data)) = (event.event.as_deref(), event.data) {
                return Ok(String::from_utf8_lossy(&data).into_owned());
            }
        }
        Err(LinkFault::EraRefused {
            detail: "the event stream named no endpoint".into(),
        })
    }
}

async fn read(
    mut stream: Stream,
    bytes_max: usize,
    incoming: mpsc::Sender<Frame>,
    closed: CancellationToken,
) {
    let _ends_with_us = closed.clone().drop_guard();
    let limits = Limits {
        message_bytes_max: bytes_max,
        ..Limits::default()
    };
    while let Some(Some(event)) = closed.run_until_cancelled(stream.next_event()).await {
        let Some(data) = event.data else { continue };
        match Frame::parse(data, &limits, Keys::Lenient) {
            Ok(frame) => {
                if incoming.send(frame).await.is_err() {
                    return;
                }
            }
            Err(fault) => tracing::debug!(%fault, "event ignored"),
        }
    }
}

impl SseWire {
    /// Posts one message; the answer, if any, comes on the stream.
    ///
    /// # Errors
    /// [`FlightFault`] with what is known about the message's fate.
    pub async fn send(&self, frame: &Frame) -> Result<(), FlightFault> {
        let mut request = Request::new(Full::new(frame.raw().bytes()));
        *request.method_mut() = Verb::POST;
        *request.uri_mut() = self.endpoint.clone();
        *request.headers_mut() = self.site.fixed.clone();
        request.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let response = self.site.origin.request(request).await?;
        match response.status().as_u16() {
            200..=299 => Ok(()),
            400 | 404 => Err(FlightFault::SessionLost),
            _ => Err(FlightFault::Broken {
                reason: "the server answered with an HTTP error",
            }),
        }
    }
}
