//! What the official conformance suite (`@modelcontextprotocol/conformance`) calls by name, besides the
//! standard tools: both its requirement sets, 2025-11-25 and 2026-07-28, and the extensions tasks and skills.

mod content;
mod elicit;
pub mod prompts;
pub mod resources;
mod rounds;
mod schema;
pub mod skills;
mod talk;
mod tasks;

use super::tools::Tool;

pub fn tools() -> impl Iterator<Item = &'static Tool> {
    [
        content::TOOLS,
        talk::TOOLS,
        elicit::TOOLS,
        rounds::TOOLS,
        schema::TOOLS,
        tasks::TOOLS,
    ]
    .into_iter()
    .flatten()
}

/// The contract of a tool that takes nothing.
fn bare(description: &str) -> serde_json::Value {
    serde_json::json!({"description": description, "inputSchema": {"type": "object"}})
}
