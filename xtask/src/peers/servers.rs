//! The official servers a gateway is put in front of: how each is started, and one call of each whose answer is known.
//! Servers on HTTP are started here; servers on stdio are started by whoever talks to them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::process::{Server, free_ports};
use crate::repo;
use crate::shell;

/// How a server is reached.
#[derive(Debug, Clone)]
pub enum Endpoint {
    Command(Vec<String>),
    Http(String),
    Sse(String),
    /// The gateway's own test server; nothing to start.
    Lab,
}

/// A server and one call whose answer is known.
#[derive(Debug, Clone)]
pub struct Fixture {
    pub name: &'static str,
    pub package: &'static str,
    pub endpoint: Endpoint,
    /// How many tools it offers to a client without capabilities.
    pub tools_min: usize,
    pub tool: &'static str,
    pub args: Value,
    /// Part of what the tool answers.
    pub says: &'static str,
}

/// All servers, the ones on HTTP running until the value is dropped.
#[derive(Debug)]
pub struct Fleet {
    pub fixtures: Vec<Fixture>,
    _running: Vec<Server>,
}

/// Loopback ports of the servers on HTTP.
struct Ports {
    everything: u16,
    everything_sse: u16,
    fastmcp: u16,
    rmcp: u16,
    page: u16,
}

impl Fleet {
    /// Starts what runs on HTTP and lays out the files the others read, all under `folder`.
    pub fn start(folder: &Path) -> Result<Self> {
        let [everything, everything_sse, fastmcp, rmcp, page] = free_ports()?;
        let ports = Ports {
            everything,
            everything_sse,
            fastmcp,
            rmcp,
            page,
        };
        lay_out(folder)?;
        let running = start_http(&ports, folder)?;
        let mut fixtures = on_http(&ports);
        fixtures.extend(on_stdio(folder, &ports));
        fixtures.push(lab());
        Ok(Self {
            fixtures,
            _running: running,
        })
    }
}

fn start_http(ports: &Ports, folder: &Path) -> Result<Vec<Server>> {
    let log = |name: &str| folder.join(format!("{name}.log"));
    let everything = |mode: &str, port: u16| {
        let mut command = shell::leashed(node_binary());
        command
            .arg(npm_server("everything"))
            .arg(mode)
            .env("PORT", port.to_string());
        command.env("NODE_OPTIONS", only_loopback());
        Server::start(&mut command, port, &log(mode))
    };
    let python = |script: &str, port: u16| {
        let mut command = shell::leashed(repo::peers_dir().join("venv/bin/python"));
        command
            .arg(repo::peers_dir().join("python").join(script))
            .arg(port.to_string());
        Server::start(&mut command, port, &log(script))
    };
    let mut rmcp = shell::leashed(repo::peers_dir().join("rmcp-target/debug/rmcp-peer"));
    rmcp.args(["server", &ports.rmcp.to_string()]);
    Ok(vec![
        everything("streamableHttp", ports.everything)?,
        everything("sse", ports.everything_sse)?,
        python("fastmcp_server.py", ports.fastmcp)?,
        python("page.py", ports.page)?,
        Server::start(&mut rmcp, ports.rmcp, &log("rmcp"))?,
    ])
}

fn on_http(ports: &Ports) -> Vec<Fixture> {
    let everything = |name, endpoint| Fixture {
        name,
        package: "@modelcontextprotocol/server-everything",
        endpoint,
        tools_min: 13,
        tool: "echo",
        args: json!({"message": "through and back"}),
        says: "Echo: through and back",
    };
    let adder = |name, package, port| Fixture {
        name,
        package,
        endpoint: Endpoint::Http(format!("http://127.0.0.1:{port}/mcp")),
        tools_min: 2,
        tool: "add",
        args: json!({"a": 19, "b": 23}),
        says: "42",
    };
    vec![
        everything(
            "everything-http",
            Endpoint::Http(format!("http://127.0.0.1:{}/mcp", ports.everything)),
        ),
        everything(
            "everything-sse",
            Endpoint::Sse(format!("http://127.0.0.1:{}/sse", ports.everything_sse)),
        ),
        adder("fastmcp", "fastmcp", ports.fastmcp),
        adder("rmcp", "rmcp", ports.rmcp),
    ]
}

