//! Alternatives of which one property says which it is (`kind: "text"`, `kind: "image"` …).
//!
//! For such a choice the engine looks at that property and tries only the alternative it names, so the cost is that of the
//! dearest one and not of all together. Grammars and document formats live by this: counted as plain alternatives, a few
//! dozen kinds that hold each other would look like a fan-out without end.

use std::collections::{HashMap, HashSet};

use jsonschema::Draft;
use serde_json::Value;

use super::Document;

/// Fewer alternatives the engine simply tries.
const ALTERNATIVES_MIN: usize = 3;
/// References followed from an alternative to the object it stands for.
const REFERENCES_MAX: usize = 16;

/// The alternatives under one keyword of a subschema.
pub(super) struct Choice {
    pub(super) holder: usize,
    pub(super) alternatives: Vec<usize>,
}

impl<'s> Document<'s> {
    /// Counts alternatives that exclude each other as one.
    pub(super) fn settle(&mut self, choice: Choice) {
        if choice.alternatives.len() < ALTERNATIVES_MIN || !self.exclude_each_other(&choice) {
            return;
        }
        let alternatives: HashSet<usize> = choice.alternatives.iter().copied().collect();
        let holder = &mut self.subschemas[choice.holder];
        holder.here.retain(|number| !alternatives.contains(number));
        holder.choices.push(choice.alternatives);
    }

    /// Whether some property must be there in every alternative, with values that no two of them share.
    fn exclude_each_other(&self, choice: &Choice) -> bool {
        let mut alternatives = choice.alternatives.iter().map(|number| self.pins(*number));
        let Some(mut shared) = alternatives.next() else {
            return false;
        };
        for pins in alternatives {
            shared.retain(|name, values| match pins.get(name) {
                Some(more) => more.iter().all(|value| values.insert(value.clone())),
                None => false,
            });
        }
        !shared.is_empty()
    }

    /// The required properties that an alternative ties to a few values.
    fn pins(&self, number: usize) -> HashMap<&'s str, HashSet<String>> {
        let mut number = number;
        for _ in 0..REFERENCES_MAX {
            match self.targets.get(&number) {
                Some(target) => number = *target,
                None => break,
            }
        }
        let (value, resource) = self.places[number];
        if value.get("type").and_then(Value::as_str) != Some("object") {
            // To anything but an object no property says what it is, and every alternative is tried.
            return HashMap::new();
        }
        let draft = self.resources[resource].draft;
        let required = value
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let required = required.filter_map(|name| {
            let name = name.as_str()?;
            Some((name, tied(value.get("properties")?.get(name)?, draft)?))
        });
        required.collect()
    }
}

/// The values a property is tied to, if they are strings or integers.
fn tied(property: &Value, draft: Draft) -> Option<HashSet<String>> {
    let values = match property.get("const") {
        Some(value) if draft != Draft::Draft4 => vec![value],
        _ => property.get("enum")?.as_array()?.iter().collect(),
    };
    let plain = values
        .iter()
        .all(|value| value.is_string() || value.is_i64());
    plain.then(|| values.iter().map(|value| value.to_string()).collect())
}
