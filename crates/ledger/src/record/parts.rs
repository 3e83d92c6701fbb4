//! The members of a record. Words of strangers are [`Text`]; arguments and results are canonical JSON, redacted before.
//!
//! Members are declared in the order of RFC 8785, by their names in JSON: so a record is written as it is declared.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardgate_model::{PrincipalKind, TenantId};

use super::{RecordId, millis};
use crate::canonical::CanonicalJson;
use crate::digest::Digest;
use crate::text::Text;
use crate::usd::Usd;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Who {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr: Option<Text>,
    /// The client's own name and version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Text>,
    /// How the principal was made known, such as `jwt:idp.acme.test`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<Text>,
    /// The name of the credential, never the credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<Text>,
    /// Those the principal was in at that moment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<PrincipalKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<Text>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Text>,
    pub tenant: TenantId,
}

impl Who {
    pub fn of(tenant: TenantId) -> Who {
        Who {
            tenant,
            principal: None,
            kind: None,
            groups: Vec::new(),
            scopes: Vec::new(),
            agent: None,
            auth: None,
            credential: None,
            addr: None,
        }
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct What {
    /// What [`crate::redact`] left of the arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<CanonicalJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args_digest: Option<Digest>,
    /// The contract digest of the tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toolset: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Text>,
}

impl What {
    pub(crate) fn is_empty(&self) -> bool {
        let What {
            toolset,
            server,
            version,
            tool,
            method,
            contract,
            args,
            args_digest,
            idempotency_key,
        } = self;
        let texts = [toolset, server, version, tool, method, idempotency_key];
        texts.iter().all(|text| text.is_none())
            && contract.is_none()
            && args.is_none()
            && args_digest.is_none()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// Who gave the reason: `caller`, `approver`, `operator`, `runbook`.
    pub source: Text,
    pub text: Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    Allow,
    Deny,
    RequireApproval,
}

impl Effect {
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
            Effect::RequireApproval => "require_approval",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Text>,
    pub effect: Effect,
    #[serde(rename = "override", skip_serializing_if = "Option::is_none")]
    pub overridden: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_rev: Option<Text>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Text>,
    /// The revision of the snapshot the call obeyed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Text>,
}

impl Decision {
    pub fn of(effect: Effect) -> Decision {
        Decision {
            effect,
            rules: Vec::new(),
            policy_rev: None,
            approval: None,
            overridden: None,
            snapshot: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Success,
    /// The tool answered that it failed.
    ToolError,
    Error,
    Denied,
    /// Waits for an approval.
    Deferred,
    Limited,
    /// It may have happened: nobody can say.
    Unknown,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Success => "success",
            Status::ToolError => "tool_error",
            Status::Error => "error",
            Status::Denied => "denied",
            Status::Deferred => "deferred",
            Status::Limited => "limited",
            Status::Unknown => "unknown",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cache {
    Hit,
    Miss,
    Stale,
    Bypass,
}

impl Cache {
    pub fn as_str(self) -> &'static str {
        match self {
            Cache::Hit => "hit",
            Cache::Miss => "miss",
            Cache::Stale => "stale",
            Cache::Bypass => "bypass",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
    /// The JSON-RPC error code of the answer, where it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// The class of the error, or what else went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<Text>,
    /// What was found in what servers said and should not be there, such as `secrets.jwt`, and how often.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub found: BTreeMap<Text, u64>,
    /// What became of a structured result that does not fit its schema: `flagged` or `blocked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Text>,
    /// What [`crate::redact`] left of the result, at level `full`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<CanonicalJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_digest: Option<Digest>,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_ms: Option<u64>,
    /// Of that, the time spent waiting for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
}

impl Outcome {
    pub fn of(status: Status) -> Outcome {
        Outcome {
            status,
            error_type: None,
            code: None,
            output: None,
            found: BTreeMap::new(),
            total_ms: None,
            wait_ms: None,
            upstream_ms: None,
            bytes: None,
            cache: None,
            attempt: None,
            result: None,
            result_digest: None,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compute_s: Option<f64>,
    /// Estimated: the gateway does not see what a model reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_est: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<Usd>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The record whose effect this call takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compensates: Option<RecordId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span_id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<Text>,
}

impl Trace {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Trace::default()
    }
}

/// That an undo is prepared. Its arguments may be secret and are not here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Undo {
    pub tool: Text,
    #[serde(with = "millis")]
    pub until: Timestamp,
}
