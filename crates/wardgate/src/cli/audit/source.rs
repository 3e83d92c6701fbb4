//! Where records are read: the state folder, also of a gateway that runs, or a file of sealed lines.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    sync::Arc,
};

use wardgate_ledger::{Sealed, sealed::BadLine};
use wardgate_model::{TenantId, ToolRef};
use wardgate_store::{Cursor, Line, PAGE_MAX, RecordFilter, Records, Stage, StoreError, Timestamp};
use wardgate_store_sql::SqlStore;

use super::query::Query;
use crate::{
    cli::{
        Exit,
        config_file::{self, ConfigArgs},
    },
    ledger::files,
};

#[derive(Clone, Debug, Default, clap::Args)]
pub struct From {
    #[command(flatten)]
    pub config: ConfigArgs,
    /// State folder to read; by default the one the configuration names.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Read a file of records, as `export --format jsonl` writes it, instead.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// A record and what only its place knows: the alias of its tool.
pub struct Entry {
    pub sealed: Sealed,
    pub tool: Option<ToolRef>,
}

pub enum Source {
    Store(Arc<SqlStore>),
    File(PathBuf),
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("there are no records in `{}`; is it the state folder of a gateway?", .0.display())]
    NoRecords(PathBuf),
    #[error("the configuration cannot be read; name the state folder with `--state`")]
    NoState,
    #[error("`{}` cannot be read: {source}", path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{0}; `wardgate check` and the gateway's log may say more")]
    Store(#[from] StoreError),
    #[error("record {seq} of tenant `{tenant}`: {why}; see `wardgate audit verify`")]
    Broken {
        seq: u64,
        tenant: TenantId,
        why: BadLine,
    },
    #[error("line {line}: {why}; see `wardgate audit verify`")]
    BrokenLine { line: usize, why: BadLine },
    #[error("there is no record `{0}`")]
    Unknown(String),
}

impl ReadError {
    pub fn exit(&self) -> Exit {
        match self {
            ReadError::NoRecords(_)
            | ReadError::NoState
            | ReadError::File { .. }
            | ReadError::Unknown(_) => Exit::Usage,
            ReadError::Store(_) | ReadError::Broken { .. } | ReadError::BrokenLine { .. } => {
                Exit::CheckFailed
            }
        }
    }
}

impl From {
    /// The records in a state folder.
    pub fn state(folder: PathBuf) -> From {
        From {
            state: Some(folder),
            ..From::default()
        }
    }

    /// Returns the state folder.
    ///
    /// # Errors
    /// When it is not named and the configuration that would name it cannot be read.
    pub fn folder(&self) -> Result<PathBuf, ReadError> {
        if let Some(state) = &self.state {
            return Ok(state.clone());
        }
        let inputs = config_file::load(&self.config, &[], None).map_err(|findings| {
            config_file::show(&findings);
            ReadError::NoState
        })?;
        Ok(inputs.loaded.config.gateway.state)
    }

    /// Opens what is to be read. Makes nothing.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub async fn open(&self) -> Result<Source, ReadError> {
        if let Some(file) = &self.file {
            return Ok(Source::File(file.clone()));
        }
        let state = self.folder()?;
        let path = state.join(files::DATABASE);
        if !path.exists() {
            return Err(ReadError::NoRecords(state));
        }
        Ok(Source::Store(SqlStore::open_sqlite(&path, None).await?))
    }
}

