//! What `serve` says when it is ready: where it listens, what to paste into a client, and what it serves.

use std::{io::Write, net::SocketAddr};

use wardgate_snapshot::{Endpoint, Prefix, Snapshot};

use crate::ledger::Recorder;

/// Prints the banner to standard output.
///
/// # Errors
/// When standard output cannot be written.
pub fn show(
    snapshot: &Snapshot,
    (address, admin): (SocketAddr, Option<&str>),
    recorder: Option<&Recorder>,
) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let scheme = if snapshot.gateway.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let url = |toolset: &str| match toolset {
        "default" => format!("{scheme}://{address}/mcp"),
        name => format!("{scheme}://{address}/mcp/{name}"),
    };
    writeln!(out, "wardgate {} is ready\n", env!("CARGO_PKG_VERSION"))?;
    for toolset in snapshot.toolsets.values() {
        let servers: Vec<_> = toolset.servers.iter().map(|alias| alias.as_str()).collect();
        let prefixed = if toolset.prefixed() && toolset.prefix != Prefix::Never {
            ", names prefixed"
        } else {
            ""
        };
        writeln!(
            out,
            "  {}  ({}{prefixed})",
            url(toolset.name.as_str()),
            servers.join(", ")
        )?;
    }
    writeln!(out, "\nServers:")?;
    for server in snapshot.servers.values() {
        writeln!(
            out,
            "  {:<16} {}",
            server.alias.as_str(),
            endpoint(&server.endpoint)
        )?;
    }
    if let Some(admin) = admin {
        writeln!(out, "\nAdmin API:\n  {admin}/admin/v1")?;
    }
    if let Some(recorder) = recorder {
        writeln!(
            out,
            "\nRecords are verified with the key\n  {}",
            recorder.public_key
        )?;
    }
    if let Some(first) = snapshot.toolsets.values().next() {
        writeln!(out, "\nPaste into your client's mcp.json:")?;
        writeln!(
            out,
            "{}",
            entry(
                &url(first.name.as_str()),
                !snapshot.gateway.anonymous && first.resource.is_none()
            )
        )?;
    }
    out.flush()
}

/// Says where a server is, without anything secret: no query, no arguments.
fn endpoint(endpoint: &Endpoint) -> String {
    match endpoint {
        Endpoint::Http { url, .. } | Endpoint::Sse { url, .. } => {
            format!("{}{}", url.origin().ascii_serialization(), url.path())
        }
        Endpoint::Stdio { command, .. }
            if command
                .first()
                .is_some_and(|first| first == wardgate_snapshot::SELF) =>
        {
            "built-in lab".into()
        }
        Endpoint::Stdio { command, .. } => command.first().cloned().unwrap_or_default(),
    }
}

fn entry(url: &str, needs_key: bool) -> String {
    let mut server = serde_json::json!({"type": "http", "url": url});
    if needs_key {
        server["headers"] = serde_json::json!({"Authorization": "Bearer YOUR-KEY"});
    }
    serde_json::to_string_pretty(&serde_json::json!({"mcpServers": {"wardgate": server}}))
        .unwrap_or_default()
}
