//! The JSON Schema of a tool's arguments as far as Cedar has types for it.
//!
//! Not a validator: a value that fits the shape may still be refused by the schema. What has no single Cedar type is
//! [`Shape::Opaque`]: policies cannot be written about it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Deeper than policies look into arguments, and the end of schemas that contain themselves.
const DEPTH_MAX: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Bool,
    Long,
    Decimal,
    Text,
    /// A string of format `date` or `date-time`.
    Datetime,
    /// A string of format `ipv4` or `ipv6`.
    Address,
    List(Box<Shape>),
    Record(BTreeMap<String, Field>),
    Opaque,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) shape: Shape,
    /// Always there and never null.
    pub(crate) required: bool,
}

impl Shape {
    /// The arguments of a tool are a record, whatever its schema leaves unsaid.
    pub(crate) fn of_arguments(schema: &Value) -> BTreeMap<String, Field> {
        let reader = Reader { root: schema };
        match reader.shape(schema, 0).0 {
            Shape::Record(fields) => fields,
            _ => BTreeMap::new(),
        }
    }

    /// As faults name it to the author of a policy.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Shape::Bool => "a boolean",
            Shape::Long => "an integer of 64 bits",
            Shape::Decimal => "a number with at most four decimals",
            Shape::Text => "a string",
            Shape::Datetime => "a date or time of RFC 3339",
            Shape::Address => "an IP address",
            Shape::List(_) => "an array",
            Shape::Record(_) => "an object",
            Shape::Opaque => "any value",
        }
    }
}

struct Reader<'a> {
    root: &'a Value,
}

