//! `docs/config.md`: every key with its type, default and meaning, taken from the schema, so that it cannot be out of date.

use std::fmt::Write;

use serde_json::Value;

use crate::schema::{resolve, schema};

/// One documented key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Such as `gateway.keys[].id` or `servers.<name>.url`.
    pub path: String,
    pub kind: String,
    pub default: Option<String>,
    pub required: bool,
    pub meaning: String,
}

/// Returns every key that holds a value, in the order of the file.
pub fn keys() -> Vec<Key> {
    let root = schema();
    let mut keys = Vec::new();
    section(root, root, "", &mut keys);
    keys
}

/// Returns the text of `docs/config.md`.
pub fn markdown() -> String {
    let mut page = String::from(HEAD);
    let mut open = String::new();
    for key in keys() {
        let section = key.path.split('.').next().unwrap_or_default().to_owned();
        if section != open {
            push(
                &mut page,
                format_args!(
                    "\n## {section}\n\n| key | value | default | meaning |\n|---|---|---|---|\n"
                ),
            );
            open = section;
        }
        let default = match (&key.default, key.required) {
            (Some(default), _) => format!("`{default}`"),
            (None, true) => "required".into(),
            (None, false) => String::new(),
        };
        let (path, kind, meaning) = (&key.path, &key.kind, &key.meaning);
        push(
            &mut page,
            format_args!("| `{path}` | {kind} | {default} | {meaning} |\n"),
        );
    }
    page
}

const HEAD: &str = "# Configuration

`wardgate serve` reads `wardgate.yaml`; `wardgate check` says what is wrong with it, and `wardgate schema` prints its
JSON Schema for editors. This page is generated from that schema: do not edit it.

Unknown and repeated keys are errors. Durations and sizes have units (`30s`, `4MiB`). Relative paths start from the
directory of the file. A secret never stands in the file: write `{env: NAME}`, `{file: PATH}` or
`{exec: [PROGRAM, ARGUMENT]}` where the table says *secret*. `<name>` stands for a name of your choice.
";

fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text)
        .expect("writing to a string does not fail");
}

fn section(root: &Value, schema: &Value, path: &str, keys: &mut Vec<Key>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, property) in properties {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        member(
            root,
            property,
            &path,
            required.contains(&name.as_str()),
            keys,
        );
    }
}

fn member(root: &Value, property: &Value, path: &str, required: bool, keys: &mut Vec<Key>) {
    let resolved = resolve(root, property);
    if resolved.get("x-wardgate").is_none() && resolved.get("properties").is_some() {
        return section(root, resolved, path, keys);
    }
    let each = resolved
        .get("additionalProperties")
        .filter(|each| each.is_object())
        .map(|each| resolve(root, each));
    if let Some(each) = each.filter(|each| each.get("properties").is_some()) {
        return section(root, each, &format!("{path}.<name>"), keys);
    }
    let items = resolved.get("items").map(|items| resolve(root, items));
    if let Some(items) = items.filter(|items| items.get("properties").is_some()) {
        return section(root, items, &format!("{path}[]"), keys);
    }
    let describe = |schema: &Value| {
        schema
            .get("description")
            .and_then(Value::as_str)
            .map(|text| text.replace('\n', " "))
    };
    keys.push(Key {
        path: path.to_owned(),
        kind: kind(root, property),
        default: property.get("default").map(spelled),
        required,
        meaning: describe(property)
            .or_else(|| describe(resolved))
            .unwrap_or_default(),
    });
    for choice in property
        .get("anyOf")
        .or(resolved.get("anyOf"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let choice = resolve(root, choice);
        if choice.get("x-wardgate").is_none() {
            section(root, choice, path, keys);
        }
    }
}

fn spelled(default: &Value) -> String {
    match default {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn kind(root: &Value, schema: &Value) -> String {
    let resolved = resolve(root, schema);
    if resolved.get("x-wardgate").is_some() {
        return "secret".into();
    }
    if let Some(choices) = resolved.get("anyOf").and_then(Value::as_array) {
        return choices
            .iter()
            .map(|choice| kind(root, choice))
            .collect::<Vec<_>>()
            .join(" or ");
    }
    if let Some(words) = crate::shape::words::choices(root, schema) {
        return words
            .iter()
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", ");
    }
    let format = schema
        .get("format")
        .or(resolved.get("format"))
        .and_then(Value::as_str);
    match (resolved.get("type").and_then(Value::as_str), format) {
        (_, Some("wardgate-duration" | "wardgate-duration-or-zero")) => "duration".into(),
        (_, Some("wardgate-size")) => "size".into(),
        (_, Some("wardgate-usd")) => "US dollars".into(),
        (_, Some("wardgate-share")) => "share".into(),
        (_, Some("wardgate-window")) => "duration, `day` or `month`".into(),
        (_, Some("wardgate-address-or-off")) => "address or `off`".into(),
        (_, Some("wardgate-address")) => "address".into(),
        (Some("string"), _) => "text".into(),
        (Some("integer"), _) => "number".into(),
        (Some("boolean"), _) => "`true` or `false`".into(),
        (Some("array"), _) => format!(
            "list of {}",
            resolved
                .get("items")
                .map_or("text".into(), |items| kind(root, items))
        ),
        _ => match resolved
            .get("additionalProperties")
            .filter(|each| each.is_object())
        {
            Some(each) => format!("section of {}", kind(root, each)),
            None => "section".into(),
        },
    }
}
