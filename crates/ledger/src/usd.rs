//! Money without rounding: millionths of a US dollar, written as a decimal text.

use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const MICROS: u64 = 1_000_000;

/// An amount of US dollars, exact to a millionth. A record writes it as text: `"0.02"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Usd(u64);

impl Usd {
    pub const ZERO: Usd = Usd(0);

    pub fn from_micros(micros: u64) -> Usd {
        Usd(micros)
    }

    pub fn micros(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:06}", self.0 % MICROS);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{}", self.0 / MICROS),
            digits => write!(f, "{}.{digits}", self.0 / MICROS),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("an amount is a decimal number of at most six places, not negative")]
pub struct BadUsd;

impl FromStr for Usd {
    type Err = BadUsd;
    fn from_str(text: &str) -> Result<Usd, BadUsd> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 6 {
            return Err(BadUsd);
        }
        let whole: u64 = whole.parse().map_err(|_| BadUsd)?;
        let fraction: u64 = format!("{fraction:0<6}").parse().map_err(|_| BadUsd)?;
        let micros = whole
            .checked_mul(MICROS)
            .and_then(|w| w.checked_add(fraction));
        micros.map(Usd).ok_or(BadUsd)
    }
}

impl TryFrom<String> for Usd {
    type Error = BadUsd;
    fn try_from(text: String) -> Result<Usd, BadUsd> {
        text.parse()
    }
}

impl From<Usd> for String {
    fn from(usd: Usd) -> String {
        usd.to_string()
    }
}

/// A sum beyond 18 trillion dollars stays at that bound.
impl Sum for Usd {
    fn sum<I: Iterator<Item = Usd>>(amounts: I) -> Usd {
        Usd(amounts.fold(0, |sum, usd| sum.saturating_add(usd.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_digits() {
        for text in [
            "0",
            "0.02",
            "500",
            "0.000001",
            "12.5",
            "18446744073709.551615",
        ] {
            assert_eq!(text.parse::<Usd>().unwrap().to_string(), text);
        }
        for text in [
            "",
            ".5",
            "1.",
            "-1",
            "+1",
            "1e3",
            "0.0000001",
            "18446744073710",
        ] {
            assert!(text.parse::<Usd>().is_err(), "{text}");
        }
        let sum: Usd = ["0.1", "0.2"].iter().map(|t| t.parse().unwrap()).sum();
        assert_eq!(sum.to_string(), "0.3");
    }
}
