//! The admin surface of the running gateway: its ports over the gate, and where it was found to listen.

pub mod address;
mod explain;
mod plane;

use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};
use wardgate_admin::{Admin, Desk, Visitor};
use wardgate_control::{
    Operator, approvals::Inbox, keys::Keys, overrides::Switch, records::Reading,
};
use wardgate_model::Caller;
use wardgate_proxy::{
    Gate,
    listener::{Listener, annex::Answers, tls::Certificates},
    record::Ledger,
    seal::random_bytes,
};
use wardgate_snapshot::Snapshot;

use crate::{
    approvals,
    issued_keys::Issued,
    metrics::Metrics,
    overrides::{ChangeLog, Kept, moment},
    store::OpenStore,
};
use explain::GateExplainer;
use plane::GatePlane;

/// Binds the admin listener, if there is to be one. An address that nobody asked for may be taken: the gateway serves without.
///
/// # Errors
/// When the address that was asked for cannot be bound.
pub async fn bind(
    gate: &Arc<Gate>,
    certificates: Option<Arc<Certificates>>,
) -> anyhow::Result<Option<Listener>> {
    let snapshot = gate.snapshot();
    let Some(admin) = &snapshot.gateway.admin else {
        return Ok(None);
    };
    let certificates = certificates.filter(|_| !admin.listen.ip().is_loopback());
    match Listener::bind(gate.clone(), admin.listen, certificates).await {
        Ok(listener) => Ok(Some(listener)),
        Err(fault) if admin.is_default => {
            tracing::warn!(
                address = %admin.listen,
                %fault,
                "no admin API: name another address as `gateway.admin`, or write `off`"
            );
            Ok(None)
        }
        Err(fault) => Err(fault).with_context(|| {
            format!(
                "the admin API cannot listen on {}; see `gateway.admin`",
                admin.listen
            )
        }),
    }
}

/// Where a bound admin listener is reached.
///
/// # Errors
/// When the system does not tell.
pub fn url(listener: &Listener) -> std::io::Result<String> {
    let address = listener.address()?;
    // Off loopback it never speaks plain HTTP.
    let scheme = match address.ip().is_loopback() {
        true => "http",
        false => "https",
    };
    Ok(format!("{scheme}://{address}"))
}

/// Answers what arrives at the admin listener.
pub struct Surface(Admin);

impl Surface {
    pub fn new(
        gate: &Arc<Gate>,
        store: Arc<OpenStore>,
        kept: Arc<Kept>,
        approvals: Option<Arc<approvals::Kept>>,
        issued: Option<Arc<Issued>>,
        metrics: Arc<Metrics>,
    ) -> Surface {
        let plane = Arc::new(GatePlane {
            gate: gate.clone(),
            issued: issued.clone(),
        });
        let ledger: Option<Arc<dyn Ledger>> = gate.ports.ledger.clone();
        let keeps_records = ledger.is_some();
        let overrides = Switch {
            store: store.clone(),
            journal: Arc::new(ChangeLog(ledger.clone())),
            plane: kept,
        };
        let keys = issued.map(|issued| Keys {
            store: store.clone(),
            journal: Arc::new(ChangeLog(ledger)),
            plane: plane.clone(),
            install: issued.install.clone(),
        });
        let approvals = approvals.map(|waiting| Inbox {
            store: store.clone(),
            journal: Arc::new(ChangeLog(gate.ports.ledger.clone())),
            waiting,
        });
        let records = keeps_records.then_some(store);
        Surface(Admin::new(Desk {
            keys,
            approvals,
            overrides: Some(overrides),
            records: records.map(|store| Reading { store }),
            explainer: Arc::new(GateExplainer(gate.clone())),
            limits: plane,
            metrics,
            chance: || (moment(), random_bytes()),
        }))
    }
}

impl Answers for Surface {
    fn answer(
        &self,
        caller: Caller,
        snapshot: Arc<Snapshot>,
        request: Request<Bytes>,
    ) -> BoxFuture<'static, Response<Bytes>> {
        let admin = self.0.clone();
        let visitor = visitor(&snapshot, caller);
        Box::pin(async move {
            match visitor {
                Some(visitor) => admin.answer(visitor, request).await,
                None => wardgate_admin::refused(StatusCode::NOT_FOUND, "no such path"),
            }
        })
    }

    fn refused(&self, status: StatusCode, detail: &str) -> Response<Bytes> {
        wardgate_admin::refused(status, detail)
    }
}

/// Who a caller is as an operator; none after a reload that has ended the admin surface.
fn visitor(snapshot: &Snapshot, caller: Caller) -> Option<Visitor> {
    let held = snapshot.gateway.admin.as_ref()?.roles.of(&caller);
    Some(Visitor {
        held,
        groups: caller.groups.to_vec(),
        operator: Operator {
            identity: caller.identity(),
            kind: caller.kind,
            auth: caller.via.as_str().to_owned(),
            person: snapshot.tenants.person(&caller),
        },
    })
}
