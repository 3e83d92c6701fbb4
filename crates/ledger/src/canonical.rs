//! The one way to write a JSON value: RFC 8785 (JCS), from text to text.
//!
//! Works on the text because a parsed tree has already lost what must be refused: doubled member names, and numbers a
//! double cannot hold. Those are an error here, or (`canonicalize_exact`) are kept as `{"$number": "…"}`.

use std::borrow::Cow;
use std::{fmt, io, ops};

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{ser::Formatter, value::RawValue};

/// Deeper nesting is refused.
const DEPTH_MAX: usize = 128;

/// Why a text has no canonical form. Shows nothing of the text, which may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    #[error("not JSON")]
    NotJson,
    #[error("an object has two members of one name")]
    DoubledName,
    #[error("a number has more digits than a double holds")]
    InexactNumber,
    #[error("nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
}

/// Returns the canonical text of a JSON value.
///
/// # Errors
/// Every [`CanonicalError`]; numbers are never rounded silently.
pub fn canonicalize(json: &str) -> Result<String, CanonicalError> {
    write_with(json, &|_, _| Ok(None))
}

/// Returns the canonical text, in which a number a double cannot hold stands as `{"$number": "its digits"}`.
///
/// # Errors
/// Every [`CanonicalError`] but `InexactNumber`.
pub fn canonicalize_exact(json: &str) -> Result<String, CanonicalError> {
    write_with(json, &|_, raw| Ok(inexact_as_text(raw)))
}

