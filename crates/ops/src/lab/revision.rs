//! The revisions of the protocol, oldest first, and which shape of an answer each one knows.

/// A published revision. Ordered by age, so `revision >= V2025_06_18` reads as it is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revision {
    V2024_11_05,
    V2025_03_26,
    V2025_06_18,
    V2025_11_25,
    V2026_07_28,
}

impl Revision {
    pub const LEGACY: [Self; 4] = [
        Self::V2025_11_25,
        Self::V2025_06_18,
        Self::V2025_03_26,
        Self::V2024_11_05,
    ];
    pub const NEWEST_LEGACY: Self = Self::V2025_11_25;
    pub const MODERN: Self = Self::V2026_07_28;

    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// Finds a revision that has sessions and `initialize`.
    pub fn legacy(text: &str) -> Option<Self> {
        Self::LEGACY
            .into_iter()
            .find(|revision| revision.as_str() == text)
    }

    pub fn is_modern(self) -> bool {
        self == Self::MODERN
    }
}
