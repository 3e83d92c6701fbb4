//! One rule: a Cedar policy with what its annotations make of it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::reads::Reads;

/// The name of a rule: its `@id`, else `file:n` with `n` counted from one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct RuleId(Arc<str>);

impl RuleId {
    pub fn new(text: impl AsRef<str>) -> RuleId {
        RuleId(Arc::from(text.as_ref()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleEffect {
    Permit,
    Forbid,
}

/// How firmly a forbid holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Evaluated and recorded, never obeyed.
    Advisory,
    /// Break-glass may lift it.
    Soft,
    /// Nothing lifts it at run time, but the approval it may ask for itself.
    #[default]
    Hard,
}

/// Who must agree before a forbid with `@approval` gives way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    pub group: String,
    pub count: u8,
}

/// What a permit with `@redact` asks to be taken out of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Redaction {
    #[serde(rename = "pii")]
    Pii,
    #[serde(rename = "secrets")]
    Secrets,
    /// As a token that stands for it, and is put back where it comes in the arguments of a call that such a permit allows.
    #[serde(rename = "pii:reversible")]
    PiiReversible,
    #[serde(rename = "secrets:reversible")]
    SecretsReversible,
}

impl Redaction {
    pub fn as_str(self) -> &'static str {
        match self {
            Redaction::Pii => "pii",
            Redaction::Secrets => "secrets",
            Redaction::PiiReversible => "pii:reversible",
            Redaction::SecretsReversible => "secrets:reversible",
        }
    }

    /// What it is about, however it is taken out.
    pub fn class(self) -> Redaction {
        match self {
            Redaction::Pii | Redaction::PiiReversible => Redaction::Pii,
            Redaction::Secrets | Redaction::SecretsReversible => Redaction::Secrets,
        }
    }

    pub fn is_reversible(self) -> bool {
        self != self.class()
    }
}

/// A rule as decisions and reports name it.
#[derive(Clone, Debug, Serialize)]
pub struct Rule {
    pub id: RuleId,
    pub file: Arc<str>,
    pub line: usize,
    pub effect: RuleEffect,
    /// Says something of a forbid only. A permit grants or does not.
    pub level: Level,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redact: Vec<Redaction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip)]
    pub(crate) source: Source,
}

/// The Cedar behind a rule.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// As written, with its place in `file_text`.
    pub(crate) policy: cedar_policy::Policy,
    pub(crate) file_text: Arc<str>,
    pub(crate) offset: usize,
    /// The same rule with effect `permit`, so that Cedar reports each rule that matches and not only those that
    /// decide: how matches weigh against each other is for [`crate::decision`].
    pub(crate) probe: cedar_policy::Policy,
    /// The probe without the conditions that differ from call to call: it matches whenever some call may.
    pub(crate) outline: cedar_policy::Policy,
    pub(crate) reads: Reads,
}

impl Rule {
    pub fn is_forbid(&self) -> bool {
        self.effect == RuleEffect::Forbid
    }

    pub(crate) fn is_advisory(&self) -> bool {
        self.is_forbid() && self.level == Level::Advisory
    }
}