impl Reader<'_> {
    /// The shape, and whether null is allowed as well.
    fn shape(&self, schema: &Value, depth: usize) -> (Shape, bool) {
        if depth > DEPTH_MAX {
            return (Shape::Opaque, true);
        }
        if let Some(target) = schema["$ref"].as_str() {
            let local = target
                .strip_prefix('#')
                .and_then(|at| self.root.pointer(at));
            return local.map_or((Shape::Opaque, true), |schema| {
                self.shape(schema, depth + 1)
            });
        }
        for union in ["anyOf", "oneOf", "allOf"] {
            if let (Value::Array(choices), None) = (&schema[union], schema.get("type")) {
                return self.union(choices, depth + 1);
            }
        }
        match &schema["type"] {
            Value::String(kind) => (self.kind(kind, schema, depth), kind == "null"),
            Value::Array(kinds) => self.kinds(kinds, schema, depth),
            _ => self.values(schema),
        }
    }

    fn kinds(&self, kinds: &[Value], schema: &Value, depth: usize) -> (Shape, bool) {
        let mut names: BTreeSet<&str> = kinds.iter().filter_map(Value::as_str).collect();
        let nullable = names.remove("null");
        let shape = match names.iter().copied().collect::<Vec<_>>()[..] {
            [kind] => self.kind(kind, schema, depth),
            ["integer", "number"] => Shape::Decimal,
            _ => Shape::Opaque,
        };
        (shape, nullable)
    }

    fn union(&self, choices: &[Value], depth: usize) -> (Shape, bool) {
        let (nulls, others): (Vec<_>, Vec<_>) =
            choices.iter().partition(|choice| choice["type"] == "null");
        let mut shapes = others.iter().map(|choice| self.shape(choice, depth));
        let Some((first, mut nullable)) = shapes.next() else {
            return (Shape::Opaque, true);
        };
        for (shape, null) in shapes {
            nullable |= null;
            if shape != first {
                return (Shape::Opaque, true);
            }
        }
        (first, nullable || !nulls.is_empty())
    }

    fn kind(&self, kind: &str, schema: &Value, depth: usize) -> Shape {
        match (kind, schema["format"].as_str()) {
            ("boolean", _) => Shape::Bool,
            ("integer", _) => Shape::Long,
            ("number", _) => Shape::Decimal,
            ("string", Some("date" | "date-time")) => Shape::Datetime,
            ("string", Some("ipv4" | "ipv6")) => Shape::Address,
            ("string", _) => Shape::Text,
            ("array", _) => match self.shape(&schema["items"], depth + 1) {
                (Shape::Opaque, _) | (_, true) => Shape::Opaque,
                (item, false) => Shape::List(Box::new(item)),
            },
            ("object", _) => Shape::Record(self.fields(schema, depth)),
            _ => Shape::Opaque,
        }
    }

    fn fields(&self, schema: &Value, depth: usize) -> BTreeMap<String, Field> {
        let required: BTreeSet<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let properties = schema["properties"].as_object().into_iter().flatten();
        properties
            .map(|(name, property)| {
                let (shape, nullable) = self.shape(property, depth + 1);
                let required = required.contains(name.as_str()) && !nullable;
                (name.clone(), Field { shape, required })
            })
            .collect()
    }

    /// A schema without a type may still list its values.
    fn values(&self, schema: &Value) -> (Shape, bool) {
        let listed = match (&schema["enum"], schema.get("const")) {
            (Value::Array(values), _) => values.iter().collect(),
            (_, Some(value)) => vec![value],
            _ => Vec::new(),
        };
        let all =
            |is: fn(&Value) -> bool| !listed.is_empty() && listed.iter().all(|value| is(value));
        let shape = if all(Value::is_string) {
            Shape::Text
        } else if all(Value::is_i64) {
            Shape::Long
        } else if all(Value::is_boolean) {
            Shape::Bool
        } else if schema["properties"].is_object() {
            // Without `type: object` other values pass the schema too, but only objects have these members.
            Shape::Record(self.fields(schema, DEPTH_MAX))
        } else {
            Shape::Opaque
        };
        (shape, false)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Shape;

    fn check(schema: serde_json::Value, shape: Shape, required: bool) {
        let fields = Shape::of_arguments(
            &json!({"type": "object", "properties": {"it": schema}, "required": ["it"],
                    "$defs": {"money": {"type": "number"}, "loop": {"type": "array", "items": {"$ref": "#/$defs/loop"}}}}),
        );
        assert_eq!(
            (&fields["it"].shape, fields["it"].required),
            (&shape, required)
        );
    }

    #[test]
    fn json_types_have_their_cedar_type() {
        check(json!({"type": "integer"}), Shape::Long, true);
        check(json!({"type": "number"}), Shape::Decimal, true);
        check(json!({"type": ["integer", "number"]}), Shape::Decimal, true);
        check(
            json!({"type": "string", "format": "date-time"}),
            Shape::Datetime,
            true,
        );
        check(
            json!({"type": "string", "format": "ipv6"}),
            Shape::Address,
            true,
        );
        check(json!({"enum": ["a", "b"]}), Shape::Text, true);
        check(json!({"const": 3}), Shape::Long, true);
        check(json!({"$ref": "#/$defs/money"}), Shape::Decimal, true);
        check(
            json!({"type": "array", "items": {"type": "string"}}),
            Shape::List(Box::new(Shape::Text)),
            true,
        );
    }

    #[test]
    fn what_may_be_null_may_be_missing() {
        check(json!({"type": ["string", "null"]}), Shape::Text, false);
        check(
            json!({"anyOf": [{"type": "integer"}, {"type": "null"}]}),
            Shape::Long,
            false,
        );
    }

    #[test]
    fn what_has_no_single_type_is_opaque() {
        check(json!({"type": ["string", "integer"]}), Shape::Opaque, true);
        check(
            json!({"oneOf": [{"type": "string"}, {"type": "boolean"}]}),
            Shape::Opaque,
            false,
        );
        check(json!({}), Shape::Opaque, true);
        check(json!(true), Shape::Opaque, true);
        check(
            json!({"$ref": "https://example.com/else"}),
            Shape::Opaque,
            false,
        );
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        check(json!({"$ref": "#/$defs/loop"}), Shape::Opaque, true);
    }
}
