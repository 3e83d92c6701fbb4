//! Tools in view, as policies see them: what the operator vouches for, and the schema of the arguments. What a server says
//! of its own tools is a claim and decides nothing.

use std::{collections::BTreeMap, sync::Arc};

use wardgate_model::{Alias, Risk, ToolRef, ToolsetName};
use wardgate_policy::{Authorizer, Tool};
use wardgate_protocol::edit;
use wardgate_snapshot::{Server, Snapshot, Toolset};

use super::{Item, view::Entry};
use crate::{gate::Gate, upstream::changes::Shelf};

/// Returns what decides over these tools, if the toolset has policies.
pub fn authorizer<'a>(
    toolset: &Toolset,
    tools: impl Iterator<Item = &'a Entry>,
) -> Option<Arc<Authorizer>> {
    let policies = toolset.policies.clone()?;
    let tools =
        tools.filter_map(|entry| tool(&entry.server, &entry.item, vec![toolset.name.clone()]));
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

/// What servers were last seen with.
#[derive(Default)]
pub struct Seen {
    snapshot: Option<Arc<Snapshot>>,
    items: Vec<Arc<Item>>,
}

impl Seen {
    /// Returns the tools of each server that has listed any, if that has changed since the last look, with the toolsets that
    /// show each. Asks no server.
    pub fn look(&mut self, gate: &Gate) -> Option<BTreeMap<Alias, Vec<Tool>>> {
        let snapshot = gate.snapshot();
        let mut found = Vec::new();
        for server in snapshot.servers.values() {
            found.extend(items(gate, server).into_iter().map(|item| (server, item)));
        }
        let is_same = |(had, (_, has)): (&Arc<Item>, &(_, Arc<Item>))| Arc::ptr_eq(had, has);
        let is_current = self
            .snapshot
            .as_ref()
            .is_some_and(|had| Arc::ptr_eq(had, &snapshot));
        if is_current
            && self.items.len() == found.len()
            && self.items.iter().zip(&found).all(is_same)
        {
            return None;
        }
        let mut tools: BTreeMap<Alias, Vec<Tool>> = BTreeMap::new();
        for (server, item) in &found {
            let showing = snapshot.toolsets.values();
            let showing = showing.filter(|toolset| toolset.shows_tool(server, &item.key));
            let toolsets = showing.map(|toolset| toolset.name.clone()).collect();
            let tools = tools.entry(server.alias.clone()).or_default();
            tools.extend(tool(server, item, toolsets));
        }
        self.items = found.into_iter().map(|(_, item)| item).collect();
        self.snapshot = Some(snapshot);
        Some(tools)
    }
}

/// Lines to one server may list differently; of a tool that several list, one stands for all.
fn items(gate: &Gate, server: &Server) -> Vec<Arc<Item>> {
    let mut found: BTreeMap<String, Arc<Item>> = BTreeMap::new();
    for line in gate.upstreams.lines_of(&server.alias) {
        let listing = line.catalog.last(Shelf::Tools);
        for item in listing.iter().flat_map(|listing| &listing.items) {
            found
                .entry(item.key.clone())
                .or_insert_with(|| item.clone());
        }
    }
    found.into_values().collect()
}

/// A tool whose schema is no JSON is not known to policies, so no call of it is allowed.
fn tool(on: &Server, item: &Item, toolsets: Vec<ToolsetName>) -> Option<Tool> {
    let schema = edit::get(item.raw.as_str(), &["inputSchema"])?;
    let traits = on.traits_of(&item.key);
    Some(Tool {
        tool: tool_ref(on, &item.key),
        server: Arc::new(server(on)),
        toolsets,
        risk: traits.risk.unwrap_or(Risk::Critical),
        effects: traits.effects(),
        tags: Vec::new(),
        deprecated: false,
        input_schema: serde_json::from_str(schema).ok()?,
    })
}
