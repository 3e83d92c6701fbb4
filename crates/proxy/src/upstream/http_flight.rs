//! The replies to one POST: a whole JSON answer, or an event stream read as far as someone asks.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Body;
use wardgate_protocol::{Frame, Kind, Limits, Revision, frame::FrameFault, scan::Keys, sse};

use crate::gather::Gather;

use super::{fault::FlightFault, http::Inner, http_connection::Reply, routes::Event};

pub struct HttpReplies {
    wire: Arc<Inner>,
    source: Source,
}

enum Source {
    Ready(Option<Frame>),
    Stream(Box<Stream>),
}

struct Stream {
    body: Reply,
    decoder: sse::Decoder,
    last_id: Option<String>,
    retry: Duration,
    resumptions: u32,
    events: u64,
    /// Bytes read since the task that reads was last given up.
    greed: usize,
}

/// Events one call may bring; a server that talks more than this is not answering.
const EVENTS_MAX: u64 = 1_000_000;
/// Times a stream that broke off is picked up again.
const RESUMPTIONS_MAX: u32 = 16;

/// Bytes of a stream read in one go. Whoever reads also minds the deadline, and a server that never pauses must not keep it
/// from looking.
const GREED_MAX: usize = 64 << 10;

impl HttpReplies {
    pub(super) fn ready(wire: Arc<Inner>, frame: Frame) -> HttpReplies {
        HttpReplies {
            wire,
            source: Source::Ready(Some(frame)),
        }
    }

    pub(super) fn stream(wire: Arc<Inner>, body: Reply) -> HttpReplies {
        let decoder = sse::Decoder::new(wire.reply_bytes_max);
        let stream = Stream {
            body,
            decoder,
            last_id: None,
            retry: Duration::from_millis(500),
            resumptions: 0,
            events: 0,
            greed: 0,
        };
        HttpReplies {
            wire,
            source: Source::Stream(Box::new(stream)),
        }
    }

    /// Reads a whole body as one frame.
    pub(super) async fn whole(wire: &Inner, mut body: Reply) -> Result<Frame, FlightFault> {
        let mut gather = Gather::default();
        if body.size_hint().lower() > wire.reply_bytes_max as u64 {
            return Err(FlightFault::Broken {
                reason: "the answer is too large",
            });
        }
        while let Some(part) = body.frame().await {
            let part = part.map_err(|error| FlightFault::Lost {
                detail: super::http::chain(&error),
            })?;
            let Ok(data) = part.into_data() else { continue };
            if gather.len() + data.len() > wire.reply_bytes_max {
                return Err(FlightFault::Broken {
                    reason: "the answer is too large",
                });
            }
            gather.push(data, body.size_hint().lower());
            if body.is_end_stream() {
                break;
            }
        }
        parse(gather.finish(), wire.reply_bytes_max)
    }

    /// Returns what comes next for request `id`.
    ///
    /// # Cancel safety
    /// Bytes read are kept; nothing is lost when dropped.
    pub async fn next(&mut self, id: u64) -> Event {
        let Source::Stream(stream) = &mut self.source else {
            let Source::Ready(frame) = &mut self.source else {
                unreachable!("there are two sources")
            };
            return match frame.take() {
                Some(frame) if belongs(&frame, id) => Event::Reply(frame),
                Some(_) => Event::Fault(FlightFault::Broken {
                    reason: "the answer is to another request",
                }),
                None => std::future::pending().await,
            };
        };
        loop {
            match stream.next_frame(&self.wire).await {
                Err(fault) => return Event::Fault(fault),
                Ok(frame) => {
                    if let Some(event) = classify(frame, id, self.wire.revision) {
                        return event;
                    }
                }
            }
        }
    }

    /// Returns the next frame of a GET stream, whoever it is for; `None` at its end.
    ///
    /// # Cancel safety
    /// As [`HttpReplies::next`].
    pub async fn next_any(&mut self) -> Option<Frame> {
        match &mut self.source {
            Source::Ready(frame) => frame.take(),
            Source::Stream(stream) => stream.next_frame(&self.wire).await.ok(),
        }
    }
}

