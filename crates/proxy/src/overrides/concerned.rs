//! Which tools an override is about, of those the gateway knows: what an operator is told before and after.

use std::{collections::BTreeSet, sync::Arc};

use wardgate_model::{Identity, OverrideMatch, PrincipalId, TenantId, ToolRef};
use wardgate_snapshot::{Server, Snapshot, Toolset};

use super::{Subject, covers};
use crate::{
    gate::Gate,
    stage::heed::aim_of_tool,
    upstream::{Upstreams, changes::Shelf},
};

/// Returns the tools that some toolset shows and the override is about, by name.
pub fn concerned(gate: &Gate, matches: &OverrideMatch) -> Vec<ToolRef> {
    let snapshot = gate.snapshot();
    let caller = caller(matches);
    let mut concerned = BTreeSet::new();
    for toolset in snapshot.toolsets.values() {
        if caller
            .as_ref()
            .is_some_and(|caller| !snapshot.tenants.sees(&caller.tenant, &toolset.name))
        {
            continue;
        }
        let subject = Subject {
            caller: caller.clone().unwrap_or_else(nobody),
            toolset: toolset.name.clone(),
        };
        for server in servers(&snapshot, toolset) {
            let shown = known(&gate.upstreams, server);
            let shown = shown
                .into_iter()
                .filter(|name| toolset.shows(&server.alias, name));
            let is_concerned =
                |name: &String| covers(matches, &subject, Some(&aim_of_tool(server, name)));
            concerned.extend(shown.filter(is_concerned).map(|name| ToolRef {
                alias: server.alias.clone(),
                name,
            }));
        }
    }
    concerned.into_iter().collect()
}

fn servers<'a>(
    snapshot: &'a Snapshot,
    toolset: &'a Toolset,
) -> impl Iterator<Item = &'a Arc<Server>> {
    let aliases = toolset.servers.iter();
    aliases.filter_map(|alias| snapshot.servers.get(alias))
}

/// Tools that a server has listed to anybody, and those the config speaks of.
fn known(upstreams: &Upstreams, server: &Server) -> BTreeSet<String> {
    let lines = upstreams.lines_of(&server.alias);
    let listings = lines
        .iter()
        .filter_map(|line| line.catalog.last(Shelf::Tools));
    let mut names: BTreeSet<String> = server.tools.keys().cloned().collect();
    for listing in listings {
        names.extend(listing.items.iter().map(|item| item.key.clone()));
    }
    names
}

fn caller(matches: &OverrideMatch) -> Option<Identity> {
    match matches {
        OverrideMatch::Principal(identity) => Some(identity.clone()),
        OverrideMatch::Tenant(tenant) => Some(Identity {
            tenant: tenant.clone(),
            ..nobody()
        }),
        OverrideMatch::Tool(_)
        | OverrideMatch::Server(_)
        | OverrideMatch::Toolset(_)
        | OverrideMatch::AllWrites
        | OverrideMatch::Everything => None,
    }
}

fn nobody() -> Identity {
    Identity {
        tenant: TenantId::new(""),
        principal: PrincipalId::new(""),
    }
}
