//! A listener beside the data listener, hardened in the same way, whose requests another part of the program answers: the admin
//! surface. Host, Origin, framing, size and credentials are judged here; what is asked is not looked at.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use jiff::Timestamp;
use wardgate_model::Caller;
use wardgate_snapshot::{Caps, Gateway, Snapshot};

use super::{
    accept::Site,
    body::{self, Budget},
    credentials, edge,
    failures::Failures,
    http::Peer,
    reply::{self, Reply},
};
use crate::{
    gate::Gate,
    stage::{
        identify::operator,
        record::{self, Refused},
    },
    stop::Stop,
};

/// Nothing that is sent here is large.
const BODY_BYTES_MAX: usize = 256 << 10;

/// Who answers.
pub trait Answers: Send + Sync {
    /// Answers a request of somebody who is known.
    fn answer(
        &self,
        caller: Caller,
        snapshot: Arc<Snapshot>,
        request: Request<Bytes>,
    ) -> BoxFuture<'static, Response<Bytes>>;

    /// Puts a refusal into words.
    fn refused(&self, status: StatusCode, detail: &str) -> Response<Bytes>;
}

/// One connection's way in; cheap to clone, one clone per request.
#[derive(Clone)]
pub struct Annex {
    gate: Arc<Gate>,
    answers: Arc<dyn Answers>,
    local: SocketAddr,
    budget: Budget,
    failures: Failures,
    peer: Peer,
}

impl Annex {
    pub fn new(gate: Arc<Gate>, answers: Arc<dyn Answers>, local: SocketAddr) -> Annex {
        let caps = gate.snapshot().gateway.caps.clone();
        Annex {
            gate,
            answers,
            local,
            budget: Budget::new(&caps),
            failures: Failures::default(),
            peer: Peer {
                address: local.ip(),
                certificate: None,
            },
        }
    }

    async fn visit(&self, request: Request<Incoming>) -> Response<Bytes> {
        let snapshot = self.gate.snapshot();
        // Pages elsewhere may call tools, where the config lets them; never this.
        let gateway = Gateway {
            origins: Vec::new(),
            ..snapshot.gateway.clone()
        };
        if let Err(refusal) = edge::check(&request, &gateway, self.local) {
            return self.refuse(&snapshot, None, refusal.status, refusal.reason);
        }
        let (head, body) = request.into_parts();
        let given = credentials::read(&head.headers, self.peer.certificate.clone());
        let tried = given.authorization.is_some() || given.certificate.is_some();
        let caller = match operator(&self.gate, &snapshot, &given).await {
            Ok(caller) => caller,
            Err(stop) => return self.stopped(&snapshot, &stop, tried),
        };
        let overrides = self.gate.overrides.now();
        if overrides.bans(&caller.identity(), Timestamp::now()) {
            let said = "an override stops this principal";
            return self.refuse(&snapshot, Some(&caller), StatusCode::FORBIDDEN, said);
        }
        let caps = Caps {
            body_bytes_max: gateway.caps.body_bytes_max.min(BODY_BYTES_MAX),
            ..gateway.caps
        };
        let body = match body::read(body, &caps, &self.budget).await {
            Ok(body) => body,
            Err(refusal) => {
                return self.refuse(&snapshot, Some(&caller), refusal.status, refusal.reason);
            }
        };
        let request = Request::from_parts(head, body);
        let answer = self
            .answers
            .answer(caller.clone(), snapshot.clone(), request);
        let answer = answer.await;
        if answer.status() == StatusCode::FORBIDDEN {
            self.record(&snapshot, Some(&caller), answer.status(), "admin_forbidden");
        }
        answer
    }

    fn stopped(&self, snapshot: &Snapshot, stop: &Stop, tried: bool) -> Response<Bytes> {
        match stop {
            Stop::Unauthenticated { challenge } => {
                let too_many = tried
                    .then(|| self.failures.note(self.peer.address, Instant::now()))
                    .flatten();
                if let Some(wait) = too_many {
                    let said = "too many wrong credentials";
                    let mut answer =
                        self.refuse(snapshot, None, StatusCode::TOO_MANY_REQUESTS, said);
                    let seconds = reply::seconds(wait);
                    answer.headers_mut().insert(header::RETRY_AFTER, seconds);
                    return answer;
                }
                let (status, said) = (StatusCode::UNAUTHORIZED, "no credential proves who asks");
                let mut answer = self.refuse(snapshot, None, status, said);
                if let Ok(challenge) = HeaderValue::from_str(challenge) {
                    answer
                        .headers_mut()
                        .insert(header::WWW_AUTHENTICATE, challenge);
                }
                answer
            }
            Stop::Unjudged { .. } => self.refuse(
                snapshot,
                None,
                StatusCode::SERVICE_UNAVAILABLE,
                "who asks cannot be told at the moment",
            ),
            // What else may stop a call does not stop identification.
            _ => self.refuse(
                snapshot,
                None,
                StatusCode::FORBIDDEN,
                "this credential does not open the admin API",
            ),
        }
    }

    fn refuse(
        &self,
        snapshot: &Snapshot,
        caller: Option<&Caller>,
        status: StatusCode,
        reason: &'static str,
    ) -> Response<Bytes> {
        self.record(snapshot, caller, status, reason);
        self.answers.refused(status, reason)
    }

    fn record(
        &self,
        snapshot: &Snapshot,
        caller: Option<&Caller>,
        status: StatusCode,
        reason: &'static str,
    ) {
        let refused = Refused {
            caller,
            denied: matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN),
            reason: Some(reason),
            ..Refused::default()
        };
        record::refused(&self.gate, snapshot, refused);
    }
}

impl Site for Annex {
    fn of(&self, peer: Peer) -> Annex {
        Annex {
            peer,
            ..self.clone()
        }
    }

    fn proven(&mut self, certificate: Arc<[u8]>) {
        self.peer.certificate = Some(certificate);
    }

    async fn answer(&self, request: Request<Incoming>) -> Reply {
        self.visit(request)
            .await
            .map(|body| Either::Left(Full::new(body)))
    }
}
