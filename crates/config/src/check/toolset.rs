//! Toolsets: which servers each is over, and patterns that must each name something.

use globset::Glob;
use indexmap::IndexMap;
use wardgate_model::{Alias, GroupName, Scope, ServerName, ToolsetName};

use super::{Checks, Place, names};
use crate::{
    config::{Prefix, Toolset},
    diagnostic::code,
    raw::RawToolset,
    suggest,
};

/// The servers that toolsets can name.
pub struct Known {
    pub servers: Vec<(ServerName, Alias)>,
    /// No server was lost to a fault, so a name that is not here is wrong.
    pub complete: bool,
}

pub fn check_all(
    checks: &mut Checks<'_>,
    place: &Place,
    raw: Option<&IndexMap<String, RawToolset>>,
    known: &Known,
) -> Vec<Toolset> {
    let Some(raw) = raw else {
        let aliases: Vec<Alias> = known
            .servers
            .iter()
            .map(|(_, alias)| alias.clone())
            .collect();
        let tools = everything(&aliases);
        let name = ToolsetName::new("default");
        return vec![Toolset {
            name,
            servers: aliases,
            tools,
            hide: Vec::new(),
            prefix: Prefix::Auto,
            scopes: Vec::new(),
            read_only: false,
            risk_max: None,
            groups: None,
            environments: None,
            sanitize: Default::default(),
        }];
    };
    if !raw.contains_key("default") && !checks.faulty(place) {
        let hint =
            "clients connect to `/mcp/{name}`; name one toolset `default` to serve it there too";
        checks.warning(
            code::NO_DEFAULT_TOOLSET,
            place,
            "no toolset is named `default`, so nothing is served at `/mcp`",
            hint,
        );
    }
    raw.iter()
        .map(|(name, toolset)| check(checks, &place.child(name), name, toolset, known))
        .collect()
}

fn everything(aliases: &[Alias]) -> Vec<String> {
    aliases.iter().map(|alias| format!("{alias}/*")).collect()
}

fn check(
    checks: &mut Checks<'_>,
    place: &Place,
    name: &str,
    raw: &RawToolset,
    known: &Known,
) -> Toolset {
    if !names::is_toolset_name(name) {
        let hint = "use up to 64 letters, digits, `-`, `_` and `.`: it is part of the address `/mcp/{name}`";
        checks.key_error(
            code::MALFORMED_NAME,
            place,
            format!("`{name}` is not a toolset name"),
            hint,
        );
    }
    let wanted = raw.servers.as_deref();
    let named = named(
        checks,
        &place.child("servers"),
        wanted.unwrap_or_default(),
        known,
    );
    let scope: Vec<&Alias> = match wanted {
        None => known.servers.iter().map(|(_, alias)| alias).collect(),
        Some(_) => named.iter().collect(),
    };
    let judge = known.complete && wanted.is_none_or(|wanted| wanted.len() == named.len());
    let mut touched: Vec<&Alias> = Vec::new();
    let shown = raw.tools.as_deref();
    for (key, patterns) in [("tools", shown.unwrap_or_default()), ("hide", &raw.hide)] {
        for (position, text) in patterns.iter().enumerate() {
            let place = place.child(key).child(position);
            let found = pattern(checks, &place, text, &scope, judge);
            if key == "tools" {
                touched.extend(found);
            }
        }
    }
    let is_over = |alias: &Alias| wanted.is_some() || shown.is_none() || touched.contains(&alias);
    let over = scope.into_iter().filter(|alias| is_over(alias));
    let over: Vec<Alias> = over.cloned().collect();
    let tools = match &raw.tools {
        None => everything(&over),
        Some(tools) => tools.clone(),
    };
    Toolset {
        name: ToolsetName::new(name),
        servers: over,
        tools,
        hide: raw.hide.clone(),
        prefix: raw.prefix,
        scopes: scopes(checks, &place.child("scopes"), &raw.scopes),
        read_only: raw.read_only,
        risk_max: raw.risk_max,
        groups: (raw.groups.as_ref()).map(|names| names.iter().map(GroupName::new).collect()),
        environments: raw.environments.clone(),
        sanitize: raw.sanitize,
    }
}

