//! The subschemas of one document and how they apply to each other, with every reference resolved inside it.
//!
//! Nothing is fetched: a reference that does not lead to a place in the document is a fault (JSON Schema 2020-12 core §8.2).

mod address;
mod choice;
mod pointer;
mod reference;

use std::collections::HashMap;

use jsonschema::Draft;
use serde_json::Value;
use url::Url;

use self::address::{dialect, nameless, own_id, without_fragment};
use self::choice::Choice;
use self::pointer::pointer_to;
use self::reference::{Reference, outside};
use crate::fault::SchemaFault;
use crate::keywords::{Applied, REFERENCES, SECOND_LOOK, subschemas};
use crate::pattern::{STATES_MAX, states};

/// One subschema: which others it applies, by number, and to what.
#[derive(Debug, Default)]
pub(crate) struct Subschema {
    pub(crate) here: Vec<usize>,
    /// Of each of these sets, only one is applied to the same value.
    pub(crate) choices: Vec<Vec<usize>>,
    pub(crate) one_member: Vec<usize>,
    pub(crate) every_property: Vec<usize>,
    pub(crate) every_item: Vec<usize>,
    /// How often the schemas it applies are gone through for one check.
    pub(crate) looks: u64,
}

/// A part of the document with an address of its own: the whole, or a subschema with `$id`.
struct Resource<'s> {
    base: Url,
    root: &'s Value,
    draft: Draft,
}

