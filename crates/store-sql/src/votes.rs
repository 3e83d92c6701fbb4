//! The lists that belong to an approval: what it needs, and what people said.

use wardgate_model::{ApprovalId, GroupName, PersonId};
use wardgate_store::{Approval, Ballot, Need, StoreError, Vote};

use crate::{
    approvals::approval,
    dialect::{Connection, Row},
    page::in_list,
    row::{Columns, identity, to_int, to_json},
    statement::Statement,
};

pub(crate) async fn insert(
    connection: &mut Connection,
    id: &ApprovalId,
    n: usize,
    vote: &Vote,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO votes (approval, n, tenant, principal, person, groups, ballot, reason, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(id.as_str())
    .bind(to_int(n as u64)?)
    .bind(vote.by.tenant.as_str())
    .bind(vote.by.principal.as_str())
    .bind(vote.person.as_str())
    .bind(to_json(&vote.groups)?)
    .bind(vote.ballot.as_str())
    .bind(vote.reason.as_deref())
    .bind(vote.at.millis())
    .run(connection)
    .await?;
    Ok(())
}

/// Approvals from their rows, in the same order, with the votes on each.
pub(crate) async fn joined(
    connection: &mut Connection,
    rows: &[Row],
) -> Result<Vec<Approval>, StoreError> {
    let mut approvals = rows.iter().map(approval).collect::<Result<Vec<_>, _>>()?;
    let ids = approvals
        .iter()
        .map(|approval| approval.request.id.as_str());
    let Some(mut query) = in_list(
        "SELECT * FROM votes WHERE approval IN (",
        ids,
        ") ORDER BY n",
    ) else {
        return Ok(approvals);
    };
    for row in query.build().all(connection).await? {
        let of = row.id("approval", ApprovalId::new)?;
        if let Some(approval) = approvals
            .iter_mut()
            .find(|approval| approval.request.id == of)
        {
            approval.votes.push(vote(&row)?);
        }
    }
    Ok(approvals)
}

fn vote(row: &Row) -> Result<Vote, StoreError> {
    Ok(Vote {
        by: identity(row, "principal")?,
        person: row.id("person", PersonId::new)?,
        groups: row.json("groups")?,
        ballot: row.word("ballot", Ballot::parse)?,
        reason: row.get("reason")?,
        at: row.time("at")?,
    })
}

/// A need as its column keeps it: rule, group, count.
pub(crate) fn written(need: &Need) -> (&str, &GroupName, u32) {
    (&need.rule, &need.group, need.count)
}

pub(crate) fn needs(row: &Row) -> Result<Vec<Need>, StoreError> {
    let written: Vec<(String, GroupName, u32)> = row.json("needs")?;
    let needs = written.into_iter();
    Ok(needs
        .map(|(rule, group, count)| Need { rule, group, count })
        .collect())
}
