//! The official clients. Each is a program that reads one request per line and prints one answer per line, so that all
//! SDKs are asked in the same words: connect, list the tools, call one.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::servers;
use crate::repo;
use crate::shell;

/// A client in one of its modes.
#[derive(Debug)]
pub struct Client {
    pub name: &'static str,
    /// What the user of the table installs.
    pub package: &'static str,
    program: Program,
    mode: &'static str,
    /// Whether it can start a server itself and talk to it over stdio.
    pub speaks_stdio: bool,
    /// Whether it can talk to a server of the HTTP+SSE transport.
    pub speaks_sse: bool,
    /// Whether it refuses every server that speaks only the legacy era.
    pub is_modern_only: bool,
}

#[derive(Debug)]
enum Program {
    Node(&'static str),
    Python(&'static str),
    Rmcp,
}

#[derive(Debug, Clone, Serialize)]
pub struct Request {
    pub name: String,
    #[serde(flatten)]
    pub target: Target,
    pub tool: String,
    pub args: Map<String, Value>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Target {
    Url {
        url: String,
        transport: &'static str,
    },
    Command {
        command: Vec<String>,
    },
}

#[derive(Debug, Clone, Deserialize)]
pub struct Answer {
    pub name: String,
    /// The negotiated revision, where the client tells.
    #[serde(default)]
    pub era: Option<String>,
    #[serde(default)]
    pub tools: Vec<String>,
    #[serde(default)]
    pub call: Option<Called>,
    #[serde(default)]
    pub error: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Called {
    pub ok: bool,
    pub text: String,
}

const TS_V1: &str = "@modelcontextprotocol/sdk";
const TS_V2: &str = "@modelcontextprotocol/client";
const INSPECTOR: &str = "@modelcontextprotocol/inspector";
/// For all servers together; each answer has its own deadline in the driver.
const SECONDS_MAX: u32 = 300;
const MODERN: &str = "2026-07-28";

pub fn all() -> Vec<Client> {
    let plain = |name, package, program, mode| Client {
        name,
        package,
        program,
        mode,
        speaks_stdio: false,
        speaks_sse: false,
        is_modern_only: mode == MODERN || mode == "modern",
    };
    let stdio = |name, package, program, mode| Client {
        speaks_stdio: true,
        ..plain(name, package, program, mode)
    };
    vec![
        Client {
            speaks_sse: true,
            ..stdio("TypeScript v1", TS_V1, Program::Node("ts-v1.mjs"), "")
        },
        stdio(
            "TypeScript v2, legacy",
            TS_V2,
            Program::Node("ts-v2.mjs"),
            "legacy",
        ),
        stdio(
            "TypeScript v2, auto",
            TS_V2,
            Program::Node("ts-v2.mjs"),
            "auto",
        ),
        stdio(
            "TypeScript v2, modern",
            TS_V2,
            Program::Node("ts-v2.mjs"),
            MODERN,
        ),
        stdio(
            "Python, legacy",
            "mcp",
            Program::Python("mcp_client.py"),
            "legacy",
        ),
        stdio(
            "Python, auto",
            "mcp",
            Program::Python("mcp_client.py"),
            "auto",
        ),
        stdio(
            "Python, modern",
            "mcp",
            Program::Python("mcp_client.py"),
            MODERN,
        ),
        plain(
            "FastMCP",
            "fastmcp",
            Program::Python("fastmcp_client.py"),
            "",
        ),
        stdio("rmcp, legacy", "rmcp", Program::Rmcp, "legacy"),
        stdio("rmcp, auto", "rmcp", Program::Rmcp, "auto"),
        stdio("rmcp, modern", "rmcp", Program::Rmcp, MODERN),
        Client {
            speaks_sse: true,
            ..plain(
                "Inspector, legacy",
                INSPECTOR,
                Program::Node("inspector.mjs"),
                "legacy",
            )
        },
        plain(
            "Inspector, auto",
            INSPECTOR,
            Program::Node("inspector.mjs"),
            "auto",
        ),
        plain(
            "Inspector, modern",
            INSPECTOR,
            Program::Node("inspector.mjs"),
            "modern",
        ),
        Client {
            speaks_sse: true,
            ..plain(
                "mcp-remote",
                "mcp-remote",
                Program::Node("mcp-remote.mjs"),
                "",
            )
        },
    ]
}

impl Client {
    /// Asks everything of one process and returns what it answered, in order. A client that dies answers less.
    pub fn ask(&self, requests: &[Request]) -> Result<Vec<Answer>> {
        let mut command = self.command();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{}`", shell::describe(&command)))?;
        let mut lines = String::new();
        for request in requests {
            lines.push_str(&serde_json::to_string(request)?);
            lines.push('\n');
        }
        // A client that has died already is heard of below.
        let _ = child
            .stdin
            .take()
            .context("standard input was piped")?
            .write_all(lines.as_bytes());
        let output = child.wait_with_output()?;
        let answers: Vec<Answer> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        if answers.len() < requests.len() {
            println!(
                "{} ended early: {}",
                self.name,
                shell::last_words(&output.stderr)
            );
        }
        Ok(answers)
    }

    fn command(&self) -> Command {
        let mut command = match self.program {
            Program::Node(driver) => {
                let mut command = shell::limited(SECONDS_MAX, servers::node_binary());
                command.arg(repo::peers_dir().join("node").join(driver));
                command
            }
            Program::Python(driver) => {
                let mut command =
                    shell::limited(SECONDS_MAX, repo::peers_dir().join("venv/bin/python"));
                command.arg(repo::peers_dir().join("python").join(driver));
                command
            }
            Program::Rmcp => {
                let mut command = shell::limited(
                    SECONDS_MAX,
                    repo::peers_dir().join("rmcp-target/debug/rmcp-peer"),
                );
                command.arg("client");
                command
            }
        };
        if !self.mode.is_empty() {
            command.arg(self.mode);
        }
        command
    }
}
