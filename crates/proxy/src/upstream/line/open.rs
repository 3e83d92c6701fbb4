//! Opening a link: the wire first, then `server/discover` or `initialize`.

use std::sync::Weak;

use super::*;
use crate::upstream::{
    http::{HttpSite, HttpWire},
    http_client::origin_form,
    http_flight::HttpReplies,
    link::{ERRANDS_MAX, Hello, Wire, mirrored},
    routes::{Event, Routes},
    sse, stdio,
};
use http::{HeaderMap, HeaderName};
use tokio::sync::Semaphore;
use wardgate_protocol::{Method, RequestId, Revision, RpcError, edit, error, meta};

/// A child may have to load an interpreter and its packages before it can answer.
const CHILD_START: Duration = Duration::from_secs(30);
/// A server of the other era may simply not answer the probe.
const PROBE: Duration = Duration::from_secs(10);

impl Line {
    pub(super) async fn open(self: &Arc<Self>) -> Result<Arc<Link>, LinkFault> {
        let limit = match (&self.server.endpoint, self.key.era, self.server.era) {
            (Endpoint::Stdio { .. }, Era::Modern, wardgate_snapshot::EraPin::Auto) => {
                PROBE.max(self.server.timeouts.connect)
            }
            (Endpoint::Stdio { .. }, _, _) => CHILD_START.max(self.server.timeouts.connect),
            (Endpoint::Http { .. } | Endpoint::Sse { .. }, _, _) => {
                self.server.timeouts.connect * 2
            }
        };
        let closed = self.closed.child_token();
        let half_open = closed.clone().drop_guard();
        let opened = tokio::time::timeout(limit, self.open_wire(closed)).await;
        let link = match opened {
            Ok(opened) => opened?,
            Err(_) if self.key.era == Era::Modern => {
                return Err(LinkFault::EraRefused {
                    detail: "no answer to server/discover".into(),
                });
            }
            Err(_) => {
                return Err(LinkFault::Unreachable {
                    detail: format!("no answer within {limit:?}"),
                });
            }
        };
        half_open.disarm();
        Ok(link)
    }

    async fn open_wire(
        self: &Arc<Self>,
        closed: CancellationToken,
    ) -> Result<Arc<Link>, LinkFault> {
        match &self.server.endpoint {
            Endpoint::Http { url, headers, tls } => {
                let site = self.site(url, headers, tls).await?;
                match self.key.era {
                    Era::Modern => self.discover_http(site, closed).await,
                    Era::Legacy => self.initialize_http(site, closed).await,
                }
            }
            Endpoint::Sse { url, headers, tls } => {
                let site = self.site(url, headers, tls).await?;
                // A full channel makes the reader wait, and so the server.
                let (incoming, frames) = mpsc::channel(64);
                let wire =
                    sse::open(site, url, incoming, closed.clone(), &self.means.tasks).await?;
                self.greet(Wire::Sse(Box::new(wire)), frames, closed).await
            }
            Endpoint::Stdio {
                command,
                env,
                inherit_env,
                cwd,
            } => {
                let env = self.resolve(env).await?;
                let spec = child::ChildSpec {
                    command,
                    env,
                    inherit_env,
                    cwd: cwd.as_deref(),
                };
                let process = child::spawn(&self.means.launcher, &spec).map_err(|error| {
                    LinkFault::Unreachable {
                        detail: format!("cannot start the command: {error}"),
                    }
                })?;
                let (incoming, frames) = mpsc::channel(64);
                let wire = stdio::open(
                    process,
                    self.server.alias.as_str(),
                    self.server.reply_bytes_max,
                    incoming,
                    closed.clone(),
                    &self.means.tasks,
                    &self.means.children,
                );
                let stderr = wire.stderr.clone();
                self.greet(Wire::Stdio(wire), frames, closed)
                    .await
                    .map_err(|fault| match (fault, stderr.last_line()) {
                        (LinkFault::Unreachable { detail }, Some(line)) => LinkFault::Unreachable {
                            detail: format!("{detail}; it said: {line}"),
                        },
                        (fault, _) => fault,
                    })
            }
        }
    }

    async fn site(
        &self,
        url: &url::Url,
        headers: &[(String, HeaderValue)],
        tls: &wardgate_snapshot::TlsTrust,
    ) -> Result<HttpSite, LinkFault> {
        let unusable = |detail: String| LinkFault::Unreachable { detail };
        let mut fixed = HeaderMap::new();
        for (name, secret) in self.resolve(headers).await? {
            let name = HeaderName::try_from(&name)
                .map_err(|_| unusable(format!("`{name}` is not a header name")))?;
            let value = crate::upstream::http::header_value("", &secret)
                .ok_or_else(|| unusable(format!("the value of `{name}` is not a header value")))?;
            fixed.insert(name, value);
        }
        let client = self
            .means
            .clients
            .client(tls)
            .map_err(|fault| unusable(fault.to_string()))?;
        let usable = client.origin(url).zip(origin_form(url));
        let (origin, path) = usable.ok_or_else(|| unusable("the URL is not usable".into()))?;
        Ok(HttpSite {
            origin,
            path,
            fixed,
            reply_bytes_max: self.server.reply_bytes_max,
        })
    }

