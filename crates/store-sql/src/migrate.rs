//! Schemas, forward only. Each migration is one file and one transaction; the newest schema is the last of the list.

use sqlx::Executor;
use wardgate_store::StoreError;

use crate::{
    db::Database,
    dialect::{self, Connection},
    fault,
};

/// The migration from version n to n + 1 stands at n.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/sqlite/0001.sql")];

/// Brings the database to the newest schema and returns the store's id.
///
/// # Errors
/// `FutureSchema`, `Unopenable` for a database that is not a store, or what a migration failed with: the schema is then the
/// last one that was reached whole.
pub(crate) async fn to_newest(db: &Database) -> Result<String, StoreError> {
    run(db, MIGRATIONS).await?;
    let mut transaction = db.begin().await?;
    let id = meta(&mut transaction, "store_id").await?;
    id.ok_or_else(|| not_a_store("it has no id"))
}

async fn run(db: &Database, migrations: &'static [&'static str]) -> Result<(), StoreError> {
    loop {
        // Two processes may open a new file at once: the version is read under the lock that the migration is made under.
        let mut transaction = db.begin().await?;
        let version = version(&mut transaction).await?;
        let known = migrations.len() as i64;
        if version > known {
            return Err(StoreError::FutureSchema {
                found: version,
                known,
            });
        }
        let Some(migration) = usize::try_from(version)
            .ok()
            .and_then(|at| migrations.get(at))
        else {
            return Ok(());
        };
        apply(&mut transaction, migration, version + 1)
            .await
            .map_err(fault::of)?;
        transaction.commit().await.map_err(fault::of)?;
    }
}

async fn apply(
    connection: &mut Connection,
    migration: &'static str,
    version: i64,
) -> Result<(), sqlx::Error> {
    connection.execute(sqlx::raw_sql(migration)).await?;
    sqlx::query(
        "INSERT INTO meta (name, value) VALUES ('schema_version', $1)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(version.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

async fn version(connection: &mut Connection) -> Result<i64, StoreError> {
    if dialect::is_empty(connection)
        .await
        .map_err(fault::on_open)?
    {
        return Ok(0);
    }
    let version = meta(connection, "schema_version")
        .await
        .map_err(|error| match error {
            StoreError::Internal { .. } => not_a_store("it has other tables"),
            error => error,
        })?;
    version
        .and_then(|version| version.parse().ok())
        .filter(|version| *version > 0)
        .ok_or_else(|| not_a_store("it has no schema version"))
}

async fn meta(connection: &mut Connection, name: &str) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar("SELECT value FROM meta WHERE name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await
        .map_err(fault::of)
}

fn not_a_store(why: &str) -> StoreError {
    StoreError::Unopenable {
        detail: format!("this database is not a store of Wardgate: {why}"),
    }
}

#[cfg(test)]
mod tests;
