//! One live connection to a server: what it said of itself, and the wire it is reached by.

use std::{sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use wardgate_protocol::{
    Era, Frame, Lookup, Method, Raw, RequestId, Revision, RpcError, edit, error, headers, method,
};

use super::{
    changes::News,
    fault::FlightFault,
    flight::Flight,
    http::{HttpWire, Mirrored},
    routes::{Routes, Stray},
    sse::SseWire,
    stdio::StdioWire,
};

/// What the server said when the link was made.
#[derive(Clone, Debug)]
pub struct Hello {
    pub revision: Revision,
    pub capabilities: Raw,
    pub info: Option<Raw>,
    pub instructions: Option<String>,
}

impl Hello {
    /// Reads the result of `initialize` or `server/discover`.
    pub fn read(revision: Revision, result: &Raw) -> Hello {
        let text = result.as_str();
        let info = edit::get(text, &["serverInfo"])
            .or_else(|| edit::get(text, &["_meta", wardgate_protocol::meta::SERVER_INFO]));
        Hello {
            revision,
            capabilities: edit::get(text, &["capabilities"])
                .map_or_else(|| Raw::trusted("{}"), |part| result.slice_of(part)),
            info: info.map(|part| result.slice_of(part)),
            instructions: edit::get(text, &["instructions"])
                .and_then(edit::string)
                .map(|text| text.into_owned()),
        }
    }

    pub fn has(&self, path: &[&str]) -> bool {
        !matches!(
            edit::get(self.capabilities.as_str(), path),
            None | Some("false" | "null")
        )
    }
}

pub enum Wire {
    Stdio(StdioWire),
    Http(HttpWire),
    Sse(Box<SseWire>),
}

pub struct Link {
    pub hello: Hello,
    pub wire: Wire,
    pub routes: Arc<Routes>,
    /// Cancelled when the link is of no more use, by whoever notices.
    pub closed: CancellationToken,
    pub tasks: TaskTracker,
    /// What is told to the server while nobody waits for it. A server that hangs collects no more connections than this.
    pub errands: Arc<Semaphore>,
}

/// Errands of one link under way at one time.
pub const ERRANDS_MAX: usize = 64;
/// An errand that takes longer is given up.
const ERRAND: Duration = Duration::from_secs(5);

impl Link {
    pub fn era(&self) -> Era {
        self.hello.revision.era()
    }

    /// Says whether everything about a request comes in the answer to its own POST (MCP 2026-07-28 basic/transports).
    pub fn answers_apart(&self) -> bool {
        matches!(self.wire, Wire::Http(_)) && self.era() == Era::Modern
    }

    pub fn is_open(&self) -> bool {
        !self.closed.is_cancelled()
    }

    pub fn flight(self: &Arc<Self>, owner: Option<u64>) -> Flight {
        Flight::new(self.clone(), owner)
    }

    /// Sends one of the gateway's own requests and waits for its answer.
    ///
    /// # Errors
    /// As [`Flight::result`].
    pub async fn ask(
        self: &Arc<Self>,
        method: &Method,
        params: &Raw,
    ) -> Result<Result<Raw, Raw>, FlightFault> {
        let mut flight = self.flight(None);
        let frame = Frame::request(&flight.id(), method.as_str(), Some(params));
        flight.launch(&frame, &mirrored(method, params)).await?;
        flight.result().await
    }

    /// Sends a notification or a response, which nobody answers.
    ///
    /// # Errors
    /// When it could not be sent.
    pub async fn send_side(&self, frame: &Frame) -> Result<(), FlightFault> {
        match &self.wire {
            Wire::Stdio(wire) => wire.send(frame).await,
            Wire::Sse(wire) => wire.send(frame).await,
            Wire::Http(wire) => wire.post(frame, &[]).await.map(|_| ()),
        }
    }

    /// Tells the server to give up a request. MCP: `notifications/cancelled`, but on modern HTTP closing the stream is the sign.
    pub fn cancel(self: &Arc<Self>, id: u64) {
        if self.answers_apart() || !self.is_open() {
            return;
        }
        let params = Raw::trusted(format!(
            r#"{{"requestId":{id},"reason":"the caller gave up"}}"#
        ));
        let frame = Frame::notification(Method::NotificationCancelled.as_str(), Some(&params));
        let link = self.clone();
        self.errand("cancellation", async move { link.send_side(&frame).await });
    }

    /// Tells the server something in the background, once fewer than [`ERRANDS_MAX`] are being told, and not for long.
    pub fn errand<T>(
        &self,
        what: &'static str,
        work: impl Future<Output = Result<T, FlightFault>> + Send + 'static,
    ) {
        let errands = self.errands.clone();
        self.tasks.spawn(async move {
            let told = async {
                let _place = errands.acquire_owned().await;
                work.await
            };
            match tokio::time::timeout(ERRAND, told).await {
                Ok(Ok(_)) => {}
                Ok(Err(fault)) => tracing::debug!(what, %fault, "not delivered"),
                Err(_) => tracing::debug!(what, "not delivered in time"),
            }
        });
    }

    /// Refuses a server's request that no client can be asked for.
    pub async fn refuse(&self, request: &Frame) {
        let Some(id) = request.id() else { return };
        let answer = unsolicited(request.method().unwrap_or_default(), id);
        if let Err(fault) = self.send_side(&answer).await {
            tracing::debug!(%fault, "refusal not delivered");
        }
    }

    /// Handles what a shared stream brought and no request claimed; returns the news in it.
    pub fn stray(self: &Arc<Self>, frame: Frame) -> Option<News> {
        match self.routes.deliver(frame) {
            Stray::Nothing => None,
            Stray::News(news) => Some(news),
            Stray::Request(request) => {
                // A server that asks faster than it can be refused gets no answer to the rest.
                if let Ok(place) = self.errands.clone().try_acquire_owned() {
                    self.tasks.spawn(refuse_aside(self.clone(), request, place));
                }
                None
            }
        }
    }

    /// Closes the link when a fault says that it is of no more use.
    pub fn note_fault(&self, fault: &FlightFault) {
        match fault {
            FlightFault::SessionLost => self.closed.cancel(),
            FlightFault::NotSent { .. }
            | FlightFault::Lost { .. }
            | FlightFault::Busy { .. }
            | FlightFault::Broken { .. } => {}
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

async fn refuse_aside(link: Arc<Link>, request: Frame, _place: OwnedSemaphorePermit) {
    let refused = tokio::time::timeout(ERRAND, link.refuse(&request)).await;
    if refused.is_err() {
        tracing::debug!("refusal not delivered in time");
    }
}

/// The answer to a server's request outside any call: pings are answered, roots are none, the rest is not supported.
fn unsolicited(method: &str, id: &RequestId) -> Frame {
    match Method::parse(method) {
        Method::Ping => Frame::success(id, &Raw::trusted("{}")),
        Method::RootsList => Frame::success(id, &Raw::trusted(r#"{"roots":[]}"#)),
        _ => Frame::failure(
            Some(id),
            &RpcError::new(error::METHOD_NOT_FOUND, "no client can be asked for this").to_raw(),
        ),
    }
}

/// Returns the mirrored headers of a modern request but for the tool parameters.
pub fn mirrored(method: &method::Method, params: &impl Lookup) -> Vec<Mirrored> {
    let named = method.name_key().and_then(|key| params.find(&[key]));
    mirrored_named(method, named.and_then(edit::string).as_deref())
}

/// As [`mirrored`], where it is known what the method's name key says.
/// MCP 2026-07-28 basic/transports: `Mcp-Method` always, `Mcp-Name` for methods that have one.
pub fn mirrored_named(method: &method::Method, named: Option<&str>) -> Vec<Mirrored> {
    const METHOD: HeaderName = HeaderName::from_static(headers::METHOD);
    const NAME: HeaderName = HeaderName::from_static(headers::NAME);
    let mut all = Vec::with_capacity(2);
    all.extend(mirror(METHOD, method.as_str()));
    all.extend(named.and_then(|name| mirror(NAME, name)));
    all
}

/// Returns the header that repeats `value`, encoded where it must be.
pub fn mirror(name: HeaderName, value: &str) -> Option<Mirrored> {
    let value = HeaderValue::from_str(&headers::encode(value)).ok()?;
    Some((name, value))
}
