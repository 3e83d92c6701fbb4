//! The shape of a `*.test.yaml`: unknown keys are mistakes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wardgate_model::{Effects, PrincipalKind, Risk, ServerName, ToolsetName};

use crate::case::{TOOLSET, tool_ref};
use crate::decision::Effect;
use crate::rule::Redaction;
use crate::tool::{Server, Tool};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    #[serde(default)]
    pub tools: Vec<CaseTool>,
    pub cases: Vec<Case>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: Option<String>,
    /// `tenant/name`.
    pub principal: String,
    #[serde(default = "user", with = "KindWord")]
    pub kind: PrincipalKind,
    #[serde(default)]
    pub groups: Vec<String>,
    #[serde(default)]
    pub scopes: Vec<String>,
    /// `alias/tool`.
    pub tool: String,
    pub toolset: Option<String>,
    #[serde(default = "nothing")]
    pub args: Value,
    /// `prod` if it is not said: the strictest.
    pub env: Option<String>,
    /// RFC 3339.
    pub now: Option<String>,
    pub reason: Option<String>,
    /// Rules that an approval has lifted.
    #[serde(default)]
    pub grants: Vec<String>,
    #[serde(default)]
    pub break_glass: bool,
    pub expect: Effect,
    /// The deciding rules, all of them, in any order.
    pub rules: Option<Vec<String>>,
    /// What is to be redacted, in any order.
    pub redact: Option<Vec<Redaction>>,
}

/// A tool written down: one that need not be there, or was there when it was last seen. What is not said is the worst.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseTool {
    pub tool: String,
    /// The alias if it is not said.
    pub server: Option<String>,
    #[serde(default)]
    pub toolsets: Vec<String>,
    #[serde(default = "critical", with = "RiskWord")]
    pub risk: Risk,
    #[serde(default)]
    pub read_only: bool,
    #[serde(default = "yes")]
    pub destructive: bool,
    #[serde(default)]
    pub idempotent: bool,
    #[serde(default = "yes")]
    pub open_world: bool,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub deprecated: bool,
    #[serde(default = "approved")]
    pub server_status: String,
    #[serde(default)]
    pub compliance: Vec<String>,
    #[serde(default)]
    pub reviewed: bool,
    #[serde(default = "nothing")]
    pub input_schema: Value,
}

impl CaseTool {
    /// Returns the tool that is written here.
    ///
    /// # Errors
    /// A sentence, when its name is none.
    pub fn read(&self) -> Result<Tool, String> {
        let tool = tool_ref(&self.tool)?;
        let server = self.server.as_deref().unwrap_or(tool.alias.as_str());
        let mut toolsets: Vec<ToolsetName> = self.toolsets.iter().map(ToolsetName::new).collect();
        if toolsets.is_empty() {
            toolsets.push(ToolsetName::new(TOOLSET));
        }
        Ok(Tool {
            server: Arc::new(Server {
                name: ServerName::new(server),
                alias: tool.alias.clone(),
                status: self.server_status.clone(),
                compliance: self.compliance.clone(),
                reviewed: self.reviewed,
            }),
            tool,
            toolsets,
            risk: self.risk,
            effects: Effects {
                read_only: self.read_only,
                destructive: self.destructive,
                idempotent: self.idempotent,
                open_world: self.open_world,
            },
            tags: self.tags.clone(),
            deprecated: self.deprecated,
            input_schema: self.input_schema.clone(),
        })
    }
}

impl From<&Tool> for CaseTool {
    fn from(tool: &Tool) -> CaseTool {
        CaseTool {
            tool: tool.tool.to_string(),
            server: Some(tool.server.name.to_string()),
            toolsets: tool.toolsets.iter().map(ToolsetName::to_string).collect(),
            risk: tool.risk,
            read_only: tool.effects.read_only,
            destructive: tool.effects.destructive,
            idempotent: tool.effects.idempotent,
            open_world: tool.effects.open_world,
            tags: tool.tags.clone(),
            deprecated: tool.deprecated,
            server_status: tool.server.status.clone(),
            compliance: tool.server.compliance.clone(),
            reviewed: tool.server.reviewed,
            input_schema: tool.input_schema.clone(),
        }
    }
}

fn user() -> PrincipalKind {
    PrincipalKind::User
}

fn critical() -> Risk {
    Risk::Critical
}

fn yes() -> bool {
    true
}

fn approved() -> String {
    "approved".to_owned()
}

fn nothing() -> Value {
    json!({})
}

#[derive(Deserialize)]
#[serde(remote = "PrincipalKind", rename_all = "lowercase")]
enum KindWord {
    User,
    Agent,
    Service,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Risk", rename_all = "lowercase")]
enum RiskWord {
    Low,
    Medium,
    High,
    Critical,
}