/// The wrapping of a number that has no exact canonical spelling; `None` for everything else.
pub(crate) fn inexact_as_text(raw: &str) -> Option<String> {
    let is_number = raw.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    (is_number && !is_plain_integer(raw) && number(raw).is_none())
        .then(|| format!(r#"{{"$number":"{raw}"}}"#))
}

/// A JSON value that is canonical already.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct CanonicalJson(Box<RawValue>);

impl CanonicalJson {
    /// # Errors
    /// As of [`canonicalize`].
    pub fn of(json: &str) -> Result<CanonicalJson, CanonicalError> {
        CanonicalJson::made(canonicalize(json)?)
    }

    /// Takes over what this file has written.
    pub(crate) fn made(canonical: String) -> Result<CanonicalJson, CanonicalError> {
        let raw = RawValue::from_string(canonical).map_err(|_| CanonicalError::NotJson)?;
        Ok(CanonicalJson(raw))
    }
}

impl ops::Deref for CanonicalJson {
    type Target = RawValue;
    fn deref(&self) -> &RawValue {
        &self.0
    }
}

impl<'de> Deserialize<'de> for CanonicalJson {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<CanonicalJson, D::Error> {
        let raw = Box::<RawValue>::deserialize(from)?;
        CanonicalJson::of(raw.get()).map_err(serde::de::Error::custom)
    }
}

/// Writes plain data whose members are declared in canonical order, without a tree and without reading it again.
pub(crate) fn write_ordered(data: &impl Serialize) -> Result<String, CanonicalError> {
    let mut bytes = Vec::with_capacity(1024);
    let mut to = serde_json::Serializer::with_formatter(&mut bytes, Exact);
    // The formatter alone refuses anything.
    data.serialize(&mut to)
        .map_err(|_| CanonicalError::InexactNumber)?;
    let text = String::from_utf8(bytes).map_err(|_| CanonicalError::NotJson)?;
    debug_assert_eq!(canonicalize(&text).as_deref(), Ok(text.as_str()));
    Ok(text)
}

/// Compact JSON with numbers as RFC 8785 spells them; those that a double does not hold are refused.
struct Exact;

impl Formatter for Exact {
    fn write_u64<W: io::Write + ?Sized>(&mut self, to: &mut W, number: u64) -> io::Result<()> {
        match number <= INTEGER_MAX {
            true => write!(to, "{number}"),
            false => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn write_i64<W: io::Write + ?Sized>(&mut self, to: &mut W, number: i64) -> io::Result<()> {
        match number.unsigned_abs() <= INTEGER_MAX {
            true => write!(to, "{number}"),
            false => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn write_f64<W: io::Write + ?Sized>(&mut self, to: &mut W, number: f64) -> io::Result<()> {
        to.write_all(ryu_js::Buffer::new().format_finite(number).as_bytes())
    }
}

/// Every integer up to here is a double of its own.
const INTEGER_MAX: u64 = 1 << 53;

/// What stands in for the value at a path, in canonical text; `None` lets the value be written itself.
pub(crate) type Replace<'r> =
    dyn Fn(&[Cow<'_, str>], &str) -> Result<Option<String>, CanonicalError> + 'r;

pub(crate) fn write_with(json: &str, replace: &Replace<'_>) -> Result<String, CanonicalError> {
    let raw: &RawValue = serde_json::from_str(json).map_err(|_| CanonicalError::NotJson)?;
    let mut writer = Writer {
        out: String::with_capacity(json.len()),
        path: Vec::new(),
        replace,
    };
    writer.value(raw.get())?;
    Ok(writer.out)
}

struct Writer<'r> {
    out: String,
    path: Vec<Cow<'r, str>>,
    replace: &'r Replace<'r>,
}

impl<'r> Writer<'r> {
    fn value(&mut self, raw: &'r str) -> Result<(), CanonicalError> {
        if self.path.len() > DEPTH_MAX {
            return Err(CanonicalError::TooDeep);
        }
        if let Some(instead) = (self.replace)(&self.path, raw)? {
            self.out.push_str(&instead);
            return Ok(());
        }
        match raw.as_bytes().first() {
            Some(b'{') => self.object(raw),
            Some(b'[') => self.array(raw),
            // What is not escaped has one spelling.
            Some(b'"') if !raw.contains('\\') => {
                self.out.push_str(raw);
                Ok(())
            }
            Some(b'"') => self.string(&read::<String>(raw)?),
            Some(b't' | b'f' | b'n') => {
                self.out.push_str(raw);
                Ok(())
            }
            _ if is_plain_integer(raw) => {
                self.out.push_str(raw);
                Ok(())
            }
            _ => {
                let number = number(raw).ok_or(CanonicalError::InexactNumber)?;
                self.out.push_str(&number);
                Ok(())
            }
        }
    }

    fn object(&mut self, raw: &'r str) -> Result<(), CanonicalError> {
        let Members(mut members) = read(raw)?;
        // RFC 8785 §3.2.3: by UTF-16 code units.
        members.sort_by(|(a, _), (b, _)| match a.is_ascii() && b.is_ascii() {
            true => a.cmp(b),
            false => a.encode_utf16().cmp(b.encode_utf16()),
        });
        if members.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(CanonicalError::DoubledName);
        }
        self.out.push('{');
        for (at, (name, value)) in members.into_iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            self.string(&name)?;
            self.out.push(':');
            self.within(name, value)?;
        }
        self.out.push('}');
        Ok(())
    }

    fn array(&mut self, raw: &'r str) -> Result<(), CanonicalError> {
        self.out.push('[');
        for (at, value) in read::<Vec<&RawValue>>(raw)?.into_iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            self.within(at.to_string().into(), value)?;
        }
        self.out.push(']');
        Ok(())
    }

    fn within(&mut self, step: Cow<'r, str>, value: &'r RawValue) -> Result<(), CanonicalError> {
        self.path.push(step);
        self.value(value.get())?;
        self.path.pop();
        Ok(())
    }

    /// RFC 8785 §3.2.2.2; serde_json escapes exactly what must be and nothing else.
    fn string(&mut self, text: &str) -> Result<(), CanonicalError> {
        if text
            .bytes()
            .all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
        {
            self.out.push('"');
            self.out.push_str(text);
            self.out.push('"');
            return Ok(());
        }
        let quoted = serde_json::to_string(text).map_err(|_| CanonicalError::NotJson)?;
        self.out.push_str(&quoted);
        Ok(())
    }
}

fn read<'a, T: Deserialize<'a>>(raw: &'a str) -> Result<T, CanonicalError> {
    serde_json::from_str(raw).map_err(|_| CanonicalError::NotJson)
}

/// Digits that a double holds, spelled as ECMAScript does.
fn is_plain_integer(raw: &str) -> bool {
    let is_short = raw.len() <= 15 && raw.bytes().all(|byte| byte.is_ascii_digit());
    is_short && (raw == "0" || !raw.starts_with('0'))
}

/// Writes a number as ECMAScript does (RFC 8785 §3.2.2.3); `None` if that would change its value.
fn number(raw: &str) -> Option<String> {
    let double: f64 = raw.parse().ok()?;
    if !double.is_finite() {
        return None;
    }
    let text = ryu_js::Buffer::new().format_finite(double).to_owned();
    (decimal(raw)? == decimal(&text)?).then_some(text)
}

/// A number's sign, significant digits and power of ten.
fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some((false, String::new(), 0));
    }
    let shift = (digits.len() - significant.len()) as i64 - fraction.len() as i64;
    let exponent = exponent.parse::<i64>().ok()?.checked_add(shift)?;
    Some((negative, significant.to_owned(), exponent))
}

/// The members of an object as they stand, doubled names included.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(json: &str, canonical: &str) {
        assert_eq!(canonicalize(json).as_deref(), Ok(canonical));
    }

    #[test]
    fn members_stand_in_utf_16_order() {
        // RFC 8785 §3.2.3
        check(
            r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#,
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}",
        );
    }

    #[test]
    fn the_sample_of_the_rfc_comes_out_as_printed() {
        // RFC 8785 §3.2.2, with the one number it rounds written as it prints it.
        check(
            r#"{ "numbers": [333333333.3333333, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                 "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
                 "literals": [null, true, false] }"#,
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#,
        );
    }

    #[test]
    fn numbers_are_written_as_ecmascript_does() {
        // RFC 8785 appendix B
        for (bits, text) in [
            (0x0000000000000000_u64, "0"),
            (0x8000000000000000, "0"),
            (0x0000000000000001, "5e-324"),
            (0x8000000000000001, "-5e-324"),
            (0x7fefffffffffffff, "1.7976931348623157e+308"),
            (0x4340000000000000, "9007199254740992"),
            (0xc340000000000000, "-9007199254740992"),
            (0x4430000000000000, "295147905179352830000"),
            (0x44b52d02c7e14af5, "9.999999999999997e+22"),
            (0x44b52d02c7e14af6, "1e+23"),
            (0x44b52d02c7e14af7, "1.0000000000000001e+23"),
            (0x444b1ae4d6e2ef4e, "999999999999999700000"),
            (0x444b1ae4d6e2ef4f, "999999999999999900000"),
            (0x444b1ae4d6e2ef50, "1e+21"),
            (0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"),
            (0x3eb0c6f7a0b5ed8d, "0.000001"),
            (0x41b3de4355555553, "333333333.3333332"),
            (0x41b3de4355555554, "333333333.33333325"),
            (0x41b3de4355555555, "333333333.3333333"),
            (0x41b3de4355555556, "333333333.3333334"),
            (0x41b3de4355555557, "333333333.33333343"),
            (0xbecbf647612f3696, "-0.0000033333333333333333"),
            (0x43143ff3c1cb0959, "1424953923781206.2"),
        ] {
            let double = f64::from_bits(bits);
            assert_eq!(ryu_js::Buffer::new().format_finite(double), text);
            check(text, text);
        }
    }

    #[test]
    fn a_number_is_never_rounded_silently() {
        for raw in [
            "9007199254740993",
            "12345678901234567890",
            "0.1000000000000000055",
            "1e400",
            "333333333.33333329",
        ] {
            assert_eq!(canonicalize(raw), Err(CanonicalError::InexactNumber));
            assert_eq!(
                canonicalize_exact(&format!("[{raw}]")),
                Ok(format!(r#"[{{"$number":"{raw}"}}]"#))
            );
        }
        check("[1.0, 1e2, -0, 0.10]", "[1,100,0,0.1]");
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        assert_eq!(
            canonicalize(r#"{"a":1,"\u0061":2}"#),
            Err(CanonicalError::DoubledName)
        );
        for json in ["", "{", "{} {}", "[1,]", r#""\ud800""#, "NaN", "01"] {
            assert_eq!(canonicalize(json), Err(CanonicalError::NotJson), "{json}");
        }
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(canonicalize(&deep), Err(CanonicalError::TooDeep));
    }

    proptest! {
        #[test]
        fn what_is_canonical_stays_as_it_is(names in proptest::collection::vec(".*", 0..6), n: f64) {
            prop_assume!(n.is_finite());
            let object: serde_json::Map<_, _> =
                names.into_iter().map(|name| (name, serde_json::json!([n, "\u{7f}\u{2028}"]))).collect();
            let once = canonicalize(&serde_json::to_string(&object).unwrap()).unwrap();
            prop_assert_eq!(canonicalize(&once).unwrap(), once.clone());
            prop_assert_eq!(
                serde_json::from_str::<serde_json::Value>(&once).unwrap(),
                canonical_value(serde_json::Value::Object(object))
            );
        }
    }

    /// The same value with `1.0` as `1`, as canonical text reads back.
    fn canonical_value(value: serde_json::Value) -> serde_json::Value {
        serde_json::from_str(&canonicalize(&value.to_string()).unwrap()).unwrap()
    }
}
