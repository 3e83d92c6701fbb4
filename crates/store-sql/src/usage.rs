//! Counters of limits, and sums over the records, in SQL.

use wardgate_model::TenantId;
use wardgate_store::{Counter, Reply, StoreError, Timestamp, Usage, UsageBy, UsageSum};

use crate::{
    SqlStore, db::commit, dialect::Row, page::Select, records::spend, row::Columns,
    statement::Statement,
};

impl Usage for SqlStore {
    fn put<'a>(&'a self, counters: &'a [Counter]) -> Reply<'a, ()> {
        self.db.write(async move {
            let mut transaction = self.db.begin().await?;
            for counter in counters {
                sqlx::query(
                    "INSERT INTO counters (rule, key, time_window, dimension, used, ends_at)
                     VALUES ($1, $2, $3, $4, $5, $6)
                     ON CONFLICT (rule, key, time_window, dimension)
                     DO UPDATE SET used = excluded.used, ends_at = excluded.ends_at",
                )
                .bind(counter.rule.as_str())
                .bind(counter.key.as_str())
                .bind(counter.window.as_str())
                .bind(counter.dimension.as_str())
                .bind(counter.used)
                .bind(counter.ends_at.millis())
                .run(&mut transaction)
                .await?;
            }
            commit(transaction).await
        })
    }

    fn load(&self, now: Timestamp) -> Reply<'_, Vec<Counter>> {
        Box::pin(async move {
            let rows = sqlx::query(
                "SELECT * FROM counters WHERE ends_at > $1 ORDER BY rule, key, time_window, dimension",
            )
            .bind(now.millis())
            .all(&mut *self.db.read().await?).await?;
            rows.iter().map(counter).collect()
        })
    }

    fn forget_ended(&self, now: Timestamp) -> Reply<'_, u64> {
        self.db.write(async move {
            let mut transaction = self.db.begin().await?;
            let gone = sqlx::query("DELETE FROM counters WHERE ends_at <= $1")
                .bind(now.millis())
                .run(&mut transaction)
                .await?;
            commit(transaction).await?;
            Ok(gone)
        })
    }

    fn sums<'a>(
        &'a self,
        by: UsageBy,
        tenant: Option<&'a TenantId>,
        since: Timestamp,
        until: Timestamp,
    ) -> Reply<'a, Vec<UsageSum>> {
        Box::pin(async move {
            let mut query = Select::new(sums_start(by))
                .with("tenant = ", tenant.map(TenantId::as_str))
                .with("at >= ", Some(since.millis()))
                .with("at < ", Some(until.millis()))
                .end(" GROUP BY 1 ORDER BY 1");
            let rows = query.build().all(&mut *self.db.read().await?).await?;
            rows.iter().map(sum).collect()
        })
    }
}

fn sums_start(by: UsageBy) -> &'static str {
    macro_rules! sums_of {
        ($column:literal) => {
            concat!(
                "SELECT COALESCE(",
                $column,
                ", '') AS of_what,
                 CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(cost_micro_usd) AS BIGINT) AS cost_micro_usd,
                 CAST(SUM(tokens) AS BIGINT) AS tokens, CAST(SUM(bytes) AS BIGINT) AS bytes,
                 CAST(SUM(compute_ms) AS BIGINT) AS compute_ms FROM records"
            )
        };
    }
    match by {
        UsageBy::Tenant => sums_of!("tenant"),
        UsageBy::Principal => sums_of!("tenant || '/' || principal"),
        UsageBy::Toolset => sums_of!("toolset"),
        UsageBy::Tool => sums_of!("tool"),
    }
}

fn sum(row: &Row) -> Result<UsageSum, StoreError> {
    Ok(UsageSum {
        of: row.get("of_what")?,
        spend: spend(row)?,
    })
}

fn counter(row: &Row) -> Result<Counter, StoreError> {
    Ok(Counter {
        rule: row.get("rule")?,
        key: row.get("key")?,
        window: row.get("time_window")?,
        dimension: row.get("dimension")?,
        used: row.get("used")?,
        ends_at: row.time("ends_at")?,
    })
}
