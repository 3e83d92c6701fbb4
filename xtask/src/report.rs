//! What a run found: a heading and a duration per step, and one plain line at the end that a script can read.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;

/// How many checks of one step held, and a sentence for each that did not.
#[derive(Debug, Default)]
pub struct Tally {
    pub passed: usize,
    pub failures: Vec<String>,
}

impl Tally {
    /// A step that is a single check, and it held.
    pub fn one() -> Self {
        Self {
            passed: 1,
            failures: Vec::new(),
        }
    }

    pub fn check(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if holds {
            self.passed += 1;
        } else {
            self.failures.push(otherwise());
        }
    }

    pub fn fail(&mut self, why: impl Into<String>) {
        self.failures.push(why.into());
    }

    pub fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failures.extend(other.failures);
    }
}

#[derive(Debug, Default)]
pub struct Run {
    total: Tally,
}

impl Run {
    /// Does one step and says how it went. Returns whether every check of it held.
    pub fn step(&mut self, title: &str, work: impl FnOnce() -> Result<Tally>) -> bool {
        println!("\n== {title}");
        let started = Instant::now();
        let tally = work().unwrap_or_else(|error| Tally {
            passed: 0,
            failures: vec![format!("{error:#}")],
        });
        let holds = tally.failures.is_empty();
        for failure in &tally.failures {
            println!("FAILED {title}: {failure}");
        }
        println!(
            "-- {title}: {} passed, {} failed, {:.1} s",
            tally.passed,
            tally.failures.len(),
            started.elapsed().as_secs_f64()
        );
        self.total.add(Tally {
            passed: tally.passed,
            failures: tally
                .failures
                .into_iter()
                .map(|failure| format!("{title}: {failure}"))
                .collect(),
        });
        holds
    }

    /// Repeats the failures in one place and ends with the line `N passed, N failed`.
    pub fn finish(self) -> ExitCode {
        let Tally { passed, failures } = self.total;
        if !failures.is_empty() {
            println!("\nWhat failed:");
        }
        for failure in &failures {
            println!("- {failure}");
        }
        println!("\n{passed} passed, {} failed", failures.len());
        if failures.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
