//! Exposed name → Target: the server, the line that suits the client, and the tool as the server knows it.

use std::sync::Arc;

use wardgate_policy::Authorizer;
use wardgate_protocol::headers::{HeaderView, NotOnce};
use wardgate_snapshot::Server;

use super::admit::Slot;
use crate::{
    call::Call,
    catalog::{
        Freshness, Item, PATIENCE,
        item::is_tool_name,
        view::{self, Entry, Lens, View},
    },
    gate::Gate,
    pipeline::Trail,
    stop::{Missing, Stop},
    upstream::{changes::Shelf, line::Line},
};

/// Where a call goes.
pub struct Target {
    server: Arc<Server>,
    /// The line its list came by, where it was found on one.
    line: Option<Arc<Line>>,
    item: Option<Arc<Item>>,
    /// The name at the server.
    name: String,
    /// What decides over it, where it is a tool and there are policies.
    authorizer: Option<Arc<Authorizer>>,
}

impl Target {
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    pub fn line(&self) -> Option<&Arc<Line>> {
        self.line.as_ref()
    }

    pub fn item(&self) -> Option<&Arc<Item>> {
        self.item.as_ref()
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn authorizer(&self) -> Option<&Arc<Authorizer>> {
        self.authorizer.as_ref()
    }

    /// Returns where an exposed name leads in a view.
    pub(crate) fn named(view: &View, name: &str) -> Option<Target> {
        let entry = view.table.get(name)?.clone();
        Some(Target {
            name: entry.item.key.clone(),
            server: entry.server,
            line: Some(entry.line),
            item: Some(entry.item),
            authorizer: view.authorizer.clone(),
        })
    }

    /// A target on a server without an item of a list: a task, or a method the gateway does not know.
    pub fn on(server: Arc<Server>, name: String) -> Target {
        Target {
            server,
            line: None,
            item: None,
            name,
            authorizer: None,
        }
    }
}

/// Finds the tool.
///
/// # Errors
/// [`Stop::NotFound`], or [`Stop::Unavailable`] for a name that only a server without a known list can have.
pub async fn tool(
    gate: &Gate,
    call: &Call,
    _slot: &Slot,
    trail: &mut Trail,
) -> Result<Target, Stop> {
    let name = named(call, "name")?;
    if let Some(target) = find(gate, call, Shelf::Tools, &name).await? {
        return Ok(target);
    }
    trail.server = unlisted(gate, call, &name).cloned();
    Err(match trail.server {
        Some(_) => Stop::Unavailable {
            retry_after: PATIENCE,
        },
        None => Stop::NotFound(Missing::Tool(name)),
    })
}

/// The server that a prefixed name means, when nobody knows what tools it has: it may be there once the server is back.
/// What the toolset would not show is unknown all the same.
fn unlisted<'a>(gate: &Gate, call: &'a Call, name: &str) -> Option<&'a Arc<Server>> {
    let aliases = call.toolset.servers.iter();
    let mut servers = aliases.filter_map(|alias| call.snapshot.servers.get(alias));
    let lens = Lens::of(&call.peer);
    servers.find(|server| {
        let tool = name
            .strip_prefix(server.alias.as_str())
            .and_then(|rest| rest.strip_prefix("__"));
        if !tool.is_some_and(|tool| is_tool_name(tool) && call.toolset.shows_tool(server, tool)) {
            return false;
        }
        let line = gate.upstreams.line_for(server, lens.era, &lens.declared);
        call.toolset.prefixed() && line.catalog.last(Shelf::Tools).is_none()
    })
}

/// Finds the prompt.
///
/// # Errors
/// [`Stop::NotFound`].
pub async fn prompt(gate: &Gate, call: &Call, name: &str) -> Result<Target, Stop> {
    find(gate, call, Shelf::Prompts, name)
        .await?
        .ok_or_else(|| Stop::NotFound(Missing::Prompt(name.to_owned())))
}

