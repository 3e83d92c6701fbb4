//! Numbers that no double holds, such as `1e400` or an integer of 400 digits, judged without arithmetic of our own.
//!
//! Each is replaced by a double at the far end of the range, where nothing else is: a *stand-in*. Stand-ins are ordered to each
//! other as the numbers of the schema are to the arguments', and equal where those are equal, so bounds, `const`, `enum` and
//! `uniqueItems` are judged exactly. Where the digits decide, in `multipleOf`, each [`Guess`] is tried. Nothing that is sent
//! on is touched.

use std::{cmp::Ordering, collections::HashMap};

use jsonschema::{Keyword, ValidationError};
use serde_json::Value;

/// What is taken to be so where the digits of a stand-in would decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guess {
    Yes,
    No,
}

/// Doubles between two neighbours among the stand-ins of the schema, for those of the arguments.
const GAP: u64 = 1 << 24;
/// The last double that begins a gap.
const LAST: u64 = f64::MAX.to_bits() - GAP;
/// Doubles from here on are taken for stand-ins, where there are some.
const FIRST: f64 = f64::from_bits(f64::MAX.to_bits() - (1 << 51));

/// What a schema holds of such numbers: their sizes, smallest first.
#[derive(Debug, Default)]
pub(crate) struct Beyond {
    sizes: Vec<Decimal>,
}

impl Beyond {
    /// Returns the text of a schema with stand-ins, and what they stand for.
    pub(crate) fn read(schema: &str) -> (String, Beyond) {
        let mut sizes = Vec::new();
        for_each(schema, |number| sizes.push(Decimal::read(number)));
        sizes.sort_unstable();
        sizes.dedup();
        let beyond = Beyond { sizes };
        (beyond.stand_in(schema), beyond)
    }

    /// Returns the text with stand-ins for the numbers no double holds.
    pub(crate) fn stand_in(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        let mut known: HashMap<Decimal, u64> = HashMap::new();
        for_each(text, |number| {
            let at = number.as_ptr() as usize - text.as_ptr() as usize;
            let size = Decimal::read(number);
            let others = known.len() as u64;
            let ordinal = *known.entry(size.clone()).or_insert(others);
            let double = f64::from_bits(self.place(&size, ordinal));
            out.push_str(&text[copied..at]);
            out.push_str(if number.starts_with('-') { "-" } else { "" });
            out.push_str(&format!("{double:e}"));
            copied = at + number.len();
        });
        out.push_str(&text[copied..]);
        out
    }

    /// The stand-in of a size: the schema's own begin every second gap, others lie in the gap before, each at its own place.
    fn place(&self, size: &Decimal, ordinal: u64) -> u64 {
        let begin = |gap: usize| LAST - (2 * self.sizes.len() - gap) as u64 * GAP;
        match self.sizes.binary_search(size) {
            Ok(at) => begin(2 * at + 1),
            Err(at) => begin(2 * at) + (ordinal + 1) % GAP,
        }
    }
}

/// Returns the first number no double holds that has digits after its point: whether such a one is an integer is not to be
/// seen from a stand-in.
pub(crate) fn with_fraction(text: &str) -> Option<usize> {
    let (mut count, mut found) = (0, None);
    for_each(text, |number| {
        if found.is_none() && Decimal::read(number).has_fraction() {
            found = Some(count);
        }
        count += 1;
    });
    found
}

/// Returns where the stand-in is that is the `nth` of the document (RFC 6901).
pub(crate) fn pointer_to_nth(document: &Value, nth: usize) -> Option<String> {
    let mut left = nth;
    pointer(document, &mut left)
}

fn pointer(value: &Value, left: &mut usize) -> Option<String> {
    match value {
        Value::Number(_) if is_beyond(value) => match left.checked_sub(1) {
            Some(fewer) => {
                *left = fewer;
                None
            }
            None => Some(String::new()),
        },
        Value::Object(members) => members.iter().find_map(|(name, inner)| {
            let rest = pointer(inner, left)?;
            let name = name.replace('~', "~0").replace('/', "~1");
            Some(format!("/{name}{rest}"))
        }),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(at, inner)| Some(format!("/{at}{}", pointer(inner, left)?))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn is_beyond(value: &Value) -> bool {
    value.as_f64().is_some_and(|size| size.abs() >= FIRST)
}

/// Makes a `multipleOf` that guesses for stand-ins.
pub(crate) fn multiple_of(
    guess: Guess,
    value: &Value,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'_>> {
    let schema = serde_json::json!({"multipleOf": value});
    let plain = jsonschema::options()
        .offline()
        .build(&schema)
        .map_err(|fault| ValidationError::custom(fault.to_string()))?;
    Ok(Box::new(MultipleOf { guess, plain }))
}

struct MultipleOf {
    guess: Guess,
    plain: jsonschema::Validator,
}

impl<'i> Keyword<'i> for MultipleOf {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        match (is_beyond(instance), self.guess) {
            (false, _) => self.plain.validate(instance),
            (true, Guess::Yes) => Ok(()),
            (true, Guess::No) => Err(ValidationError::custom(UNJUDGED)),
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        match is_beyond(instance) {
            true => self.guess == Guess::Yes,
            false => self.plain.is_valid(instance),
        }
    }
}

/// What is said of a number whose digits would decide.
pub(crate) const UNJUDGED: &str = "is a number too large to be checked against the schema";

/// Finds the numbers of a JSON text that no double holds, in their order.
fn for_each<'t>(text: &'t str, mut found: impl FnMut(&'t str)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = past_string(bytes, at),
            b'-' | b'0'..=b'9' => {
                let is_part =
                    |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                let end = at + bytes[at..].iter().take_while(is_part).count();
                let number = &text[at..end];
                if is_out_of_range(number) {
                    found(number);
                }
                at = end;
            }
            _ => at += 1,
        }
    }
}

