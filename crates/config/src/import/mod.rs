//! The `mcp.json` of other programs, as servers of ours.
//!
//! Three dialects: `mcpServers` (Claude, Cursor and most others), `servers` with `inputs` (VS Code, with comments), and
//! `mcp.servers` within editor settings. Secrets never pass into a config: they become references, and either the
//! operator sets the variables ([`Literals::Refer`], for `wardgate import`) or the values are held beside the config
//! ([`Literals::Hold`], for `serve --mcp-json`).

mod names;
mod yaml;

use std::collections::HashMap;

use indexmap::IndexMap;
use wardgate_model::{Secret, SecretRef};

use crate::{
    check::{Found, Place},
    diagnostic::{At, Code, Report, Source, code},
    load::{File, syntax},
    raw::{RawAuth, RawEndpoint, RawSecretRef, RawServer, RawValue},
    secretlike,
    tree::{Node, Value},
};

/// What becomes of a secret that stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literals {
    /// `{env: NAME}`, with a note that says which variable to set.
    Refer,
    /// Held in memory under a reference that names its place in the file.
    Hold,
}

/// The servers of one file.
#[derive(Debug, Default)]
pub struct Imported {
    pub(crate) servers: IndexMap<String, Found>,
    pub(crate) held: HashMap<SecretRef, Secret>,
}

impl Imported {
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }
    /// Returns the servers' names and whether each is a program or an address.
    pub fn summary(&self) -> Vec<(String, String)> {
        let how = |endpoint: &RawEndpoint| match (&endpoint.command, &endpoint.url, &endpoint.sse) {
            (Some(command), _, _) => command.first().cloned().unwrap_or_default(),
            (_, Some(url), _) | (_, _, Some(url)) => {
                url.split('?').next().unwrap_or(url).to_owned()
            }
            _ => String::new(),
        };
        self.servers
            .iter()
            .map(|(name, found)| (name.clone(), how(&found.server.endpoint)))
            .collect()
    }
}

/// Reads the servers of one `mcp.json`. What cannot be taken over is reported.
pub fn read(report: &mut Report, file: &File, literals: Literals) -> Imported {
    let tree = match Node::jsonc(&file.text) {
        Ok(tree) => tree,
        Err(fault) => {
            syntax(report, file, fault, "JSON");
            return Imported::default();
        }
    };
    let source = report.add_source(Source {
        name: file.name.clone(),
        text: file.text.clone(),
        tree: tree.clone(),
    });
    let mut import = Import {
        report,
        source,
        file: &file.name,
        literals,
        result: Imported::default(),
    };
    match section(&tree) {
        Some((path, servers)) => import.servers(&path, servers),
        None => {
            let at = Some(At {
                source,
                bytes: 0..0,
            });
            let hint = "expected `mcpServers` (Claude, Cursor) or `servers` (VS Code)";
            import.report.error(
                code::NOT_AN_MCP_JSON,
                at,
                format!("no servers found in {}", file.name),
                hint,
            );
        }
    }
    import.result
}

type Members<'a> = &'a [(crate::tree::Key, Node)];

/// Finds the section that lists the servers.
fn section(tree: &Node) -> Option<(Vec<String>, Members<'_>)> {
    const PATHS: [&[&str]; 3] = [&["mcpServers"], &["servers"], &["mcp", "servers"]];
    PATHS.iter().find_map(|path| {
        let path: Vec<String> = path.iter().map(|step| (*step).to_owned()).collect();
        match &tree.get(&path)?.value {
            Value::Map(members) => Some((path, members.as_slice())),
            _ => None,
        }
    })
}

struct Import<'a> {
    report: &'a mut Report,
    source: usize,
    file: &'a str,
    literals: Literals,
    result: Imported,
}

