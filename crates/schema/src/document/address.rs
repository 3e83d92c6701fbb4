//! Addresses and dialects that a subschema gives itself.

use jsonschema::Draft;
use serde_json::Value;
use url::Url;

use crate::fault::SchemaFault;

/// The address of a document that names none.
pub(super) fn nameless() -> Result<Url, SchemaFault> {
    Url::parse("json-schema:///").map_err(|_| SchemaFault::Invalid {
        pointer: String::new(),
    })
}

/// The dialect a subschema names.
pub(super) fn dialect(value: &Value) -> Result<Option<Draft>, SchemaFault> {
    let uri = match value.get("$schema") {
        None => return Ok(None),
        Some(Value::String(uri)) => uri,
        Some(_) => {
            return Err(SchemaFault::Invalid {
                pointer: "/$schema".into(),
            });
        }
    };
    match Draft::from_schema_uri(uri) {
        Draft::Unknown => Err(SchemaFault::Dialect {
            dialect: uri.chars().take(200).collect(),
        }),
        draft => Ok(Some(draft)),
    }
}

/// The address a subschema gives itself; beside a `$ref`, drafts 4 to 7 ignore it.
pub(super) fn own_id(value: &Value, draft: Draft) -> Option<&str> {
    let old = matches!(draft, Draft::Draft4 | Draft::Draft6 | Draft::Draft7);
    if old && value.get("$ref").is_some() {
        return None;
    }
    let id = value.get(draft.id_keyword())?.as_str()?;
    (!id.is_empty() && !id.starts_with('#')).then_some(id)
}

pub(super) fn without_fragment(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}
