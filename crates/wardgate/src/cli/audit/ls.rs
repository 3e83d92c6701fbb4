//! `wardgate audit ls`: a table of records, newest first.

use comfy_table::Table;
use wardgate_ledger::record::Status;

use super::{
    query::Asked,
    source::{Entry, From},
};
use crate::cli::{Exit, print};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    asked: Asked,
    /// Show at most so many.
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    /// Show what was received too, although its completion tells it again.
    #[arg(long)]
    all: bool,
    /// Print how many there are instead.
    #[arg(long)]
    count: bool,
    /// Print an array of records as JSON.
    #[arg(long)]
    json: bool,
}

/// # Errors
/// What reading or printing fails with.
pub async fn run(args: &Args) -> anyhow::Result<Exit> {
    let source = args.from.open().await?;
    let query = args.asked.query(!args.all);
    if args.count {
        let mut count = 0_u64;
        source
            .each(&query, |_| {
                count += 1;
                Ok(())
            })
            .await?;
        print::line(&count.to_string())?;
        return Ok(Exit::Ok);
    }
    let entries = source.newest(&query, args.limit).await?;
    if args.json {
        let lines: Vec<&str> = entries.iter().map(|entry| entry.sealed.line()).collect();
        print::line(&format!("[{}]", lines.join(",")))?;
    } else {
        print::line(&table(&entries).to_string())?;
    }
    Ok(Exit::Ok)
}

fn table(entries: &[Entry]) -> Table {
    let mut table = print::table(["TIME", "WHO", "TYPE", "WHAT", "STATUS", "MS", "ID"]);
    for entry in entries {
        table.add_row(row(entry));
    }
    table
}

/// The cells of a record; `tail` prints them too.
pub fn row(entry: &Entry) -> [String; 7] {
    let record = &entry.sealed.record;
    let (who, what, outcome) = (&record.who, &record.what, record.outcome.as_ref());
    let named = match (&entry.tool, &what.tool, &what.method) {
        (Some(tool), _, _) => tool.to_string(),
        (None, Some(name), _) | (None, None, Some(name)) => name.to_string(),
        (None, None, None) => "-".to_owned(),
    };
    let principal = who.principal.as_ref().map_or("-", |text| text.as_str());
    let status = record
        .status()
        .map_or(record.stage.as_str(), Status::as_str);
    let status = match outcome.and_then(|outcome| outcome.error_type.as_ref()) {
        Some(kind) => format!("{status} ({kind})"),
        None => status.to_owned(),
    };
    let took = outcome.and_then(|outcome| outcome.total_ms);
    [
        record.ts.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        print::brief(&format!("{}/{principal}", who.tenant), 64),
        record.kind.to_string(),
        print::brief(&named, 96),
        print::brief(&status, 64),
        took.map_or_else(|| "-".to_owned(), |ms| ms.to_string()),
        record.id.to_string(),
    ]
}
