//! The other half of conformance: the gateway as a client. The suite plays a server, a gateway stands in front of it,
//! and an official client walks through; the suite judges what reached it. Its scenarios about authorization are not
//! here: the gateway presents credentials it is given and gets none by itself.

use std::path::Path;

use anyhow::{Context, Result};

use super::super::{gateway, servers};
use crate::repo;
use crate::report::Tally;
use crate::shell;

/// A scenario and the revision it is played at.
const SCENARIOS: &[(&str, &str)] = &[
    ("initialize", "2025-11-25"),
    ("tools_call", "2025-11-25"),
    ("elicitation-sep1034-client-defaults", "2025-11-25"),
    ("sse-retry", "2025-11-25"),
    ("json-schema-2020-12-preservation", "2025-11-25"),
    ("tools_call", "2026-07-28"),
    ("request-metadata", "2026-07-28"),
    ("sep-2322-client-request-state", "2026-07-28"),
    ("http-standard-headers", "2026-07-28"),
    ("http-custom-headers", "2026-07-28"),
    ("http-invalid-tool-headers", "2026-07-28"),
    ("json-schema-ref-no-deref", "2026-07-28"),
    ("json-schema-2020-12-preservation", "2026-07-28"),
];

const SECONDS_MAX: u32 = 60;

pub(super) fn run() -> Result<Tally> {
    let results = repo::peers_dir().join("results/behind");
    if results.exists() {
        std::fs::remove_dir_all(&results)?;
    }
    let mut tally = Tally::default();
    for (scenario, revision) in SCENARIOS {
        let output = play(scenario, revision, &results)?;
        tally.check(output.contains("OVERALL: PASSED"), || {
            format!(
                "behind the gateway, {revision}: {scenario}: {}",
                faults(&output)
            )
        });
    }
    println!(
        "{:<32} scored {}/{}",
        "behind the gateway",
        tally.passed,
        SCENARIOS.len()
    );
    Ok(tally)
}

fn play(scenario: &str, revision: &str, results: &Path) -> Result<String> {
    let node = servers::node_binary();
    let driver = repo::peers_dir().join("node/behind.mjs");
    let mut command = shell::limited(SECONDS_MAX, &node);
    command
        .arg(repo::peers_dir().join("conformance/node_modules/.bin/conformance"))
        .args([
            "client",
            "--scenario",
            scenario,
            "--spec-version",
            revision,
            "--command",
        ])
        .arg(format!("{node} {}", driver.display()))
        .arg("--output-dir")
        .arg(results)
        .env("WARDGATE", gateway::binary()?)
        .env("NODE_OPTIONS", servers::only_loopback());
    let output = command
        .output()
        .with_context(|| format!("cannot start `{}`", shell::describe(&command)))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr))
}

/// What stands under `Failed Checks:`, or the end of the output where there is no such heading.
fn faults(output: &str) -> String {
    let Some((_, failed)) = output.split_once("Failed Checks:") else {
        return shell::last_words(output.as_bytes());
    };
    let lines = failed
        .lines()
        .map(str::trim)
        .take_while(|line| !line.contains("OVERALL"));
    lines
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests {
    use super::faults;

    #[test]
    fn failed_checks_fit_on_a_line() {
        let output = "Passed: 1/2\n\nFailed Checks:\n  - First: says why\n    Error: because\n\n❌ OVERALL: FAILED\n";
        assert_eq!(faults(output), "- First: says why; Error: because");
    }
}
