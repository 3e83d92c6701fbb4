//! `wardgate usage`: what calls have used, summed over the records. Read beside a running gateway or out of an exported file, so
//! that the sum is what the records say and nothing else.

use std::{collections::BTreeMap, process::ExitCode};

use clap::ValueEnum;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};
use wardgate_ledger::{
    Record, RecordType, Usd,
    record::{Stage, Status},
};

use super::{
    Exit,
    audit::{self, query::Asked, source::From},
    print,
};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    asked: Asked,
    /// By what to sum.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "tenant",
        value_name = "WHAT,…"
    )]
    by: Vec<By>,
    /// How to print the sums; `focus` is one line per call, as FOCUS has it.
    #[arg(long, default_value = "table", value_name = "FORMAT")]
    format: Shape,
    /// Print the sums as JSON.
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    Tenant,
    Principal,
    Toolset,
    Server,
    Tool,
    Day,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    Table,
    Csv,
    Json,
    Focus,
}

/// What calls of one row have used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sum {
    calls: u64,
    /// Of these, the calls that did not succeed.
    failed: u64,
    cost: Usd,
    tokens: u64,
    bytes: u64,
    compute_s: f64,
}

const MEASURES: [&str; 6] = [
    "calls",
    "failed",
    "cost_usd",
    "tokens_est",
    "bytes",
    "compute_s",
];

/// Prints the sums.
///
/// # Errors
/// When the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    audit::reading(async {
        if args.format == Shape::Focus {
            return audit::export::focus(&args.from, &args.asked).await;
        }
        let sums = sums(args).await?;
        match (args.json, args.format) {
            (true, _) | (_, Shape::Json) => print::json(&objects(args, &sums))?,
            (_, Shape::Csv) => csv(args, &sums)?,
            _ => print::line(&table(args, &sums).to_string())?,
        }
        Ok(Exit::Ok)
    })
}

type Sums = BTreeMap<Vec<String>, Sum>;

async fn sums(args: &Args) -> anyhow::Result<Sums> {
    let source = args.from.open().await?;
    let mut sums = Sums::new();
    let each = |entry: audit::source::Entry| {
        let record = &entry.sealed.record;
        if is_served(record) {
            let key = args.by.iter().map(|by| by.of(record, &entry)).collect();
            sums.entry(key).or_default().add(record);
        }
        Ok(())
    };
    source.each(&args.asked.query(true), each).await?;
    Ok(sums)
}

/// What was refused has used nothing.
pub fn is_served(record: &Record) -> bool {
    let outcome = record.outcome.as_ref();
    let is_refused =
        outcome.is_none_or(|outcome| matches!(outcome.status, Status::Denied | Status::Limited));
    record.kind == RecordType::TOOL_CALL && record.stage == Stage::Complete && !is_refused
}

impl By {
    fn name(self) -> &'static str {
        match self {
            By::Tenant => "tenant",
            By::Principal => "principal",
            By::Toolset => "toolset",
            By::Server => "server",
            By::Tool => "tool",
            By::Day => "day",
        }
    }

    fn of(self, record: &Record, entry: &audit::source::Entry) -> String {
        let what = &record.what;
        let text = match self {
            By::Tenant => return record.who.tenant.to_string(),
            By::Day => return record.ts.strftime("%Y-%m-%d").to_string(),
            By::Tool if entry.tool.is_some() => {
                return entry
                    .tool
                    .as_ref()
                    .map_or_else(String::new, ToString::to_string);
            }
            By::Tool => &what.tool,
            By::Principal => &record.who.principal,
            By::Toolset => &what.toolset,
            By::Server => &what.server,
        };
        text.as_ref().map_or("-", |text| text.as_str()).to_owned()
    }
}

impl Sum {
    fn add(&mut self, record: &Record) {
        let cost = record.cost.unwrap_or_default();
        let outcome = record.outcome.as_ref();
        self.calls += 1;
        self.failed += u64::from(record.status() != Some(Status::Success));
        self.cost = Usd::from_micros(self.cost.micros() + cost.usd.unwrap_or_default().micros());
        self.tokens += cost.tokens_est.unwrap_or_default();
        self.bytes += outcome
            .and_then(|outcome| outcome.bytes)
            .unwrap_or_default();
        self.compute_s += cost.compute_s.unwrap_or_default();
    }

    /// In the order of [`MEASURES`].
    fn cells(&self) -> [String; 6] {
        [
            self.calls.to_string(),
            self.failed.to_string(),
            self.cost.to_string(),
            self.tokens.to_string(),
            self.bytes.to_string(),
            format!("{:.3}", self.compute_s),
        ]
    }
}

fn header(args: &Args) -> Vec<&'static str> {
    args.by.iter().map(|by| by.name()).chain(MEASURES).collect()
}

fn objects(args: &Args, sums: &Sums) -> Vec<Value> {
    let object = |(key, sum): (&Vec<String>, &Sum)| {
        let mut object = json!({
            "id": key.join(" "),
            "calls": sum.calls,
            "failed": sum.failed,
            "cost_usd": sum.cost,
            "tokens_est": sum.tokens,
            "bytes": sum.bytes,
            "compute_s": sum.compute_s,
        });
        for (by, value) in args.by.iter().zip(key) {
            object[by.name()] = json!(value);
        }
        object
    };
    sums.iter().map(object).collect()
}

fn csv(args: &Args, sums: &Sums) -> std::io::Result<()> {
    print::line(&header(args).join(","))?;
    for (key, sum) in sums {
        let cells = key.iter().cloned().chain(sum.cells());
        let quoted: Vec<String> = cells.map(|cell| quoted(&cell)).collect();
        print::line(&quoted.join(","))?;
    }
    Ok(())
}

/// RFC 4180 §2.
fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

fn table(args: &Args, sums: &Sums) -> Table {
    let mut table = print::table(header(args).iter().map(|name| name.to_uppercase()));
    for (key, sum) in sums {
        let names = key.iter().map(|name| print::brief(name, 96));
        table.add_row(names.chain(sum.cells()));
    }
    for column in table.column_iter_mut().skip(args.by.len()) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
