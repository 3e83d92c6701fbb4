//! `gateway.approvals`: how long a call waits for people, and who is told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RawSecretRef;
use crate::units::Span;

/// How calls that need an approval wait for it. Which calls do is said by policies (`@approval`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RawApprovals {
    /// Time a call is held, in case somebody decides at once, before its client is told to repeat it; may be `0s`.
    #[schemars(extend("format" = "wardgate-duration-or-zero"))]
    pub wait: Span,
    /// Time people have to decide. Afterwards the request has expired.
    pub decide_within: Span,
    /// Time a grant lasts if it is not used.
    pub use_within: Span,
    /// Requests of one principal that may wait for people at one time.
    #[schemars(range(min = 1))]
    pub pending: u32,
    /// Who is told of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<RawWebhook>,
}

/// Where a CloudEvent is sent when an approval is asked for, signed as Standard Webhooks says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RawWebhook {
    /// Address that takes the events; it must be one that `gateway.egress` allows.
    #[schemars(length(min = 1))]
    pub url: String,
    /// Secret that signs them, by reference. Receivers know it as `whsec_` and base64.
    pub secret: RawSecretRef,
}

impl Default for RawApprovals {
    fn default() -> RawApprovals {
        RawApprovals {
            wait: Span::secs(20),
            decide_within: Span::secs(600),
            use_within: Span::secs(600),
            pending: 50,
            webhook: None,
        }
    }
}