    fn joined(
        &self,
        hello: Hello,
        wire: Wire,
        routes: Arc<Routes>,
        closed: CancellationToken,
    ) -> Arc<Link> {
        Arc::new(Link {
            hello,
            wire,
            routes,
            closed,
            tasks: self.means.tasks.clone(),
            errands: Arc::new(Semaphore::new(ERRANDS_MAX)),
        })
    }

    fn initialize(&self) -> Raw {
        Raw::of(&serde_json::json!({
            "protocolVersion": Revision::NEWEST_LEGACY.as_str(),
            "capabilities": serde_json::value::RawValue::from_string(self.key.declared.capabilities().as_str().to_owned()).ok(),
            "clientInfo": client_info(),
        }))
    }

    async fn initialize_http(
        &self,
        site: HttpSite,
        closed: CancellationToken,
    ) -> Result<Arc<Link>, LinkFault> {
        let opening = site.wire(Revision::NEWEST_LEGACY, None);
        let id = RequestId::number(0);
        let frame = Frame::request(&id, "initialize", Some(&self.initialize()));
        let (replies, session) = opening
            .post_for_session(&frame, &[])
            .await
            .map_err(link_fault)?;
        let hello = hello(result(&reply(replies).await?)?)?;
        let wire = site.wire(hello.revision, session);
        wire.post(&Frame::notification("notifications/initialized", None), &[])
            .await
            .map_err(link_fault)?;
        Ok(self.joined(hello, Wire::Http(wire), Arc::default(), closed))
    }

    async fn discover_http(
        &self,
        site: HttpSite,
        closed: CancellationToken,
    ) -> Result<Arc<Link>, LinkFault> {
        let wire: HttpWire = site.wire(Revision::NEWEST, None);
        let params = own_meta(&self.key.declared);
        let frame = Frame::request(
            &RequestId::number(0),
            Method::ServerDiscover.as_str(),
            Some(&params),
        );
        let headers = mirrored(&Method::ServerDiscover, &params);
        let mut said = reply(wire.post(&frame, &headers).await.map_err(link_fault)?).await?;
        if supports_ours(&said) {
            // MCP 2026-07-28 basic/versioning: after −32022, try again with a version of the list; it holds the one just sent.
            said = reply(wire.post(&frame, &headers).await.map_err(link_fault)?).await?;
        }
        let hello = modern_hello(result(&said)?)?;
        Ok(self.joined(hello, Wire::Http(wire), Arc::default(), closed))
    }

    /// Opens the conversation on a wire whose messages all come on one stream, then hands the stream to the link's reader.
    async fn greet(
        self: &Arc<Self>,
        wire: Wire,
        mut frames: mpsc::Receiver<Frame>,
        closed: CancellationToken,
    ) -> Result<Arc<Link>, LinkFault> {
        let (method, params) = match self.key.era {
            Era::Legacy => (Method::Initialize, self.initialize()),
            Era::Modern => (Method::ServerDiscover, own_meta(&self.key.declared)),
        };
        let request = Frame::request(&RequestId::number(0), method.as_str(), Some(&params));
        send(&wire, &request).await?;
        let reply = loop {
            let Some(frame) = frames.recv().await else {
                return Err(LinkFault::Unreachable {
                    detail: "the server ended before it answered".into(),
                });
            };
            match frame.id() {
                // MCP 2025-11-25 basic/lifecycle: a server may ping before the answer to `initialize`.
                Some(id) if frame.method() == Some("ping") => {
                    send(&wire, &Frame::success(id, &Raw::trusted("{}"))).await?
                }
                Some(id) if frame.method().is_none() && id.as_u64() == Some(0) => break frame,
                None if frame.error().is_some() => break frame,
                _ => {}
            }
        };
        let hello = match self.key.era {
            Era::Legacy => hello(result(&reply)?)?,
            Era::Modern => modern_hello(result(&reply)?)?,
        };
        if self.key.era == Era::Legacy {
            send(
                &wire,
                &Frame::notification("notifications/initialized", None),
            )
            .await?;
        }
        let routes = Arc::new(Routes::default());
        let link = self.joined(hello, wire, routes, closed);
        let routes = link.routes.clone();
        self.means.tasks.spawn(pump(
            Arc::downgrade(self),
            Arc::downgrade(&link),
            routes,
            link.closed.clone(),
            frames,
        ));
        Ok(link)
    }
}

/// Hands every frame of a shared stream to its request until the stream or the link ends.
async fn pump(
    line: Weak<Line>,
    link: Weak<Link>,
    routes: Arc<Routes>,
    closed: CancellationToken,
    mut frames: mpsc::Receiver<Frame>,
) {
    loop {
        // What a server said before it ended is heard first: its reader has handed it over before it closes the link.
        let next = tokio::select! {
            biased;
            next = frames.recv() => next,
            () = closed.cancelled() => None,
        };
        let Some((frame, link)) = next.zip(link.upgrade()) else {
            break;
        };
        if let Some((news, line)) = link.stray(frame).zip(line.upgrade()) {
            line.news(news);
        }
    }
    // A link that nobody holds any more was let go of by us; any other was ended by the server.
    let by_itself = link.strong_count() > 0;
    closed.cancel();
    routes.fail_all(&FlightFault::Lost {
        detail: "the connection ended".into(),
    });
    if let Some(line) = line.upgrade().filter(|_| by_itself) {
        line.link_ended("the server ended the connection".into());
    }
}

