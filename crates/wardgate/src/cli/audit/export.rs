//! `wardgate audit export`: records for another tool.

use std::io::{BufWriter, Write, stdout};

use wardgate_ledger::{Format, PublicKey, Site};

use super::{query::Asked, source::From};
use crate::{
    cli::{Exit, config_file},
    ledger::files,
};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// jsonl (sealed lines that can be verified), cloudevents, ocsf, ecs, rfc5424 or focus.
    #[arg(long, default_value = "jsonl", value_parser = format)]
    format: Format,
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    asked: Asked,
}

fn format(name: &str) -> Result<Format, String> {
    name.parse().map_err(|_| {
        let names: Vec<_> = Format::ALL.iter().map(|format| format.as_str()).collect();
        format!("there are {}", names.join(", "))
    })
}

/// # Errors
/// What reading or printing fails with.
pub async fn run(args: &Args) -> anyhow::Result<Exit> {
    export(args.format, &args.from, &args.asked).await
}

/// Prints one line per call, as FOCUS has it.
///
/// # Errors
/// As [`run`].
pub async fn focus(from: &From, asked: &Asked) -> anyhow::Result<Exit> {
    export(Format::Focus, from, asked).await
}

async fn export(format: Format, from: &From, asked: &Asked) -> anyhow::Result<Exit> {
    let source = from.open().await?;
    let site = site(from);
    let mut out = BufWriter::new(stdout().lock());
    if let Some(header) = format.header() {
        writeln!(out, "{header}")?;
    }
    let query = asked.query(false);
    source
        .each(&query, |entry| {
            if let Some(line) = format.line(&entry.sealed, &site) {
                writeln!(out, "{line}")?;
            }
            Ok(())
        })
        .await?;
    out.flush()?;
    Ok(Exit::Ok)
}

/// What can be known of where the records were written.
fn site(from: &From) -> Site {
    let loaded = config_file::load(&from.config, &[], None).ok();
    let key = from.folder().ok().and_then(|state| {
        let text = std::fs::read_to_string(state.join(files::PUBLIC_KEY)).ok()?;
        PublicKey::parse(&text).ok()
    });
    Site {
        log: key.map_or_else(|| "wardgate".to_owned(), |key| key.name().to_owned()),
        host: rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned(),
        environment: loaded.map(|inputs| inputs.loaded.config.gateway.environment),
    }
}
