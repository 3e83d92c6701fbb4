//! What cargo itself checks: formatting, lints, dependency rules, tests. And the build everything after it needs.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::repo;
use crate::report::Tally;
use crate::shell;

pub fn format() -> Result<Tally> {
    shell::run(shell::cargo().args(["fmt", "--all", "--", "--check", "-l"]))?;
    Ok(Tally::one())
}

pub fn clippy() -> Result<Tally> {
    shell::run(shell::cargo().args([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))?;
    Ok(Tally::one())
}

/// Bans, licences and sources. Advisories need the advisory database, which many build machines cannot fetch.
pub fn deny() -> Result<Tally> {
    shell::run(shell::cargo().args([
        "deny",
        "--log-level",
        "warn",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]))?;
    Ok(Tally::one())
}

pub fn build() -> Result<Tally> {
    shell::run(shell::cargo().args(["build", "--quiet", "--package", "wardgate", "--locked"]))?;
    Ok(Tally::one())
}

/// cargo-deny and cargo-nextest, each only when it is missing.
pub fn install_tools() -> Result<Tally> {
    install("cargo-deny", "0.20.2", &["deny", "--version"])?;
    if let Err(error) = install("cargo-nextest", "0.9.143", &["nextest", "--version"]) {
        println!("going on with `cargo test`: {error:#}");
    }
    Ok(Tally::one())
}

/// Installs a cargo subcommand beside the peers unless one answers already. A debug build: it starts once a run.
pub fn install(package: &str, version: &str, probe: &[&str]) -> Result<()> {
    if shell::succeeds(shell::cargo().args(probe)) {
        return Ok(());
    }
    println!("installing {package} {version}");
    shell::run(
        shell::cargo()
            .args([
                "install",
                "--locked",
                "--debug",
                "--quiet",
                "--version",
                version,
                "--root",
            ])
            .arg(repo::peers_dir().join("cargo"))
            .arg("--target-dir")
            .arg(repo::peers_dir().join("cargo-target"))
            .arg(package),
    )?;
    std::fs::remove_dir_all(repo::peers_dir().join("cargo-target")).or_else(ignore_missing)?;
    Ok(())
}

fn ignore_missing(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

/// Unit and integration tests, then the examples in the documentation.
pub fn tests() -> Result<Tally> {
    let mut tally = if shell::succeeds(shell::cargo().args(["nextest", "--version"])) {
        nextest()?
    } else {
        cargo_test(shell::cargo(), &["--workspace", "--all-targets"])?
    };
    tally.add(cargo_test(shell::cargo(), &["--workspace", "--doc"])?);
    Ok(tally)
}

/// A hundred thousand calls, none of which may get another's answer. [`tests`] makes fewer of them, which takes seconds.
pub fn crossings() -> Result<Tally> {
    let mut command = shell::cargo();
    command.env("WARDGATE_TEST_CALLS", "100000");
    cargo_test(
        command,
        &["--package", "wardgate", "--test", "it", "crossings"],
    )
}

fn nextest() -> Result<Tally> {
    let mut command = shell::cargo();
    command.args([
        "nextest",
        "run",
        "--workspace",
        "--locked",
        "--no-tests",
        "pass",
    ]);
    let (succeeded, output) = shell::show_and_keep(&mut command)?;
    let mut tally = Tally::default();
    if let Some(summary) = output
        .lines()
        .rev()
        .find(|line| line.trim_start().starts_with("Summary ["))
    {
        tally.passed = count_before(summary, "passed");
    }
    for line in output.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if matches!(
            words.first(),
            Some(&("FAIL" | "TIMEOUT" | "SIGABRT" | "SIGSEGV"))
        ) {
            let name = words[words.len().saturating_sub(2)..].join(" ");
            if !tally.failures.contains(&name) {
                tally.fail(name);
            }
        }
    }
    if !succeeded && tally.failures.is_empty() {
        bail!("the tests did not build or did not run");
    }
    Ok(tally)
}

fn cargo_test(mut command: Command, scope: &[&str]) -> Result<Tally> {
    command
        .args(["test", "--quiet", "--locked", "--no-fail-fast"])
        .args(scope);
    let (succeeded, output) = shell::show_and_keep(&mut command)?;
    let mut tally = Tally::default();
    for line in output
        .lines()
        .filter(|line| line.starts_with("test result:"))
    {
        tally.passed += count_before(line, "passed");
        for _ in 0..count_before(line, "failed") {
            tally.fail("a test of `cargo test`, named above");
        }
    }
    if !succeeded && tally.failures.is_empty() {
        bail!("the tests did not build or did not run");
    }
    Ok(tally)
}

/// The number before a word, as in `12 tests run: 11 passed, 1 failed`.
fn count_before(line: &str, word: &str) -> usize {
    let words: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || ";,()".contains(c))
        .filter(|w| !w.is_empty())
        .collect();
    let at = words.iter().position(|&w| w == word);
    at.and_then(|at| words.get(at.checked_sub(1)?)?.parse().ok())
        .unwrap_or(0)
}

/// The comparisons of bench/ on an optimised build.
pub fn bench(quick: bool) -> Result<()> {
    shell::run(shell::cargo().args(["build", "--release", "--locked", "--package", "wardgate"]))?;
    let mut command = shell::cargo();
    command.args([
        "run",
        "--release",
        "--locked",
        "--package",
        "wardgate-bench",
        "--",
    ]);
    if quick {
        command.arg("--quick");
    }
    shell::run(&mut command).context("the load comparison failed")
}

#[cfg(test)]
mod tests {
    use super::count_before;

    #[test]
    fn counts_are_read_from_both_test_runners() {
        let nextest =
            "     Summary [   0.019s] 12 tests run: 11 passed (2 slow), 1 failed, 0 skipped";
        assert_eq!(
            (
                count_before(nextest, "passed"),
                count_before(nextest, "failed")
            ),
            (11, 1)
        );
        let cargo = "test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured";
        assert_eq!(
            (count_before(cargo, "passed"), count_before(cargo, "failed")),
            (7, 0)
        );
    }
}
