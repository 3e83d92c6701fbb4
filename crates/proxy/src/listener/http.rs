//! Streamable HTTP: from a request's head to the part of the gateway it is for.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use hyper::body::Incoming;
use wardgate_protocol::headers;
use wardgate_snapshot::{Caps, Snapshot, Toolset};

use super::{
    accept::Site,
    body::Budget,
    credentials,
    edge::{self, Place},
    failures::Failures,
    metadata, post,
    reply::{self, Reply},
    session_stream,
};
use crate::{
    absence,
    approval::page,
    call::Credentials,
    gate::Gate,
    stage::{
        identify::who,
        record::{self, Refused},
    },
};

/// One connection's way in; cheap to clone, one clone per request.
#[derive(Clone)]
pub struct Door {
    pub gate: Arc<Gate>,
    pub local: SocketAddr,
    pub tls: bool,
    pub budget: Budget,
    failures: Failures,
    pub peer: Peer,
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    pub address: IpAddr,
    /// DER, of a chain that was checked.
    pub certificate: Option<Arc<[u8]>>,
}

/// A request's surroundings, once its head has been judged.
pub struct Visit {
    pub door: Door,
    pub snapshot: Arc<Snapshot>,
    pub toolset: Arc<Toolset>,
    pub head: HeaderMap,
    pub credentials: Credentials,
}

impl Visit {
    /// Returns a header's value if it is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.head.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    pub fn session_token(&self) -> Option<String> {
        self.header(headers::SESSION_ID).map(str::to_owned)
    }

    /// Records that this visit is turned away, and who it was where the credential is good.
    pub async fn refused(&self, what: Refused<'_>) {
        let gate = &self.door.gate;
        let proven = who(gate, &self.snapshot, &self.toolset, &self.credentials).await;
        let what = Refused {
            toolset: Some(&self.toolset),
            caller: proven.as_ref().ok().map(|proven| &proven.caller),
            ..what
        };
        record::refused(gate, &self.snapshot, what);
    }

    /// Records why and answers that this method is none here.
    pub async fn not_allowed(&self) -> Reply {
        self.refused(because("the method is not allowed")).await;
        not_allowed("POST")
    }

    /// Says whether the request declares the newest revision in its header.
    pub fn says_modern(&self) -> bool {
        self.header(headers::PROTOCOL_VERSION) == Some(wardgate_protocol::Revision::NEWEST.as_str())
    }
}

impl Door {
    pub fn new(gate: Arc<Gate>, local: SocketAddr, tls: bool, caps: &Caps) -> Door {
        Door {
            gate,
            local,
            tls,
            budget: Budget::new(caps),
            failures: Failures::default(),
            peer: Peer {
                address: local.ip(),
                certificate: None,
            },
        }
    }

    /// Says whether a refusal would be that of a credential.
    fn tries(&self, head: &HeaderMap) -> bool {
        head.contains_key(header::AUTHORIZATION) || self.peer.certificate.is_some()
    }

    /// Counts what failed, and says "too many" in the place of one failure too many.
    fn weigh(&self, reply: Reply, tried: bool) -> Reply {
        if !tried || reply.status() != StatusCode::UNAUTHORIZED {
            return reply;
        }
        match self.failures.note(self.peer.address, Instant::now()) {
            Some(wait) => reply::too_many(wait),
            None => reply,
        }
    }

    async fn visit(&self, request: Request<Incoming>, snapshot: Arc<Snapshot>) -> Reply {
        let started = Instant::now();
        match (edge::place(request.uri()), request.method()) {
            (Some(Place::Live), &Method::GET) => reply::text(StatusCode::OK, "ok\n"),
            (Some(Place::Ready), &Method::GET) => match self.gate.not_ready() {
                None => reply::text(StatusCode::OK, "ready\n"),
                Some(why) => reply::text(StatusCode::SERVICE_UNAVAILABLE, why),
            },
            (Some(Place::Metadata { toolset }), &Method::GET) => {
                metadata::document(&self.gate, &snapshot, toolset.as_deref())
            }
            (Some(Place::Waiting), &Method::GET) => reply::text(StatusCode::OK, page::TEXT),
            (Some(Place::Live | Place::Ready | Place::Waiting | Place::Metadata { .. }), _) => {
                let reason = "the method is not allowed";
                record::refused(&self.gate, &snapshot, because(reason));
                not_allowed("GET")
            }
            (Some(Place::Mcp { toolset }), method) => {
                let Some(toolset) = snapshot.toolset(toolset.as_deref()).cloned() else {
                    record::refused(&self.gate, &snapshot, because("no such toolset"));
                    absence::may_be_told(started).await;
                    return reply::empty(StatusCode::NOT_FOUND);
                };
                let method = method.clone();
                let (head, body) = request.into_parts();
                let visit = Visit {
                    door: self.clone(),
                    snapshot,
                    toolset,
                    credentials: credentials::read(&head.headers, self.peer.certificate.clone()),
                    head: head.headers,
                };
                match method {
                    Method::POST => post::post(visit, body).await,
                    Method::GET => session_stream::get(&visit).await,
                    Method::DELETE => session_stream::delete(&visit).await,
                    Method::OPTIONS if visit.head.contains_key(header::ORIGIN) => preflight(),
                    _ => visit.not_allowed().await,
                }
            }
            (None, _) => {
                record::refused(&self.gate, &snapshot, because("no such path"));
                reply::empty(StatusCode::NOT_FOUND)
            }
        }
    }
}

impl Site for Door {
    fn of(&self, peer: Peer) -> Door {
        Door {
            peer,
            ..self.clone()
        }
    }

    fn proven(&mut self, certificate: Arc<[u8]>) {
        self.peer.certificate = Some(certificate);
    }

    async fn answer(&self, request: Request<Incoming>) -> Reply {
        let snapshot = self.gate.snapshot();
        let origin = request.headers().get(header::ORIGIN).cloned();
        let mut reply = match edge::check(&request, &snapshot.gateway, self.local) {
            Err(refusal) => {
                record::refused(&self.gate, &snapshot, because(refusal.reason));
                return reply::refusal(refusal);
            }
            Ok(()) => {
                let tried = self.tries(request.headers());
                let reply = self.visit(request, snapshot).await;
                self.weigh(reply, tried)
            }
        };
        if let Some(origin) = origin {
            share_with(reply.headers_mut(), origin);
        }
        reply
    }
}

/// A refusal of which nothing is known but the reason.
pub fn because(reason: &'static str) -> Refused<'static> {
    Refused {
        reason: Some(reason),
        ..Refused::default()
    }
}

fn not_allowed(allow: &'static str) -> Reply {
    let mut reply = reply::empty(StatusCode::METHOD_NOT_ALLOWED);
    reply
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allow));
    reply
}

/// Fetch standard, CORS: only reached by origins that [`edge::check`] let in.
fn preflight() -> Reply {
    let mut reply = reply::empty(StatusCode::NO_CONTENT);
    let head = reply.headers_mut();
    head.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("POST, GET, DELETE"),
    );
    head.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-type, accept, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name, last-event-id"),
    );
    head.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("600"),
    );
    reply
}

fn share_with(head: &mut HeaderMap, origin: HeaderValue) {
    head.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    head.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("mcp-session-id, www-authenticate, retry-after"),
    );
    head.append(
        header::VARY,
        HeaderValue::from(HeaderName::from_static("origin")),
    );
}
