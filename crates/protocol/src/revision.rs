//! The protocol revisions and the two eras they fall into.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revision {
    V2024_11_05,
    V2025_03_26,
    V2025_06_18,
    V2025_11_25,
    V2026_07_28,
}

/// Stateless request/response (modern) or sessions with messages both ways (legacy).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Era {
    Legacy,
    Modern,
}

impl Revision {
    pub const ALL: [Revision; 5] = [
        Revision::V2024_11_05,
        Revision::V2025_03_26,
        Revision::V2025_06_18,
        Revision::V2025_11_25,
        Revision::V2026_07_28,
    ];
    pub const NEWEST: Revision = Revision::V2026_07_28;
    pub const NEWEST_LEGACY: Revision = Revision::V2025_11_25;

    pub fn as_str(self) -> &'static str {
        match self {
            Revision::V2024_11_05 => "2024-11-05",
            Revision::V2025_03_26 => "2025-03-26",
            Revision::V2025_06_18 => "2025-06-18",
            Revision::V2025_11_25 => "2025-11-25",
            Revision::V2026_07_28 => "2026-07-28",
        }
    }
    pub fn parse(text: &str) -> Option<Revision> {
        Revision::ALL.into_iter().find(|r| r.as_str() == text)
    }
    pub fn era(self) -> Era {
        if self == Revision::V2026_07_28 {
            Era::Modern
        } else {
            Era::Legacy
        }
    }
    /// Returns the legacy revision to answer an `initialize` that asked for `wanted`: the same when it is a known legacy one, else the newest legacy.
    pub fn negotiate(wanted: &str) -> Revision {
        match Revision::parse(wanted) {
            Some(r) if r.era() == Era::Legacy => r,
            _ => Revision::NEWEST_LEGACY,
        }
    }
}
