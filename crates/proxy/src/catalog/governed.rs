//! Tools in view, as policies see them: what the operator vouches for, and the schema of the arguments. What a server says
//! of its own tools is a claim and decides nothing.

use std::{collections::BTreeMap, sync::Arc};

use wardgate_model::{Alias, Risk, ToolRef, ToolsetName};
use wardgate_policy::{Authorizer, Tool};
use wardgate_protocol::edit;
use wardgate_snapshot::{Server, Snapshot, Toolset};

use super::{Item, Listing, view::Entry};
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
    listings: Vec<Arc<Listing>>,
}

impl Seen {
    /// Returns the tools of each server that has listed any, if that has changed since the last look, with the toolsets that
    /// show each. Asks no server.
    pub fn look(&mut self, gate: &Gate) -> Option<BTreeMap<Alias, Vec<Tool>>> {
        let snapshot = gate.snapshot();
        let found: Vec<_> = snapshot
            .servers
            .values()
            .flat_map(|server| listings(gate, server))
            .collect();
        let is_current = (self.snapshot.as_ref()).is_some_and(|had| Arc::ptr_eq(had, &snapshot));
        let mut pairs = self.listings.iter().zip(found.iter());
        let is_same =
            self.listings.len() == found.len() && pairs.all(|(had, (_, has))| same(had, has));
        let tools = (!is_current || !is_same).then(|| tools(&snapshot, &found));
        self.listings = found.into_iter().map(|(_, listing)| listing).collect();
        self.snapshot = Some(snapshot);
        tools
    }
}

fn listings(gate: &Gate, server: &Arc<Server>) -> Vec<(Arc<Server>, Arc<Listing>)> {
    let lines = gate.upstreams.lines_of(&server.alias).into_iter();
    lines
        .filter_map(|line| Some((server.clone(), line.catalog.last(Shelf::Tools)?)))
        .collect()
}

/// A list that is fetched again keeps the items that did not change.
fn same(had: &Arc<Listing>, has: &Arc<Listing>) -> bool {
    let mut items = had.items.iter().zip(&has.items);
    Arc::ptr_eq(had, has)
        || (had.items.len() == has.items.len() && items.all(|(had, has)| Arc::ptr_eq(had, has)))
}

/// Lines to one server may list differently; of a tool that several list, the last stands for all.
fn tools(
    snapshot: &Snapshot,
    listings: &[(Arc<Server>, Arc<Listing>)],
) -> BTreeMap<Alias, Vec<Tool>> {
    let mut found: BTreeMap<Alias, BTreeMap<&str, Tool>> = BTreeMap::new();
    for (server, listing) in listings {
        let of_server = found.entry(server.alias.clone()).or_default();
        for item in &listing.items {
            let showing = snapshot.toolsets.values();
            let showing = showing.filter(|toolset| toolset.shows_tool(server, &item.key));
            let toolsets = showing.map(|toolset| toolset.name.clone()).collect();
            of_server.extend(tool(server, item, toolsets).map(|tool| (item.key.as_str(), tool)));
        }
    }
    let whole =
        |(alias, tools): (Alias, BTreeMap<&str, Tool>)| (alias, tools.into_values().collect());
    found.into_iter().map(whole).collect()
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
