//! Reading a tool's arguments. A value of the wrong kind stops the call with a sentence for the model.

use serde_json::{Map, Value};

use super::answer::Stop;

#[derive(Debug, Clone, Copy)]
pub struct Args<'a>(pub &'a Map<String, Value>);

impl<'a> Args<'a> {
    pub fn text(self, name: &str) -> Result<&'a str, Stop> {
        self.text_or_none(name)?.ok_or_else(|| missing(name))
    }

    pub fn text_or(self, name: &str, default: &'a str) -> Result<&'a str, Stop> {
        Ok(self.text_or_none(name)?.unwrap_or(default))
    }

    pub fn text_or_none(self, name: &str) -> Result<Option<&'a str>, Stop> {
        self.read(name, "a string", Value::as_str)
    }

    pub fn count_or(self, name: &str, default: u64) -> Result<u64, Stop> {
        Ok(self
            .read(name, "a whole number from 0", Value::as_u64)?
            .unwrap_or(default))
    }

    pub fn count(self, name: &str) -> Result<u64, Stop> {
        self.read(name, "a whole number from 0", Value::as_u64)?
            .ok_or_else(|| missing(name))
    }

    pub fn seconds_or(self, name: &str, default: f64) -> Result<f64, Stop> {
        let positive = |value: &Value| {
            value
                .as_f64()
                .filter(|seconds| (0.0..=86_400.0).contains(seconds))
        };
        Ok(self
            .read(name, "a number of seconds up to a day", positive)?
            .unwrap_or(default))
    }

    /// A number as it was written: `30`, `30.0` and `1e2` stay what they are.
    pub fn number(self, name: &str) -> Result<&'a Value, Stop> {
        let number = |value: &'a Value| value.is_number().then_some(value);
        self.read(name, "a number", number)?
            .ok_or_else(|| missing(name))
    }

    pub fn value(self, name: &str) -> Result<&'a Value, Stop> {
        self.0.get(name).ok_or_else(|| missing(name))
    }

    pub fn texts(self, name: &str) -> Result<Vec<&'a str>, Stop> {
        let texts = |value: &'a Value| value.as_array()?.iter().map(Value::as_str).collect();
        self.read(name, "an array of strings", texts)?
            .ok_or_else(|| missing(name))
    }

    fn read<T>(
        self,
        name: &str,
        kind: &str,
        parse: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Stop> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => match parse(value) {
                Some(parsed) => Ok(Some(parsed)),
                None => Err(Stop::Invalid(format!("argument `{name}` must be {kind}"))),
            },
        }
    }
}

fn missing(name: &str) -> Stop {
    Stop::Invalid(format!("argument `{name}` is required"))
}
