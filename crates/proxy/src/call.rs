//! One request on its way: what arrived, who sent it, and what has been learned about it so far.

use std::sync::{Arc, Mutex};

use http::HeaderMap;
use wardgate_model::Caller;
use wardgate_protocol::{
    Era, Frame, Lookup, Method, Raw, RequestId, Revision, Trace, capabilities::ClientCapabilities,
};
use wardgate_snapshot::{Snapshot, Toolset};

use crate::{
    cx::Cx,
    exchange::Exchange,
    overrides::ongoing::Ticket,
    seal::Seal,
    session::{Session, Underway},
    stage::clean::Findings,
    upstream::declared::Declared,
};

/// How a caller proves who it is.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    pub authorization: Option<String>,
    /// `tenant/principal` named by a developer on loopback.
    pub assume: Option<String>,
    /// The client certificate of the connection (DER). Its chain and key were checked by the handshake.
    pub certificate: Option<Arc<[u8]>>,
    /// The request came over our own standard input.
    pub stdio: bool,
}

/// What opens a request: the modern metadata in it, or a session made earlier.
#[derive(Clone, Debug)]
pub enum Hail {
    /// Every request says who it is (2026-07-28).
    Modern,
    /// `initialize`: there is no session yet.
    Opening,
    /// The session id as sent, or its absence.
    Token(Option<String>),
    /// The one session of a stdio connection.
    Held(Arc<Session>),
}

/// A checked message as the listener hands it over.
pub struct Arrival {
    pub snapshot: Arc<Snapshot>,
    pub toolset: Arc<Toolset>,
    pub credentials: Credentials,
    pub hail: Hail,
    pub frame: Frame,
    /// The HTTP headers, for the mirrored parameters; absent on stdio.
    pub headers: Option<HeaderMap>,
    /// The place of this call in its session, held as long as it runs, not as long as its client is connected.
    pub underway: Option<Underway>,
    pub trace: Trace,
}

/// The client as the protocol sees it, whatever its revision.
#[derive(Clone, Debug)]
pub struct Peer {
    pub revision: Revision,
    pub capabilities: ClientCapabilities,
    pub capabilities_raw: Raw,
    pub info: Option<Raw>,
    /// The least severe log level this client wants; `None` on the modern era means no log messages.
    pub log_level: Option<String>,
    /// Legacy revisions only.
    pub session: Option<Arc<Session>>,
}

impl Peer {
    pub fn era(&self) -> Era {
        self.revision.era()
    }

    pub fn declared(&self) -> Declared {
        Declared::of(&self.capabilities)
    }
}

/// A request of an identified caller.
pub struct Call {
    pub id: RequestId,
    pub method: Method,
    pub frame: Frame,
    pub caller: Caller,
    pub peer: Peer,
    pub snapshot: Arc<Snapshot>,
    pub toolset: Arc<Toolset>,
    pub headers: Option<HeaderMap>,
    pub trace: Trace,
    pub cx: Cx,
    pub exchange: Exchange,
    pub underway: Option<Underway>,
    pub seal: Arc<Seal>,
    /// Kept, so that who waited for people can be asked again who they are.
    pub credentials: Credentials,
    /// Its place among all requests under way, by which an override finds it.
    pub ticket: Ticket,
    /// What was found so far in what servers said.
    pub findings: Mutex<Findings>,
}

impl Call {
    /// Adds to what was found in what servers said.
    pub fn note(&self, findings: Findings) {
        self.findings
            .lock()
            .expect("no panic while held")
            .add(findings);
    }

    /// Returns the raw value of a member of `params`.
    pub fn param(&self, key: &str) -> Option<&str> {
        self.frame.lookup()?.find(&[key])
    }

    /// Returns a string member of `params`.
    pub fn param_string(&self, key: &str) -> Option<String> {
        wardgate_protocol::edit::string(self.param(key)?).map(|text| text.into_owned())
    }

    /// Names whose messages may be shown to each other: one session, or one principal where there are none.
    pub fn owner(&self) -> u64 {
        use std::hash::{Hash, Hasher};
        let mut hasher = std::collections::hash_map::DefaultHasher::new();
        self.caller.identity().hash(&mut hasher);
        match &self.peer.session {
            Some(session) => session.key().hash(&mut hasher),
            None => self.id.hash(&mut hasher),
        }
        hasher.finish()
    }
}
