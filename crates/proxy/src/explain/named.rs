//! What a name means in a toolset, and if it means nothing, why.

use wardgate_model::{ToolRef, ToolsetName};
use wardgate_snapshot::{Exclusion, Server};

use crate::{
    call::Call,
    catalog::view::{Entry, View},
    gate::Gate,
    upstream::changes::Shelf,
};

/// The name under which the view shows what was named as `alias/tool` or as itself.
pub(super) fn exposed(view: &View, named: &str) -> Option<String> {
    if view.table.contains_key(named) {
        return Some(named.to_owned());
    }
    let wanted = ToolRef::parse(named)?;
    let is_it = |entry: &Entry| entry.server.alias == wanted.alias && entry.item.key == wanted.name;
    let mut found = view.table.iter().filter(|(_, entry)| is_it(entry));
    found.next().map(|(name, _)| name.clone())
}

/// Why a tool is not in the view, and what would bring it there.
pub(super) fn missing(gate: &Gate, call: &Call, named: &str) -> (String, Option<String>) {
    let toolset = &call.toolset.name;
    let Some(wanted) = ToolRef::parse(named) else {
        let says = format!("toolset `{toolset}` shows nothing of this name");
        return (says, Some("name it as `alias/tool` to learn why".into()));
    };
    let Some(server) = call.snapshot.servers.get(&wanted.alias) else {
        return (format!("there is no server `{}`", wanted.alias), None);
    };
    if let Some(exclusion) = call.toolset.excludes_tool(server, &wanted.name) {
        let (says, change) = excluded(exclusion, toolset, server, &wanted.name);
        return (says, Some(change));
    }
    let line = gate
        .upstreams
        .line_for(server, call.peer.era(), &call.peer.declared());
    let says = match (
        line.catalog.last(Shelf::Tools),
        line.catalog.failing(Shelf::Tools),
    ) {
        (Some(_), _) => format!("`{}` lists no such tool", wanted.alias),
        (None, Some(why)) => format!("what `{}` lists is not known: it {why}", wanted.alias),
        (None, None) => format!("what `{}` lists is not known", wanted.alias),
    };
    (says, None)
}

fn excluded(
    exclusion: Exclusion,
    toolset: &ToolsetName,
    server: &Server,
    tool: &str,
) -> (String, String) {
    let (alias, key) = (&server.alias, format!("toolsets.{toolset}"));
    let traits = format!("servers.{}.tools.{tool}", server.name);
    match exclusion {
        Exclusion::Server => (
            format!("toolset `{toolset}` has no server `{alias}`"),
            format!("add `{alias}` to `{key}.servers`"),
        ),
        Exclusion::NotAmongTools => (
            format!("toolset `{toolset}` shows only what `{key}.tools` names"),
            format!("add `{alias}/{tool}` to `{key}.tools`"),
        ),
        Exclusion::Hidden => (
            format!("toolset `{toolset}` hides it by `{key}.hide`"),
            format!("take its pattern out of `{key}.hide`"),
        ),
        Exclusion::MayWrite => (
            format!("toolset `{toolset}` is read-only, and nobody vouches for this tool"),
            format!("set `{traits}.read_only: true`, if it changes nothing"),
        ),
        Exclusion::TooRisky => (
            format!("the tool's risk is more than `{key}.risk_max`; unsaid it is `critical`"),
            format!("set `{traits}.risk`"),
        ),
    }
}
