//! Streamable HTTP as a client, both eras. Every header is made here; none of the client's is copied.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method as Verb, Request, Response, StatusCode, Uri, header,
};
use http_body_util::Full;
use wardgate_model::Secret;
use wardgate_protocol::{Frame, Kind, Revision, edit, headers};

use super::{
    fault::FlightFault,
    http_client::{Origin, SendFault},
    http_connection::Reply,
    http_flight::HttpReplies,
};

/// What stays the same for every request of a link.
pub struct HttpWire {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    origin: Arc<Origin>,
    path: Uri,
    /// Configured headers with their secrets resolved; marked sensitive.
    fixed: HeaderMap,
    pub revision: Revision,
    session: Option<HeaderValue>,
    pub reply_bytes_max: usize,
}

/// Everything needed to talk before a session exists.
#[derive(Clone)]
pub struct HttpSite {
    pub origin: Arc<Origin>,
    /// The target in origin-form.
    pub path: Uri,
    pub fixed: HeaderMap,
    pub reply_bytes_max: usize,
}

impl HttpSite {
    pub fn wire(&self, revision: Revision, session: Option<HeaderValue>) -> HttpWire {
        HttpWire {
            inner: Arc::new(Inner {
                origin: self.origin.clone(),
                path: self.path.clone(),
                fixed: self.fixed.clone(),
                revision,
                session,
                reply_bytes_max: self.reply_bytes_max,
            }),
        }
    }
}

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static(headers::PROTOCOL_VERSION);
const SESSION_ID: HeaderName = HeaderName::from_static(headers::SESSION_ID);

/// A header that repeats something of the body.
pub type Mirrored = (HeaderName, HeaderValue);

