//! The gateway under comparison: the optimised binary with a configuration of its own, in a folder that goes with it.

use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::load::{Door, send};
use crate::message::{Request, json_headers};
use crate::process::Process;

/// Where the key is for the gateway to read.
const KEY_VARIABLE: &str = "WARDGATE_BENCH_KEY";
const READY_WITHIN: Duration = Duration::from_secs(15);

/// What the gateway does with a call besides passing it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// As little as it can.
    Transparent,
    /// API key, argument validation, sanitising, record.
    Checked,
    /// Policies and limits besides.
    Governed,
    /// The same for a tool that may change something.
    Durable,
}

pub struct Gateway {
    pub process: Process,
    address: SocketAddr,
    key: Option<String>,
    folder: TempDir,
    /// From the start of the process to its first "ready".
    pub ready: Duration,
}

impl Gateway {
    /// The binary: `WARDGATE_BIN`, or where cargo puts the optimised one.
    fn binary() -> PathBuf {
        let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/wardgate");
        std::env::var_os("WARDGATE_BIN").map_or_else(built, PathBuf::from)
    }

    pub fn is_built() -> bool {
        Gateway::binary().is_file()
    }

    /// Starts it in front of the echo and waits until it is ready.
    ///
    /// # Errors
    /// When it does not get ready; the end of its log is in the error.
    pub async fn start(rules: Rules, echo: SocketAddr, tools: usize) -> Result<Gateway> {
        let folder = tempfile::tempdir()?;
        let address = free_address()?;
        let config = folder.path().join("wardgate.yaml");
        // JSON is YAML, so nothing has to be quoted here.
        std::fs::write(
            &config,
            configuration(rules, address, echo, tools, folder.path())?.to_string(),
        )?;
        let log = std::fs::File::create(folder.path().join("log"))?;
        let key = (rules != Rules::Transparent).then(random_key);
        let mut command = Command::new(Gateway::binary());
        command
            .arg("serve")
            .arg("-c")
            .arg(&config)
            .current_dir(folder.path())
            .stdin(Stdio::null());
        command
            .stdout(log.try_clone()?)
            .stderr(log)
            .env(KEY_VARIABLE, key.as_deref().unwrap_or_default());
        let start = Instant::now();
        let process = Process::of(command.spawn().context("cannot start the gateway")?);
        let mut gateway = Gateway {
            process,
            address,
            key,
            folder,
            ready: Duration::ZERO,
        };
        gateway.wait_ready(start).await?;
        gateway.ready = start.elapsed();
        Ok(gateway)
    }

    async fn wait_ready(&self, start: Instant) -> Result<()> {
        let door = Door {
            path: "/readyz".into(),
            ..self.door("")
        };
        let mut tick = tokio::time::interval(Duration::from_millis(1));
        while start.elapsed() < READY_WITHIN {
            tick.tick().await;
            let answer = send(&door, "GET", HeaderMap::new(), Vec::new()).await;
            if answer.is_ok_and(|answer| answer.status() == StatusCode::OK) {
                return Ok(());
            }
        }
        bail!("the gateway is not ready: {}", self.last_words())
    }

    /// The end of what it logged.
    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Where calls to one of its toolsets go in.
    pub fn door(&self, toolset: &str) -> Door {
        Door {
            address: self.address,
            path: format!("/mcp/{toolset}"),
            key: self.key.clone(),
        }
    }

    /// Makes one call in full and compares the answer, before thousands are only counted.
    ///
    /// # Errors
    /// When the answer is not the echo; it is in the error.
    pub async fn prove(&self, toolset: &str) -> Result<()> {
        let message = Request::echo(16);
        let answer = send(
            &self.door(toolset),
            "POST",
            message.headers(),
            message.body(1),
        )
        .await?;
        let text = String::from_utf8_lossy(answer.body());
        let expected = format!(r#""text":"{}""#, crate::message::text(16));
        ensure!(
            answer.status() == StatusCode::OK && text.contains(&expected),
            "the gateway does not echo through `{toolset}`: {} {text}\n{}",
            answer.status(),
            self.last_words()
        );
        Ok(())
    }

    /// Asks over its own door with the headers of a revision.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(
        &self,
        toolset: &str,
        revision: &'static str,
        extra: HeaderMap,
        message: &Value,
    ) -> Result<http::Response<bytes::Bytes>> {
        let mut headers = json_headers(revision);
        headers.extend(extra);
        send(
            &self.door(toolset),
            "POST",
            headers,
            message.to_string().into_bytes(),
        )
        .await
    }
}

