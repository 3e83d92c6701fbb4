//! `include`: files that belong to the configuration. What is in them is for those who know their language.

use std::path::{Path, PathBuf};

use super::{Checks, Place};
use crate::diagnostic::code;

/// Returns the patterns, as seen from where the gateway runs.
pub fn check(checks: &mut Checks<'_>, place: &Place, patterns: &[String]) -> Vec<PathBuf> {
    let mut policies = Vec::new();
    for (number, pattern) in patterns.iter().enumerate() {
        match Path::new(pattern)
            .extension()
            .and_then(|ending| ending.to_str())
        {
            Some("cedar") => policies.push(checks.base.join(pattern)),
            _ => checks.error(
                code::UNKNOWN_INCLUDE,
                &place.child(number),
                format!("`{pattern}` names no kind of file that can be included"),
                "policies end in `.cedar`",
            ),
        }
    }
    policies
}
