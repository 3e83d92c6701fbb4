//! `wardgate usage --format focus` before the FOCUS project's own validator.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::gateway::binary;
use super::process::{Server, free_ports};
use crate::repo;
use crate::report::Tally;
use crate::shell;

/// Rules that the validator gets wrong: the first four look for columns by names that FOCUS 1.0 does not have (it says
/// `InvoiceIssuerName`, `ProviderName`, `PublisherName`, `ResourceId`), the last reads a column that 1.0 has renamed.
const MISTAKEN: [&str; 5] = [
    "InvoiceIssuer_Required",
    "Provider_Required",
    "Publisher_Required",
    "ResourceID_Required",
    "SkuPriceId_Nullable",
];
const SECONDS_MAX: u32 = 60;

pub fn run() -> Result<Tally> {
    let folder = repo::peers_dir().join("results/usage");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let export = export(&folder)?;
    ensure!(export.lines().count() > 2, "no calls were exported");
    let file = folder.join("usage.csv");
    fs::write(&file, export)?;
    let mut tally = Tally::default();
    let failed = failed(&validated(&file)?)?;
    let mistaken: BTreeSet<_> = MISTAKEN.iter().map(|rule| (*rule).to_owned()).collect();
    for rule in failed.difference(&mistaken) {
        tally.check(false, || format!("the validator's rule {rule} fails"));
    }
    for rule in mistaken.difference(&failed) {
        tally.check(false, || {
            format!("rule {rule} passes now: take it off the list")
        });
    }
    tally.check(true, String::new);
    Ok(tally)
}

/// What the product prints of a free call and of one that costs something.
fn export(folder: &Path) -> Result<String> {
    let [data, _] = free_ports()?;
    let listen = format!("127.0.0.1:{data}");
    let config = json!({
        "gateway": {"listen": listen, "admin": "off", "state": folder.join("state")},
        "servers": {"lab": {"lab": true, "tools": {"echo": {"cost_usd": 0.02}}}},
    });
    fs::write(folder.join("wardgate.yaml"), config.to_string())?;
    let mut serve = shell::leashed(binary()?);
    serve.arg("serve").current_dir(folder);
    let gateway = Server::start(&mut serve, data, &folder.join("gateway.log"))?;
    for (tool, arguments) in [
        ("lab/echo", r#"{"text":"x"}"#),
        ("lab/add", r#"{"a":1,"b":2}"#),
    ] {
        let mut call = shell::command(binary()?);
        call.args([
            "call",
            "--url",
            &format!("http://{listen}/mcp"),
            tool,
            arguments,
        ]);
        shell::run(call.current_dir(folder)).with_context(|| gateway.last_words())?;
    }
    let mut usage = shell::command(binary()?);
    shell::read(
        usage
            .args(["usage", "--format", "focus"])
            .current_dir(folder),
    )
}

/// What the validator says. It finds its own list of currencies only from where it is installed.
fn validated(file: &Path) -> Result<String> {
    let home = repo::peers_dir().join("focus");
    let mut validator = shell::limited(SECONDS_MAX, home.join("bin/focus-validator"));
    validator
        .args(["--validate-version", "1.0", "--data-file"])
        .arg(file)
        .current_dir(packages(&home)?);
    shell::read(&mut validator)
}

fn packages(home: &Path) -> Result<PathBuf> {
    let lib = home.join("lib");
    let python = fs::read_dir(&lib)?
        .next()
        .context("no Python in its environment")??;
    Ok(python.path().join("site-packages"))
}

/// The rules that failed, of an answer that ends as it should.
fn failed(said: &str) -> Result<BTreeSet<String>> {
    let is_whole = said.contains("Validation failed!") || said.contains("Validation succeeded");
    ensure!(is_whole, "the validator did not come to its end:\n{said}");
    let rules = said
        .lines()
        .filter_map(|line| line.strip_suffix(" failed:"));
    Ok(rules.map(str::to_owned).collect())
}
