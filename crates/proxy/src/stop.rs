//! Every way a call can end without the upstream's result. [`crate::outcome`] turns these into what the client sees.

use std::{borrow::Cow, sync::Arc, time::Duration};

use wardgate_limit::Refusal;
use wardgate_policy::Decision;
use wardgate_protocol::{Raw, RpcError};
use wardgate_sanitize::Detector;
use wardgate_schema::Mismatch;

use crate::{approval::told::Held, cx::Halt, overrides::Rule};

/// What a name did not lead to. Hidden and unknown are the same on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    Tool(String),
    Prompt(String),
    Resource(String),
}

#[derive(Clone, Debug)]
pub enum Stop {
    /// The request breaks its revision's rules; answered with that error.
    Rpc(RpcError),
    /// As [`Stop::Rpc`], but the fault is in the request metadata, which modern HTTP answers with 400.
    BadMeta(RpcError),
    /// The upstream's own JSON-RPC error, handed on verbatim.
    Upstream(Raw),
    NotFound(Missing),
    Arguments(Mismatch),
    /// Nobody is proven; told with this challenge.
    Unauthenticated {
        challenge: String,
    },
    /// Who calls cannot be told, as the issuer of the token does not answer.
    Unjudged {
        retry_after: Duration,
    },
    /// For this caller's tenant the toolset does not exist.
    NoToolset,
    /// Known caller, but not for this toolset.
    Forbidden,
    /// A token that lacks scopes, which the challenge names.
    InsufficientScope {
        challenge: String,
    },
    /// Policies do not allow this call.
    Denied(Box<Decision>),
    /// It needs an approval, and this is how that stands.
    Held(Box<Held>),
    /// An operator's override stops it: before it was sent, or, if it was under way, in between.
    Disabled {
        rule: Arc<Rule>,
        under_way: bool,
    },
    /// The session id is missing (`false`) or unknown, expired or another caller's (`true`).
    NoSession {
        given: bool,
    },
    /// A limit of the caller's tenant is used up.
    Limited(Box<Refusal>),
    Busy {
        retry_after: Duration,
    },
    Draining,
    Timeout,
    Cancelled,
    /// Nothing was sent upstream.
    Unavailable {
        retry_after: Duration,
    },
    /// The upstream broke the protocol or its connection broke before anything could have happened.
    UpstreamFault {
        reason: &'static str,
    },
    /// What the server sent may not be passed on.
    Withheld {
        detector: Detector,
        kind: Cow<'static, str>,
    },
    /// The request went out and no answer came back.
    OutcomeUnknown,
    /// A fault of the gateway itself.
    Internal {
        reason: &'static str,
    },
}

impl Stop {
    pub fn disabled(rule: &Arc<Rule>) -> Stop {
        Stop::Disabled {
            rule: rule.clone(),
            under_way: false,
        }
    }

    pub fn held(held: Held) -> Stop {
        Stop::Held(Box::new(held))
    }

    pub fn limited(refusal: Refusal) -> Stop {
        Stop::Limited(Box::new(refusal))
    }
}

impl From<Halt> for Stop {
    fn from(halt: Halt) -> Stop {
        match halt {
            Halt::Deadline => Stop::Timeout,
            Halt::Cancelled => Stop::Cancelled,
        }
    }
}

impl From<RpcError> for Stop {
    fn from(error: RpcError) -> Stop {
        Stop::Rpc(error)
    }
}
