//! `wardgate audit verify`: whether records are as they were written, all of them.

use std::path::{Path, PathBuf};

use serde_json::json;
use wardgate_ledger::{
    PublicKey, Report, Verifier, checkpoint::notes, printable, verify::ChainReport,
};
use wardgate_store::{Checkpoints, PAGE_MAX};
use wardgate_store_sql::SqlStore;

use super::{
    query::Query,
    source::{self, From, ReadError, Source},
};
use crate::{
    cli::{Exit, print},
    ledger::files,
};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    from: From,
    /// Public key, or a file that holds it; may be repeated. By default `audit.pub` of the state folder: who could change the
    /// records could change that too, so keep a copy elsewhere.
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// File of checkpoints; may be repeated. Only copies held elsewhere show that an end was cut off or an older state was
    /// brought back. By default those of the state folder.
    #[arg(long, value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// # Errors
/// What reading or printing fails with.
pub async fn run(args: &Args) -> anyhow::Result<Exit> {
    let Some(keys) = keys(args)? else {
        eprintln!("error: no public key; give one with `--key`");
        return Ok(Exit::Usage);
    };
    let source = args.from.open().await?;
    let mut texts = checkpoint_files(args)?;
    // Before the records: those are then at least as many as any note says.
    if let (Source::Store(store), []) = (&source, args.checkpoints.as_slice()) {
        texts.extend(stored_notes(store).await?);
    }
    let all = texts.iter().flat_map(|text| notes(text));
    let mut verifier = Verifier::new(&keys, all);
    match &source {
        Source::File(path) => verifier.read(source::open_file(path)?)?,
        Source::Store(store) => read_store(store, &mut verifier).await?,
    }
    let report = verifier.finish();
    show(&report, args.json)?;
    Ok(match report.is_ok() {
        true => Exit::Ok,
        false => Exit::CheckFailed,
    })
}

/// `None` if there is none to be found.
fn keys(args: &Args) -> anyhow::Result<Option<Vec<PublicKey>>> {
    let mut given = args.key.clone();
    if given.is_empty() {
        let path = args.from.folder()?.join(files::PUBLIC_KEY);
        if !path.exists() {
            return Ok(None);
        }
        given.push(path.display().to_string());
    }
    let read = |text: &String| -> anyhow::Result<PublicKey> {
        if let Ok(key) = PublicKey::parse(text) {
            return Ok(key);
        }
        let text = read_file(Path::new(text))?;
        Ok(PublicKey::parse(&text)?)
    };
    given.iter().map(read).collect::<Result<_, _>>().map(Some)
}

fn checkpoint_files(args: &Args) -> Result<Vec<String>, ReadError> {
    if !args.checkpoints.is_empty() {
        return args
            .checkpoints
            .iter()
            .map(|path| read_file(path))
            .collect();
    }
    let own = args
        .from
        .folder()
        .map(|state| state.join(files::CHECKPOINTS));
    match own {
        Ok(path) if path.exists() => Ok(vec![read_file(&path)?]),
        Ok(_) | Err(_) => Ok(Vec::new()),
    }
}

fn read_file(path: &Path) -> Result<String, ReadError> {
    std::fs::read_to_string(path).map_err(|source| ReadError::File {
        path: path.to_owned(),
        source,
    })
}

async fn stored_notes(store: &SqlStore) -> Result<Vec<String>, ReadError> {
    let mut found = Vec::new();
    for tenant in source::tenants(store, &Query::default()).await? {
        let mut above = 0;
        loop {
            let some = store.list(&tenant, above, PAGE_MAX).await?;
            let Some(last) = some.last() else { break };
            above = last.size;
            found.extend(some.into_iter().map(|checkpoint| checkpoint.note));
        }
    }
    Ok(found)
}

async fn read_store(store: &SqlStore, verifier: &mut Verifier) -> anyhow::Result<()> {
    for tenant in source::tenants(store, &Query::default()).await? {
        let mut after = 0;
        while let Some(lines) = source::chain(store, &tenant, after).await? {
            after = lines.last().map_or(after, |line| line.seq);
            let text: String = lines
                .iter()
                .flat_map(|line| [line.text.as_str(), "\n"])
                .collect();
            verifier.read(text.as_bytes())?;
        }
    }
    Ok(())
}

fn show(report: &Report, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let chains: Vec<_> = report.chains.iter().map(chain).collect();
        let fault = report.fault.as_ref();
        return print::json(&json!({
            "ok": report.is_ok(),
            "records": report.records(),
            "chains": chains,
            "fault": fault.map(ToString::to_string),
            "seq": fault.and_then(|fault| fault.seq()),
        }));
    }
    print::line(&report.to_string())?;
    if report.is_ok() {
        report.chains.iter().for_each(remark);
    }
    Ok(())
}

/// What is no fault, and yet not all that could be wished for.
fn remark(chain: &ChainReport) {
    let tenant = printable(chain.tenant.as_str());
    let unsigned = chain.records - chain.signed;
    if unsigned > 0 {
        eprintln!("note: no checkpoint covers the last {unsigned} records of `{tenant}`");
    }
    let open = chain.unknown.len();
    if open > 0 {
        eprintln!("note: {open} calls of `{tenant}` were received and are not complete");
    }
}

fn chain(chain: &ChainReport) -> serde_json::Value {
    json!({
        "id": chain.tenant,
        "records": chain.records,
        "head": chain.head,
        "signed": chain.signed,
        "unknown": chain.unknown,
    })
}
