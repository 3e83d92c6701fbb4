//! The ledger, with everything that goes into it counted.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use wardgate_proxy::record::{Draft, Ledger, Unwritten};

use super::Calls;

pub struct Counted {
    pub ledger: Arc<dyn Ledger>,
    pub calls: Calls,
}

impl Ledger for Counted {
    fn intend(&self, draft: Draft) -> BoxFuture<'static, Result<(), Unwritten>> {
        self.calls.count(&draft.record);
        self.ledger.intend(draft)
    }

    fn complete(&self, draft: Draft) -> BoxFuture<'static, Result<(), Unwritten>> {
        self.calls.count(&draft.record);
        self.ledger.complete(draft)
    }

    fn note(&self, draft: Draft) -> BoxFuture<'static, ()> {
        self.calls.count(&draft.record);
        self.ledger.note(draft)
    }

    fn is_writable(&self) -> bool {
        self.ledger.is_writable()
    }
}