impl Stream {
    async fn next_frame(&mut self, wire: &Inner) -> Result<Frame, FlightFault> {
        loop {
            while let Some(event) = self.decoder.next_event() {
                self.count()?;
                if let Some(frame) = self.take(event, wire.reply_bytes_max)? {
                    return Ok(frame);
                }
            }
            match self.body.frame().await {
                Some(Ok(part)) => {
                    let Ok(data) = part.into_data() else { continue };
                    self.decoder.push(&data).map_err(|_| FlightFault::Broken {
                        reason: "an event is too large",
                    })?;
                    self.greed += data.len();
                    if self.greed > GREED_MAX {
                        self.greed = 0;
                        tokio::task::yield_now().await;
                    }
                }
                Some(Err(error)) => self.resume(wire, super::http::chain(&error)).await?,
                None => {
                    self.resume(wire, "the stream ended before the answer".into())
                        .await?
                }
            }
        }
    }

    fn count(&mut self) -> Result<(), FlightFault> {
        self.events += 1;
        if self.events > EVENTS_MAX {
            Err(FlightFault::Broken {
                reason: "too many events in one answer",
            })
        } else {
            Ok(())
        }
    }

    fn take(&mut self, event: sse::Event, bytes_max: usize) -> Result<Option<Frame>, FlightFault> {
        if let Some(retry_ms) = event.retry_ms {
            self.retry = Duration::from_millis(retry_ms.clamp(10, 30_000));
        }
        if event.id.is_some() {
            self.last_id = event.id;
        }
        match event.data {
            Some(data)
                if !data.is_empty()
                    && event.event.as_deref().is_none_or(|name| name == "message") =>
            {
                parse(data, bytes_max).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Picks a broken stream up where it stopped. MCP 2025-11-25 basic/transports, "Resumability": only when the server gave event ids;
    /// 2026-07-28 has no resumption, a lost stream is a lost request.
    async fn resume(&mut self, wire: &Inner, why: String) -> Result<(), FlightFault> {
        let lost = FlightFault::Lost { detail: why };
        let Some(id) = self
            .last_id
            .clone()
            .filter(|_| wire.revision < Revision::V2026_07_28)
        else {
            return Err(lost);
        };
        while self.resumptions < RESUMPTIONS_MAX {
            self.resumptions += 1;
            tokio::time::sleep(self.retry).await;
            let Ok(response) = wire.get(Some(&id)).await else {
                continue;
            };
            if !response.status().is_success() {
                return Err(lost);
            }
            self.body = response.into_body();
            self.decoder = sse::Decoder::new(wire.reply_bytes_max);
            return Ok(());
        }
        Err(lost)
    }
}

fn parse(bytes: Bytes, bytes_max: usize) -> Result<Frame, FlightFault> {
    let limits = Limits {
        message_bytes_max: bytes_max,
        ..Limits::default()
    };
    Frame::parse(bytes, &limits, Keys::Lenient).map_err(|fault| FlightFault::Broken {
        reason: match fault {
            FrameFault::Parse(_) => "the answer is not valid JSON",
            FrameFault::Batch | FrameFault::Invalid { .. } => {
                "the answer is not a JSON-RPC message"
            }
        },
    })
}

/// An error without id is about the only request on this connection.
fn belongs(frame: &Frame, id: u64) -> bool {
    match frame.kind() {
        Kind::Result => frame.id().and_then(|got| got.as_u64()) == Some(id),
        Kind::Error => frame.id().is_none_or(|got| got.as_u64() == Some(id)),
        Kind::Request | Kind::Notification => false,
    }
}

/// Drops what has no place on this stream: answers to others, and requests on the modern era, which has none.
fn classify(frame: Frame, id: u64, revision: Revision) -> Option<Event> {
    match frame.kind() {
        Kind::Result | Kind::Error => belongs(&frame, id).then_some(Event::Reply(frame)),
        Kind::Request if revision < Revision::V2026_07_28 => Some(Event::Request(frame)),
        Kind::Request => None,
        Kind::Notification => Some(Event::Notification(frame)),
    }
}
