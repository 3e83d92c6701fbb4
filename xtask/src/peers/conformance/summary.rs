//! What a conformance run printed and wrote: one line per scenario, and a `checks.json` with the reason of each failure.

use std::fmt;
use std::path::Path;

use serde::Deserialize;

/// How the scenarios of a run went.
pub(super) struct Summary {
    scenarios: Vec<Scenario>,
}

pub(super) struct Scenario {
    pub name: String,
    pub holds: bool,
    /// The first checks that failed, in the suite's words.
    pub why: String,
    is_scored: bool,
    checks_passed: usize,
    checks_failed: usize,
}

#[derive(Deserialize)]
struct Check {
    #[serde(default)]
    id: String,
    #[serde(default)]
    status: String,
    #[serde(rename = "errorMessage", default)]
    error: String,
}

impl Summary {
    /// Returns nothing if the run ended before its summary.
    pub fn read(output: &str, results: &Path) -> Option<Self> {
        let (_, end) = output.split_once("=== SUMMARY ===")?;
        let (scored, watched) = end.split_once("Not scored for").unwrap_or((end, ""));
        let not_scored: Vec<&str> = watched.lines().filter_map(watched_name).collect();
        let mut scenarios: Vec<Scenario> = scored.lines().filter_map(scenario).collect();
        for scenario in &mut scenarios {
            scenario.is_scored = !not_scored.contains(&scenario.name.as_str());
            if !scenario.holds {
                scenario.why = why(results, &scenario.name);
            }
        }
        (!scenarios.is_empty()).then_some(Self { scenarios })
    }

    pub fn scored(&self) -> impl Iterator<Item = &Scenario> {
        self.scenarios.iter().filter(|scenario| scenario.is_scored)
    }

    pub fn watched(&self) -> impl Iterator<Item = &Scenario> {
        self.scenarios.iter().filter(|scenario| !scenario.is_scored)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hold = |scenarios: &mut dyn Iterator<Item = &Scenario>| {
            scenarios.fold((0, 0), |(hold, all), scenario| {
                (hold + usize::from(scenario.holds), all + 1)
            })
        };
        let (scored, scored_all) = hold(&mut self.scored());
        let (watched, watched_all) = hold(&mut self.watched());
        let passed: usize = self
            .scenarios
            .iter()
            .map(|scenario| scenario.checks_passed)
            .sum();
        let failed: usize = self
            .scenarios
            .iter()
            .map(|scenario| scenario.checks_failed)
            .sum();
        write!(
            f,
            "scored {scored}/{scored_all}, not scored {watched}/{watched_all}, checks {passed} passed {failed} failed"
        )
    }
}

/// `✓ tools-list: 4 passed, 0 failed`
fn scenario(line: &str) -> Option<Scenario> {
    let (holds, rest) = mark(line)?;
    let (name, counts) = rest.split_once(": ")?;
    let (passed, failed) = counts.split_once(" passed, ")?;
    Some(Scenario {
        name: name.to_owned(),
        holds,
        why: String::new(),
        is_scored: true,
        checks_passed: passed.parse().ok()?,
        checks_failed: failed.strip_suffix(" failed")?.parse().ok()?,
    })
}

/// `  ✗ tasks-lifecycle (extension)`
fn watched_name(line: &str) -> Option<&str> {
    let (_, rest) = mark(line)?;
    rest.split_once(" (").map(|(name, _)| name)
}

fn mark(line: &str) -> Option<(bool, &str)> {
    let line = line.trim();
    line.strip_prefix("✓ ")
        .map(|rest| (true, rest))
        .or_else(|| line.strip_prefix("✗ ").map(|rest| (false, rest)))
}

/// The folder of a scenario is `server-{name}-{time}`.
fn why(results: &Path, name: &str) -> String {
    let prefix = format!("server-{name}-2");
    let found = std::fs::read_dir(results).into_iter().flatten().flatten();
    let folder = found.map(|entry| entry.path()).find(|path| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
    });
    let read = folder.and_then(|folder| std::fs::read(folder.join("checks.json")).ok());
    let checks: Vec<Check> = read
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let failed = checks.iter().filter(|check| check.status == "FAILURE");
    let words: Vec<String> = failed
        .take(3)
        .map(|check| format!("{} ({})", check.id, check.error))
        .collect();
    if words.is_empty() {
        "see the suite's output".to_owned()
    } else {
        words.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Summary;

    const OUTPUT: &str = "\
=== SUMMARY ===
✓ tools-list: 4 passed, 0 failed
✗ caching: 4 passed, 3 failed
✗ tasks-lifecycle: 1 passed, 8 failed

Total: 9 passed, 11 failed

Not scored for 2026-07-28: 1 scenario(s) run, 1 failing. These do not affect conformance.
  ✗ tasks-lifecycle (extension)
";

    #[test]
    fn what_is_not_scored_is_told_apart() {
        let summary = Summary::read(OUTPUT, Path::new("nowhere")).expect("there is a summary");
        let scored: Vec<(&str, bool)> = summary
            .scored()
            .map(|s| (s.name.as_str(), s.holds))
            .collect();
        assert_eq!(scored, [("tools-list", true), ("caching", false)]);
        assert_eq!(
            summary.to_string(),
            "scored 1/2, not scored 0/1, checks 9 passed 11 failed"
        );
    }

    #[test]
    fn a_run_that_died_has_no_summary() {
        assert!(Summary::read("Error: fetch failed", Path::new("nowhere")).is_none());
    }
}
