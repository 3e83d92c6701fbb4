//! Durations and sizes as they are written in config: a number and a unit, never a bare number.

use std::{borrow::Cow, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

const DURATION_UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];
const SIZE_UNITS: [(&str, u64); 7] = [
    ("B", 1),
    ("kB", 1000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
];

/// A span of time such as `500ms`, `30s`, `5m`, `24h` or `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// A number of bytes such as `512KiB` or `4MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub usize);

impl Span {
    pub const fn secs(n: u64) -> Span {
        Span(Duration::from_secs(n))
    }
    pub const fn millis(n: u64) -> Span {
        Span(Duration::from_millis(n))
    }
    /// Returns the duration if `text` is a whole number followed by `ms`, `s`, `m`, `h` or `d`.
    pub fn parse(text: &str) -> Option<Span> {
        scaled(text, &DURATION_UNITS).map(|ms| Span(Duration::from_millis(ms)))
    }
}

impl Size {
    /// Returns the size if `text` is a whole number followed by a unit from `B` to `GiB`.
    pub fn parse(text: &str) -> Option<Size> {
        scaled(text, &SIZE_UNITS)
            .and_then(|n| usize::try_from(n).ok())
            .map(Size)
    }
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// Spells `n` in the largest unit that holds it without a fraction.
fn spelled(n: u64, units: &[(&str, u64)]) -> String {
    let fits = |factor: u64| n != 0 && n.is_multiple_of(factor);
    let (name, factor) = units
        .iter()
        .rev()
        .find(|(_, factor)| fits(*factor))
        .unwrap_or(&units[0]);
    format!("{}{name}", n / factor)
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&spelled(
            u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX),
            &DURATION_UNITS,
        ))
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const BINARY: [(&str, u64); 4] = [
            ("B", 1),
            ("KiB", 1 << 10),
            ("MiB", 1 << 20),
            ("GiB", 1 << 30),
        ];
        f.write_str(&spelled(self.0 as u64, &BINARY))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Span::parse(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("not a duration"))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Size::parse(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("not a size"))
    }
}

impl JsonSchema for Span {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "wardgate-duration", "pattern": "^[0-9]+ *(ms|s|m|h|d)$"})
    }
}

impl JsonSchema for Size {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "wardgate-size", "pattern": "^[0-9]+ *(B|kB|KiB|MB|MiB|GB|GiB)$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spelled_as_they_are_read() {
        for text in ["0ms", "200ms", "1500ms", "10s", "5m", "25h", "7d"] {
            assert_eq!(Span::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Span::parse("120s").unwrap().to_string(), "2m");
        for wrong in [
            "",
            "5",
            "s",
            "5 parsecs",
            "-5s",
            "1.5s",
            "99999999999999999999s",
            "9999999999999999d",
        ] {
            assert_eq!(Span::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_are_spelled_as_they_are_read() {
        for text in ["1B", "32KiB", "4MiB", "3GiB", "1000B"] {
            assert_eq!(Size::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Size::parse("1 MB"), Some(Size(1_000_000)));
        for wrong in ["4", "4mb", "4 M", "MiB"] {
            assert_eq!(Size::parse(wrong), None, "{wrong}");
        }
    }
}