fn on_stdio(folder: &Path, ports: &Ports) -> Vec<Fixture> {
    let node = |server: &str, args: &[String]| node_command(server, args);
    let path = |name: &str| folder.join(name).display().to_string();
    let stdio = |name, package, command, tools_min, tool, args, says| Fixture {
        name,
        package,
        endpoint: Endpoint::Command(command),
        tools_min,
        tool,
        args,
        says,
    };
    let mut memory = vec![
        "env".to_owned(),
        format!("MEMORY_FILE_PATH={}", path("memory.jsonl")),
    ];
    memory.extend(node("memory", &[]));
    vec![
        stdio(
            "everything-stdio",
            "@modelcontextprotocol/server-everything",
            node("everything", &["stdio".to_owned()]),
            13,
            "echo",
            json!({"message": "through and back"}),
            "Echo: through and back",
        ),
        stdio(
            "filesystem",
            "@modelcontextprotocol/server-filesystem",
            node("filesystem", &[path("files")]),
            14,
            "read_text_file",
            json!({"path": path("files/note.txt")}),
            "a note on disk",
        ),
        stdio(
            "memory",
            "@modelcontextprotocol/server-memory",
            memory,
            9,
            "read_graph",
            json!({}),
            "entities",
        ),
        stdio(
            "thinking",
            "@modelcontextprotocol/server-sequential-thinking",
            node("sequential-thinking", &[]),
            1,
            "sequentialthinking",
            json!({"thought": "one", "nextThoughtNeeded": false, "thoughtNumber": 1, "totalThoughts": 1}),
            "thoughtNumber",
        ),
        stdio(
            "time",
            "mcp-server-time",
            python_command(
                "mcp-server-time",
                &["--local-timezone".to_owned(), "UTC".to_owned()],
            ),
            2,
            "convert_time",
            json!({"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}),
            "+9.0h",
        ),
        stdio(
            "git",
            "mcp-server-git",
            python_command(
                "mcp-server-git",
                &["--repository".to_owned(), path("repository")],
            ),
            12,
            "git_log",
            json!({"repo_path": path("repository"), "max_count": 1}),
            "The first commit",
        ),
        stdio(
            "fetch",
            "mcp-server-fetch",
            python_command("mcp-server-fetch", &["--allow-private-ips".to_owned()]),
            1,
            "fetch",
            json!({"url": format!("http://127.0.0.1:{}/", ports.page), "raw": true}),
            "A page on loopback",
        ),
    ]
}

fn lab() -> Fixture {
    Fixture {
        name: "lab",
        package: "wardgate",
        endpoint: Endpoint::Lab,
        tools_min: 12,
        tool: "add",
        args: json!({"a": 19, "b": 23}),
        says: "42",
    }
}

impl Fixture {
    /// This server as a section of the gateway's configuration. The deadlines are long: what is measured is whether it
    /// works, on machines that start a dozen interpreters at once.
    pub fn config(&self) -> Value {
        let timeouts = json!({"connect": "60s", "list": "75s"});
        match &self.endpoint {
            Endpoint::Command(command) => json!({"command": command, "timeouts": timeouts}),
            Endpoint::Http(url) => json!({"url": url, "timeouts": timeouts}),
            Endpoint::Sse(url) => json!({"sse": url, "timeouts": timeouts}),
            Endpoint::Lab => json!({"lab": true}),
        }
    }

    /// The Node servers speak only the legacy era; the others both.
    pub fn speaks_modern(&self) -> bool {
        !self.package.starts_with("@modelcontextprotocol/")
    }

    pub fn args(&self) -> Map<String, Value> {
        self.args.as_object().cloned().unwrap_or_default()
    }
}

/// Files, a note in them, and a repository of one commit.
fn lay_out(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder.join("files"))?;
    std::fs::write(folder.join("files/note.txt"), "a note on disk\n")?;
    let repository = folder.join("repository");
    std::fs::create_dir_all(&repository)?;
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command
            .current_dir(&repository)
            .args(["-c", "user.name=peer", "-c", "user.email=peer@example.test"])
            .args(args);
        shell::read(&mut command)
    };
    git(&["init", "--quiet", "--initial-branch", "main"])?;
    std::fs::write(repository.join("page.txt"), "one line\n")?;
    git(&["add", "page.txt"])?;
    git(&[
        "commit",
        "--quiet",
        "--no-gpg-sign",
        "--message",
        "The first commit",
    ])
    .context("cannot make a repository")?;
    Ok(())
}

fn npm_server(name: &str) -> PathBuf {
    repo::peers_dir().join(format!(
        "node/node_modules/@modelcontextprotocol/server-{name}/dist/index.js"
    ))
}

fn node_command(server: &str, args: &[String]) -> Vec<String> {
    let mut command = vec![node_binary(), npm_server(server).display().to_string()];
    command.extend(args.iter().cloned());
    command
}

fn python_command(script: &str, args: &[String]) -> Vec<String> {
    let mut command = vec![
        repo::peers_dir()
            .join("venv/bin")
            .join(script)
            .display()
            .to_string(),
    ];
    command.extend(args.iter().cloned());
    command
}

/// The Node release installed for tests, or the machine's own where there is no package of it.
pub fn node_binary() -> String {
    let installed = repo::peers_dir().join("runtime/node_modules/.bin/node");
    if installed.exists() {
        installed.display().to_string()
    } else {
        "node".to_owned()
    }
}

/// What keeps a Node process that would listen on every interface on loopback.
pub fn only_loopback() -> String {
    format!(
        "--require {}",
        repo::peers_dir().join("node/loopback.cjs").display()
    )
}
