//! An MCP server on standard input and output that echoes: one JSON object per line.

use anyhow::Result;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::message;

pub async fn serve() -> Result<()> {
    let mut lines = BufReader::with_capacity(128 * 1024, tokio::io::stdin()).lines();
    let mut output = tokio::io::stdout();
    while let Some(line) = lines.next_line().await? {
        let message: Value = serde_json::from_str(&line)?;
        let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) else {
            continue;
        };
        let mut reply = match message::answer(method, message.get("params"), 1) {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
        }
        .to_string();
        reply.push('\n');
        output.write_all(reply.as_bytes()).await?;
        output.flush().await?;
    }
    Ok(())
}
