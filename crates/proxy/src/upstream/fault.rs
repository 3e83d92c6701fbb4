//! What can go wrong between us and a server, and whether anything may have happened there.

use std::time::Duration;

use crate::stop::Stop;

/// Why there is no link.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LinkFault {
    #[error("no protocol era in common")]
    NoEra,
    #[error("the server refused this protocol era: {detail}")]
    EraRefused { detail: String },
    #[error("{detail}")]
    Unreachable { detail: String },
    #[error("waiting {wait:?} before the next attempt; last: {detail}")]
    BackingOff { wait: Duration, detail: String },
    #[error("a secret this server needs cannot be had: {detail}")]
    Secret { detail: String },
    #[error("the gateway is shutting down")]
    Closed,
}

impl LinkFault {
    pub fn to_stop(&self) -> Stop {
        match self {
            LinkFault::BackingOff { wait, .. } => Stop::Unavailable { retry_after: *wait },
            LinkFault::Closed => Stop::Draining,
            LinkFault::NoEra
            | LinkFault::EraRefused { .. }
            | LinkFault::Unreachable { .. }
            | LinkFault::Secret { .. } => Stop::Unavailable {
                retry_after: Duration::from_secs(1),
            },
        }
    }

    /// A short reason fit for a client's eyes: no host, no path, no secret's name.
    pub fn public(&self) -> &'static str {
        match self {
            LinkFault::NoEra | LinkFault::EraRefused { .. } => {
                "speaks no supported protocol revision"
            }
            LinkFault::Unreachable { .. } => "cannot be reached",
            LinkFault::BackingOff { .. } => "failed repeatedly, waiting before the next attempt",
            LinkFault::Secret { .. } => "has no credential",
            LinkFault::Closed => "is shutting down",
        }
    }
}

/// Why a request got no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FlightFault {
    /// It provably did not reach the server's logic: it may be sent again.
    #[error("not sent: {detail}")]
    NotSent { detail: String },
    /// The server forgot our session and did nothing: open another, send once more.
    #[error("the session was lost")]
    SessionLost,
    /// The server said "later" before doing anything.
    #[error("the server is busy")]
    Busy { retry_after: Duration },
    /// It went out; what happened is not known.
    #[error("connection lost after sending: {detail}")]
    Lost { detail: String },
    /// The server answered with something that is not MCP.
    #[error("{reason}")]
    Broken { reason: &'static str },
}

impl FlightFault {
    /// Says whether the request may go out once more on a fresh link without being run twice.
    pub fn is_safe_to_repeat(&self) -> bool {
        matches!(self, FlightFault::NotSent { .. } | FlightFault::SessionLost)
    }

    pub fn to_stop(&self) -> Stop {
        match self {
            FlightFault::NotSent { .. } | FlightFault::SessionLost => Stop::Unavailable {
                retry_after: Duration::from_secs(1),
            },
            FlightFault::Busy { retry_after } => Stop::Unavailable {
                retry_after: *retry_after,
            },
            FlightFault::Lost { .. } => Stop::OutcomeUnknown,
            FlightFault::Broken { reason } => Stop::UpstreamFault { reason },
        }
    }
}
