//! The other ports of the open store: each asks the handle of the moment, and mends it after a failure.

use wardgate_model::{CredentialId, PersonId, RecordId, TenantId};
use wardgate_store::{
    ApiKey, ApiKeys, Cursor, Head, Line, Page, RecordFilter, Records, Reply, Timestamp,
};

use super::OpenStore;

macro_rules! through {
    ($store:ident, $sql:ident => $asked:expr) => {
        Box::pin(async move {
            let $sql = $store.sql().await?;
            let done = $asked.await;
            $store.mend(&$sql, done.as_ref().err()).await;
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
            $store.mend(&$sql, done.as_ref().err()).await;
            done
        })
    };
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
