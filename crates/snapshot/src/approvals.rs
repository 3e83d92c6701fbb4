//! Decisions about approvals: how long calls wait for people, and who is told.

use std::time::Duration;

use url::Url;
use wardgate_config as config;
use wardgate_model::SecretRef;

#[derive(Clone, Debug)]
pub struct Approvals {
    /// How long a call is held before its client is told to repeat it.
    pub wait: Duration,
    /// How long people have to decide.
    pub decide_within: Duration,
    /// How long a grant lasts if it is not used.
    pub use_within: Duration,
    /// Requests of one principal that may wait at one time.
    pub pending_max: u32,
    pub webhook: Option<Webhook>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    pub url: Url,
    pub secret: SecretRef,
}

impl Default for Approvals {
    fn default() -> Approvals {
        Approvals {
            wait: Duration::from_secs(20),
            decide_within: Duration::from_mins(10),
            use_within: Duration::from_mins(10),
            pending_max: 50,
            webhook: None,
        }
    }
}

impl Approvals {
    pub(crate) fn compile(approvals: &config::Approvals) -> Approvals {
        Approvals {
            wait: approvals.wait.0,
            decide_within: approvals.decide_within.0,
            use_within: approvals.use_within.0,
            pending_max: approvals.pending,
            webhook: approvals.webhook.as_ref().map(|webhook| Webhook {
                url: webhook.url.clone(),
                secret: webhook.secret.clone(),
            }),
        }
    }
}
