//! Every fuzz target for a while. The targets are in fuzz/; this only finds and runs them.

use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::checks;
use crate::repo;
use crate::report::Tally;
use crate::shell;

/// A minute per target where CI says it is CI, a quarter of one at a desk.
pub fn usual_seconds() -> u64 {
    if std::env::var("CI").is_ok_and(|ci| ci == "true") {
        60
    } else {
        15
    }
}

pub fn run(seconds: u64) -> Result<Tally> {
    let mut tally = Tally::default();
    if !repo::root().join("fuzz/Cargo.toml").exists() {
        println!("no fuzz targets in this tree");
        return Ok(tally);
    }
    checks::install("cargo-fuzz", "0.13.2", &["fuzz", "--version"])?;
    let listed = shell::read(
        shell::cargo()
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["fuzz", "list"]),
    )?;
    for target in listed.lines().filter(|line| !line.is_empty()) {
        let outcome = fuzz(target, seconds);
        tally.check(outcome.is_ok(), || {
            format!("{target}: {:#}", outcome.as_ref().expect_err("it failed"))
        });
    }
    Ok(tally)
}

/// Without a sanitizer: the targets look for panics and hangs in safe code, and a stable compiler can build them.
fn fuzz(target: &str, seconds: u64) -> Result<()> {
    let mut command = shell::cargo();
    command
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["fuzz", "run", "--sanitizer", "none", target, "--"])
        .arg(format!("-max_total_time={seconds}"))
        .args(["-rss_limit_mb=2048", "-timeout=10"])
        .stdin(Stdio::null());
    let output = command
        .output()
        .with_context(|| format!("cannot start `{}`", shell::describe(&command)))?;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let panic: Vec<&str> = log
            .lines()
            .skip_while(|line| !line.contains("panicked at"))
            .take(2)
            .collect();
        bail!(
            "{} … {}",
            panic.join(" "),
            shell::last_words(&output.stderr)
        );
    }
    let done = log
        .lines()
        .rev()
        .find(|line| line.starts_with("Done "))
        .unwrap_or("no word of libFuzzer");
    println!("{target:<16} {done}");
    Ok(())
}
