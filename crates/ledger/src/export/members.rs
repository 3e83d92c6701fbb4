//! JSON objects that leave out what is absent.

use serde_json::{Map, Value};

/// Keeps members that say something: no null, no empty object, array or text.
pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    };
    let kept = members.into_iter().filter(|(_, value)| says(value));
    Value::Object(
        kept.map(|(name, value)| (name.to_owned(), value))
            .collect::<Map<_, _>>(),
    )
}

/// A text, or null.
pub(super) fn text(part: Option<&(impl ToString + ?Sized)>) -> Value {
    part.map_or(Value::Null, |part| Value::String(part.to_string()))
}

/// JSON a record holds, as a tree. It is canonical, so a tree loses nothing of it.
pub(super) fn tree(raw: Option<&serde_json::value::RawValue>) -> Value {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default()
}
