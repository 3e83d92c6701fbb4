//! Overrides in SQL.

use wardgate_model::{OverrideEffect, OverrideId, OverrideMatch, PersonId};
use wardgate_store::{
    Cursor, Lift, Lifted, Override, OverrideError, OverrideFilter, Overrides, Page, Reply,
    StoreError, Timestamp,
};

use crate::{
    SqlStore,
    db::commit,
    dialect::{Connection, Row},
    page::{Select, in_list},
    row::{Columns, to_int},
    statement::Statement,
};

impl Overrides for SqlStore {
    fn create<'a>(&'a self, item: &'a Override) -> Reply<'a, ()> {
        self.db.write(async move {
            let mut transaction = self.db.begin().await?;
            insert(&mut transaction, item).await?;
            for (n, lift) in item.lifts.iter().enumerate() {
                insert_lift(&mut transaction, &item.id, n, lift).await?;
            }
            commit(transaction).await
        })
    }

    fn lift<'a>(&'a self, id: &'a OverrideId, lift: &'a Lift) -> Reply<'a, Lifted, OverrideError> {
        self.db.write(async move {
            let mut transaction = self.db.begin().await?;
            let row = sqlx::query("SELECT * FROM overrides WHERE id = $1")
                .bind(id.as_str())
                .one(&mut transaction)
                .await?;
            let mut found = with_lifts(&mut transaction, row.as_slice()).await?;
            let mut item = found
                .pop()
                .ok_or(StoreError::NotFound { what: "override" })?;
            item.lift(lift.clone())?;
            insert_lift(&mut transaction, id, item.lifts.len() - 1, lift).await?;
            sqlx::query("UPDATE overrides SET lifted_at = $1 WHERE id = $2")
                .bind(item.lifted_at.map(Timestamp::millis))
                .bind(id.as_str())
                .run(&mut transaction)
                .await?;
            commit(transaction).await?;
            Ok(match item.lifted_at {
                Some(_) => Lifted::Done(item),
                None => Lifted::NeedsAnother(item),
            })
        })
    }

    fn active(&self, now: Timestamp) -> Reply<'_, Vec<Override>> {
        Box::pin(async move {
            let mut query = in_force(Select::new("SELECT * FROM overrides"), now)
                .end(" ORDER BY created_at, id");
            let mut read = self.db.read().await?;
            let rows = query.build().all(&mut read).await?;
            with_lifts(&mut read, &rows).await
        })
    }

    fn list<'a>(
        &'a self,
        filter: &'a OverrideFilter,
        after: Option<&'a Cursor>,
        limit: u32,
    ) -> Reply<'a, Page<Override>> {
        Box::pin(async move {
            let effect = filter.effect.map(OverrideEffect::as_str);
            let mut select = Select::new("SELECT * FROM overrides").with("effect = ", effect);
            if let Some(now) = filter.active_at {
                select = in_force(select, now);
            }
            let mut query = select.newest_first(after, limit);
            let mut read = self.db.read().await?;
            let rows = query.build().all(&mut read).await?;
            let items = with_lifts(&mut read, &rows).await?;
            Ok(Page::cut(items, limit, |item| Cursor {
                at: item.created_at,
                id: item.id.to_string(),
            }))
        })
    }
}

/// The same as [`Override::is_active`].
fn in_force(select: Select, now: Timestamp) -> Select {
    select
        .only("lifted_at IS NULL")
        .only("(expires_at IS NULL OR expires_at > ")
        .bind(now.millis())
        .push(")")
}

async fn insert(connection: &mut Connection, item: &Override) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO overrides (id, effect, match_kind, match_value, reason, by_person, created_at, expires_at,
                                cancel_in_flight, lifted_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(item.id.as_str())
    .bind(item.effect.as_str())
    .bind(item.matches.kind())
    .bind(item.matches.value())
    .bind(item.reason.as_str())
    .bind(item.by.as_str())
    .bind(item.created_at.millis())
    .bind(item.expires_at.map(Timestamp::millis))
    .bind(i64::from(item.cancel_in_flight))
    .bind(item.lifted_at.map(Timestamp::millis))
    .insert(connection, "another override has this id").await?;
    Ok(())
}

async fn insert_lift(
    connection: &mut Connection,
    id: &OverrideId,
    n: usize,
    lift: &Lift,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO lifts (override_id, n, by_person, reason, at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id.as_str())
    .bind(to_int(n as u64)?)
    .bind(lift.by.as_str())
    .bind(lift.reason.as_str())
    .bind(lift.at.millis())
    .run(connection)
    .await?;
    Ok(())
}

/// Overrides from their rows, in the same order, with what was said about each.
async fn with_lifts(
    connection: &mut Connection,
    rows: &[Row],
) -> Result<Vec<Override>, StoreError> {
    let mut items = rows.iter().map(item).collect::<Result<Vec<_>, _>>()?;
    let ids = items.iter().map(|item| item.id.as_str());
    let Some(mut query) = in_list(
        "SELECT * FROM lifts WHERE override_id IN (",
        ids,
        ") ORDER BY n",
    ) else {
        return Ok(items);
    };
    for row in query.build().all(connection).await? {
        let of = row.id("override_id", OverrideId::new)?;
        if let Some(item) = items.iter_mut().find(|item| item.id == of) {
            item.lifts.push(lift(&row)?);
        }
    }
    Ok(items)
}

fn item(row: &Row) -> Result<Override, StoreError> {
    let value: String = row.get("match_value")?;
    Ok(Override {
        id: row.id("id", OverrideId::new)?,
        effect: row.word("effect", OverrideEffect::parse)?,
        matches: row.word("match_kind", |kind| OverrideMatch::parse(kind, &value))?,
        reason: row.get("reason")?,
        by: row.id("by_person", PersonId::new)?,
        created_at: row.time("created_at")?,
        expires_at: row.maybe_time("expires_at")?,
        cancel_in_flight: row.get::<i64>("cancel_in_flight")? != 0,
        lifts: Vec::new(),
        lifted_at: row.maybe_time("lifted_at")?,
    })
}

fn lift(row: &Row) -> Result<Lift, StoreError> {
    Ok(Lift {
        by: row.id("by_person", PersonId::new)?,
        reason: row.get("reason")?,
        at: row.time("at")?,
    })
}
