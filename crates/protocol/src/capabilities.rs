//! What a client says it can be asked.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value, json};

use crate::{
    edit::{self, Change, Object},
    method::Method,
    raw::Raw,
};

/// The client capabilities a gateway must act on, read from raw capabilities of either era.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientCapabilities {
    /// `elicitation` present (an empty object means form mode).
    pub elicitation_form: bool,
    pub elicitation_url: bool,
    pub sampling: bool,
    pub sampling_tools: bool,
    pub sampling_context: bool,
    pub roots: bool,
    pub roots_list_changed: bool,
    /// Extension ids under `extensions`, sorted.
    pub extensions: Vec<String>,
    /// An object of the `experimental` and `extensions` that are not empty, by id, their settings as they are spelled.
    pub extra: Option<Arc<str>>,
}

/// What a gateway hands on without reading it.
pub const EXTRA: [&str; 2] = ["experimental", "extensions"];

impl ClientCapabilities {
    /// Reads capabilities; one that is not an object is not declared.
    pub fn read(raw: &Raw) -> ClientCapabilities {
        let all = Object::parse(raw.as_str());
        let declared = |name| all.as_ref()?.get(name).and_then(Object::parse);
        let (elicitation, sampling, roots) = (
            declared("elicitation"),
            declared("sampling"),
            declared("roots"),
        );
        let url = has(&elicitation, "url");
        ClientCapabilities {
            elicitation_form: elicitation.is_some() && (has(&elicitation, "form") || !url),
            elicitation_url: url,
            sampling_tools: has(&sampling, "tools"),
            sampling_context: has(&sampling, "context"),
            sampling: sampling.is_some(),
            roots_list_changed: roots.as_ref().and_then(|roots| roots.get("listChanged"))
                == Some("true"),
            roots: roots.is_some(),
            extensions: declared("extensions")
                .map(|extensions| ids(&extensions))
                .unwrap_or_default(),
            extra: extra(EXTRA.map(declared)),
        }
    }

    /// Says whether a server may send this request (`elicitation/create` by `params.mode`, sampling with `tools`, `roots/list`).
    /// Every other method says no; a legacy `ping` needs no capability and is not asked about here.
    pub fn allow(&self, method: &Method, params: Option<&Raw>) -> bool {
        let param = |key| params.and_then(|params| edit::get(params.as_str(), &[key]));
        match method {
            Method::ElicitationCreate => match param("mode").map(edit::string) {
                None => self.elicitation_form,
                Some(Some(mode)) if mode == "form" => self.elicitation_form,
                Some(Some(mode)) if mode == "url" => self.elicitation_url,
                Some(_) => false,
            },
            // MCP client/sampling: `tools` and `toolChoice` need `sampling.tools`; `includeContext` is only advice.
            Method::SamplingCreateMessage => {
                let uses_tools = param("tools").is_some() || param("toolChoice").is_some();
                self.sampling && (self.sampling_tools || !uses_tools)
            }
            Method::RootsList => self.roots,
            _ => false,
        }
    }

    /// Returns the raw capabilities to declare on a legacy upstream session that may send what this client allows.
    /// Form mode alone is declared as the empty object, which every legacy revision reads the same way.
    pub fn to_legacy(&self) -> Raw {
        let mut all = Map::new();
        match (self.elicitation_form, self.elicitation_url) {
            (true, true) => drop(all.insert("elicitation".into(), json!({"form": {}, "url": {}}))),
            (true, false) => drop(all.insert("elicitation".into(), json!({}))),
            (false, true) => drop(all.insert("elicitation".into(), json!({"url": {}}))),
            (false, false) => {}
        }
        if self.sampling {
            all.insert(
                "sampling".into(),
                flags(
                    [
                        ("tools", self.sampling_tools),
                        ("context", self.sampling_context),
                    ],
                    json!({}),
                ),
            );
        }
        if self.roots {
            all.insert(
                "roots".into(),
                flags([("listChanged", self.roots_list_changed)], json!(true)),
            );
        }
        let core = Raw::of(&all);
        let Some(extra) = self.extra.as_deref().and_then(Object::parse) else {
            return core;
        };
        let changes: Vec<_> = extra
            .iter()
            .map(|(key, settings)| Change::Set(key, settings))
            .collect();
        Raw::trusted(edit::apply(core.as_str(), &changes))
    }

    /// Says whether a server could send any request at all.
    pub fn interactive(&self) -> bool {
        self.elicitation_form || self.elicitation_url || self.sampling || self.roots
    }
}

fn has(object: &Option<Object<'_>>, name: &str) -> bool {
    object
        .as_ref()
        .and_then(|object| object.get(name))
        .is_some_and(|value| value.starts_with('{'))
}

fn extra(found: [Option<Object<'_>>; 2]) -> Option<Arc<str>> {
    let mut members = Vec::new();
    for (key, settings) in EXTRA.iter().zip(found) {
        let by_id: BTreeMap<_, _> = settings.iter().flat_map(Object::iter).collect();
        let pairs: Vec<_> = by_id
            .iter()
            .map(|(id, settings)| format!("{}:{settings}", edit::quote(id)))
            .collect();
        if !pairs.is_empty() {
            members.push(format!("{}:{{{}}}", edit::quote(key), pairs.join(",")));
        }
    }
    (!members.is_empty()).then(|| format!("{{{}}}", members.join(",")).into())
}

fn ids(extensions: &Object<'_>) -> Vec<String> {
    let mut ids: Vec<_> = extensions.iter().map(|(id, _)| id.to_owned()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn flags<const N: usize>(flags: [(&str, bool); N], set: Value) -> Value {
    flags
        .into_iter()
        .filter(|(_, is_set)| *is_set)
        .map(|(name, _)| (name.to_owned(), set.clone()))
        .collect::<Map<_, _>>()
        .into()
}
