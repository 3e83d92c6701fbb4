//! Seeded misbehaviour: `latency=500ms@20%,error=5%,seed=1`. Whether the n-th tool call is hit depends
//! on the seed and n alone, so a run of calls in one order repeats exactly.

use std::{str::FromStr, time::Duration};

/// Which part of the tool calls misbehaves, and how. The default is no fault at all.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Faults {
    pub seed: u64,
    pub latency: Duration,
    pub latency_share: Share,
    /// The call ends as a tool result with `isError`.
    pub error: Share,
    /// The call ends as JSON-RPC error -32603.
    pub fail: Share,
    /// The call is answered 503 over HTTP, -32603 over stdio.
    pub unavailable: Share,
    /// The call is never answered and has no effect.
    pub hang: Share,
    /// The call has its effect, and then is never answered.
    pub hang_after_commit: Share,
    /// `refund_create` pays twice and answers once.
    pub refund_twice: Share,
}

/// A part of all calls, in hundredths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share(u32);

/// What befalls one tool call. `delay` comes first, then `blow`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Misfortune {
    pub delay: Duration,
    pub blow: Option<Blow>,
    pub hang_after_commit: bool,
    pub refund_twice: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    Error,
    Fail,
    Unavailable,
    Hang,
}

/// Why a fault specification could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    #[error("`{0}` is not `name=value`")]
    NotAPair(String),
    #[error(
        "unknown fault `{0}`: expected latency, error, fail, unavailable, hang, hang_after_commit, \
         refund_twice or seed"
    )]
    UnknownFault(String),
    #[error("`{0}` is not a share of calls: write a percentage from `0%` to `100%`")]
    BadShare(String),
    #[error("`{0}` is not a duration: write for example `500ms` or `2s`")]
    BadDuration(String),
    #[error("`{0}` is not a seed: write a whole number")]
    BadSeed(String),
}

impl Faults {
    /// Returns what befalls the `n`-th tool call.
    pub fn befall(&self, n: u64) -> Misfortune {
        let hits = |kind: u64, share: Share| share.hits(self.seed, n, kind);
        let blows = [
            (1, self.unavailable, Blow::Unavailable),
            (2, self.fail, Blow::Fail),
            (3, self.error, Blow::Error),
            (4, self.hang, Blow::Hang),
        ];
        Misfortune {
            delay: if hits(0, self.latency_share) {
                self.latency
            } else {
                Duration::ZERO
            },
            blow: blows
                .into_iter()
                .find(|(kind, share, _)| hits(*kind, *share))
                .map(|(_, _, blow)| blow),
            hang_after_commit: hits(5, self.hang_after_commit),
            refund_twice: hits(6, self.refund_twice),
        }
    }
}

impl FromStr for Faults {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut faults = Self::default();
        for item in text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            let (name, value) = item
                .split_once('=')
                .ok_or_else(|| FaultError::NotAPair(item.into()))?;
            match name {
                "seed" => {
                    faults.seed = value
                        .parse()
                        .map_err(|_| FaultError::BadSeed(value.into()))?
                }
                "latency" => {
                    let (duration, share) = value.split_once('@').unwrap_or((value, "100%"));
                    faults.latency = parse_duration(duration)?;
                    faults.latency_share = share.parse()?;
                }
                "error" => faults.error = value.parse()?,
                "fail" => faults.fail = value.parse()?,
                "unavailable" => faults.unavailable = value.parse()?,
                "hang" => faults.hang = value.parse()?,
                "hang_after_commit" => faults.hang_after_commit = value.parse()?,
                "refund_twice" => faults.refund_twice = value.parse()?,
                other => return Err(FaultError::UnknownFault(other.into())),
            }
        }
        Ok(faults)
    }
}

impl Share {
    /// Returns a share of `percent`, capped at all calls.
    pub fn percent(percent: u32) -> Self {
        Self(percent.saturating_mul(100).min(10_000))
    }

    /// Says whether the `n`-th draw of one `kind` falls into this share.
    pub fn hits(self, seed: u64, n: u64, kind: u64) -> bool {
        draw(seed, n, kind) % 10_000 < u64::from(self.0)
    }
}

impl FromStr for Share {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let bad = || FaultError::BadShare(text.into());
        let percent: f64 = text
            .strip_suffix('%')
            .ok_or_else(bad)?
            .parse()
            .map_err(|_| bad())?;
        if !(0.0..=100.0).contains(&percent) {
            return Err(bad());
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 10 000 by the check above"
        )]
        let hundredths = (percent * 100.0).round() as u32;
        Ok(Self(hundredths))
    }
}

fn parse_duration(text: &str) -> Result<Duration, FaultError> {
    let bad = || FaultError::BadDuration(text.into());
    let (number, unit_ms) = if let Some(number) = text.strip_suffix("ms") {
        (number, 1)
    } else if let Some(number) = text.strip_suffix('s') {
        (number, 1000)
    } else {
        return Err(bad());
    };
    let count: u64 = number.parse().map_err(|_| bad())?;
    Ok(Duration::from_millis(count.saturating_mul(unit_ms)))
}

/// SplitMix64 of (seed, n, kind): well mixed, tiny, and the same on every machine.
fn draw(seed: u64, n: u64, kind: u64) -> u64 {
    let mut z = seed
        .wrapping_add(n.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_add(kind.wrapping_mul(0xD1B5_4A32_D192_ED03));
    for multiplier in [0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB] {
        z = (z ^ (z >> 30)).wrapping_mul(multiplier);
    }
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_hits_the_same_calls() {
        let faults: Faults = "latency=500ms@20%,error=5%,seed=1".parse().unwrap();
        let again: Faults = "seed=1,error=5%,latency=500ms@20%".parse().unwrap();
        for n in 0..1000 {
            assert_eq!(faults.befall(n), again.befall(n));
        }
    }

    #[test]
    fn shares_come_out_about_right() {
        let faults: Faults = "latency=1s@20%,error=5%,seed=7".parse().unwrap();
        let fates: Vec<_> = (0..10_000).map(|n| faults.befall(n)).collect();
        let late = fates.iter().filter(|fate| !fate.delay.is_zero()).count();
        let wrong = fates
            .iter()
            .filter(|fate| fate.blow == Some(Blow::Error))
            .count();
        assert!((1850..2150).contains(&late), "{late}");
        assert!((430..570).contains(&wrong), "{wrong}");
    }

    #[test]
    fn mistakes_are_named() {
        let refusal = |text: &str| text.parse::<Faults>().unwrap_err().to_string();
        assert_eq!(refusal("error"), "`error` is not `name=value`");
        assert!(refusal("eror=5%").starts_with("unknown fault `eror`"));
        assert!(refusal("error=5").contains("percentage"));
        assert!(refusal("error=500%").contains("percentage"));
        assert!(refusal("latency=5@20%").contains("duration"));
        assert!(refusal("seed=-1").contains("seed"));
    }
}