impl Import<'_> {
    fn at(&self, node: &Node) -> Option<At> {
        Some(At {
            source: self.source,
            bytes: node.at.clone(),
        })
    }

    fn skipped(&mut self, at: Option<At>, message: String, hint: &str) {
        self.report
            .warning(code::ENTRY_NOT_IMPORTED, at, message, hint);
    }

    fn servers(&mut self, path: &[String], members: Members<'_>) {
        for (key, node) in members {
            // The whole entry is kept out of sight: only its checked copy is shown.
            conceal_secrets(self.report, self.source, node);
            let Value::Map(fields) = &node.value else {
                let at = self.at(node);
                self.skipped(at, format!("`{}` is not a server", key.text), "");
                continue;
            };
            if matches!(
                find(fields, "disabled"),
                Some(Node {
                    value: Value::Bool(true),
                    ..
                })
            ) {
                let at = Some(At {
                    source: self.source,
                    bytes: key.at.clone(),
                });
                self.report.note(
                    code::ENTRY_NOT_IMPORTED,
                    at,
                    format!("`{}` is disabled and left out", key.text),
                    "",
                );
                continue;
            }
            let name = names::server_name(&key.text);
            let mut place = Place {
                source: self.source,
                path: path.to_vec(),
            };
            place.path.push(key.text.clone());
            let endpoint = self.endpoint(&name, &place, fields);
            if endpoint.command.is_none() && endpoint.url.is_none() && endpoint.sse.is_none() {
                let at = Some(At {
                    source: self.source,
                    bytes: key.at.clone(),
                });
                let message = format!(
                    "`{}` has neither a command nor an address, and is left out",
                    key.text
                );
                self.skipped(at, message, "");
                continue;
            }
            let server = RawServer {
                endpoint,
                ..RawServer::default()
            };
            self.result.servers.insert(name, Found { server, place });
        }
    }

    fn endpoint(&mut self, name: &str, place: &Place, fields: Members<'_>) -> RawEndpoint {
        let mut endpoint = RawEndpoint::default();
        let kind = find(fields, "type")
            .or_else(|| find(fields, "transport"))
            .and_then(text)
            .unwrap_or_default();
        let mut arguments = Vec::new();
        for (key, node) in fields {
            match (key.text.as_str(), &node.value) {
                ("command", Value::Text(program)) => {
                    endpoint.command = Some(vec![self.plain(node, program)])
                }
                ("args", Value::List(list)) => arguments = self.arguments(list),
                ("cwd", Value::Text(cwd)) => endpoint.cwd = Some(self.plain(node, cwd)),
                ("url" | "serverUrl" | "httpUrl", Value::Text(url)) => match is_sse(kind, url) {
                    true => endpoint.sse = Some(self.plain(node, url)),
                    false => endpoint.url = Some(self.plain(node, url)),
                },
                ("env", Value::Map(members)) => endpoint.env = self.variables(name, place, members),
                ("headers", Value::Map(members)) => {
                    self.headers(name, place, members, &mut endpoint)
                }
                ("type" | "transport" | "disabled" | "description" | "gallery", _) => {}
                (other, _) => {
                    let at = Some(At {
                        source: self.source,
                        bytes: key.at.clone(),
                    });
                    self.skipped(
                        at,
                        format!("`{other}` of `{name}` is not taken over"),
                        unsupported(other),
                    );
                }
            }
        }
        if let Some(command) = &mut endpoint.command {
            command.append(&mut arguments);
        }
        endpoint
    }

    fn arguments(&mut self, list: &[Node]) -> Vec<String> {
        list.iter()
            .filter_map(|node| scalar(node).map(|text| self.plain(node, &text)))
            .collect()
    }

    /// Returns text as it stands, with a warning when its author meant a program to expand it.
    fn plain(&mut self, node: &Node, text: &str) -> String {
        if text.contains("${") {
            let at = self.at(node);
            self.skipped(
                at,
                "the gateway expands no `${…}` here; it is taken over as it stands".into(),
                "write out what it stands for",
            );
        }
        text.to_owned()
    }

    fn variables(
        &mut self,
        name: &str,
        place: &Place,
        members: Members<'_>,
    ) -> IndexMap<String, RawValue> {
        let mut env = IndexMap::new();
        for (key, node) in members {
            let Some(text) = scalar(node) else { continue };
            let pointer = place.child("env").child(&key.text);
            let value = match self.value(node, &key.text, &text, &pointer, || {
                names::self_named(name, &key.text)
            }) {
                Some(reference) => RawValue::Secret(reference),
                None => RawValue::Plain(text),
            };
            env.insert(key.text.clone(), value);
        }
        env
    }

    fn headers(
        &mut self,
        name: &str,
        place: &Place,
        members: Members<'_>,
        endpoint: &mut RawEndpoint,
    ) {
        for (key, node) in members {
            let Some(text) = scalar(node) else { continue };
            let pointer = place.child("headers").child(&key.text);
            let bearer = text
                .strip_prefix("Bearer ")
                .filter(|_| key.text.eq_ignore_ascii_case("authorization"));
            if let Some(token) = bearer {
                let variable = || format!("{}_TOKEN", names::shout(name));
                let token = self.reference(node, &key.text, token, &pointer, &variable());
                endpoint.auth = Some(RawAuth { token });
                continue;
            }
            let variable = || format!("{}_{}", names::shout(name), names::shout(&key.text));
            let value = match self.value(node, &key.text, &text, &pointer, variable) {
                Some(reference) => RawValue::Secret(reference),
                None => RawValue::Plain(text),
            };
            endpoint.headers.insert(key.text.clone(), value);
        }
    }

    /// Returns a reference if the value is one, or is or may be secret.
    fn value(
        &mut self,
        node: &Node,
        key: &str,
        text: &str,
        pointer: &Place,
        variable: impl Fn() -> String,
    ) -> Option<RawSecretRef> {
        let secret = text.contains("${") || secretlike::name(key) || secretlike::value(text);
        (secret && !text.is_empty()).then(|| self.reference(node, key, text, pointer, &variable()))
    }

    fn reference(
        &mut self,
        node: &Node,
        key: &str,
        text: &str,
        pointer: &Place,
        variable: &str,
    ) -> RawSecretRef {
        let at = self.at(node);
        if let Some(name) = names::whole_variable(text) {
            return RawSecretRef::Env(name);
        }
        let composed = text.contains("${");
        if self.literals == Literals::Hold && !composed {
            let place = format!("{}#/{}", self.file, pointer.path.join("/"));
            self.result
                .held
                .insert(SecretRef::Env(place.clone()), Secret::new(text.to_owned()));
            return RawSecretRef::Env(place);
        }
        let (code, message): (Code, String) = match names::whole_input(text) {
            Some(input) => (
                code::SECRET_TAKEN_OUT,
                format!("input `{input}` for `{key}` is read from variable `{variable}`"),
            ),
            None if composed => (
                code::ENTRY_NOT_IMPORTED,
                format!("`{key}` is put together from variables, which the gateway does not do"),
            ),
            None => (
                code::SECRET_TAKEN_OUT,
                format!("the value of `{key}` is taken out and read from variable `{variable}`"),
            ),
        };
        let hint = format!("set `{variable}` before `wardgate serve`, or use `{{file: PATH}}`");
        match composed && names::whole_input(text).is_none() {
            true => self.report.warning(code, at, message, hint),
            false => self.report.note(code, at, message, hint),
        }
        RawSecretRef::Env(variable.to_owned())
    }
}

/// Keeps what may be a secret in an entry from being shown: every variable, header, argument and address.
fn conceal_secrets(report: &mut Report, source: usize, node: &Node) {
    if let Value::Map(fields) = &node.value {
        for (key, value) in fields {
            if !matches!(key.text.as_str(), "command" | "cwd" | "type" | "disabled") {
                value.each_scalar(&mut |bytes| {
                    report.conceal(At {
                        source,
                        bytes: bytes.clone(),
                    })
                });
            }
        }
    }
}

fn find<'a>(fields: Members<'a>, name: &str) -> Option<&'a Node> {
    fields
        .iter()
        .find(|(key, _)| key.text == name)
        .map(|(_, node)| node)
}

fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Returns text, numbers and booleans as a program would see them in its environment.
fn scalar(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn is_sse(kind: &str, url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    kind == "sse" || (kind.is_empty() && path.trim_end_matches('/').ends_with("/sse"))
}

fn unsupported(field: &str) -> &'static str {
    match field {
        "envFile" => "name the variables in `env:` or `inherit_env:`",
        "autoApprove" | "alwaysAllow" => "the gateway approves nothing by itself",
        "timeout" => "set `timeouts: {call: …}`",
        _ => "",
    }
}