/// One server and one toolset for each way the echo answers.
fn configuration(
    rules: Rules,
    listen: SocketAddr,
    echo: SocketAddr,
    tools: usize,
    folder: &Path,
) -> Result<Value> {
    let checked = rules != Rules::Transparent;
    let governed = matches!(rules, Rules::Governed | Rules::Durable);
    let off = json!({"secrets": "off", "injection": "off", "terminal": "off", "hidden": "off"});
    let light = json!({"secrets": "off", "injection": "off"});
    let server = |mut endpoint: Value| {
        endpoint["validate"] = checked.into();
        endpoint["tools"] = json!({"echo": {"read_only": rules != Rules::Durable}});
        endpoint["sanitize"] = match rules {
            Rules::Transparent => off.clone(),
            Rules::Checked => light.clone(),
            Rules::Governed | Rules::Durable => json!({}),
        };
        endpoint["reply_max"] = "64MiB".into();
        endpoint
    };
    let keys = json!([{"id": "bench", "principal": "bench", "secret": {"env": KEY_VARIABLE}}]);
    let toolset = |name: &str| json!({"servers": [name]});
    let limits = match governed {
        true => json!([
            {"name": "pace", "key": "principal", "calls": 100_000_000, "per": "1m"},
            {"name": "month", "key": "tenant", "calls": 1_000_000_000_000_u64, "cost_usd": 1_000_000, "per": "month"},
            {"name": "at-once", "key": "principal", "concurrency": 1_000},
        ]),
        false => json!([]),
    };
    if governed {
        std::fs::write(folder.join("bench.cedar"), policies())?;
    }
    Ok(json!({
        "include": if governed { json!(["bench.cedar"]) } else { json!([]) },
        "tenants": {"local": {"limits": limits}},
        "gateway": {
            "listen": listen.to_string(),
            "state": folder.join("state"),
            "record": checked,
            "keys": if checked { keys } else { json!([]) },
        },
        "servers": {
            "json": server(json!({"url": format!("http://{echo}/mcp/json")})),
            "sse": server(json!({"url": format!("http://{echo}/mcp/sse")})),
            "many": server(json!({"url": format!("http://{echo}/mcp/many/{tools}")})),
            "stdio": server(json!({"command": [std::env::current_exe()?, "stdio-echo"]})),
        },
        "toolsets": {"json": toolset("json"), "sse": toolset("sse"), "many": toolset("many"), "stdio": toolset("stdio")},
    }))
}

/// A hundred: one that permits, sixty about other tools, twenty-nine about groups the caller is not in, ten that look at the
/// arguments of this call.
fn policies() -> String {
    let forbid = |number: usize| match number {
        1..=60 => {
            format!("forbid(principal, action == Action::\"json/other_{number}\", resource);\n")
        }
        61..=89 => format!(
            "forbid(principal in Group::\"local/group-{number}\", action in Action::\"call\", resource);\n"
        ),
        _ => format!(
            "forbid(principal, action in Action::\"call\", resource) when {{ context has input && context.input has text && \
             context.input.text == \"never {number}\" }};\n"
        ),
    };
    let permit = "permit(principal, action, resource);\n".to_owned();
    std::iter::once(permit)
        .chain((1..100).map(forbid))
        .collect()
}

/// A port that was free a moment ago.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// 256 bits, for the length of a run on loopback.
fn random_key() -> String {
    (0..4u8)
        .map(|part| format!("{:016x}", RandomState::new().hash_one(part)))
        .collect()
}