/// The parser's own judgement, so that nothing is left that it will not read: well-formed, but no double.
fn is_out_of_range(number: &str) -> bool {
    serde_json::from_str::<f64>(number).is_err()
        && serde_json::from_str::<&serde_json::value::RawValue>(number).is_ok()
}

fn past_string(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// The size of a number, without its sign: its digits, and the power of ten that the first of them counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Decimal {
    power: i64,
    /// Without zeros at either end.
    digits: String,
}

impl Decimal {
    /// Reads a JSON number. Powers past all reason are all the same.
    fn read(number: &str) -> Decimal {
        let unsigned = number.trim_start_matches('-');
        let (mantissa, power) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        let zeros = digits.len() - significant.len();
        let shift = power
            .parse::<i64>()
            .unwrap_or(match power.starts_with('-') {
                true => i64::MIN,
                false => i64::MAX,
            });
        Decimal {
            power: shift.saturating_add(whole.len() as i64 - 1 - zeros as i64),
            digits: significant.trim_end_matches('0').to_owned(),
        }
    }

    fn has_fraction(&self) -> bool {
        self.digits.len() as i64 > self.power.saturating_add(1)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        // Digits that begin at the same power compare as text does.
        (self.power, &self.digits).cmp(&(other.power, &other.digits))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn doubles(beyond: &Beyond, numbers: &[&str]) -> Vec<f64> {
        let text = beyond.stand_in(&format!("[{}]", numbers.join(", ")));
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn sizes_are_compared_by_their_digits() {
        let nines = "9".repeat(400);
        let ordered = [
            "1e308",
            "2e308",
            "1.5e309",
            "15.1e308",
            "2e399",
            &nines,
            "1e400",
            "1e401",
            "1e99999999999999999999",
        ];
        for (at, smaller) in ordered.iter().enumerate() {
            for larger in &ordered[at + 1..] {
                assert!(
                    Decimal::read(smaller) < Decimal::read(larger),
                    "{smaller} {larger}"
                );
            }
        }
        assert_eq!(Decimal::read("0.001e403"), Decimal::read("-1E+400"));
    }

    #[test]
    fn text_that_only_looks_like_a_number_stays() {
        let text = r#"{"1e400": "-1e400 \" 1e400", "a": [1e4, 0e400, 1e-400]}"#;
        assert_eq!(Beyond::default().stand_in(text), text);
    }

    #[test]
    fn numbers_of_the_arguments_lie_right_between_those_of_the_schema() {
        let (_, beyond) = Beyond::read("[1e400, -2e400, 1e500]");
        let placed = doubles(
            &beyond,
            &[
                "1e399", "1e400", "15e399", "2e400", "3e400", "1e500", "1e501", "-1e399",
            ],
        );
        assert!(
            placed[..7].windows(2).all(|pair| pair[0] < pair[1]),
            "{placed:?}"
        );
        assert_eq!(placed[7], -placed[0]);
    }

    proptest! {
        #[test]
        fn order_and_equality_to_the_schema_are_kept(
            limits in prop::collection::vec((1u32..100, 310i64..320), 1..5),
            number in (1u32..100, 310i64..320),
        ) {
            let text = |(digits, power): &(u32, i64)| format!("{digits}e{power}");
            let size = |(digits, power): &(u32, i64)| u128::from(*digits) * 10u128.pow((power - 310) as u32);
            let schema = format!("[{}]", limits.iter().map(text).collect::<Vec<_>>().join(","));
            let (schema, beyond) = Beyond::read(&schema);
            let placed: Vec<f64> = serde_json::from_str(&schema).unwrap();
            let argument: Vec<f64> = serde_json::from_str(&beyond.stand_in(&format!("[{}]", text(&number)))).unwrap();
            for (limit, placed) in limits.iter().zip(placed) {
                prop_assert_eq!(argument[0].partial_cmp(&placed), Some(size(&number).cmp(&size(limit))));
            }
        }
    }
}