impl Source {
    /// Hands on what matches: within a tenant in the order of its chain.
    ///
    /// # Errors
    /// What reading or `each` fails with.
    pub async fn each(
        &self,
        query: &Query,
        mut each: impl FnMut(Entry) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        match self {
            Source::File(path) => {
                for entry in entries(path)? {
                    let entry = entry?;
                    if query.matches(&entry) {
                        each(entry)?;
                    }
                }
            }
            Source::Store(store) => {
                for tenant in tenants(store, query).await? {
                    let mut after = 0;
                    while let Some(lines) = chain(store, &tenant, after).await? {
                        for line in lines {
                            after = line.seq;
                            let entry = entry(line)?;
                            if query.matches(&entry) {
                                each(entry)?;
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns up to `limit` that match, newest first.
    ///
    /// # Errors
    /// What reading fails with.
    pub async fn newest(&self, query: &Query, limit: usize) -> anyhow::Result<Vec<Entry>> {
        match self {
            Source::File(path) => {
                let mut found = entries(path)?.collect::<Result<Vec<_>, _>>()?;
                found.retain(|entry| query.matches(entry));
                found.sort_by_key(|entry| {
                    std::cmp::Reverse((entry.sealed.record.ts, entry.sealed.seq))
                });
                found.truncate(limit);
                Ok(found)
            }
            Source::Store(store) => newest(store, query, limit).await,
        }
    }

    /// Returns one record.
    ///
    /// # Errors
    /// [`ReadError::Unknown`], or what reading fails with.
    pub async fn get(&self, id: &str) -> anyhow::Result<Entry> {
        let query = Query::of_id(id);
        let found = match self {
            Source::File(_) => self.newest(&query, 1).await?.pop(),
            Source::Store(store) => {
                let line = store.get(&wardgate_model::RecordId::new(id)).await;
                line.map_err(ReadError::from)?.map(entry).transpose()?
            }
        };
        found.ok_or_else(|| ReadError::Unknown(id.to_owned()).into())
    }
}

async fn newest(store: &SqlStore, query: &Query, limit: usize) -> anyhow::Result<Vec<Entry>> {
    let filter = stored(query);
    let mut found = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = store.page(&filter, after.as_ref(), PAGE_MAX).await;
        let page = page.map_err(ReadError::from)?;
        for line in page.items {
            let entry = entry(line)?;
            if query.matches(&entry) {
                found.push(entry);
            }
            if found.len() == limit {
                return Ok(found);
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// What of a query the store can narrow by itself; the query is asked again afterwards.
fn stored(query: &Query) -> RecordFilter {
    let filter = &query.filter;
    let millis = |at: jiff::Timestamp| Timestamp::from_millis(at.as_millisecond());
    RecordFilter {
        tenant: filter.tenant.clone(),
        principal: filter
            .principal
            .as_ref()
            .map(wardgate_model::PrincipalId::new),
        tool: query.tool.clone(),
        stage: query.ends_only.then_some(Stage::Complete),
        effect: filter.effect.map(|effect| effect.as_str().to_owned()),
        status: filter.status.map(|status| status.as_str().to_owned()),
        since: filter.since.map(millis),
        ..RecordFilter::default()
    }
}

/// The tenants that can hold a match.
pub async fn tenants(store: &SqlStore, query: &Query) -> Result<Vec<TenantId>, ReadError> {
    let heads = store.heads().await?;
    let asked = |tenant: &TenantId| {
        query
            .filter
            .tenant
            .as_ref()
            .is_none_or(|asked| asked == tenant)
    };
    Ok(heads
        .into_iter()
        .map(|head| head.tenant)
        .filter(asked)
        .collect())
}

/// The next lines of a chain; `None` at its end.
pub async fn chain(
    store: &SqlStore,
    tenant: &TenantId,
    after: u64,
) -> Result<Option<Vec<Line>>, ReadError> {
    let lines = store.chain(tenant, after, PAGE_MAX).await?;
    Ok((!lines.is_empty()).then_some(lines))
}

pub fn entry(line: Line) -> Result<Entry, ReadError> {
    match Sealed::parse(&line.text) {
        Ok(sealed) => Ok(Entry {
            sealed,
            tool: line.tool,
        }),
        Err(why) => Err(ReadError::Broken {
            seq: line.seq,
            tenant: line.tenant,
            why,
        }),
    }
}

/// Opens a file to be read line by line.
pub fn open_file(path: &Path) -> Result<BufReader<File>, ReadError> {
    let file = File::open(path).map_err(|source| ReadError::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(BufReader::new(file))
}

fn entries(path: &Path) -> Result<impl Iterator<Item = Result<Entry, ReadError>>, ReadError> {
    let path_of_fault = path.to_owned();
    let lines = open_file(path)?.lines().enumerate();
    Ok(lines.map(move |(number, line)| {
        let line = line.map_err(|source| ReadError::File {
            path: path_of_fault.clone(),
            source,
        })?;
        let sealed = Sealed::parse(&line).map_err(|why| ReadError::BrokenLine {
            line: number + 1,
            why,
        })?;
        Ok(Entry { sealed, tool: None })
    }))
}