/// The document while it is read.
pub(crate) struct Document<'s> {
    subschemas_max: usize,
    pub(crate) subschemas: Vec<Subschema>,
    places: Vec<(&'s Value, usize)>,
    numbers: HashMap<*const Value, usize>,
    resources: Vec<Resource<'s>>,
    addresses: HashMap<Url, usize>,
    anchors: HashMap<(usize, &'s str), usize>,
    dynamic_anchors: Vec<(&'s str, usize)>,
    references: Vec<Reference<'s>>,
    /// Where the `$ref` of a subschema leads.
    targets: HashMap<usize, usize>,
    choices: Vec<Choice>,
    pattern_states: u64,
}

/// The one anchor of 2019-09 that has no name.
const RECURSIVE_ANCHOR: &str = "$recursiveAnchor";
/// Most places that dynamic references may lead to; each reference counts all of them.
const DYNAMIC_ANCHORS_MAX: usize = 100;

impl<'s> Document<'s> {
    /// Reads a schema; subschema 0 is the whole.
    ///
    /// # Errors
    /// `Dialect`, `Reference`, `TooLarge` and `Invalid` as found; none of them is a full check of the schema.
    pub(crate) fn read(
        schema: &'s Value,
        subschemas_max: usize,
    ) -> Result<Vec<Subschema>, SchemaFault> {
        let base = nameless()?;
        let mut document = Document {
            subschemas_max,
            subschemas: Vec::new(),
            places: Vec::new(),
            numbers: HashMap::new(),
            resources: vec![Resource {
                base: base.clone(),
                root: schema,
                draft: dialect(schema)?.unwrap_or_default(),
            }],
            addresses: HashMap::from([(base, 0)]),
            anchors: HashMap::new(),
            dynamic_anchors: Vec::new(),
            references: Vec::new(),
            targets: HashMap::new(),
            choices: Vec::new(),
            pattern_states: 0,
        };
        document.place(schema, 0)?;
        let mut read = 0;
        // A pointer may lead to a place where no keyword says there is a schema; then that is read as well.
        while read < document.places.len() {
            while read < document.places.len() {
                document.read_place(read)?;
                read += 1;
            }
            for reference in std::mem::take(&mut document.references) {
                document.resolve(&reference)?;
            }
        }
        for choice in std::mem::take(&mut document.choices) {
            document.settle(choice);
        }
        Ok(document.subschemas)
    }

    /// Numbers a subschema, and notes the address it has of its own.
    fn place(&mut self, value: &'s Value, resource: usize) -> Result<usize, SchemaFault> {
        if let Some(number) = self.numbers.get(&std::ptr::from_ref(value)) {
            return Ok(*number);
        }
        let number = self.places.len();
        if number == self.subschemas_max {
            return Err(SchemaFault::TooLarge {
                max: self.subschemas_max,
            });
        }
        let resource = self.resource_of(value, resource)?;
        self.numbers.insert(std::ptr::from_ref(value), number);
        self.places.push((value, resource));
        self.subschemas.push(Subschema {
            looks: 1,
            ..Subschema::default()
        });
        Ok(number)
    }

    /// The resource a subschema belongs to: one of its own if it gives itself an address.
    fn resource_of(&mut self, value: &'s Value, within: usize) -> Result<usize, SchemaFault> {
        let draft = dialect(value)?.unwrap_or(self.resources[within].draft);
        let Some(id) = own_id(value, draft) else {
            return Ok(within);
        };
        let base = self.resources[within]
            .base
            .join(id)
            .map_err(|_| outside(id))?;
        let resource = self.resources.len();
        if self
            .addresses
            .insert(without_fragment(&base), resource)
            .is_some()
        {
            return Err(outside(id));
        }
        self.resources.push(Resource {
            base,
            root: value,
            draft,
        });
        Ok(resource)
    }

    fn read_place(&mut self, number: usize) -> Result<(), SchemaFault> {
        let (value, resource) = self.places[number];
        let Value::Object(keywords) = value else {
            return Ok(());
        };
        for (keyword, value) in keywords {
            if SECOND_LOOK.contains(&keyword.as_str()) {
                self.subschemas[number].looks += 1;
            }
            if let (Some(keyword), Value::String(to)) =
                (REFERENCES.into_iter().find(|known| known == keyword), value)
            {
                self.references.push(Reference {
                    from: number,
                    keyword,
                    to,
                });
            }
            self.note_anchor(keyword, value, number, resource);
            if self.dynamic_anchors.len() > DYNAMIC_ANCHORS_MAX {
                return Err(SchemaFault::TooLarge {
                    max: self.subschemas_max,
                });
            }
            self.count_patterns(keyword, value)?;
            let mut held = Vec::new();
            for (applied, subschema) in subschemas(keyword, value) {
                let inner = self.place(subschema, resource)?;
                self.link(number, applied, inner);
                held.push(inner);
            }
            if matches!(keyword.as_str(), "anyOf" | "oneOf") {
                self.choices.push(Choice {
                    holder: number,
                    alternatives: held,
                });
            }
        }
        Ok(())
    }

    fn note_anchor(&mut self, keyword: &str, value: &'s Value, number: usize, resource: usize) {
        match (keyword, value) {
            ("$anchor", Value::String(name)) => {
                self.anchors.insert((resource, name), number);
            }
            ("$dynamicAnchor", Value::String(name)) => {
                self.anchors.insert((resource, name), number);
                self.dynamic_anchors.push((name, number));
            }
            ("$recursiveAnchor", Value::Bool(true)) => {
                self.dynamic_anchors.push((RECURSIVE_ANCHOR, number))
            }
            // Drafts 4 to 7 write an anchor as an id that is only a fragment.
            ("$id" | "id", Value::String(name)) => {
                if let Some(name) = name.strip_prefix('#') {
                    self.anchors.insert((resource, name), number);
                }
            }
            _ => {}
        }
    }

    fn count_patterns(&mut self, keyword: &str, value: &'s Value) -> Result<(), SchemaFault> {
        let states: u64 = match (keyword, value) {
            ("pattern", Value::String(pattern)) => states(pattern),
            ("patternProperties", Value::Object(by_pattern)) => by_pattern
                .keys()
                .map(|pattern| states(pattern))
                .fold(0, u64::saturating_add),
            _ => return Ok(()),
        };
        self.pattern_states = self.pattern_states.saturating_add(states);
        if self.pattern_states > STATES_MAX {
            let pointer = pointer_to(self.places[0].0, value).unwrap_or_default();
            return Err(SchemaFault::Invalid { pointer });
        }
        Ok(())
    }

    fn link(&mut self, from: usize, applied: Applied, to: usize) {
        let from = &mut self.subschemas[from];
        match applied {
            Applied::Here => from.here.push(to),
            Applied::OneMember => from.one_member.push(to),
            Applied::EveryProperty => from.every_property.push(to),
            Applied::EveryItem => from.every_item.push(to),
            Applied::Nowhere => {}
        }
    }
}
