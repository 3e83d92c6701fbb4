//! What the numbers were taken on.

use std::fs;
use std::process::Command;

use serde::Serialize;

const UNKNOWN: &str = "unknown";

#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    pub cores: usize,
    pub processor: String,
    pub kernel: String,
    pub rustc: String,
}

impl Machine {
    pub fn look() -> Machine {
        Machine {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: processor(),
            kernel: kernel(),
            rustc: rustc(),
        }
    }
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or(UNKNOWN.into(), |(_, model)| model.to_owned())
}

/// The version alone, without what a distribution or a host adds to it.
fn kernel() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    release
        .trim()
        .split('-')
        .next()
        .filter(|version| !version.is_empty())
        .unwrap_or(UNKNOWN)
        .to_owned()
}

fn rustc() -> String {
    let said = Command::new("rustc").arg("--version").output().ok();
    let said = said
        .and_then(|said| String::from_utf8(said.stdout).ok())
        .unwrap_or_default();
    said.split(" (")
        .next()
        .map(str::trim)
        .filter(|version| !version.is_empty())
        .unwrap_or(UNKNOWN)
        .to_owned()
}
