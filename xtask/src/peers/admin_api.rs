//! The admin API before schemathesis: requests made up from `docs/openapi.json`, right and wrong, must be answered as the document
//! says, and never with a failure of ours.

use std::fs;

use anyhow::{Context, Result};
use serde_json::json;

use super::gateway::binary;
use super::process::{Server, free_ports};
use crate::repo;
use crate::report::Tally;
use crate::shell;

/// The one who may do everything here.
const KEY: &str = "schemathesis-0123456789";
const SECONDS_MAX: u32 = 300;

pub fn run() -> Result<Tally> {
    let folder = repo::peers_dir().join("results/admin-api");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let [data, admin] = free_ports()?;
    let config = json!({
        "gateway": {
            "listen": format!("127.0.0.1:{data}"),
            "admin": format!("127.0.0.1:{admin}"),
            "environment": "prod",
            "state": folder.join("state"),
            "keys": [{"id": "root", "tenant": "ops", "principal": "root", "secret": {"env": "ROOT_KEY"}}],
            "roles": {"platform-admin": ["ops/root"]},
        },
        "servers": {"lab": {"lab": true}},
    });
    fs::write(folder.join("wardgate.yaml"), config.to_string())?;
    let mut serve = shell::leashed(binary()?);
    serve.arg("serve").current_dir(&folder).env("ROOT_KEY", KEY);
    let gateway = Server::start(&mut serve, admin, &folder.join("gateway.log"))?;
    let mut tally = Tally::default();
    let outcome = shell::run(
        shell::limited(
            SECONDS_MAX,
            repo::peers_dir().join("schemathesis/bin/schemathesis"),
        )
        .arg("run")
        .arg(repo::root().join("docs/openapi.json"))
        .args(["--url", &format!("http://127.0.0.1:{admin}")])
        .args(["--header", &format!("Authorization: Bearer {KEY}")])
        .args(["--max-examples", "20", "--seed", "1", "--no-color"])
        .args([
            "--suppress-health-check",
            "all",
            "--generation-database",
            "none",
        ])
        // A document cannot say that an end lies ahead, or which toolsets there are.
        .args(["--exclude-checks", "positive_data_acceptance"])
        .current_dir(&folder),
    )
    .with_context(|| gateway.last_words());
    tally.check(outcome.is_ok(), || {
        format!("{:#}", outcome.expect_err("it failed"))
    });
    Ok(tally)
}