/// Finds the server a resource belongs to: listed, matched by a template, or the only one that can have it.
///
/// # Errors
/// [`Stop::NotFound`].
pub async fn resource(gate: &Gate, call: &Call, uri: &str) -> Result<Target, Stop> {
    let missing = || Stop::NotFound(Missing::Resource(uri.to_owned()));
    if !is_plain_uri(uri) {
        return Err(missing());
    }
    if let Some(target) = find(gate, call, Shelf::Resources, uri).await? {
        return Ok(target);
    }
    let templates = table(gate, call, Shelf::Templates, Freshness::Known).await?;
    let matching = templates
        .table
        .values()
        .find(|entry| template_matches(&entry.item.key, uri) || entry.item.key == uri);
    if let Some(entry) = matching {
        return Ok(Target {
            server: entry.server.clone(),
            line: Some(entry.line.clone()),
            item: None,
            name: uri.to_owned(),
            authorizer: None,
        });
    }
    // MCP: resources need not be listed to be read, so a lone owner is asked.
    let resources = table(gate, call, Shelf::Resources, Freshness::Known).await?;
    let owner = lone_owner(
        gate,
        call,
        uri,
        resources.table.values().chain(templates.table.values()),
    );
    owner
        .map(|server| Target::on(server, uri.to_owned()))
        .ok_or_else(missing)
}

/// The only server of the toolset, or the only one that lists anything under the URI's scheme.
fn lone_owner<'a>(
    gate: &Gate,
    call: &Call,
    uri: &str,
    listed: impl Iterator<Item = &'a Entry>,
) -> Option<Arc<Server>> {
    if let [alias] = call.toolset.servers.as_slice() {
        let server = call.snapshot.servers.get(alias)?;
        let line = gate
            .upstreams
            .line_for(server, call.peer.era(), &call.peer.declared());
        return line
            .hello()
            .is_none_or(|hello| hello.has(&["resources"]))
            .then(|| server.clone());
    }
    let scheme = uri.split_once(':')?.0;
    let mut owners: Vec<&Arc<Server>> = Vec::new();
    for entry in listed.filter(|entry| {
        entry
            .item
            .key
            .split_once(':')
            .is_some_and(|(other, _)| other == scheme)
    }) {
        if !owners.iter().any(|owner| owner.alias == entry.server.alias) {
            owners.push(&entry.server);
        }
    }
    match owners.as_slice() {
        [owner] => Some(Arc::clone(owner)),
        _ => None,
    }
}

/// Traversal, NUL and backslashes never reach a server.
fn is_plain_uri(uri: &str) -> bool {
    let lower = undoubled(&uri.to_ascii_lowercase());
    let climbs = lower
        .replace("%2e", ".")
        .replace("%2f", "/")
        .split(['/', '\\'])
        .any(|segment| segment == ".." || segment.starts_with("..;"));
    !climbs
        && !uri.contains(['\0', '\\'])
        && !lower.contains("%00")
        && !lower.contains("%5c")
        && !lower.contains("%c0")
        && uri.contains(':')
}

/// Takes back percent signs that are themselves encoded: whoever decodes twice must not find more than we did.
fn undoubled(uri: &str) -> String {
    let parts: Vec<_> = uri
        .split('%')
        .map(|part| part.trim_start_matches("25"))
        .collect();
    parts.join("%")
}

/// Finds an exposed name. Only the server that has it is asked, and only when its list is due; every server is, when none is
/// known to have it. So a server that hangs makes nobody wait but its own callers.
async fn find(gate: &Gate, call: &Call, shelf: Shelf, name: &str) -> Result<Option<Target>, Stop> {
    let lens = Lens::of(&call.peer);
    let (upstreams, toolset) = (&gate.upstreams, &call.toolset);
    let fresh = Freshness::Known;
    if let Some(view) = gate.views.current(upstreams, toolset, shelf, &lens, fresh) {
        return Ok(Target::named(&view, name));
    }
    let known = || {
        let parts = view::known(upstreams, &call.snapshot, toolset, shelf, &lens);
        gate.views.view(upstreams, toolset, shelf, &lens, parts)
    };
    let Some(entry) = known().table.get(name).cloned() else {
        let view = Box::pin(table(gate, call, shelf, fresh)).await?;
        return Ok(Target::named(&view, name));
    };
    if entry.line.catalog.fresh(shelf, fresh).is_some() {
        return Ok(Target::named(&known(), name));
    }
    let asking = view::part(upstreams, &entry.server, shelf, &lens, fresh);
    Box::pin(call.cx.within(asking)).await?;
    Ok(Target::named(&known(), name))
}

