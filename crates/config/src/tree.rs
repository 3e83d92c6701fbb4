//! A document as values with their places: the ground for diagnostics that point at the very characters.
//!
//! YAML (of which JSON is a part) and the JSON-with-comments of editors become the same tree.
//! Nothing is judged here but the syntax; repeated keys are kept for `shape` to report.

use std::ops::Range;

use jsonc_parser::{ast, common::Ranged};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{Location, Spanned};

/// Nesting of lists and sections; the deepest key of a config is at seven.
const DEPTH_MAX: usize = 24;

/// Values in one document, those that aliases repeat included.
const NODES_MAX: usize = 100_000;

/// A value and the bytes it stands at.
#[derive(Clone, Debug)]
pub struct Node {
    pub at: Range<usize>,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Debug)]
pub struct Key {
    pub at: Range<usize>,
    pub text: String,
}

/// A text that is no document, and where.
#[derive(Debug)]
pub struct SyntaxFault {
    pub at: Range<usize>,
    pub message: String,
}

impl Node {
    /// Reads one YAML document; `None` when there is nothing but blanks and comments.
    ///
    /// # Errors
    /// The first place where the text is not YAML.
    pub fn yaml(text: &str) -> Result<Option<Node>, SyntaxFault> {
        let options = serde_saphyr::options! {
            duplicate_keys: serde_saphyr::DuplicateKeyPolicy::PassThrough,
            strict_booleans: true,
            with_snippet: false,
            budget: serde_saphyr::budget! { max_depth: DEPTH_MAX, max_nodes: NODES_MAX },
            alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: NODES_MAX },
        };
        match serde_saphyr::from_str_with_options::<Option<Place>>(text, options) {
            Ok(place) => Ok(place.map(|place| place.0)),
            Err(fault) => {
                let sentence = fault.without_snippet().to_string();
                // The place is told beside the sentence.
                let message = sentence
                    .split(" at line ")
                    .next()
                    .unwrap_or(&sentence)
                    .to_owned();
                Err(SyntaxFault {
                    at: fault.location().map_or(0..0, |at| byte_of(text, &at)),
                    message,
                })
            }
        }
    }

    /// Reads JSON with comments and trailing commas.
    ///
    /// # Errors
    /// The first place where the text is not that.
    pub fn jsonc(text: &str) -> Result<Node, SyntaxFault> {
        if let Some(at) = too_deep(text) {
            let message = format!("nested deeper than {DEPTH_MAX} levels");
            return Err(SyntaxFault {
                at: at..at,
                message,
            });
        }
        // JSON proper, plus what editors allow: comments and trailing commas.
        let dialect = jsonc_parser::ParseOptions {
            allow_comments: true,
            allow_trailing_commas: true,
            allow_loose_object_property_names: false,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
            allow_bare_decimal_point_numbers: false,
            allow_non_finite_numbers: false,
            allow_extended_string_escapes: false,
        };
        let parsed = jsonc_parser::parse_to_ast(text, &Default::default(), &dialect);
        let document = parsed.map_err(|fault| SyntaxFault {
            at: fault.range().start..fault.range().end,
            message: fault.kind().to_string(),
        })?;
        match document.value {
            Some(value) => Ok(Node::of(&value)),
            None => Ok(Node {
                at: 0..0,
                value: Value::Map(Vec::new()),
            }),
        }
    }

    fn of(value: &ast::Value<'_>) -> Node {
        let range = value.range();
        let read = match value {
            ast::Value::StringLit(text) => Value::Text(text.value.to_string()),
            ast::Value::NumberLit(n) => n
                .value
                .parse()
                .map_or_else(|_| Value::Text(n.value.into()), Value::Number),
            ast::Value::BooleanLit(b) => Value::Bool(b.value),
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::Array(list) => Value::List(list.elements.iter().map(Node::of).collect()),
            ast::Value::Object(map) => Value::Map(map.properties.iter().map(member).collect()),
        };
        Node {
            at: range.start..range.end,
            value: read,
        }
    }

    /// Returns the value at a path of keys and list positions.
    pub fn get(&self, path: &[String]) -> Option<&Node> {
        let Some((step, rest)) = path.split_first() else {
            return Some(self);
        };
        match &self.value {
            Value::Map(members) => members
                .iter()
                .find(|(key, _)| key.text == *step)?
                .1
                .get(rest),
            Value::List(elements) => elements.get(step.parse::<usize>().ok()?)?.get(rest),
            _ => None,
        }
    }

    /// Returns the key that stands at a path, if its last step is a key.
    pub fn key(&self, path: &[String]) -> Option<&Key> {
        let (last, parents) = path.split_last()?;
        match &self.get(parents)?.value {
            Value::Map(members) => members
                .iter()
                .map(|(key, _)| key)
                .find(|key| key.text == *last),
            _ => None,
        }
    }

    /// Calls `visit` with the place of every scalar in this value.
    pub fn each_scalar(&self, visit: &mut impl FnMut(&Range<usize>)) {
        match &self.value {
            Value::List(elements) => elements
                .iter()
                .for_each(|element| element.each_scalar(visit)),
            Value::Map(members) => members
                .iter()
                .for_each(|(_, value)| value.each_scalar(visit)),
            _ => visit(&self.at),
        }
    }
}

