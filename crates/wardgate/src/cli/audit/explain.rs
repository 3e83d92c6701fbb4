//! `wardgate audit show` and `explain`: one record, as it is kept or as a story.

use wardgate_ledger::{Sealed, explain, printable};
use wardgate_store::{PAGE_MAX, RecordFilter, Records};

use super::{
    query::Query,
    source::{self, Entry, From, ReadError, Source},
};
use crate::cli::{Exit, print};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The record, such as `rec_01a2…`.
    id: String,
    #[command(flatten)]
    from: From,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// # Errors
/// What reading or printing fails with.
pub async fn show(args: &Args) -> anyhow::Result<Exit> {
    let entry = args.from.open().await?.get(&args.id).await?;
    let line = entry.sealed.line();
    if args.json || !print::to_terminal() {
        print::line(line)?;
    } else {
        let value: serde_json::Value = serde_json::from_str(line)?;
        let text = serde_json::to_string_pretty(&value)?;
        for line in text.lines() {
            print::line(&printable(line))?;
        }
    }
    Ok(Exit::Ok)
}

/// # Errors
/// What reading or printing fails with.
pub async fn run(args: &Args) -> anyhow::Result<Exit> {
    let source = args.from.open().await?;
    let entry = source.get(&args.id).await?;
    let related = related(&source, &entry).await?;
    let story = explain(&entry.sealed, &related);
    match args.json {
        true => print::json(&serde_json::json!({"id": entry.sealed.record.id, "story": story}))?,
        false => print::line(story.trim_end())?,
    }
    Ok(Exit::Ok)
}

/// The other half of the call.
async fn related(source: &Source, entry: &Entry) -> anyhow::Result<Vec<Sealed>> {
    let record = &entry.sealed.record;
    let Source::Store(store) = source else {
        let others = source.newest(&Query::default(), usize::MAX).await?;
        let sealed = others.into_iter().map(|entry| entry.sealed);
        let is_half = |other: &Sealed| {
            other.record.of.as_ref() == Some(&record.id)
                || record.of.as_ref() == Some(&other.record.id)
        };
        return Ok(sealed.filter(is_half).collect());
    };
    let completes = RecordFilter {
        of: Some(wardgate_model::RecordId::new(record.id.as_str())),
        ..RecordFilter::default()
    };
    let page = store
        .page(&completes, None, PAGE_MAX)
        .await
        .map_err(ReadError::from)?;
    let mut lines = page.items;
    if let Some(received) = &record.of {
        let id = wardgate_model::RecordId::new(received.as_str());
        lines.extend(store.get(&id).await.map_err(ReadError::from)?);
    }
    let entries = lines.into_iter().map(source::entry);
    Ok(entries
        .map(|entry| Ok(entry?.sealed))
        .collect::<Result<_, ReadError>>()?)
}