async fn send(wire: &Wire, frame: &Frame) -> Result<(), LinkFault> {
    let sent = match wire {
        Wire::Stdio(wire) => wire.send(frame).await,
        Wire::Sse(wire) => wire.send(frame).await,
        Wire::Http(wire) => wire.post(frame, &[]).await.map(|_| ()),
    };
    sent.map_err(link_fault)
}

fn link_fault(fault: FlightFault) -> LinkFault {
    match fault {
        FlightFault::Broken { reason } => LinkFault::EraRefused {
            detail: reason.to_owned(),
        },
        FlightFault::SessionLost => LinkFault::EraRefused {
            detail: "the server refused the opening".into(),
        },
        FlightFault::Busy { .. } => LinkFault::Unreachable {
            detail: "the server is busy".into(),
        },
        FlightFault::NotSent { detail } | FlightFault::Lost { detail } => {
            LinkFault::Unreachable { detail }
        }
    }
}

/// Says whether a refusal of the version lists that very version as supported.
fn supports_ours(reply: &Frame) -> bool {
    let error = reply.error().and_then(RpcError::read);
    let refusal = error.filter(|error| error.code == error::UNSUPPORTED_VERSION);
    let Some(data) = refusal.and_then(|refusal| refusal.data) else {
        return false;
    };
    let supported = edit::get(data.as_str(), &["supported"]).and_then(edit::elements);
    let mut versions = supported
        .iter()
        .flatten()
        .filter_map(|version| edit::string(version));
    versions.any(|version| version == Revision::NEWEST.as_str())
}

async fn reply(replies: Option<HttpReplies>) -> Result<Frame, LinkFault> {
    let Some(mut replies) = replies else {
        return Err(LinkFault::EraRefused {
            detail: "the opening was accepted but not answered".into(),
        });
    };
    loop {
        match replies.next(0).await {
            Event::Reply(frame) => return Ok(frame),
            Event::Fault(fault) => return Err(link_fault(fault)),
            Event::Notification(_) | Event::Request(_) => {}
        }
    }
}

fn result(reply: &Frame) -> Result<Raw, LinkFault> {
    match (reply.result(), reply.error()) {
        (Some(result), _) => Ok(result.clone()),
        (None, error) => {
            let detail = error
                .and_then(|error| edit::get(error.as_str(), &["message"]))
                .unwrap_or("an error");
            Err(LinkFault::EraRefused {
                detail: wardgate_sanitize::loggable(detail, 200),
            })
        }
    }
}

/// Reads the answer to `initialize`; the server may have chosen an older revision.
fn hello(result: Raw) -> Result<Hello, LinkFault> {
    let version = edit::get(result.as_str(), &["protocolVersion"])
        .and_then(edit::string)
        .unwrap_or_default();
    match Revision::parse(&version) {
        Some(revision) if revision.era() == Era::Legacy => Ok(Hello::read(revision, &result)),
        _ => Err(LinkFault::EraRefused {
            detail: format!(
                "the server chose protocol `{}`",
                wardgate_sanitize::loggable(&version, 40)
            ),
        }),
    }
}

/// Reads the answer to `server/discover`; the newest revision must be among those supported.
fn modern_hello(result: Raw) -> Result<Hello, LinkFault> {
    let versions = edit::get(result.as_str(), &["supportedVersions"])
        .and_then(edit::elements)
        .unwrap_or_default();
    if versions
        .iter()
        .filter_map(|version| edit::string(version))
        .any(|version| version == Revision::NEWEST.as_str())
    {
        return Ok(Hello::read(Revision::NEWEST, &result));
    }
    Err(LinkFault::EraRefused {
        detail: format!("the server does not list {}", Revision::NEWEST.as_str()),
    })
}

fn client_info() -> serde_json::Value {
    serde_json::json!({"name": "wardgate", "version": env!("CARGO_PKG_VERSION")})
}

/// Params of the gateway's own requests of an era.
pub fn own_params(era: Era, declared: &Declared) -> Raw {
    match era {
        Era::Modern => own_meta(declared),
        Era::Legacy => Raw::trusted("{}"),
    }
}

/// Params of the gateway's own modern requests: nobody stands behind them who could be asked anything, but what they bring
/// back is shown to clients that declared these extensions.
pub fn own_meta(declared: &Declared) -> Raw {
    meta::add(
        None,
        &meta::RequestMeta {
            revision: Revision::NEWEST,
            client_capabilities: declared.capabilities(),
            client_info: Some(Raw::of(&client_info())),
            log_level: None,
        },
    )
}
