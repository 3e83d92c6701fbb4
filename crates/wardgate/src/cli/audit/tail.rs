//! `wardgate audit tail`: the last records, and those that come.

use std::{
    collections::HashMap,
    io::{Write, stdout},
    time::Duration,
};

use wardgate_model::TenantId;
use wardgate_store::Records;
use wardgate_store_sql::SqlStore;

use super::{
    ls,
    query::{Asked, Query},
    source::{self, Entry, From, ReadError, Source},
};
use crate::cli::Exit;

/// How often the store is asked for more.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    asked: Asked,
    /// Begin with so many of those that are there.
    #[arg(short = 'n', long, default_value_t = 10, value_name = "N")]
    lines: usize,
    /// Print each record as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Follows until it is interrupted; a file is read to its end.
///
/// # Errors
/// What reading or printing fails with.
pub async fn run(args: &Args) -> anyhow::Result<Exit> {
    let source = args.from.open().await?;
    let query = args.asked.query(true);
    let mut seen = match &source {
        Source::Store(store) => ends(store).await?,
        Source::File(_) => HashMap::new(),
    };
    for entry in source.newest(&query, args.lines).await?.iter().rev() {
        show(entry, args.json)?;
    }
    let Source::Store(store) = source else {
        return Ok(Exit::Ok);
    };
    loop {
        tokio::time::sleep(PAUSE).await;
        for entry in news(&store, &query, &mut seen).await? {
            show(&entry, args.json)?;
        }
    }
}

async fn ends(store: &SqlStore) -> Result<HashMap<TenantId, u64>, ReadError> {
    let heads = store.heads().await?;
    Ok(heads
        .into_iter()
        .map(|head| (head.tenant, head.seq))
        .collect())
}

async fn news(
    store: &SqlStore,
    query: &Query,
    seen: &mut HashMap<TenantId, u64>,
) -> Result<Vec<Entry>, ReadError> {
    let mut found = Vec::new();
    for tenant in source::tenants(store, query).await? {
        let after = seen.entry(tenant.clone()).or_default();
        while let Some(lines) = source::chain(store, &tenant, *after).await? {
            for line in lines {
                *after = line.seq;
                found.push(source::entry(line)?);
            }
        }
    }
    found.retain(|entry| query.matches(entry));
    Ok(found)
}

/// Whoever has stopped reading ends it, which `print::line` would not say.
fn show(entry: &Entry, as_json: bool) -> std::io::Result<()> {
    let mut out = stdout().lock();
    match as_json {
        true => writeln!(out, "{}", entry.sealed.line()),
        false => writeln!(out, "{}", ls::row(entry).join("  ")),
    }
}
