//! `wardgate limit simulate`: recorded calls put to other limits, by the code that judges live ones.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, time::Duration};

use serde::Serialize;
use wardgate_config::{Config, Limit};
use wardgate_ledger::{Record, Text};
use wardgate_limit::{Event, Report, Rules, Spend, simulate};
use wardgate_model::{Identity, MicroUsd, PrincipalId, ToolsetName};

use crate::{
    cli::{
        Exit,
        audit::{
            self,
            query::Asked,
            source::{Entry, From},
        },
        config_file::{self, ConfigArgs},
        print, usage,
    },
    compose,
};

/// As tokens are estimated.
const BYTES_PER_TOKEN: u64 = 4;
/// Refused calls that are named.
const EXAMPLES: usize = 20;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    asked: Asked,
    /// Configuration with the limits to try. By default the present one.
    #[arg(value_name = "CANDIDATE")]
    candidate: Option<PathBuf>,
    /// Try every limit at this share of its size, such as `50%`.
    #[arg(long, value_name = "PERCENT", value_parser = percent, default_value = "100%")]
    scale: u64,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

fn percent(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches('%').parse().ok();
    number
        .filter(|percent| (1..=10_000).contains(percent))
        .ok_or_else(|| "write a share such as `50%`, of 1 to 10000".into())
}

/// What would have been refused.
#[derive(Debug, Serialize)]
struct Simulated {
    #[serde(flatten)]
    report: Told,
    /// The first of the refused calls.
    examples: Vec<Example>,
}

#[derive(Debug, Serialize)]
struct Told {
    calls: u64,
    refused: usize,
    by_rule: BTreeMap<String, u64>,
    by_principal: BTreeMap<String, u64>,
    by_tool: BTreeMap<String, u64>,
}

#[derive(Debug, Serialize)]
struct Example {
    id: String,
    rule: String,
    dimension: &'static str,
}

/// # Errors
/// When the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let candidate = ConfigArgs {
        config: args.candidate.clone().or(args.from.config.config.clone()),
    };
    let inputs = match config_file::load(&candidate, &[], None) {
        Ok(inputs) => inputs,
        Err(diagnostics) => {
            config_file::show(&diagnostics);
            return Ok(Exit::Usage.into());
        }
    };
    let rules = rules(inputs.loaded.config, args.scale)?;
    audit::reading(async {
        let (ids, events) = events(&args.from, &args.asked).await?;
        let simulated = told(&simulate(rules, &events), &ids);
        match args.json {
            true => print::json(&simulated)?,
            false => show(&simulated)?,
        }
        Ok(Exit::Ok)
    })
}

fn rules(mut config: Config, percent: u64) -> anyhow::Result<Rules> {
    let limits = config
        .tenants
        .iter_mut()
        .flat_map(|tenant| &mut tenant.limits);
    limits.for_each(|limit| scale(limit, percent));
    Ok(compose::snapshot_of(&config, None)?.limits)
}

/// Nothing is scaled to nothing.
fn scale(limit: &mut Limit, percent: u64) {
    let scaled = |amount: u64| {
        (u128::from(amount) * u128::from(percent) / 100).clamp(1, u64::MAX.into()) as u64
    };
    let amounts = [
        &mut limit.calls,
        &mut limit.burst,
        &mut limit.tokens,
        &mut limit.concurrency,
    ];
    for amount in amounts.into_iter().flatten() {
        *amount = scaled(*amount);
    }
    if let Some(usd) = &mut limit.cost_usd {
        usd.0 = MicroUsd(scaled(usd.0.0));
    }
    if let Some(size) = &mut limit.bytes {
        size.0 = scaled(size.0 as u64) as usize;
    }
    if let Some(span) = &mut limit.compute {
        span.0 = Duration::from_micros(scaled(span.0.as_micros() as u64));
    }
}

/// Calls that were let through, and their records' ids.
async fn events(from: &From, asked: &Asked) -> anyhow::Result<(Vec<String>, Vec<Event>)> {
    let source = from.open().await?;
    let (mut ids, mut events) = (Vec::new(), Vec::new());
    let each = |entry: Entry| {
        if usage::is_served(&entry.sealed.record) {
            ids.push(entry.sealed.record.id.to_string());
            events.push(event(&entry));
        }
        Ok(())
    };
    source.each(&asked.query(true), each).await?;
    Ok((ids, events))
}

fn event(entry: &Entry) -> Event {
    let record = &entry.sealed.record;
    let text = |text: &Option<Text>| text.as_ref().map_or_else(String::new, ToString::to_string);
    Event {
        at: record.ts,
        caller: Identity {
            tenant: record.who.tenant.clone(),
            principal: PrincipalId::new(text(&record.who.principal)),
        },
        toolset: ToolsetName::new(text(&record.what.toolset)),
        tool: entry.tool.clone(),
        took: took(record),
    }
}

/// What a record says of its cost; bytes are what tokens were estimated from.
fn took(record: &Record) -> Spend {
    let cost = record.cost.unwrap_or_default();
    let tokens = cost.tokens_est.unwrap_or_default();
    Spend {
        cost: MicroUsd(cost.usd.unwrap_or_default().micros()),
        tokens,
        bytes: tokens.saturating_mul(BYTES_PER_TOKEN),
        compute: Duration::from_secs_f64(cost.compute_s.unwrap_or_default().max(0.0)),
    }
}

fn told(report: &Report, ids: &[String]) -> Simulated {
    let examples = report.refused.iter().take(EXAMPLES).map(|refused| Example {
        id: ids[refused.event].clone(),
        rule: refused.rule.clone(),
        dimension: refused.dimension.as_str(),
    });
    Simulated {
        examples: examples.collect(),
        report: Told {
            calls: report.calls,
            refused: report.refused.len(),
            by_rule: report.by_rule.clone(),
            by_principal: report.by_principal.clone(),
            by_tool: report.by_tool.clone(),
        },
    }
}

fn show(simulated: &Simulated) -> anyhow::Result<()> {
    let told = &simulated.report;
    print::line(&format!(
        "{} of {} calls would have been refused",
        told.refused, told.calls
    ))?;
    for (what, counts) in [
        ("by", &told.by_rule),
        ("of", &told.by_principal),
        ("of", &told.by_tool),
    ] {
        for (name, count) in counts {
            print::line(&format!("  {count} {what} {}", print::brief(name, 96)))?;
        }
    }
    for example in &simulated.examples {
        print::line(&format!(
            "  {}: {} of `{}`",
            example.id, example.dimension, example.rule
        ))?;
    }
    Ok(())
}