/// Checks that each can be asked of an issuer.
fn scopes(checks: &mut Checks<'_>, place: &Place, raw: &[String]) -> Vec<Scope> {
    let scopes: Vec<Scope> = raw.iter().map(Scope::new).collect();
    for (position, scope) in scopes.iter().enumerate() {
        if !wardgate_identity::is_resource_scope(scope) {
            let message = format!("`{scope}` is no scope of this gateway");
            let hint = "a scope has no space, quote or backslash; `offline_access` is between a client and its issuer";
            checks.error(code::BAD_SCOPE, &place.child(position), message, hint);
        }
    }
    scopes
}

/// Returns the aliases of the servers a toolset names, by alias or by full name.
fn named(checks: &mut Checks<'_>, place: &Place, wanted: &[String], known: &Known) -> Vec<Alias> {
    let mut aliases = Vec::new();
    for (position, name) in wanted.iter().enumerate() {
        let found = known
            .servers
            .iter()
            .find(|(full, alias)| alias.as_str() == name || full.as_str() == name);
        match found {
            Some((_, alias)) if aliases.contains(alias) => {
                let message = format!("server `{name}` is named twice");
                checks.error(
                    code::DUPLICATE_KEY,
                    &place.child(position),
                    message,
                    "keep one",
                );
            }
            Some((_, alias)) => aliases.push(alias.clone()),
            None if known.complete => unknown(checks, &place.child(position), name, known),
            None => {}
        }
    }
    aliases
}

fn unknown(checks: &mut Checks<'_>, place: &Place, name: &str, known: &Known) {
    let mut names: Vec<&str> = known
        .servers
        .iter()
        .flat_map(|(full, alias)| [full.as_str(), alias.as_str()])
        .collect();
    names.dedup();
    checks.error(
        code::UNKNOWN_SERVER,
        place,
        format!("server `{name}` is not defined"),
        suggest::hint(name, names),
    );
}

/// Checks one pattern and returns the servers of `scope` it names.
pub(super) fn pattern<'a>(
    checks: &mut Checks<'_>,
    place: &Place,
    text: &str,
    scope: &[&'a Alias],
    judge: bool,
) -> Vec<&'a Alias> {
    let Some((server, tool)) = text.split_once('/') else {
        let hint = format!("write `alias/tool`, such as `*/{text}`");
        checks.error(
            code::BAD_PATTERN,
            place,
            format!("pattern `{text}` has no `/`"),
            hint,
        );
        return Vec::new();
    };
    if server.is_empty() || tool.is_empty() {
        checks.error(
            code::BAD_PATTERN,
            place,
            format!("pattern `{text}` lacks a part"),
            "write `alias/tool`",
        );
        return Vec::new();
    }
    let globs = Glob::new(text).and_then(|_| Glob::new(server));
    let glob = match globs {
        Ok(glob) => glob.compile_matcher(),
        Err(fault) => {
            let message = format!("pattern `{text}` cannot be read: {}", fault.kind());
            checks.error(
                code::BAD_PATTERN,
                place,
                message,
                "`*` stands for any characters, `?` for one, `{a,b}` for either",
            );
            return Vec::new();
        }
    };
    let found: Vec<&Alias> = scope
        .iter()
        .copied()
        .filter(|alias| glob.is_match(alias.as_str()))
        .collect();
    if found.is_empty() && judge {
        let hint = suggest::hint(server, scope.iter().map(|alias| alias.as_str()));
        let message = format!("pattern `{text}` names no server here");
        checks.error(code::PATTERN_WITHOUT_SERVER, place, message, hint);
    }
    found
}