impl Value {
    /// Names the kind of value, as a reader of config would.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a section",
        }
    }
}

/// Returns the byte where brackets open beyond the limit. Brackets in strings and comments may be counted too:
/// two dozen of them that nobody closes stand in no file of servers.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.bytes().position(|byte| {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEPTH_MAX
    })
}

fn member(property: &ast::ObjectProp<'_>) -> (Key, Node) {
    let range = property.name.range();
    let key = Key {
        at: range.start..range.end,
        text: property.name.as_str().to_owned(),
    };
    (key, Node::of(&property.value))
}

fn bytes(at: &Location) -> Range<usize> {
    let span = at.span();
    let start = usize::try_from(span.byte_offset().unwrap_or(0)).unwrap_or(0);
    start..start + usize::try_from(span.byte_len().unwrap_or(0)).unwrap_or(0)
}

/// Returns the byte at a line and column: the scanner's own faults carry no byte offset.
fn byte_of(text: &str, at: &Location) -> Range<usize> {
    let (line, column) = (
        usize::try_from(at.line()).unwrap_or(1),
        usize::try_from(at.column()).unwrap_or(1),
    );
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let inner = text[start..]
        .char_indices()
        .nth(column.saturating_sub(1))
        .map_or(0, |(offset, _)| offset);
    start + inner..start + inner
}

/// A node as serde reads it.
struct Place(Node);

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(from)?;
        Ok(Place(Node {
            at: bytes(&spanned.defined),
            value: spanned.value,
        }))
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(Place(element)) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Value::List(elements))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let Place(value) = map.next_value()?;
            members.push((
                Key {
                    at: bytes(&key.defined),
                    text: key.value,
                },
                value,
            ));
        }
        Ok(Value::Map(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'a>(text: &'a str, node: &Node, path: &[&str]) -> &'a str {
        let path: Vec<String> = path.iter().map(|s| s.to_string()).collect();
        &text[node.get(&path).unwrap().at.clone()]
    }

    #[test]
    fn places_are_the_bytes_of_the_values() {
        let text = "a: {b: [1, zwölf]}\n\"ö\":   'x y'  # note\nc: &k\n  d: true\ne: *k\n";
        let node = Node::yaml(text).unwrap().unwrap();
        assert_eq!(at(text, &node, &["a", "b", "0"]), "1");
        assert_eq!(at(text, &node, &["a", "b", "1"]), "zwölf");
        assert_eq!(at(text, &node, &["ö"]), "'x y'");
        assert_eq!(at(text, &node, &["e", "d"]), "true");
        assert_eq!(&text[node.key(&["ö".into()]).unwrap().at.clone()], "\"ö\"");
    }

    #[test]
    fn json_with_comments_is_read_alike() {
        let text = "{ // servers\n \"a\": {\"b\": [1, \"x\",],}, }";
        let node = Node::jsonc(text).unwrap();
        assert_eq!(at(text, &node, &["a", "b", "1"]), "\"x\"");
        assert!(Node::jsonc("{\"a\": }").is_err());
    }

    #[test]
    fn words_are_not_booleans_and_repeated_keys_stay() {
        let node = Node::yaml("a: off\na: no\n").unwrap().unwrap();
        let Value::Map(members) = &node.value else {
            panic!("a map")
        };
        assert_eq!(members.len(), 2);
        assert!(matches!(&members[0].1.value, Value::Text(text) if text == "off"));
    }

    #[test]
    fn a_syntax_fault_has_a_place() {
        let fault = Node::yaml("a: [1, 2\nb: 3\n").unwrap_err();
        assert!(fault.at.start > 0, "{fault:?}");
    }
}
