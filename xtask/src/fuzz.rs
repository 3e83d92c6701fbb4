//! Every fuzz target for a while. The targets are in fuzz/; this only finds and runs them.

use anyhow::Result;

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
            format!("{target}: {}", outcome.expect_err("it failed"))
        });
    }
    Ok(tally)
}

/// Without a sanitizer: the targets look for panics and hangs in safe code, and a stable compiler can build them.
fn fuzz(target: &str, seconds: u64) -> Result<()> {
    shell::run(
        shell::cargo()
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["fuzz", "run", "--sanitizer", "none", target, "--"])
            .arg(format!("-max_total_time={seconds}"))
            .args(["-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=0"]),
    )
}
