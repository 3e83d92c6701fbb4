//! Approvals in SQL. The rules are [`Approval`]'s own: a method loads one under the write lock, asks it, and writes what
//! became of it.

use std::time::Duration;

use wardgate_model::{ApprovalId, PersonId, PrincipalId, ServerName, TenantId};
use wardgate_store::{
    Approval, ApprovalError, ApprovalFilter, ApprovalState, Approvals, Binding, Cursor, Opened,
    PAGE_MAX, Page, Reply, Request, StoreError, Timestamp, Vote,
};

use crate::{
    SqlStore,
    db::commit,
    dialect::{self, Connection, Row},
    fault,
    page::Select,
    row::{Columns, identity, to_json},
    statement::Statement,
    votes,
};

impl Approvals for SqlStore {
    fn open<'a>(
        &'a self,
        request: &'a Request,
        pending_max: u32,
    ) -> Reply<'a, Opened, ApprovalError> {
        self.db.write(async move {
            let now = request.created_at;
            let mut transaction = self.db.begin().await?;
            let mut overdue = None;
            if let Some(mut live) = live_one(&mut transaction, &request.binding).await? {
                if !live.is_overdue(now) {
                    return Ok(Opened::Same(Box::new(live)));
                }
                close(&mut transaction, &mut live, ApprovalState::Expired, now).await?;
                overdue = Some(Box::new(live));
            }
            let pending = pending(&mut transaction, &request.binding, now).await?;
            if pending >= pending_max {
                return Err(ApprovalError::TooMany { pending });
            }
            insert(&mut transaction, request).await?;
            commit(transaction).await?;
            let approval = Box::new(Approval::open(request.clone()));
            Ok(Opened::Fresh { approval, overdue })
        })
    }

    fn vote<'a>(
        &'a self,
        id: &'a ApprovalId,
        vote: &'a Vote,
    ) -> Reply<'a, Approval, ApprovalError> {
        self.db.write(async move {
            let mut transaction = self.db.begin().await?;
            let mut approval = existing(&mut transaction, id).await?;
            approval.vote(vote.clone())?;
            votes::insert(&mut transaction, id, approval.votes.len() - 1, vote).await?;
            update(&mut transaction, &approval).await?;
            commit(transaction).await?;
            Ok(approval)
        })
    }

    fn consume<'a>(&'a self, binding: &'a Binding, now: Timestamp) -> Reply<'a, Option<Approval>> {
        self.db.write(async move {
            let mut transaction = self.db.begin().await?;
            let row = bound(
                sqlx::query(
                    "UPDATE approvals SET state = 'used', closed_at = $9, sealed_args = NULL
                     WHERE tenant = $1 AND requester = $2 AND server = $3 AND version = $4 AND tool = $5
                       AND args_digest = $6 AND contract = $7 AND policy_rev = $8
                       AND state = 'approved' AND use_by > $9
                     RETURNING *",
                ),
                binding,
            )
            .bind(now.millis())
            .one(&mut transaction).await?;
            let mut used = votes::joined(&mut transaction, row.as_slice()).await?;
            commit(transaction).await?;
            Ok(used.pop())
        })
    }

    fn cancel<'a>(
        &'a self,
        id: &'a ApprovalId,
        now: Timestamp,
    ) -> Reply<'a, Approval, ApprovalError> {
        self.db.write(async move {
            let mut transaction = self.db.begin().await?;
            let mut approval = existing(&mut transaction, id).await?;
            if !approval.state.is_live() {
                return Err(ApprovalError::Closed {
                    state: approval.state,
                });
            }
            close(
                &mut transaction,
                &mut approval,
                ApprovalState::Cancelled,
                now,
            )
            .await?;
            commit(transaction).await?;
            Ok(approval)
        })
    }

    fn expire(&self, now: Timestamp) -> Reply<'_, Vec<Approval>> {
        self.db.write(async move {
            let mut transaction = self.db.begin().await?;
            let rows = sqlx::query(
                "UPDATE approvals SET state = 'expired', closed_at = $1, sealed_args = NULL
                 WHERE id IN (SELECT id FROM approvals
                              WHERE (state = 'pending' AND decide_by <= $1) OR (state = 'approved' AND use_by <= $1)
                              ORDER BY created_at, id LIMIT $2)
                 RETURNING *",
            )
            .bind(now.millis())
            .bind(i64::from(PAGE_MAX))
            .all(&mut transaction).await?;
            let expired = votes::joined(&mut transaction, &rows).await?;
            commit(transaction).await?;
            Ok(expired)
        })
    }

    fn get<'a>(&'a self, id: &'a ApprovalId) -> Reply<'a, Option<Approval>> {
        Box::pin(async move {
            let mut read = self.db.read().await?;
            by_id(&mut read, id).await
        })
    }

    fn list<'a>(
        &'a self,
        filter: &'a ApprovalFilter,
        after: Option<&'a Cursor>,
        limit: u32,
    ) -> Reply<'a, Page<Approval>> {
        Box::pin(async move {
            let mut query = Select::new("SELECT * FROM approvals")
                .with("tenant = ", filter.tenant.as_ref().map(TenantId::as_str))
                .with(
                    "requester = ",
                    filter.requester.as_ref().map(PrincipalId::as_str),
                )
                .with("state = ", filter.state.map(ApprovalState::as_str))
                .newest_first(after, limit);
            let mut read = self.db.read().await?;
            let rows = query.build().all(&mut read).await?;
            let approvals = votes::joined(&mut read, &rows).await?;
            Ok(Page::cut(approvals, limit, |approval| Cursor {
                at: approval.request.created_at,
                id: approval.request.id.to_string(),
            }))
        })
    }
}

