//! The ledger's lines in SQL.

use std::collections::HashMap;

use sqlx::QueryBuilder;
use wardgate_model::{PrincipalId, RecordId, TenantId, ToolRef, ToolsetName};
use wardgate_store::{
    Cursor, Head, Line, Page, RecordFilter, Records, Reply, Spend, Stage, StoreError, Timestamp,
    records::follows,
};

use crate::{
    SqlStore,
    db::commit,
    dialect::{Connection, Db, Row},
    page::{Select, at_most, in_list, one_more},
    row::{Columns, to_int},
    statement::Statement,
};

/// Lines of one statement: with 21 columns each well below the 32,766 parameters of SQLite and 65,535 of PostgreSQL. Few sizes,
/// so that each statement is prepared once and found again.
const LINES_PER_INSERT: [usize; 4] = [64, 16, 4, 1];

impl Records for SqlStore {
    fn append<'a>(&'a self, lines: &'a [Line], heads: &'a [Head]) -> Reply<'a, ()> {
        self.db.write(async move {
            let mut transaction = self.db.begin().await?;
            let stored = stored_heads(&mut transaction, heads).await?;
            follows(lines, heads, |tenant| stored.get(tenant))?;
            for some in portions(lines) {
                insert(&mut transaction, some).await?;
            }
            note_unfinished(&mut transaction, lines).await?;
            for head in heads {
                move_head(&mut transaction, head).await?;
            }
            commit(transaction).await
        })
    }

    fn head<'a>(&'a self, tenant: &'a TenantId) -> Reply<'a, Option<Head>> {
        Box::pin(async move {
            let mut read = self.db.read().await?;
            head_of(&mut read, tenant).await
        })
    }

    fn heads(&self) -> Reply<'_, Vec<Head>> {
        Box::pin(async move {
            let rows = sqlx::query("SELECT * FROM heads ORDER BY tenant")
                .all(&mut *self.db.read().await?)
                .await?;
            rows.iter().map(head).collect()
        })
    }

    fn get<'a>(&'a self, id: &'a RecordId) -> Reply<'a, Option<Line>> {
        Box::pin(async move {
            let row = sqlx::query("SELECT * FROM records WHERE id = $1")
                .bind(id.as_str())
                .one(&mut *self.db.read().await?)
                .await?;
            row.as_ref().map(line).transpose()
        })
    }

    fn page<'a>(
        &'a self,
        filter: &'a RecordFilter,
        after: Option<&'a Cursor>,
        limit: u32,
    ) -> Reply<'a, Page<Line>> {
        Box::pin(async move {
            let mut query = behind(matching(filter), after)?.ordered(
                " ORDER BY at DESC, seq DESC, tenant DESC LIMIT ",
                one_more(limit),
            );
            let rows = query.build().all(&mut *self.db.read().await?).await?;
            let lines = rows.iter().map(line).collect::<Result<_, _>>()?;
            Ok(Page::cut(lines, limit, |line: &Line| Cursor {
                at: line.at,
                id: format!("{}.{}", line.seq, line.tenant),
            }))
        })
    }

    fn chain<'a>(
        &'a self,
        tenant: &'a TenantId,
        after_seq: u64,
        limit: u32,
    ) -> Reply<'a, Vec<Line>> {
        Box::pin(async move {
            let rows = sqlx::query(
                "SELECT * FROM records WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            )
            .bind(tenant.as_str())
            .bind(to_int(after_seq)?)
            .bind(at_most(limit))
            .all(&mut *self.db.read().await?)
            .await?;
            rows.iter().map(line).collect()
        })
    }

    fn unfinished(&self, limit: u32) -> Reply<'_, Vec<Line>> {
        Box::pin(async move {
            let rows = sqlx::query(
                "SELECT records.* FROM unfinished JOIN records ON records.id = unfinished.id
                 ORDER BY records.at, records.seq, records.tenant LIMIT $1",
            )
            .bind(at_most(limit))
            .all(&mut *self.db.read().await?)
            .await?;
            rows.iter().map(line).collect()
        })
    }
}

/// Cuts lines into portions of the largest sizes that fit.
fn portions(mut lines: &[Line]) -> impl Iterator<Item = &[Line]> {
    std::iter::from_fn(move || {
        let mut sizes = LINES_PER_INSERT.into_iter();
        let size = sizes.find(|size| *size <= lines.len())?;
        let (portion, rest) = lines.split_at(size);
        lines = rest;
        Some(portion)
    })
}

async fn stored_heads(
    connection: &mut Connection,
    heads: &[Head],
) -> Result<HashMap<TenantId, Head>, StoreError> {
    let mut stored = HashMap::new();
    for moved in heads {
        if let Some(head) = head_of(connection, &moved.tenant).await? {
            stored.insert(head.tenant.clone(), head);
        }
    }
    Ok(stored)
}

async fn head_of(
    connection: &mut Connection,
    tenant: &TenantId,
) -> Result<Option<Head>, StoreError> {
    let row = sqlx::query("SELECT * FROM heads WHERE tenant = $1")
        .bind(tenant.as_str())
        .one(connection)
        .await?;
    row.as_ref().map(head).transpose()
}

