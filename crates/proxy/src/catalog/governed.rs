//! Tools in view, as policies see them: what the operator vouches for, and the schema of the arguments. What a server says
//! of its own tools is a claim and decides nothing.

use std::sync::Arc;

use wardgate_model::{Risk, ToolRef};
use wardgate_policy::{Authorizer, Tool};
use wardgate_protocol::edit;
use wardgate_snapshot::{Server, Toolset};

use super::view::Entry;

/// Returns what decides over these tools, if the toolset has policies.
pub fn authorizer<'a>(
    toolset: &Toolset,
    tools: impl Iterator<Item = &'a Entry>,
) -> Option<Arc<Authorizer>> {
    let policies = toolset.policies.clone()?;
    let tools = tools.filter_map(|entry| tool(toolset, entry));
    Some(Arc::new(Authorizer::new(policies, tools)))
}

/// Returns the name policies know a tool by.
pub fn tool_ref(server: &Server, name: &str) -> ToolRef {
    ToolRef {
        alias: server.alias.clone(),
        name: name.to_owned(),
    }
}

/// Returns a server as policies see it.
pub fn server(server: &Server) -> wardgate_policy::Server {
    wardgate_policy::Server {
        name: server.name.clone(),
        alias: server.alias.clone(),
        status: "active".to_owned(),
        compliance: Vec::new(),
        reviewed: false,
    }
}

/// A tool whose schema is no JSON is not known to policies, so no call of it is allowed.
fn tool(toolset: &Toolset, entry: &Entry) -> Option<Tool> {
    let schema = edit::get(entry.item.raw.as_str(), &["inputSchema"])?;
    let traits = entry.server.traits_of(&entry.item.key);
    Some(Tool {
        tool: tool_ref(&entry.server, &entry.item.key),
        server: Arc::new(server(&entry.server)),
        toolsets: vec![toolset.name.clone()],
        risk: traits.risk.unwrap_or(Risk::Critical),
        effects: traits.effects(),
        tags: Vec::new(),
        deprecated: false,
        input_schema: serde_json::from_str(schema).ok()?,
    })
}
