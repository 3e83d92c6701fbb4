//! What came of cases, as a person reads it, and which rules no case has hit.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::case::Case;
use crate::decision::Decision;
use crate::parse::Policies;
use crate::rule::{Redaction, Rule, RuleId};

#[derive(Clone, Debug, Default, Serialize)]
pub struct CaseReport {
    pub results: Vec<CaseResult>,
    /// Rules that matched in at least one case, deciding or not.
    pub hits: BTreeSet<RuleId>,
}

#[derive(Clone, Debug, Serialize)]
pub struct CaseResult {
    pub name: String,
    /// `- …` for what was expected, `+ …` for what came; none if the case holds.
    pub differences: Vec<String>,
}

impl CaseResult {
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for CaseResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.passed() { "ok" } else { "FAILED" };
        write!(f, "{word:<6} {}", self.name)?;
        self.differences
            .iter()
            .try_for_each(|line| write!(f, "\n       {line}"))
    }
}

impl CaseReport {
    pub fn passed(&self) -> bool {
        self.results.iter().all(CaseResult::passed)
    }

    /// Takes in the report of another file.
    pub fn merge(&mut self, other: CaseReport) {
        self.results.extend(other.results);
        self.hits.extend(other.hits);
    }

    /// The rules that no case has hit.
    pub fn unhit<'a>(&self, policies: &'a Policies) -> Vec<&'a Arc<Rule>> {
        policies
            .rules()
            .iter()
            .filter(|rule| !self.hits.contains(&rule.id))
            .collect()
    }
}

pub(crate) fn differences(case: &Case, decision: &Decision) -> Vec<String> {
    let mut lines = Vec::new();
    compare(
        &mut lines,
        "effect",
        case.expect.as_str(),
        decision.effect.as_str(),
    );
    if let Some(rules) = &case.rules {
        let came = decision.rules.iter().map(|rule| rule.id.as_str());
        compare(
            &mut lines,
            "rules",
            &sorted(rules.iter().map(String::as_str)),
            &sorted(came),
        );
    }
    if let Some(redact) = &case.redact {
        let came = decision.obligations.iter().map(|owed| owed.redact.as_str());
        let expected = redact.iter().copied().map(Redaction::as_str);
        compare(&mut lines, "redact", &sorted(expected), &sorted(came));
    }
    if !lines.is_empty() {
        let details = decision
            .failures
            .iter()
            .map(|failure| format!("  because {}", failure.detail));
        lines.extend(details);
    }
    lines
}

fn compare(lines: &mut Vec<String>, what: &str, expected: &str, came: &str) {
    if expected != came {
        lines.push(format!("- {what}: {expected}"));
        lines.push(format!("+ {what}: {came}"));
    }
}

fn sorted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: BTreeSet<&str> = words.collect();
    format!("[{}]", words.into_iter().collect::<Vec<_>>().join(", "))
}
