//! The protocol's conformance suites, before the gateway with the lab's fixtures behind it, and behind it. What a
//! requirement set scores must pass; what it only watches (extensions, pending scenarios) is shown and not counted.

mod behind;
mod summary;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Map, json};

use super::gateway::{self, Gateway};
use super::process::free_ports;
use super::servers;
use crate::repo;
use crate::report::Tally;
use crate::shell;
use summary::Summary;

#[derive(Args, Debug, Default)]
pub struct Options {
    /// Against the lab itself, without a gateway between.
    #[arg(long)]
    pub direct: bool,
    /// Against a server that runs already.
    #[arg(long)]
    pub url: Option<String>,
}

/// One run of one suite.
struct Suite {
    title: &'static str,
    /// The folder under `.peers/` that holds this line of the suite.
    line: &'static str,
    args: &'static [&'static str],
    /// The toolset to run against: it pins the era the gateway speaks to the lab.
    toolset: &'static str,
}

/// A suite takes seconds; one that waits for every scenario's own deadline is not worth waiting for.
const SUITE_SECONDS_MAX: u32 = 300;

const SUITES: &[Suite] = &[
    Suite {
        title: "2025-11-25, lab pinned legacy",
        line: "conformance",
        args: &["--requirements", "2025-11-25"],
        toolset: "legacy",
    },
    Suite {
        title: "2026-07-28, lab pinned modern",
        line: "conformance",
        args: &["--requirements", "2026-07-28"],
        toolset: "modern",
    },
    Suite {
        title: "2025-11-25, era mirrored",
        line: "conformance",
        args: &["--requirements", "2025-11-25"],
        toolset: "auto",
    },
    Suite {
        title: "2026-07-28, era mirrored",
        line: "conformance",
        args: &["--requirements", "2026-07-28"],
        toolset: "auto",
    },
    Suite {
        title: "0.1.16, every scenario",
        line: "conformance-0.1",
        args: &["--suite", "all"],
        toolset: "auto",
    },
];

pub fn run(options: &Options) -> Result<Tally> {
    if let Some(url) = &options.url {
        return without_gateway(url);
    }
    let folder = tempfile::tempdir()?;
    let [lab_port] = free_ports()?;
    let _lab = gateway::start_conformance_lab(lab_port, folder.path())?;
    let lab = format!("http://127.0.0.1:{lab_port}/mcp");
    if options.direct {
        return without_gateway(&lab);
    }
    let gateway = start_gateway(folder.path(), &lab)?;
    let mut tally = Tally::default();
    for suite in SUITES {
        tally.add(measure(suite, &gateway.url(suite.toolset))?);
    }
    tally.add(behind::run()?);
    if !tally.failures.is_empty() {
        println!("the gateway's last words: {}", gateway.last_words());
    }
    Ok(tally)
}

/// Each suite once: without a gateway there is no era to pin.
fn without_gateway(url: &str) -> Result<Tally> {
    let mut tally = Tally::default();
    for suite in SUITES.iter().filter(|suite| suite.toolset == "auto") {
        tally.add(measure(suite, url)?);
    }
    Ok(tally)
}

/// One lab, three views of it: the era pinned either way, and mirrored. Names stay as they are: the suites know them.
fn start_gateway(folder: &Path, lab: &str) -> Result<Gateway> {
    let eras = ["legacy", "modern", "auto"];
    let servers = eras.map(|era| (format!("lab-{era}"), json!({"url": lab, "era": era})));
    let toolsets = eras.map(|era| {
        (
            era.to_owned(),
            json!({"servers": [format!("lab-{era}")], "prefix": "never"}),
        )
    });
    Gateway::start(folder, Map::from_iter(servers), Map::from_iter(toolsets))
}

fn measure(suite: &Suite, url: &str) -> Result<Tally> {
    let results = results_folder(suite)?;
    let mut command = shell::limited(SUITE_SECONDS_MAX, servers::node_binary());
    command
        .arg(
            repo::peers_dir()
                .join(suite.line)
                .join("node_modules/.bin/conformance"),
        )
        .args(["server", "--url", url])
        .args(suite.args)
        .arg("--output-dir")
        .arg(&results)
        // The harness opens servers of its own; they stay on this machine.
        .env("NODE_OPTIONS", servers::only_loopback())
        .stdin(Stdio::null());
    let output = command
        .output()
        .with_context(|| format!("cannot start `{}`", shell::describe(&command)))?;
    std::fs::write(results.join("output.txt"), &output.stdout)?;
    let summary = Summary::read(&String::from_utf8_lossy(&output.stdout), &results);
    let mut tally = Tally::default();
    let Some(summary) = summary else {
        tally.fail(format!(
            "{}: no summary: {}",
            suite.title,
            shell::last_words(&output.stderr)
        ));
        return Ok(tally);
    };
    println!("{:<32} {summary}", suite.title);
    for scenario in summary.scored() {
        tally.check(scenario.holds, || {
            format!("{}: {}: {}", suite.title, scenario.name, scenario.why)
        });
    }
    for scenario in summary.watched().filter(|scenario| !scenario.holds) {
        println!(
            "    not scored, failing: {}: {}",
            scenario.name, scenario.why
        );
    }
    Ok(tally)
}

/// An empty folder for what one run leaves; the last run's is gone.
fn results_folder(suite: &Suite) -> Result<PathBuf> {
    let name = suite.title.replace([' ', ','], "-").replace("--", "-");
    let folder = repo::peers_dir().join("results").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
