//! Money in micro-dollars: exact, because a thousand calls at $0.02 must cost $20 and nothing else.

use std::fmt;

/// A sum of US dollars in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MicroUsd(pub u64);

const DECIMALS: usize = 6;
const ONE: u64 = 1_000_000;

impl MicroUsd {
    /// Returns the sum if `text` is a decimal such as `500` or `0.02`, with at most six decimals.
    pub fn parse(text: &str) -> Option<MicroUsd> {
        let (whole, decimals) = match text.split_once('.') {
            Some((whole, decimals)) => (whole, decimals),
            None => (text, "0"),
        };
        let is_number = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(decimals) || decimals.len() > DECIMALS {
            return None;
        }
        let millionths: u64 = format!("{decimals:0<DECIMALS$}").parse().ok()?;
        let whole: u64 = whole.parse().ok()?;
        whole
            .checked_mul(ONE)?
            .checked_add(millionths)
            .map(MicroUsd)
    }
}

impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, millionths) = (self.0 / ONE, self.0 % ONE);
        if millionths == 0 {
            return write!(f, "{whole}");
        }
        let decimals = format!("{millionths:0DECIMALS$}");
        write!(f, "{whole}.{}", decimals.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_spelled_as_they_are_read() {
        for text in [
            "0",
            "500",
            "0.02",
            "12.5",
            "0.000001",
            "18446744073709.551615",
        ] {
            assert_eq!(MicroUsd::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(MicroUsd::parse("0.020"), Some(MicroUsd(20_000)));
    }

    #[test]
    fn what_is_no_exact_sum_is_refused() {
        for wrong in [
            "",
            ".5",
            "5.",
            "-1",
            "+1",
            "1e3",
            "0.0000001",
            "18446744073710",
        ] {
            assert_eq!(MicroUsd::parse(wrong), None, "{wrong}");
        }
    }
}