async fn by_id(
    connection: &mut Connection,
    id: &ApprovalId,
) -> Result<Option<Approval>, StoreError> {
    let row = sqlx::query("SELECT * FROM approvals WHERE id = $1")
        .bind(id.as_str())
        .one(connection)
        .await?;
    Ok(votes::joined(connection, row.as_slice()).await?.pop())
}

async fn existing(connection: &mut Connection, id: &ApprovalId) -> Result<Approval, StoreError> {
    let found = by_id(connection, id).await?;
    found.ok_or(StoreError::NotFound { what: "approval" })
}

/// The pending or approved one with this binding; an index holds that there is one at the most.
async fn live_one(
    connection: &mut Connection,
    binding: &Binding,
) -> Result<Option<Approval>, StoreError> {
    let row = bound(
        sqlx::query(
            "SELECT * FROM approvals
             WHERE tenant = $1 AND requester = $2 AND server = $3 AND version = $4 AND tool = $5
               AND args_digest = $6 AND contract = $7 AND policy_rev = $8 AND state IN ('pending', 'approved')",
        ),
        binding,
    )
    .one(connection).await?;
    Ok(votes::joined(connection, row.as_slice()).await?.pop())
}

/// How many requests of the same principal wait for people.
async fn pending(
    connection: &mut Connection,
    binding: &Binding,
    now: Timestamp,
) -> Result<u32, StoreError> {
    let pending: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM approvals
         WHERE state = 'pending' AND tenant = $1 AND requester = $2 AND decide_by > $3",
    )
    .bind(binding.requester.tenant.as_str())
    .bind(binding.requester.principal.as_str())
    .bind(now.millis())
    .fetch_one(connection)
    .await
    .map_err(fault::of)?;
    Ok(u32::try_from(pending).unwrap_or(u32::MAX))
}

async fn insert(connection: &mut Connection, request: &Request) -> Result<(), StoreError> {
    let needs: Vec<_> = request.needs.iter().map(votes::written).collect();
    let use_within_ms = i64::try_from(request.use_within.as_millis()).unwrap_or(i64::MAX);
    let insertion = sqlx::query(
        "INSERT INTO approvals (tenant, requester, server, version, tool, args_digest, contract, policy_rev, id, person,
                                args, sealed_args, needs, reason, state, created_at, decide_by, use_within_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'pending', $15, $16, $17)",
    );
    bound(insertion, &request.binding)
        .bind(request.id.as_str())
        .bind(request.person.as_str())
        .bind(request.args.as_str())
        .bind(request.sealed_args.as_deref())
        .bind(to_json(&needs)?)
        .bind(request.reason.as_deref())
        .bind(request.created_at.millis())
        .bind(request.decide_by.millis())
        .bind(use_within_ms)
        .insert(connection, "another approval has this id")
        .await?;
    Ok(())
}

async fn close(
    connection: &mut Connection,
    approval: &mut Approval,
    state: ApprovalState,
    now: Timestamp,
) -> Result<(), StoreError> {
    approval.close(state, now);
    update(connection, approval).await
}

async fn update(connection: &mut Connection, approval: &Approval) -> Result<(), StoreError> {
    let (request, use_by) = (&approval.request, approval.use_by);
    sqlx::query("UPDATE approvals SET state = $1, use_by = $2, closed_at = $3, sealed_args = $4 WHERE id = $5")
        .bind(approval.state.as_str())
        .bind(use_by.map(Timestamp::millis))
        .bind(approval.closed_at.map(Timestamp::millis))
        .bind(request.sealed_args.as_deref())
        .bind(request.id.as_str())
        .run(connection)
        .await?;
    Ok(())
}

/// Binds `$1` to `$8`.
fn bound<'q>(query: dialect::Query<'q>, binding: &'q Binding) -> dialect::Query<'q> {
    query
        .bind(binding.requester.tenant.as_str())
        .bind(binding.requester.principal.as_str())
        .bind(binding.server.as_str())
        .bind(binding.version.as_str())
        .bind(binding.tool.as_str())
        .bind(binding.args_digest.as_str())
        .bind(binding.contract.as_str())
        .bind(binding.policy_rev.as_str())
}

pub(crate) fn approval(row: &Row) -> Result<Approval, StoreError> {
    let use_within_ms = row.count("use_within_ms")?;
    let request = Request {
        id: row.id("id", ApprovalId::new)?,
        binding: Binding {
            requester: identity(row, "requester")?,
            server: row.id("server", ServerName::new)?,
            version: row.get("version")?,
            tool: row.get("tool")?,
            args_digest: row.get("args_digest")?,
            contract: row.get("contract")?,
            policy_rev: row.get("policy_rev")?,
        },
        person: row.id("person", PersonId::new)?,
        args: row.get("args")?,
        sealed_args: row.get("sealed_args")?,
        needs: votes::needs(row)?,
        reason: row.get("reason")?,
        created_at: row.time("created_at")?,
        decide_by: row.time("decide_by")?,
        use_within: Duration::from_millis(use_within_ms),
    };
    Ok(Approval {
        state: row.word("state", ApprovalState::parse)?,
        use_by: row.maybe_time("use_by")?,
        closed_at: row.maybe_time("closed_at")?,
        ..Approval::open(request)
    })
}
