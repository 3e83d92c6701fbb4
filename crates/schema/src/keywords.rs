//! Where a schema holds further schemas, and what a value is checked against there. All dialects together:
//! a keyword that a dialect does not know only makes the estimate of cost higher.

use serde_json::Value;

/// What a subschema is applied to, seen from the schema that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// The same value.
    Here,
    /// One member that no sibling of its kind is applied to (`properties`, `prefixItems`).
    OneMember,
    /// Every property, or a set of them that others may be applied to as well.
    EveryProperty,
    /// Every item.
    EveryItem,
    /// Nothing, until something refers to it.
    Nowhere,
}

/// How the value of a keyword holds subschemas.
enum Holds {
    One,
    List,
    Map,
    /// One, or a list of them (`items` before 2020-12).
    OneOrList,
}

fn applicator(keyword: &str) -> Option<(Applied, Holds)> {
    Some(match keyword {
        "allOf" | "anyOf" | "oneOf" => (Applied::Here, Holds::List),
        "not" | "if" | "then" | "else" => (Applied::Here, Holds::One),
        "dependentSchemas" | "dependencies" => (Applied::Here, Holds::Map),
        "properties" => (Applied::OneMember, Holds::Map),
        "prefixItems" => (Applied::OneMember, Holds::List),
        "patternProperties" => (Applied::EveryProperty, Holds::Map),
        "additionalProperties" | "unevaluatedProperties" | "propertyNames" => {
            (Applied::EveryProperty, Holds::One)
        }
        "items" => (Applied::EveryItem, Holds::OneOrList),
        "additionalItems" | "unevaluatedItems" | "contains" => (Applied::EveryItem, Holds::One),
        "$defs" | "definitions" => (Applied::Nowhere, Holds::Map),
        "contentSchema" => (Applied::Nowhere, Holds::One),
        _ => return None,
    })
}

/// Returns the subschemas directly under a keyword, with what they are applied to.
pub(crate) fn subschemas<'s>(keyword: &str, value: &'s Value) -> Vec<(Applied, &'s Value)> {
    let Some((applied, holds)) = applicator(keyword) else {
        return Vec::new();
    };
    let held: Vec<&Value> = match (holds, value) {
        (Holds::List | Holds::OneOrList, Value::Array(list)) => list.iter().collect(),
        (Holds::Map, Value::Object(map)) => map.values().collect(),
        (Holds::One | Holds::OneOrList, one) => vec![one],
        (Holds::List | Holds::Map, _) => Vec::new(),
    };
    held.into_iter()
        .filter(|schema| schema.is_object() || schema.is_boolean())
        .map(|schema| (applied, schema))
        .collect()
}

/// The keywords that refer to a schema elsewhere.
pub(crate) const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// Keywords whose check goes through the schemas beside them once more, to learn what those have looked at.
pub(crate) const SECOND_LOOK: [&str; 2] = ["unevaluatedProperties", "unevaluatedItems"];
