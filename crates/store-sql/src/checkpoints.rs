//! Signed checkpoints in SQL.

use wardgate_model::TenantId;
use wardgate_store::{Checkpoint, Checkpoints, Reply, StoreError};

use crate::{
    SqlStore,
    db::commit,
    dialect::Row,
    page::at_most,
    row::{Columns, to_int},
    statement::Statement,
};

impl Checkpoints for SqlStore {
    fn add<'a>(&'a self, checkpoint: &'a Checkpoint) -> Reply<'a, ()> {
        self.db.write(async move {
            let mut transaction = self.db.begin().await?;
            let added = sqlx::query(
                "INSERT INTO checkpoints (tenant, size, root, note, at)
                 SELECT $1, $2, $3, $4, $5
                 WHERE NOT EXISTS (SELECT 1 FROM checkpoints WHERE tenant = $1 AND size >= $2)",
            )
            .bind(checkpoint.tenant.as_str())
            .bind(to_int(checkpoint.size)?)
            .bind(checkpoint.root.as_slice())
            .bind(checkpoint.note.as_str())
            .bind(checkpoint.at.millis())
            .run(&mut transaction)
            .await?;
            if added == 0 {
                return Err(StoreError::Conflict {
                    what: "a checkpoint that covers as much is there already",
                });
            }
            commit(transaction).await
        })
    }

    fn latest<'a>(&'a self, tenant: &'a TenantId) -> Reply<'a, Option<Checkpoint>> {
        Box::pin(async move {
            let row = sqlx::query(
                "SELECT * FROM checkpoints WHERE tenant = $1 ORDER BY size DESC LIMIT 1",
            )
            .bind(tenant.as_str())
            .one(&mut *self.db.read().await?)
            .await?;
            row.as_ref().map(checkpoint).transpose()
        })
    }

    fn list<'a>(
        &'a self,
        tenant: &'a TenantId,
        above: u64,
        limit: u32,
    ) -> Reply<'a, Vec<Checkpoint>> {
        Box::pin(async move {
            let rows = sqlx::query(
                "SELECT * FROM checkpoints WHERE tenant = $1 AND size > $2 ORDER BY size LIMIT $3",
            )
            .bind(tenant.as_str())
            .bind(to_int(above)?)
            .bind(at_most(limit))
            .all(&mut *self.db.read().await?)
            .await?;
            rows.iter().map(checkpoint).collect()
        })
    }
}

fn checkpoint(row: &Row) -> Result<Checkpoint, StoreError> {
    Ok(Checkpoint {
        tenant: row.id("tenant", TenantId::new)?,
        size: row.count("size")?,
        root: row.hash("root")?,
        note: row.get("note")?,
        at: row.time("at")?,
    })
}
