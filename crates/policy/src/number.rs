//! JSON numbers as exact integers of a power of ten, from their text: a float in between would round.

/// Returns `text` times ten to the `places`, or nothing if that is no integer of 64 bits.
pub(crate) fn scaled(text: &str, places: i32) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    let significant = digits.trim_end_matches('0');
    let dropped = i32::try_from(digits.len() - significant.len()).ok()?;
    let power = exponent
        .checked_add(places)?
        .checked_sub(i32::try_from(fraction.len()).ok()?)?
        .checked_add(dropped)?;
    let power = u32::try_from(power).ok()?;
    let value = significant
        .parse::<i128>()
        .ok()?
        .checked_mul(10_i128.checked_pow(power)?)?;
    i64::try_from(if negative { -value } else { value }).ok()
}

/// The text of a Cedar decimal: four places, from ten thousandths.
pub(crate) fn decimal_text(ten_thousandths: i64) -> String {
    let sign = if ten_thousandths < 0 { "-" } else { "" };
    let magnitude = ten_thousandths.unsigned_abs();
    format!("{sign}{}.{:04}", magnitude / 10_000, magnitude % 10_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decimal_text, scaled};

    #[test]
    fn numbers_are_exact_or_nothing() {
        for (text, places, value) in [
            ("0", 0, Some(0)),
            ("-0.0", 4, Some(0)),
            ("12.50", 4, Some(125_000)),
            ("1e3", 0, Some(1000)),
            ("1.0", 0, Some(1)),
            ("15E-1", 4, Some(15_000)),
            ("1.5", 0, None),
            ("0.00001", 4, None),
            ("1.00000000000000000001", 4, None),
            ("9223372036854775807", 0, Some(i64::MAX)),
            ("-9223372036854775808", 0, Some(i64::MIN)),
            ("9223372036854775808", 0, None),
            ("922337203685477.5808", 4, None),
            ("1e999999999", 4, None),
            ("1e99999999999", 4, None),
            ("1e-2147483648", 4, None),
        ] {
            assert_eq!(scaled(text, places), value, "{text} at {places} places");
        }
    }

    proptest! {
        #[test]
        fn a_decimal_reads_back(value: i64) {
            prop_assert_eq!(scaled(&decimal_text(value), 4), Some(value));
        }
    }
}
