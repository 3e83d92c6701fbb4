//! Amounts as limits are written: dollars and shares as plain numbers, windows as a time or a word.
//!
//! Numbers are kept as they are spelled: what a config says costs 0.02 costs 0.02 and nothing else.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::Number;
use wardgate_model::MicroUsd;

use crate::units::Span;

/// US dollars with at most six decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usd(pub MicroUsd);

/// A share of a whole in thousandths: above none, up to all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(pub u16);

/// The time that something is counted over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Any span of this length.
    Any(Span),
    /// A day in UTC.
    Day,
    /// A calendar month in UTC.
    Month,
}

impl Usd {
    /// Returns the sum if the number is not negative and has at most six decimals.
    pub fn read(number: &Number) -> Option<Usd> {
        MicroUsd::parse(&number.to_string()).map(Usd)
    }
}

impl Share {
    /// Returns the share if the number is above 0, at most 1 and has at most three decimals.
    pub fn read(number: &Number) -> Option<Share> {
        let millionths = MicroUsd::parse(&number.to_string())?.0;
        let share = u16::try_from(millionths / 1000).ok()?;
        let fits = millionths.is_multiple_of(1000) && (1..=1000).contains(&share);
        fits.then_some(Share(share))
    }
}

impl Window {
    /// Returns the window if `text` is `day`, `month` or a duration above zero.
    pub fn parse(text: &str) -> Option<Window> {
        match text {
            "day" => Some(Window::Day),
            "month" => Some(Window::Month),
            text => Span::parse(text)
                .filter(|span| !span.0.is_zero())
                .map(Window::Any),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Window::Any(span) => span.fmt(f),
            Window::Day => f.write_str("day"),
            Window::Month => f.write_str("month"),
        }
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        number(&self.0.to_string()).serialize(to)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let share = MicroUsd(u64::from(self.0) * 1000);
        number(&share.to_string()).serialize(to)
    }
}

fn number(text: &str) -> Number {
    text.parse().expect("a decimal is a number")
}

impl Serialize for Window {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Usd::read(&Number::deserialize(from)?).ok_or_else(|| D::Error::custom("not a sum"))
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Share::read(&Number::deserialize(from)?).ok_or_else(|| D::Error::custom("not a share"))
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Window::parse(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("not a window"))
    }
}

macro_rules! schema {
    ($type:ty, $name:literal, $schema:expr) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

schema!(
    Usd,
    "Usd",
    json_schema!({"type": "number", "format": "wardgate-usd", "minimum": 0})
);
schema!(
    Share,
    "Share",
    json_schema!({"type": "number", "format": "wardgate-share", "exclusiveMinimum": 0, "maximum": 1})
);
schema!(
    Window,
    "Window",
    json_schema!({"type": "string", "format": "wardgate-window", "pattern": "^(day|month|[0-9]+ *(ms|s|m|h|d))$"})
);

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn sums_and_shares_are_spelled_as_they_are_read() {
        for text in ["0", "0.02", "500", "12.5"] {
            let usd = Usd::read(&number(text)).unwrap();
            assert_eq!(serde_json::to_string(&usd).unwrap(), text);
        }
        for wrong in ["-1", "0.0000001", "1e300"] {
            assert_eq!(Usd::read(&number(wrong)), None, "{wrong}");
        }
        for (text, share) in [("0.8", 800), ("1", 1000), ("0.001", 1)] {
            assert_eq!(Share::read(&number(text)), Some(Share(share)));
            assert_eq!(serde_json::to_string(&Share(share)).unwrap(), text);
        }
        for wrong in ["0", "1.001", "0.0005", "80", "-0.5"] {
            assert_eq!(Share::read(&number(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn windows_are_spelled_as_they_are_read() {
        for text in ["1m", "30s", "1d", "day", "month"] {
            assert_eq!(Window::parse(text).unwrap().to_string(), text);
        }
        for wrong in ["", "0s", "week", "Month", "5"] {
            assert_eq!(Window::parse(wrong), None, "{wrong}");
        }
    }
}
