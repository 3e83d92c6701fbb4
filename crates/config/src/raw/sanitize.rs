//! The keys under `sanitize`: what is done about what servers send. The same at the gateway, a server, a toolset and a tool;
//! for each kind the most specific word counts, and the gateway's is the default.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is done about what servers send, by kind of find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Sanitize {
    /// Keys, tokens, passwords and private keys. If nothing says otherwise, `redact`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Action>,
    /// Personal data that can be told by its form: addresses, card and account numbers, telephones. If nothing says otherwise, `off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pii: Option<Action>,
    /// Instructions to a model in what should be data. If nothing says otherwise, `mark`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub injection: Option<Action>,
    /// Control characters, and sequences that a terminal obeys. If nothing says otherwise, `redact`, which takes them out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminal: Option<Action>,
    /// Characters that a reader cannot see. If nothing says otherwise, `redact`, which takes them out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Action>,
}

/// What is done about a find: the text does not go on; a mark stands in its place; the text stays and is labelled; nobody looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Block,
    Redact,
    Mark,
    Off,
}

impl Sanitize {
    /// Returns what holds where one word is more specific than another.
    pub fn overridden_by(self, specific: Sanitize) -> Sanitize {
        Sanitize {
            secrets: specific.secrets.or(self.secrets),
            pii: specific.pii.or(self.pii),
            injection: specific.injection.or(self.injection),
            terminal: specific.terminal.or(self.terminal),
            hidden: specific.hidden.or(self.hidden),
        }
    }
}
