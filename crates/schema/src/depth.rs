//! How large and how deep a JSON document is: before a parser recurses into it, and after.

use serde_json::Value;

/// Returns how deep arrays and objects nest in JSON text.
pub(crate) fn text_depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let mut bytes = json.bytes();
    let mut in_string = false;
    while let Some(byte) = bytes.next() {
        match (in_string, byte) {
            (true, b'\\') => {
                bytes.next();
            }
            (_, b'"') => in_string = !in_string,
            (false, b'{' | b'[') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// How many values a document holds, and how deep they nest; a scalar is one value of depth 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) values: usize,
    pub(crate) depth: usize,
}

/// Measures a parsed document. The parser has bounded its depth.
pub(crate) fn measure(value: &Value) -> Size {
    let within = |size: Size, inner: Size| Size {
        values: size.values + inner.values,
        depth: size.depth.max(inner.depth + 1),
    };
    let scalar = Size {
        values: 1,
        depth: 0,
    };
    let container = Size {
        values: 1,
        depth: 1,
    };
    match value {
        Value::Array(items) => items.iter().map(measure).fold(container, within),
        Value::Object(members) => members.values().map(measure).fold(container, within),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => scalar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, values: usize, depth: usize) {
        assert_eq!(text_depth(json), depth, "{json}");
        assert_eq!(
            measure(&serde_json::from_str(json).unwrap()),
            Size { values, depth },
            "{json}"
        );
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        check("1", 1, 0);
        check(r#""[[{\"[\\""#, 1, 0);
    }

    #[test]
    fn the_deepest_branch_counts() {
        check(r#"{"a":[1,[2]],"b":{}}"#, 6, 3);
        check("[[],[[]],[]]", 5, 3);
    }

    #[test]
    fn an_empty_container_is_one_level() {
        check("[]", 1, 1);
    }
}
