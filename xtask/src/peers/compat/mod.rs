//! Every official client against every official server, through the gateway: connect, list, call one tool whose answer
//! is known. The committed table in docs/compatibility.md is what the last measurement said.

mod matrix;
mod pins;
mod table;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Map, Value, json};

use super::clients::{self, Client, Request, Target};
use super::gateway::{self, Gateway};
use super::servers::{Endpoint, Fixture, Fleet};
use crate::repo;
use crate::report::Tally;
use matrix::{Column, Matrix, Row};

#[derive(Args, Debug, Default)]
pub struct Options {
    /// Clients against servers, without a gateway between.
    #[arg(long)]
    pub direct: bool,
    /// Write docs/compatibility.md instead of comparing with it.
    #[arg(long)]
    pub write: bool,
}

/// The toolset over every server at once, its names prefixed.
const TOGETHER: &str = "together";
/// What `serve --stdio` serves: the toolset `default`, over a server of each kind. A stdio gateway starts its servers
/// anew for each client, so these are few.
const STDIO: &str = "stdio";
const STDIO_SERVERS: [&str; 3] = ["lab", "fastmcp", "filesystem"];

pub fn run(options: &Options) -> Result<Tally> {
    let folder = tempfile::tempdir()?;
    let fleet = Fleet::start(folder.path())?;
    if options.direct {
        let columns = fleet.fixtures.iter().map(Column::of).collect();
        return measure(columns, &|client, column| {
            direct(client, column.fixture.as_ref()?)
        })
        .tally();
    }
    let gateway = start_gateway(folder.path(), &fleet.fixtures)?;
    let mut columns: Vec<Column> = fleet.fixtures.iter().map(Column::of).collect();
    let of_stdio: Vec<Fixture> = fleet
        .fixtures
        .iter()
        .filter(|fixture| STDIO_SERVERS.contains(&fixture.name))
        .cloned()
        .collect();
    columns.extend([
        Column::of_all(TOGETHER, &fleet.fixtures),
        Column::of_all(STDIO, &of_stdio),
    ]);
    let stdio = vec![
        gateway::binary()?.display().to_string(),
        "serve".to_owned(),
        "--stdio".to_owned(),
        "-c".to_owned(),
        gateway.config.display().to_string(),
    ];
    let matrix = measure(columns, &|client, column| {
        if column.name != STDIO {
            return Some(Target::Url {
                url: gateway.url(&column.name),
                transport: "http",
            });
        }
        client.speaks_stdio.then(|| Target::Command {
            command: stdio.clone(),
        })
    });
    let mut tally = matrix.tally()?;
    if !tally.failures.is_empty() {
        println!("the gateway's last words: {}", gateway.last_words());
    }
    let page = table::render(&matrix)?;
    tally.add(compare_or_write(&page, options.write)?);
    Ok(tally)
}

/// One toolset per server, at `/mcp/{server}`, one over all of them, and `default` for stdio.
fn start_gateway(folder: &Path, fixtures: &[Fixture]) -> Result<Gateway> {
    let servers = fixtures
        .iter()
        .map(|fixture| (fixture.name.to_owned(), fixture.config()));
    let mut toolsets: Map<String, Value> = fixtures
        .iter()
        .map(|fixture| (fixture.name.to_owned(), json!({"servers": [fixture.name]})))
        .collect();
    let every: Vec<&str> = fixtures.iter().map(|fixture| fixture.name).collect();
    toolsets.insert(TOGETHER.to_owned(), json!({"servers": every}));
    toolsets.insert("default".to_owned(), json!({"servers": STDIO_SERVERS}));
    Gateway::start(folder, servers.collect(), toolsets)
}

/// How a client reaches a server without a gateway, if it can at all.
fn direct(client: &Client, fixture: &Fixture) -> Option<Target> {
    if client.is_modern_only && !fixture.speaks_modern() {
        return None;
    }
    match &fixture.endpoint {
        Endpoint::Command(command) => client.speaks_stdio.then(|| Target::Command {
            command: command.clone(),
        }),
        Endpoint::Http(url) => Some(Target::Url {
            url: url.clone(),
            transport: "http",
        }),
        Endpoint::Sse(url) => client.speaks_sse.then(|| Target::Url {
            url: url.clone(),
            transport: "sse",
        }),
        Endpoint::Lab => None,
    }
}

/// Asks every client about every column it can reach; as many clients at a time as there are processors.
fn measure(
    columns: Vec<Column>,
    reach: &(dyn Fn(&Client, &Column) -> Option<Target> + Sync),
) -> Matrix {
    let waiting: Mutex<VecDeque<(usize, Client)>> =
        Mutex::new(clients::all().into_iter().enumerate().collect());
    let measured: Mutex<Vec<(usize, Row)>> = Mutex::new(Vec::new());
    let at_a_time = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().expect("no client panics").pop_front();
                    let Some((place, client)) = next else { break };
                    let row = row(client, &columns, reach);
                    println!("{row}");
                    measured
                        .lock()
                        .expect("no client panics")
                        .push((place, row));
                }
            });
        }
    });
    let mut rows = measured.into_inner().expect("no client panics");
    rows.sort_by_key(|(place, _)| *place);
    Matrix {
        columns,
        rows: rows.into_iter().map(|(_, row)| row).collect(),
    }
}

fn row(
    client: Client,
    columns: &[Column],
    reach: &(dyn Fn(&Client, &Column) -> Option<Target> + Sync),
) -> Row {
    let requests: Vec<Request> = columns
        .iter()
        .filter_map(|column| {
            let target = reach(&client, column)?;
            Some(Request {
                name: column.name.clone(),
                target,
                tool: column.tool.clone(),
                args: column.args.clone(),
            })
        })
        .collect();
    Row::judge(&client, columns, &requests, client.ask(&requests))
}

fn compare_or_write(page: &str, write: bool) -> Result<Tally> {
    let path = repo::root().join("docs/compatibility.md");
    if write {
        std::fs::create_dir_all(repo::root().join("docs"))?;
        std::fs::write(&path, page).context("cannot write docs/compatibility.md")?;
        return Ok(Tally::one());
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let mut tally = Tally::default();
    tally.check(committed == page, || {
        "docs/compatibility.md is not what was measured; `cargo xtask compat --write` rewrites it".to_owned()
    });
    Ok(tally)
}
