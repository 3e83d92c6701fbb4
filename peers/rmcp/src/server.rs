//! A server of two tools on a loopback port, with what the SDK answers by default in both eras.

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Result;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, schemars, tool, tool_handler, tool_router};
use serde::Deserialize;

#[derive(Deserialize, schemars::JsonSchema)]
struct Addends {
    a: i64,
    b: i64,
}

#[derive(Clone)]
struct Peer {
    tools: ToolRouter<Self>,
}

#[tool_router(router = tools)]
impl Peer {
    #[tool(description = "Adds two integers.")]
    async fn add(&self, Parameters(Addends { a, b }): Parameters<Addends>) -> String {
        (a + b).to_string()
    }

    #[tool(description = "Says that the server is there.")]
    async fn hello(&self) -> String {
        "hello from rmcp".to_owned()
    }
}

#[tool_handler(router = self.tools)]
impl ServerHandler for Peer {}

pub async fn serve(port: u16) -> Result<()> {
    let service = StreamableHttpService::new(
        || {
            Ok(Peer {
                tools: Peer::tools(),
            })
        },
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default(),
    );
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    axum::serve(listener, axum::Router::new().nest_service("/mcp", service)).await?;
    Ok(())
}
