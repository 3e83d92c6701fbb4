//! From how a request was hailed to the peer behind it: any revision becomes the newest one's shape.

use std::{sync::Arc, time::Duration};

use wardgate_model::Caller;
use wardgate_protocol::{Frame, Raw, capabilities::ClientCapabilities, meta};
use wardgate_snapshot::Toolset;

use super::{Session, token};
use crate::{
    call::{Hail, Peer},
    gate::Gate,
    stop::Stop,
};

/// Returns the peer, or why this request cannot be attributed to one.
///
/// # Errors
/// Missing or foreign session, or modern metadata that is missing or malformed.
pub fn recognise(
    gate: &Gate,
    hail: &Hail,
    frame: &Frame,
    caller: &Caller,
    toolset: &Toolset,
) -> Result<Peer, Stop> {
    match hail {
        Hail::Modern => modern(frame),
        Hail::Opening => Ok(opening(frame)),
        Hail::Held(session) => Ok(of_session(session.clone())),
        Hail::Token(token) => session(gate, token.as_deref(), caller, toolset).map(of_session),
    }
}

/// Returns the session a token names, for this caller and toolset only. Another caller's is as unknown as none.
///
/// # Errors
/// [`Stop::NoSession`], or [`Stop::Busy`] when too many sessions are live.
pub fn session(
    gate: &Gate,
    token: Option<&str>,
    caller: &Caller,
    toolset: &Toolset,
) -> Result<Arc<Session>, Stop> {
    let token = token.ok_or(Stop::NoSession { given: false })?;
    let opened =
        token::open(&gate.seal, token, caller, toolset).ok_or(Stop::NoSession { given: true })?;
    match gate.sessions.resume(opened) {
        Ok(Some(session)) => Ok(session),
        Ok(None) => Err(Stop::NoSession { given: true }),
        Err(super::registry::Full) => Err(Stop::Busy {
            retry_after: Duration::from_secs(5),
        }),
    }
}

fn modern(frame: &Frame) -> Result<Peer, Stop> {
    let read = meta::read(frame.lookup()).map_err(Stop::BadMeta)?;
    Ok(Peer {
        revision: read.revision,
        capabilities: ClientCapabilities::read(&read.client_capabilities),
        capabilities_raw: read.client_capabilities,
        info: read.client_info,
        log_level: read.log_level,
        session: None,
    })
}

/// Before `initialize` is answered nothing is known but what it says itself.
fn opening(frame: &Frame) -> Peer {
    let session = super::open_session(frame);
    Peer {
        session: Some(session.clone()),
        ..of_session(session)
    }
}

fn of_session(session: Arc<Session>) -> Peer {
    Peer {
        revision: session.revision,
        capabilities: session.capabilities.clone(),
        capabilities_raw: session.capabilities_raw.clone(),
        info: session.info.clone(),
        log_level: session.log_level(),
        session: Some(session),
    }
}

/// Stands in where a peer is needed to word a refusal.
pub fn nobody(revision: wardgate_protocol::Revision) -> Peer {
    Peer {
        revision,
        capabilities: ClientCapabilities::default(),
        capabilities_raw: Raw::trusted("{}"),
        info: None,
        log_level: None,
        session: None,
    }
}
