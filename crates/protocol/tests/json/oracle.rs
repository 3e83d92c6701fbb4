//! What serde_json says of a text: the second opinion of property tests and fuzz targets.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Says whether serde_json reads the text; numbers beyond what it can hold still count.
pub fn is_valid(text: &str) -> bool {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(_) => true,
        Err(fault) => {
            fault.to_string().starts_with("number out of range")
                && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
        }
    }
}

/// Says whether no object has keys that meet when folded, nor one with NUL: the slow and obvious way. `None` when serde_json cannot say.
pub fn has_plain_keys(text: &str) -> Option<bool> {
    serde_json::from_str::<PlainKeys>(text)
        .ok()
        .map(|keys| keys.0)
}

struct PlainKeys(bool);

impl<'de> Deserialize<'de> for PlainKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PlainKeys, D::Error> {
        deserializer.deserialize_any(PlainKeys(true))
    }
}

impl<'de> Visitor<'de> for PlainKeys {
    type Value = PlainKeys;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }
    fn visit_unit<E>(self) -> Result<PlainKeys, E> {
        Ok(self)
    }
    fn visit_bool<E>(self, _: bool) -> Result<PlainKeys, E> {
        Ok(self)
    }
    fn visit_i64<E>(self, _: i64) -> Result<PlainKeys, E> {
        Ok(self)
    }
    fn visit_u64<E>(self, _: u64) -> Result<PlainKeys, E> {
        Ok(self)
    }
    fn visit_f64<E>(self, _: f64) -> Result<PlainKeys, E> {
        Ok(self)
    }
    fn visit_str<E>(self, _: &str) -> Result<PlainKeys, E> {
        Ok(self)
    }
    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<PlainKeys, A::Error> {
        while let Some(element) = elements.next_element::<PlainKeys>()? {
            self.0 &= element.0;
        }
        Ok(self)
    }
    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<PlainKeys, A::Error> {
        let mut seen = std::collections::HashSet::new();
        while let Some((key, value)) = members.next_entry::<String, PlainKeys>()? {
            let folded = key.to_lowercase().to_uppercase().to_lowercase();
            self.0 &= value.0 && !key.contains('\0') && seen.insert(folded);
        }
        Ok(self)
    }
}