/// Puts a resolved secret or plain value into a header.
pub fn header_value(prefix: &str, secret: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("{prefix}{}", secret.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl HttpWire {
    /// Sends one message. Returns the replies for a request, `None` where 202 said that there are none.
    ///
    /// # Errors
    /// [`FlightFault`] with what is known about the message's fate.
    pub async fn post(
        &self,
        frame: &Frame,
        mirrored: &[Mirrored],
    ) -> Result<Option<HttpReplies>, FlightFault> {
        let (replies, _) = self.post_for_session(frame, mirrored).await?;
        Ok(replies)
    }

    /// As [`HttpWire::post`], and returns the session id the server gave (to `initialize`).
    pub async fn post_for_session(
        &self,
        frame: &Frame,
        mirrored: &[Mirrored],
    ) -> Result<(Option<HttpReplies>, Option<HeaderValue>), FlightFault> {
        let mut request = Request::new(Full::new(frame.raw().bytes()));
        *request.method_mut() = Verb::POST;
        *request.uri_mut() = self.inner.path.clone();
        *request.headers_mut() = self.inner.headers(frame.method() == Some("initialize"));
        let head = request.headers_mut();
        head.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        for (name, value) in mirrored {
            head.insert(name.clone(), value.clone());
        }
        let response = self.inner.origin.request(request).await?;
        let session = response.headers().get(SESSION_ID).cloned();
        Ok((self.inner.clone().replies(frame, response).await?, session))
    }

    /// Opens the GET stream of a legacy session; `None` when the server offers none.
    ///
    /// # Errors
    /// As [`HttpWire::post`].
    pub async fn listen(&self) -> Result<Option<HttpReplies>, FlightFault> {
        let response = self.inner.get(None).await?;
        match response.status() {
            StatusCode::OK if is_stream(&response) => Ok(Some(HttpReplies::stream(
                self.inner.clone(),
                response.into_body(),
            ))),
            StatusCode::NOT_FOUND if self.inner.session.is_some() => Err(FlightFault::SessionLost),
            _ => Ok(None),
        }
    }

    /// Ends the session politely; a server that does not care is no fault.
    pub async fn delete(&self) {
        if self.inner.session.is_none() {
            return;
        }
        let mut request = Request::new(Full::new(Bytes::new()));
        *request.method_mut() = Verb::DELETE;
        *request.uri_mut() = self.inner.path.clone();
        *request.headers_mut() = self.inner.headers(false);
        if let Err(error) = self.inner.origin.request(request).await {
            tracing::debug!(%error, "session end not delivered");
        }
    }
}

impl Inner {
    fn headers(&self, opening: bool) -> HeaderMap {
        let mut head = self.fixed.clone();
        head.insert(
            header::ACCEPT,
            HeaderValue::from_static("application/json, text/event-stream"),
        );
        if !opening {
            head.insert(
                PROTOCOL_VERSION,
                HeaderValue::from_static(self.revision.as_str()),
            );
        }
        if let Some(session) = &self.session {
            head.insert(SESSION_ID, session.clone());
        }
        head
    }

    /// GETs the event stream, continuing after an event id where one is given.
    pub(super) async fn get(&self, after: Option<&str>) -> Result<Response<Reply>, FlightFault> {
        let mut request = Request::new(Full::new(Bytes::new()));
        *request.uri_mut() = self.path.clone();
        *request.headers_mut() = self.headers(false);
        request.headers_mut().insert(
            header::ACCEPT,
            HeaderValue::from_static("text/event-stream"),
        );
        if let Some(id) = after.and_then(|id| HeaderValue::from_str(id).ok()) {
            request.headers_mut().insert("last-event-id", id);
        }
        Ok(self.origin.request(request).await?)
    }

    async fn replies(
        self: Arc<Self>,
        sent: &Frame,
        response: Response<Reply>,
    ) -> Result<Option<HttpReplies>, FlightFault> {
        let status = response.status();
        if sent.kind() != Kind::Request {
            return match status.as_u16() {
                200..=299 => Ok(None),
                404 if self.session.is_some() => Err(FlightFault::SessionLost),
                _ => Err(FlightFault::Broken {
                    reason: "the server refused a message",
                }),
            };
        }
        if status == StatusCode::OK && is_stream(&response) {
            return Ok(Some(HttpReplies::stream(self, response.into_body())));
        }
        if let Some(retry_after) = busy(&response) {
            return Err(FlightFault::Busy { retry_after });
        }
        let frame = HttpReplies::whole(&self, response.into_body()).await;
        match (status, frame) {
            (_, Err(fault @ FlightFault::Lost { .. })) => Err(fault),
            (status, Ok(frame))
                if !status.is_success() && self.forgot_session(status, Some(&frame)) =>
            {
                Err(FlightFault::SessionLost)
            }
            (_, Ok(frame)) => Ok(Some(HttpReplies::ready(self, frame))),
            (status, Err(_)) if self.forgot_session(status, None) => Err(FlightFault::SessionLost),
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Err(_)) => {
                Err(FlightFault::Broken {
                    reason: "the server refused the gateway's credential",
                })
            }
            (status, Err(_)) if status.is_redirection() => Err(FlightFault::Broken {
                reason: "the server redirected, which is not followed",
            }),
            (status, Err(fault)) if status.is_success() => Err(fault),
            (_, Err(_)) => Err(FlightFault::Broken {
                reason: "the server answered with an HTTP error",
            }),
        }
    }

    /// 404 is the spec's sign; servers in the field also say 400 with an error that speaks of the session.
    fn forgot_session(&self, status: StatusCode, frame: Option<&Frame>) -> bool {
        if self.session.is_none() {
            return false;
        }
        match status {
            StatusCode::NOT_FOUND => true,
            StatusCode::BAD_REQUEST => frame
                .and_then(|frame| edit::get(frame.error()?.as_str(), &["message"]))
                .is_some_and(|message| message.to_ascii_lowercase().contains("session")),
            _ => false,
        }
    }
}

fn busy(response: &Response<Reply>) -> Option<Duration> {
    if !matches!(
        response.status(),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        return None;
    }
    let seconds = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    Some(Duration::from_secs(seconds.unwrap_or(1).clamp(1, 3600)))
}

fn is_stream(response: &Response<Reply>) -> bool {
    let media = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    media
        .split(';')
        .next()
        .is_some_and(|media| media.trim().eq_ignore_ascii_case("text/event-stream"))
}

impl From<SendFault> for FlightFault {
    fn from(fault: SendFault) -> FlightFault {
        match fault {
            SendFault::NotSent { detail } => FlightFault::NotSent { detail },
            SendFault::Lost(error) => FlightFault::Lost {
                detail: chain(&error),
            },
        }
    }
}

/// Writes an error with its causes, for the operator's log.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
