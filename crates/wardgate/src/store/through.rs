//! The other ports of the open store: each asks the handle of the moment, and mends it after a failure.

use wardgate_model::{ApprovalId, CredentialId, PersonId, RecordId, TenantId};
use wardgate_store::{
    ApiKey, ApiKeys, Approval, ApprovalError, ApprovalFilter, Approvals, Binding, Cursor, Head,
    Line, Opened, Page, RecordFilter, Records, Reply, Request, StoreError, Timestamp, Vote,
};

use super::OpenStore;

macro_rules! through {
    ($store:ident, $sql:ident => $asked:expr) => {
        Box::pin(async move {
            let $sql = $store.sql().await?;
            let done = $asked.await;
            $store
                .mend(&$sql, done.as_ref().err().and_then(of_store))
                .await;
            done
        })
    };
    // Where nothing is remembered yet, a question makes no file.
    ($store:ident, $sql:ident => $asked:expr, else $nothing:expr) => {
        Box::pin(async move {
            let Some($sql) = $store.existing().await? else {
                return Ok($nothing);
            };
            let done = $asked.await;
            $store
                .mend(&$sql, done.as_ref().err().and_then(of_store))
                .await;
            done
        })
    };
}

/// What went wrong with the store itself, if that is what went wrong.
trait Failed {
    fn of_store(&self) -> Option<&StoreError>;
}

impl Failed for StoreError {
    fn of_store(&self) -> Option<&StoreError> {
        Some(self)
    }
}

impl Failed for ApprovalError {
    fn of_store(&self) -> Option<&StoreError> {
        match self {
            ApprovalError::Store(error) => Some(error),
            ApprovalError::TooMany { .. }
            | ApprovalError::Closed { .. }
            | ApprovalError::Own
            | ApprovalError::Twice
            | ApprovalError::NoSay => None,
        }
    }
}

fn of_store(fault: &impl Failed) -> Option<&StoreError> {
    fault.of_store()
}

const fn no_more<T>() -> Page<T> {
    Page {
        items: Vec::new(),
        next: None,
    }
}

impl ApiKeys for OpenStore {
    fn create<'a>(&'a self, key: &'a ApiKey) -> Reply<'a, ()> {
        through!(self, sql => ApiKeys::create(&*sql, key))
    }

    fn by_id<'a>(&'a self, id: &'a CredentialId) -> Reply<'a, Option<ApiKey>> {
        through!(self, sql => sql.by_id(id), else None)
    }

    fn list<'a>(
        &'a self,
        tenant: Option<&'a TenantId>,
        after: Option<&'a Cursor>,
        limit: u32,
    ) -> Reply<'a, Page<ApiKey>> {
        through!(self, sql => ApiKeys::list(&*sql, tenant, after, limit), else no_more())
    }

    fn revoke<'a>(
        &'a self,
        tenant: &'a TenantId,
        id: &'a CredentialId,
        by: &'a PersonId,
        at: Timestamp,
    ) -> Reply<'a, ApiKey> {
        through!(self, sql => sql.revoke(tenant, id, by, at))
    }

    fn touch<'a>(&'a self, used: &'a [(CredentialId, Timestamp)]) -> Reply<'a, ()> {
        through!(self, sql => sql.touch(used), else ())
    }
}

impl Approvals for OpenStore {
    fn open<'a>(
        &'a self,
        request: &'a Request,
        pending_max: u32,
    ) -> Reply<'a, Opened, ApprovalError> {
        through!(self, sql => Approvals::open(&*sql, request, pending_max))
    }

    fn vote<'a>(
        &'a self,
        id: &'a ApprovalId,
        vote: &'a Vote,
    ) -> Reply<'a, Approval, ApprovalError> {
        through!(self, sql => sql.vote(id, vote))
    }

    fn consume<'a>(&'a self, binding: &'a Binding, now: Timestamp) -> Reply<'a, Option<Approval>> {
        through!(self, sql => sql.consume(binding, now), else None)
    }

    fn cancel<'a>(
        &'a self,
        id: &'a ApprovalId,
        now: Timestamp,
    ) -> Reply<'a, Approval, ApprovalError> {
        through!(self, sql => sql.cancel(id, now))
    }

    fn expire(&self, now: Timestamp) -> Reply<'_, Vec<Approval>> {
        through!(self, sql => sql.expire(now), else Vec::new())
    }

    fn get<'a>(&'a self, id: &'a ApprovalId) -> Reply<'a, Option<Approval>> {
        through!(self, sql => Approvals::get(&*sql, id), else None)
    }

    fn list<'a>(
        &'a self,
        filter: &'a ApprovalFilter,
        after: Option<&'a Cursor>,
        limit: u32,
    ) -> Reply<'a, Page<Approval>> {
        through!(self, sql => Approvals::list(&*sql, filter, after, limit), else no_more())
    }
}

impl Records for OpenStore {
    fn append<'a>(&'a self, lines: &'a [Line], heads: &'a [Head]) -> Reply<'a, ()> {
        through!(self, sql => sql.append(lines, heads))
    }

    fn head<'a>(&'a self, tenant: &'a TenantId) -> Reply<'a, Option<Head>> {
        through!(self, sql => sql.head(tenant))
    }

    fn heads(&self) -> Reply<'_, Vec<Head>> {
        through!(self, sql => sql.heads())
    }

    fn get<'a>(&'a self, id: &'a RecordId) -> Reply<'a, Option<Line>> {
        through!(self, sql => Records::get(&*sql, id), else None)
    }

    fn page<'a>(
        &'a self,
        filter: &'a RecordFilter,
        after: Option<&'a Cursor>,
        limit: u32,
    ) -> Reply<'a, Page<Line>> {
        through!(self, sql => sql.page(filter, after, limit), else no_more())
    }

    fn chain<'a>(
        &'a self,
        tenant: &'a TenantId,
        after_seq: u64,
        limit: u32,
    ) -> Reply<'a, Vec<Line>> {
        through!(self, sql => sql.chain(tenant, after_seq, limit))
    }

    fn unfinished(&self, limit: u32) -> Reply<'_, Vec<Line>> {
        through!(self, sql => sql.unfinished(limit))
    }
}
