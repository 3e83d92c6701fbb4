//! One tool, prompt, resource or template: its raw text, and what the gateway must know of it.

use wardgate_protocol::{
    Limits, Raw, edit, param_headers,
    param_headers::ParamHeader,
    scan::{self, Keys},
};
use wardgate_sanitize::{Action, Detector, Find, apply_plain, loggable};
use wardgate_schema::Schema;
use wardgate_snapshot::{Server, ValidateOutput};

use crate::{
    bridge::link,
    stage::clean::{Part, clean},
    upstream::changes::Shelf,
};

pub struct Item {
    /// Name, URI or URI template, by kind.
    pub key: String,
    /// As the server said it, cleaned.
    pub raw: Raw,
    /// The text before cleaning, to recognise an unchanged item.
    said: Raw,
    pub tool: Option<ToolFacts>,
}

pub struct ToolFacts {
    /// Absent when the server's arguments are not to be checked.
    pub schema: Option<Schema>,
    /// Absent when there is none, or results are not to be checked.
    pub output: Option<Schema>,
    pub headers: Vec<ParamHeader>,
}

impl Item {
    /// Judges one element of a list.
    ///
    /// # Errors
    /// The key (as far as known) and a sentence, when the item must not be shown.
    pub fn read(said: Raw, shelf: Shelf, server: &Server) -> Result<Item, (String, String)> {
        let key = edit::get(said.as_str(), &[key_of(shelf)])
            .and_then(edit::string)
            .map(|key| key.into_owned());
        let Some(key) = key else {
            return Err((String::new(), format!("has no `{}`", key_of(shelf))));
        };
        let refuse = |why: String| (key.clone(), why);
        if shelf == Shelf::Tools && !is_tool_name(&key) {
            return Err(refuse("name is not 1 to 128 of A-Z a-z 0-9 _ . -".into()));
        }
        let raw = cleaned(&said, &key, shelf, server).map_err(refuse)?;
        let limits = Limits {
            message_bytes_max: raw.len(),
            ..Limits::default()
        };
        if scan::check(&raw.bytes(), &limits, Keys::Strict).is_err() {
            return Err(refuse("two readers could read it differently".into()));
        }
        let raw = link::without_unsafe_icons(raw.as_str()).map_or(raw, Raw::trusted);
        let tool = match shelf {
            Shelf::Tools => Some(ToolFacts::read(raw.as_str(), server).map_err(refuse)?),
            Shelf::Prompts | Shelf::Resources | Shelf::Templates => None,
        };
        Ok(Item {
            key,
            raw,
            said,
            tool,
        })
    }

    pub fn is_unchanged(&self, said: &str) -> bool {
        self.said.as_str() == said
    }
}

/// Makes an item fit to be shown.
fn cleaned(said: &Raw, key: &str, shelf: Shelf, server: &Server) -> Result<Raw, String> {
    let tool = (shelf == Shelf::Tools).then_some(key);
    let rules = server.metadata.of(tool);
    // Nobody could ask for it by what would be shown.
    let is_cut = |find: &Find| {
        !matches!(find.detector, Detector::Hidden | Detector::Terminal)
            && rules.action(find.detector) == Action::Redact
    };
    if apply_plain(rules, key).finds.iter().any(is_cut) {
        return Err("its name holds what is not to be shown".into());
    }
    let source = format!("{}/{key}", server.alias);
    match clean(rules, &source, said, Part::Item) {
        Ok(clean) => {
            if !clean.findings.0.is_empty() {
                let (item, found) = (loggable(key, 128), clean.findings.0);
                tracing::info!(server = %server.alias, item, ?found, "found in a list");
            }
            Ok(clean.raw)
        }
        Err(withheld) => {
            let found: Vec<_> = withheld.findings.0.into_keys().collect();
            Err(format!("it holds what is blocked: {}", found.join(", ")))
        }
    }
}

impl ToolFacts {
    fn read(tool: &str, server: &Server) -> Result<ToolFacts, String> {
        let Some(input_schema) = edit::get(tool, &["inputSchema"]) else {
            return Err("has no `inputSchema`".into());
        };
        let headers = param_headers::declared(input_schema).map_err(|fault| fault.to_string())?;
        let schema = match server.validate {
            true => Some(Schema::compile(input_schema).map_err(|fault| fault.to_string())?),
            false => None,
        };
        Ok(ToolFacts {
            schema,
            output: output(tool, server)?,
            headers,
        })
    }
}

/// Reads the output schema. One that cannot be used keeps its tool from being called only where misfits are to be blocked.
fn output(tool: &str, server: &Server) -> Result<Option<Schema>, String> {
    let Some(text) = edit::get(tool, &["outputSchema"]) else {
        return Ok(None);
    };
    match (server.validate_output, Schema::compile(text)) {
        (ValidateOutput::Off, _) => Ok(None),
        (_, Ok(schema)) => Ok(Some(schema)),
        (ValidateOutput::Block, Err(fault)) => Err(format!("output: {fault}")),
        (ValidateOutput::Flag, Err(fault)) => {
            tracing::warn!(server = %server.alias, %fault, "results are not checked");
            Ok(None)
        }
    }
}

/// Returns the member that names an item of this kind.
pub fn key_of(shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::Tools | Shelf::Prompts => "name",
        Shelf::Resources => "uri",
        Shelf::Templates => "uriTemplate",
    }
}

/// MCP 2025-11-25 server/tools, "Tool Names".
pub fn is_tool_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}
