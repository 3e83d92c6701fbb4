//! Servers: names, aliases and versions. How each is reached is in `endpoint`.

use std::collections::HashMap;

use indexmap::IndexMap;
use wardgate_model::{Alias, ServerName};

use super::{Checks, Found, Place, endpoint, names, pointers, toolset::Known};
use crate::{
    config::{Endpoint, Server},
    diagnostic::code,
    raw::{RawEndpoint, RawServer, RawVersion, traits::Tool},
    tree::Value,
};

/// The version of a server whose config names none.
const UNVERSIONED: &str = "unversioned";

/// Returns the servers that are right, and the names of all.
pub fn check_all(
    checks: &mut Checks<'_>,
    root: &Place,
    found: &IndexMap<String, Found>,
) -> (Vec<Server>, Known) {
    if found.is_empty() && !checks.faulty(&root.child("servers")) {
        let hint = "add one: `servers: {time: {command: [mcp-server-time]}}`";
        checks.warning(
            code::NO_SERVERS,
            &root.child("servers"),
            "there are no servers, so nothing to call",
            hint,
        );
    }
    let mut taken: HashMap<String, &str> = HashMap::new();
    let mut servers = Vec::new();
    let mut known = Known {
        servers: Vec::new(),
        complete: none_lost(checks, root, found),
    };
    for (name, Found { server, place }) in found {
        let alias = alias(checks, place, name, server);
        if let Some(first) = taken.get(&alias) {
            let message = format!("servers `{first}` and `{name}` both have the alias `{alias}`");
            let at = if server.alias.is_some() {
                place.child("alias")
            } else {
                place.clone()
            };
            checks.error(
                code::DUPLICATE_ALIAS,
                &at,
                message,
                "give one of them another with `alias:`",
            );
        }
        taken.insert(alias.clone(), name);
        known
            .servers
            .push((ServerName::new(name), Alias::new(&alias)));
        let Some((version, endpoint)) = served(checks, place, name, server) else {
            continue;
        };
        servers.push(Server {
            name: ServerName::new(name),
            alias: Alias::new(alias),
            version,
            endpoint,
            era: server.era,
            timeouts: server.timeouts.clone(),
            concurrency: server.concurrency,
            reply_max: server.reply_max,
            validate: server.validate,
            validate_output: server.validate_output,
            sanitize: server.sanitize,
            warm: server.warm,
            tools: tools(checks, &place.child("tools"), &server.tools),
        });
    }
    (servers, known)
}

fn tools(
    checks: &mut Checks<'_>,
    place: &Place,
    tools: &IndexMap<String, Tool>,
) -> IndexMap<String, Tool> {
    for (name, tool) in tools {
        let place = place.child(name).child("sensitive");
        pointers::check(checks, &place, &tool.sensitive);
    }
    tools.clone()
}

/// Says whether every server that is written in the file is here.
fn none_lost(checks: &Checks<'_>, root: &Place, found: &IndexMap<String, Found>) -> bool {
    match checks
        .report
        .source(root.source)
        .tree
        .get(&["servers".to_owned()])
        .map(|node| &node.value)
    {
        Some(Value::Map(members)) => members.iter().all(|(key, _)| found.contains_key(&key.text)),
        None => !checks.faulty(&root.child("servers")),
        Some(_) => false,
    }
}

fn alias(checks: &mut Checks<'_>, place: &Place, name: &str, server: &RawServer) -> String {
    if !names::is_server_name(name) {
        let hint =
            "use letters, digits, `.`, `-` and `_`, with at most one `/`: `com.acme/payments`";
        checks.key_error(
            code::MALFORMED_NAME,
            place,
            format!("`{name}` is not a server name"),
            hint,
        );
    }
    let Some(alias) = &server.alias else {
        return names::alias_of(name);
    };
    if !names::is_alias(alias) {
        let message = format!("`{alias}` is not an alias");
        let hint = "use up to 64 letters, digits, `-` and single inner `_`; tools are exposed as `alias__tool`";
        checks.error(code::MALFORMED_NAME, &place.child("alias"), message, hint);
    }
    alias.clone()
}

/// Returns the version that is served and how it is reached.
fn served(
    checks: &mut Checks<'_>,
    place: &Place,
    name: &str,
    server: &RawServer,
) -> Option<(String, Endpoint)> {
    let Some(versions) = &server.versions else {
        return Some((
            UNVERSIONED.into(),
            endpoint::check(checks, place, name, &server.endpoint)?,
        ));
    };
    let place = place.child("versions");
    if server.endpoint != RawEndpoint::default() {
        let hint = "move what says how it is reached into each version";
        checks.key_error(
            code::SEVERAL_ENDPOINTS,
            &place,
            format!("server `{name}` has both `versions` and an endpoint"),
            hint,
        );
    }
    let default = default_version(checks, &place, name, versions);
    let mut result = None;
    for (version, raw) in versions {
        let place = place.child(version);
        let endpoint = endpoint::check(checks, &place, name, &raw.endpoint);
        if Some(version) == default {
            result = endpoint.map(|endpoint| (version.clone(), endpoint));
        } else if default.is_some() {
            let message = format!("version `{version}` of `{name}` is not served");
            checks.warning(
                code::VERSION_NOT_SERVED,
                &place,
                message,
                "only the version with `default: true` is",
            );
        }
    }
    result
}

fn default_version<'a>(
    checks: &mut Checks<'_>,
    place: &Place,
    name: &str,
    versions: &'a IndexMap<String, RawVersion>,
) -> Option<&'a String> {
    let marked: Vec<&String> = versions
        .iter()
        .filter(|(_, raw)| raw.default)
        .map(|(version, _)| version)
        .collect();
    match (marked.as_slice(), versions.len()) {
        ([one], _) => Some(one),
        ([], 1) => versions.keys().next(),
        ([], _) if checks.faulty(place) => None,
        ([], 0) => {
            checks.key_error(
                code::NO_ENDPOINT,
                place,
                format!("server `{name}` has no version"),
                "add one with its endpoint",
            );
            None
        }
        ([], _) => {
            let message = format!("no version of `{name}` is the default");
            checks.key_error(
                code::DEFAULT_VERSION,
                place,
                message,
                "add `default: true` to the one to serve",
            );
            None
        }
        ([_, second, ..], _) => {
            let message = format!("more than one version of `{name}` is the default");
            checks.error(
                code::DEFAULT_VERSION,
                &place.child(second).child("default"),
                message,
                "keep one",
            );
            None
        }
    }
}
