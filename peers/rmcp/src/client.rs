//! One request per line in, one answer per line out: `{name, url | command, tool, args}` becomes
//! `{name, era, tools, call}` or `{name, error}`.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use rmcp::model::{CallToolRequestParams, ProtocolVersion};
use rmcp::service::RunningService;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use rmcp::{ClientLifecycleMode, ClientServiceExt, RoleClient};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::process::Command;

const DEADLINE: Duration = Duration::from_secs(90);

#[derive(Deserialize)]
struct Request {
    name: String,
    url: Option<String>,
    command: Option<Vec<String>>,
    tool: String,
    args: Map<String, Value>,
}

pub async fn answer_requests(mode: &str) -> Result<()> {
    for line in std::io::stdin().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let name = request.name.clone();
        let answer = match tokio::time::timeout(DEADLINE, visit(request, mode)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => json!({"error": format!("{error:#}")}),
            Err(_) => json!({"error": format!("no answer within {} s", DEADLINE.as_secs())}),
        };
        let mut line = json!({"name": name});
        if let (Some(line), Value::Object(answer)) = (line.as_object_mut(), answer) {
            line.extend(answer);
        }
        println!("{line}");
    }
    Ok(())
}

fn lifecycle(mode: &str) -> Result<ClientLifecycleMode> {
    let preferred_versions = vec![ProtocolVersion::V_2026_07_28];
    Ok(match mode {
        "legacy" => ClientLifecycleMode::Initialize,
        "auto" => ClientLifecycleMode::Auto {
            preferred_versions,
            legacy_version: None,
        },
        "2026-07-28" => ClientLifecycleMode::Discover { preferred_versions },
        other => bail!("no such mode: {other}"),
    })
}

async fn connect(request: &Request, mode: &str) -> Result<RunningService<RoleClient, ()>> {
    let lifecycle = lifecycle(mode)?;
    if let Some([program, args @ ..]) = request.command.as_deref() {
        let mut command = Command::new(program);
        command.args(args);
        return Ok(
            ().serve_with_lifecycle(TokioChildProcess::new(command)?, lifecycle)
                .await?,
        );
    }
    let url = request.url.clone().context("neither a url nor a command")?;
    Ok(
        ().serve_with_lifecycle(StreamableHttpClientTransport::from_uri(url), lifecycle)
            .await?,
    )
}

async fn visit(request: Request, mode: &str) -> Result<Value> {
    let client = connect(&request, mode).await?;
    let era = client
        .peer_info()
        .map(|info| serde_json::to_value(&info.protocol_version))
        .transpose()?;
    let tools = client.list_all_tools().await?;
    let tools: Vec<&str> = tools.iter().map(|tool| tool.name.as_ref()).collect();
    let mut params = CallToolRequestParams::new(request.tool);
    params.arguments = Some(request.args);
    let result = serde_json::to_value(client.call_tool(params).await?)?;
    let answer = json!({"era": era, "tools": tools, "call": call_text(&result)});
    client.cancel().await?;
    Ok(answer)
}

fn call_text(result: &Value) -> Value {
    let parts = result["content"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let texts: Vec<&str> = parts
        .iter()
        .filter_map(|part| part["text"].as_str().or(part["type"].as_str()))
        .collect();
    json!({"ok": result["isError"] != json!(true), "text": texts.join("\n")})
}