async fn insert(connection: &mut Connection, lines: &[Line]) -> Result<(), StoreError> {
    let seqs = lines
        .iter()
        .map(|line| to_int(line.seq))
        .collect::<Result<Vec<_>, _>>()?;
    let mut query: QueryBuilder<Db> = QueryBuilder::new(
        "INSERT INTO records (tenant, seq, id, at, kind, stage, principal, toolset, tool, effect, status, completes,
                              idem_key, trace, calls, cost_micro_usd, tokens, bytes, compute_ms, text, hash) ",
    );
    query.push_values(lines.iter().zip(seqs), |mut row, (line, seq)| {
        row.push_bind(line.tenant.as_str())
            .push_bind(seq)
            .push_bind(line.id.as_str())
            .push_bind(line.at.millis())
            .push_bind(line.kind.as_str())
            .push_bind(line.stage.as_str())
            .push_bind(line.principal.as_ref().map(PrincipalId::as_str))
            .push_bind(line.toolset.as_ref().map(ToolsetName::as_str))
            .push_bind(line.tool.as_ref().map(ToolRef::to_string))
            .push_bind(line.effect.as_deref())
            .push_bind(line.status.as_deref())
            .push_bind(line.of.as_ref().map(RecordId::as_str))
            .push_bind(line.key.as_deref())
            .push_bind(line.trace.as_deref())
            .push_bind(line.spend.calls)
            .push_bind(line.spend.cost_micro_usd)
            .push_bind(line.spend.tokens)
            .push_bind(line.spend.bytes)
            .push_bind(line.spend.compute_ms)
            .push_bind(line.text.as_str())
            .push_bind(line.hash.as_slice());
    });
    query
        .build()
        .insert(connection, "another record has this id or place")
        .await?;
    Ok(())
}

/// Adds what was received and takes away what is completed, in that order: one batch may hold both.
async fn note_unfinished(connection: &mut Connection, lines: &[Line]) -> Result<(), StoreError> {
    let received = lines.iter().filter(|line| line.stage == Stage::Received);
    let received: Vec<&str> = received.map(|line| line.id.as_str()).collect();
    if !received.is_empty() {
        let mut query: QueryBuilder<Db> = QueryBuilder::new("INSERT INTO unfinished (id) ");
        query.push_values(received, |mut row, id| {
            row.push_bind(id);
        });
        query.build().run(connection).await?;
    }
    let complete = lines.iter().filter(|line| line.stage == Stage::Complete);
    let completed = complete.filter_map(|line| Some(line.of.as_ref()?.as_str()));
    if let Some(mut query) = in_list("DELETE FROM unfinished WHERE id IN (", completed, ")") {
        query.build().run(connection).await?;
    }
    Ok(())
}

async fn move_head(connection: &mut Connection, head: &Head) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO heads (tenant, seq, hash, tree) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, tree = excluded.tree",
    )
    .bind(head.tenant.as_str())
    .bind(to_int(head.seq)?)
    .bind(head.hash.as_slice())
    .bind(head.tree.as_slice())
    .run(connection).await?;
    Ok(())
}

fn matching(filter: &RecordFilter) -> Select {
    Select::new("SELECT * FROM records")
        .with("tenant = ", filter.tenant.as_ref().map(TenantId::as_str))
        .with(
            "principal = ",
            filter.principal.as_ref().map(PrincipalId::as_str),
        )
        .with("tool = ", filter.tool.as_ref().map(ToolRef::to_string))
        .with("kind = ", filter.kind.as_deref())
        .with("stage = ", filter.stage.map(Stage::as_str))
        .with("effect = ", filter.effect.as_deref())
        .with("status = ", filter.status.as_deref())
        .with("completes = ", filter.of.as_ref().map(RecordId::as_str))
        .with("idem_key = ", filter.key.as_deref())
        .with("trace = ", filter.trace.as_deref())
        .with("at >= ", filter.since.map(Timestamp::millis))
        .with("at < ", filter.until.map(Timestamp::millis))
}

/// Where a page begins. The cursor's id is `seq.tenant`.
fn behind(select: Select, after: Option<&Cursor>) -> Result<Select, StoreError> {
    let Some(after) = after else {
        return Ok(select);
    };
    let place = after.id.split_once('.');
    let place = place.and_then(|(seq, tenant)| Some((seq.parse::<i64>().ok()?, tenant)));
    let (seq, tenant) = place.ok_or(StoreError::NotFound { what: "page" })?;
    Ok(select
        .only("(at, seq, tenant) < (")
        .bind(after.at.millis())
        .push(", ")
        .bind(seq)
        .push(", ")
        .bind(tenant)
        .push(")"))
}

fn head(row: &Row) -> Result<Head, StoreError> {
    Ok(Head {
        tenant: row.id("tenant", TenantId::new)?,
        seq: row.count("seq")?,
        hash: row.hash("hash")?,
        tree: row.get("tree")?,
    })
}

fn line(row: &Row) -> Result<Line, StoreError> {
    Ok(Line {
        tenant: row.id("tenant", TenantId::new)?,
        seq: row.count("seq")?,
        id: row.id("id", RecordId::new)?,
        at: row.time("at")?,
        kind: row.get("kind")?,
        stage: row.word("stage", Stage::parse)?,
        principal: row.maybe_id("principal", PrincipalId::new)?,
        toolset: row.maybe_id("toolset", ToolsetName::new)?,
        tool: row.maybe_word("tool", ToolRef::parse)?,
        effect: row.get("effect")?,
        status: row.get("status")?,
        of: row.maybe_id("completes", RecordId::new)?,
        key: row.get("idem_key")?,
        trace: row.get("trace")?,
        spend: spend(row)?,
        text: row.get("text")?,
        hash: row.hash("hash")?,
    })
}

pub(crate) fn spend(row: &Row) -> Result<Spend, StoreError> {
    Ok(Spend {
        calls: row.get("calls")?,
        cost_micro_usd: row.get("cost_micro_usd")?,
        tokens: row.get("tokens")?,
        bytes: row.get("bytes")?,
        compute_ms: row.get("compute_ms")?,
    })
}
