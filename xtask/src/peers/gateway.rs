//! A gateway under test: its configuration, and the process.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use super::process::{Server, free_ports};
use crate::repo;
use crate::shell;

/// A running gateway; it ends with the value.
#[derive(Debug)]
pub struct Gateway {
    process: Server,
    port: u16,
    pub config: PathBuf,
}

impl Gateway {
    /// Writes the configuration to `folder` and starts the gateway with it. JSON is YAML, so no one has to quote.
    pub fn start(
        folder: &Path,
        servers: Map<String, Value>,
        toolsets: Map<String, Value>,
    ) -> Result<Self> {
        let [port] = free_ports()?;
        let config = folder.join("wardgate.yaml");
        let content = json!({
            "gateway": {"listen": format!("127.0.0.1:{port}"), "state": folder.join("state")},
            "servers": servers,
            "toolsets": toolsets,
        });
        std::fs::write(&config, serde_json::to_string_pretty(&content)?)?;
        let mut command = shell::leashed(binary()?);
        command
            .arg("serve")
            .arg("-c")
            .arg(&config)
            .current_dir(folder);
        let process = Server::start(&mut command, port, &folder.join("gateway.log"))
            .context("the gateway")?;
        Ok(Self {
            process,
            port,
            config,
        })
    }

    pub fn url(&self, toolset: &str) -> String {
        format!("http://127.0.0.1:{}/mcp/{toolset}", self.port)
    }

    /// The end of what it logged, for a report of a failure.
    pub fn last_words(&self) -> String {
        self.process.last_words()
    }
}

/// The gateway's built-in test server with the fixtures of the conformance suite, as a process of its own.
pub fn start_conformance_lab(port: u16, folder: &Path) -> Result<Server> {
    let mut command = shell::leashed(binary()?);
    command
        .args(["lab", "--conformance", "--port", &port.to_string()])
        .current_dir(folder);
    Server::start(&mut command, port, &folder.join("lab.log")).context("the lab")
}

/// The gateway as cargo built it.
pub fn binary() -> Result<PathBuf> {
    let binary = repo::gateway_binary();
    ensure!(
        binary.exists(),
        "the gateway is not built: `cargo build` first"
    );
    Ok(binary)
}
