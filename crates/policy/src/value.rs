//! Arguments as Cedar values, typed by the tool's shape.
//!
//! Nothing is coerced and nothing rounded: a value that Cedar cannot hold, or of another type than the schema says, is
//! unfit, and the call is denied. Only what policies read is converted, so a value that no policy looks at
//! denies nothing. What the schema does not describe is typed by the value itself: an undeclared argument reaches the
//! tool, so it must not be invisible to policy.

use std::collections::BTreeMap;

use cedar_policy::RestrictedExpression as Expression;
use chrono::{DateTime, NaiveDate, Timelike, Utc};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::members::Members;
use crate::number::{decimal_text, scaled};
use crate::reads::Wanted;
use crate::shape::{Field, Shape};

/// Arguments nested deeper are no argument a policy can have meant.
const DEPTH_MAX: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Unfit {
    #[error("argument `{at}` is not {expected}, or more than Cedar can hold")]
    WrongType { at: String, expected: &'static str },
    #[error("argument `{at}` is nested too deeply")]
    TooDeep { at: String },
    #[error("argument `{at}` is no object with distinct members")]
    NotAnObject { at: String },
}

/// Where in the arguments we are, as a JSON Pointer.
#[derive(Clone, Debug, Default)]
struct At(String, usize);

impl At {
    fn member(&self, name: &str) -> At {
        let name = name.replace('~', "~0").replace('/', "~1");
        At(format!("{}/{name}", self.0), self.1 + 1)
    }

    fn wrong(self, expected: &'static str) -> Unfit {
        Unfit::WrongType {
            at: self.0,
            expected,
        }
    }
}

/// Returns the wanted members of the arguments, as a record.
pub(crate) fn arguments(
    fields: &BTreeMap<String, Field>,
    wanted: &Wanted,
    raw: &RawValue,
) -> Result<Expression, Unfit> {
    record(Some(fields), wanted, raw, At::default())
}

fn record(
    fields: Option<&BTreeMap<String, Field>>,
    wanted: &Wanted,
    raw: &RawValue,
    at: At,
) -> Result<Expression, Unfit> {
    let Ok(Members(members)) = serde_json::from_str(raw.get()) else {
        return Err(Unfit::NotAnObject { at: at.0 });
    };
    let mut pairs = Vec::new();
    for (name, raw) in members {
        let Some(wanted) = wanted.member(&name) else {
            continue;
        };
        let field = fields.and_then(|fields| fields.get(name.as_ref()));
        // What must be there is not null; elsewhere null says no more than absence.
        if raw.get() == "null" && !field.is_some_and(|field| field.required) {
            continue;
        }
        let shape = field.map_or(&Shape::Opaque, |field| &field.shape);
        pairs.push((
            name.to_string(),
            value(shape, wanted, raw, at.member(&name))?,
        ));
    }
    Expression::new_record(pairs).map_err(|_| Unfit::NotAnObject { at: at.0 })
}

fn value(shape: &Shape, wanted: &Wanted, raw: &RawValue, at: At) -> Result<Expression, Unfit> {
    if at.1 > DEPTH_MAX {
        return Err(Unfit::TooDeep { at: at.0 });
    }
    let converted = match shape {
        Shape::Bool => serde_json::from_str(raw.get())
            .ok()
            .map(Expression::new_bool),
        Shape::Long => scaled_number(raw, 0).map(Expression::new_long),
        Shape::Decimal => {
            scaled_number(raw, 4).map(|value| Expression::new_decimal(decimal_text(value)))
        }
        Shape::Text => text(raw).map(Expression::new_string),
        Shape::Datetime => text(raw)
            .and_then(|text| datetime(&text))
            .map(Expression::new_datetime),
        Shape::Address => text(raw)
            .filter(|text| text.parse::<std::net::IpAddr>().is_ok())
            .map(Expression::new_ip),
        Shape::List(item) => return list(item, wanted, raw, at),
        Shape::Record(fields) => return record(Some(fields), wanted, raw, at),
        Shape::Opaque => return by_itself(wanted, raw, at),
    };
    converted.ok_or_else(|| at.wrong(shape.as_str()))
}

fn list(item: &Shape, wanted: &Wanted, raw: &RawValue, at: At) -> Result<Expression, Unfit> {
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else {
        return Err(at.wrong("an array"));
    };
    let items = items
        .into_iter()
        .enumerate()
        .map(|(index, raw)| value(item, wanted, raw, at.member(&index.to_string())));
    Ok(Expression::new_set(items.collect::<Result<Vec<_>, _>>()?))
}

/// A value that the schema says nothing about.
fn by_itself(wanted: &Wanted, raw: &RawValue, at: At) -> Result<Expression, Unfit> {
    match raw.get().as_bytes().first() {
        Some(b'{') => record(None, wanted, raw, at),
        Some(b'[') => list(&Shape::Opaque, wanted, raw, at),
        Some(b'"') => value(&Shape::Text, wanted, raw, at),
        Some(b't' | b'f') => value(&Shape::Bool, wanted, raw, at),
        _ if scaled_number(raw, 0).is_some() => value(&Shape::Long, wanted, raw, at),
        _ => value(&Shape::Decimal, wanted, raw, at),
    }
}

fn scaled_number(raw: &RawValue, places: i32) -> Option<i64> {
    let text = raw.get();
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        .then(|| scaled(text, places))?
}

fn text(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

/// RFC 3339 in the one form of it that Cedar reads, in UTC; finer than milliseconds is more than Cedar can hold.
fn datetime(text: &str) -> Option<String> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(date.format("%Y-%m-%d").to_string());
    }
    let time = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    time.nanosecond()
        .is_multiple_of(1_000_000)
        .then(|| cedar_datetime(&time))
}

pub(crate) fn cedar_datetime(time: &DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
