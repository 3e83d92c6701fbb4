//! The official Rust SDK as a peer: `rmcp-peer client MODE` reads requests and prints answers like the other drivers
//! of this folder, `rmcp-peer server PORT` is a small server. A package of its own, outside the product's lock file.

mod client;
mod server;

use anyhow::{Result, bail};

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["client", mode] => client::answer_requests(mode).await,
        ["server", port] => server::serve(port.parse()?).await,
        _ => bail!("usage: rmcp-peer client legacy|auto|2026-07-28 | server PORT"),
    }
}
