//! JSON objects member by member, without building a tree: values stay the text they came as.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of a JSON object, none twice: of two, policy might read one and the tool the other.
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                let names: BTreeSet<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
                if names.len() < members.len() {
                    return Err(A::Error::custom("a member is there twice"));
                }
                Ok(Members(members))
            }
        }

        from.deserialize_map(Object)
    }
}

/// Borrowed unless it is escaped.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Returns the object with the value at `path` set to `text`, all else as it was; nothing if there is no such place.
pub(crate) fn with(object: &RawValue, path: &[String], text: &str) -> Option<Box<RawValue>> {
    let (name, rest) = path.split_first()?;
    let Members(members) = serde_json::from_str(object.get()).ok()?;
    let mut texts: Vec<(Cow<'_, str>, String)> = members
        .into_iter()
        .map(|(name, value)| (name, value.get().to_owned()))
        .collect();
    let place = match texts.iter().position(|(known, _)| known == name) {
        Some(place) => place,
        None => {
            texts.push((Cow::Borrowed(name), "{}".to_owned()));
            texts.len() - 1
        }
    };
    texts[place].1 = if rest.is_empty() {
        text.to_owned()
    } else {
        let inner = RawValue::from_string(texts[place].1.clone()).ok()?;
        with(&inner, rest, text)?.get().to_owned()
    };
    let members: Option<Vec<String>> = texts
        .iter()
        .map(|(name, value)| Some(format!("{}:{value}", serde_json::to_string(name).ok()?)))
        .collect();
    RawValue::from_string(format!("{{{}}}", members?.join(","))).ok()
}

/// Returns the text of the value at `path`.
pub(crate) fn at(object: &RawValue, path: &[String]) -> Option<String> {
    let (name, rest) = path.split_first()?;
    let Members(members) = serde_json::from_str(object.get()).ok()?;
    let (_, value) = members.into_iter().find(|(known, _)| known == name)?;
    if rest.is_empty() {
        Some(value.get().to_owned())
    } else {
        at(value, rest)
    }
}