/// Returns the view the client's own list would show.
pub async fn table(
    gate: &Gate,
    call: &Call,
    shelf: Shelf,
    freshness: Freshness,
) -> Result<Arc<view::View>, Stop> {
    let lens = Lens::of(&call.peer);
    let (upstreams, toolset) = (&gate.upstreams, &call.toolset);
    if let Some(view) = gate
        .views
        .current(upstreams, toolset, shelf, &lens, freshness)
    {
        return Ok(view);
    }
    let parts = view::gather(upstreams, &call.snapshot, toolset, shelf, &lens, freshness);
    let parts = call.cx.within(parts).await?;
    Ok(gate.views.view(upstreams, toolset, shelf, &lens, parts))
}

/// Returns a required string member of params.
pub fn named(call: &Call, key: &str) -> Result<String, Stop> {
    let missing = || {
        wardgate_protocol::RpcError::new(
            wardgate_protocol::error::INVALID_PARAMS,
            format!("params.{key} must be a string"),
        )
    };
    call.param_string(key).ok_or_else(|| Stop::Rpc(missing()))
}

/// Matches a URI template (RFC 6570) by its literal parts, in time linear in the URI: expressions match anything.
fn template_matches(template: &str, uri: &str) -> bool {
    let mut rest = uri;
    let mut literals = Vec::new();
    let mut text = template;
    while let Some((literal, after)) = text.split_once('{') {
        literals.push(literal);
        let Some((_, after)) = after.split_once('}') else {
            return false;
        };
        text = after;
    }
    let (Some(first), tail) = (literals.first().copied(), text) else {
        return template == uri;
    };
    let Some(after) = rest.strip_prefix(first) else {
        return false;
    };
    rest = after;
    for literal in &literals[1..] {
        let Some(at) = rest.find(literal) else {
            return false;
        };
        rest = &rest[at + literal.len()..];
    }
    rest.ends_with(tail)
}

/// HTTP headers as the header rules read them.
pub struct Headers<'a>(pub &'a http::HeaderMap);

impl HeaderView for Headers<'_> {
    fn only(&self, name: &str) -> Result<&[u8], NotOnce> {
        let mut values = self.0.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value.as_bytes()),
            (None, _) => Err(NotOnce::Absent),
            (Some(_), Some(_)) => Err(NotOnce::Repeated),
        }
    }

    fn all(&self, name: &str) -> Vec<&[u8]> {
        let values = self.0.get_all(name).iter();
        values.map(http::HeaderValue::as_bytes).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_match_by_their_literal_parts() {
        for (template, uri, expected) in [
            ("test://template/{id}/data", "test://template/7/data", true),
            ("test://template/{id}/data", "test://template/7/meta", false),
            ("file:///{+path}", "file:///a/b/c", true),
            ("file:///{+path}", "https://a/b", false),
            ("a://{x}{y}", "a://zz", true),
            ("a://b", "a://b", true),
            ("a://{x", "a://1", false),
        ] {
            assert_eq!(
                template_matches(template, uri),
                expected,
                "{template} {uri}"
            );
        }
    }

    #[test]
    fn traversal_is_not_plain() {
        for uri in [
            "file:///a/../../etc/passwd",
            "file:///%2e%2e%2fx",
            "file:///..%c0%af",
            "file:///%25252e%2e/x",
            "a://b\0",
            "a://%00",
            r"file://\\host\share",
            "x",
        ] {
            assert!(!is_plain_uri(uri), "{uri}");
        }
        assert!(is_plain_uri("file:///a/b..c/d"));
    }
}
