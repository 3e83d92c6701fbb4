//! JSON Pointers, both ways (RFC 6901), and their form in a URI fragment.

use serde_json::Value;

/// Where a value of a document stands in it (RFC 6901).
pub(super) fn pointer_to(document: &Value, wanted: &Value) -> Option<String> {
    if std::ptr::eq(document, wanted) {
        return Some(String::new());
    }
    match document {
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let rest = pointer_to(value, wanted)?;
            Some(format!(
                "/{}{rest}",
                name.replace('~', "~0").replace('/', "~1")
            ))
        }),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, value)| Some(format!("/{index}{}", pointer_to(value, wanted)?))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// The text behind a fragment; `None` if it is not UTF-8 or badly escaped (RFC 3986 §2.1).
pub(super) fn percent_decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let code = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(code).ok()?);
    }
    String::from_utf8(bytes).ok()
}
