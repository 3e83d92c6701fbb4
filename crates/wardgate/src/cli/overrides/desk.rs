//! Where overrides are set: at the admin API of a running gateway, or, with `--state`, in the state folder itself. The latter needs
//! no gateway that answers; whoever may write the folder may do it, and is known by the number of their account.
//!
//! Both speak the API's JSON.

use std::{path::PathBuf, sync::Arc};

use futures_util::future::{BoxFuture, ready};
use serde_json::{Value, json};
use wardgate_admin::overrides::{EmergencyItem, OverrideItem, OverrideSet};
use wardgate_control::{
    Operator,
    overrides::{Emergency, OverrideFault, Plane, Switch, Until, Wanted},
};
use wardgate_model::{
    Identity, OverrideId, OverrideMatch, PersonId, PrincipalId, PrincipalKind, Reach, TenantId,
    ToolRef,
};
use wardgate_proxy::record::Ledger;
use wardgate_store::{Lifted, OverrideFilter, StoreError, Timestamp};

use crate::{
    cli::operate::OperateArgs,
    client::admin::{AdminApi, AdminError},
    ledger::{OpenError, Recorder, files},
    overrides::{ChangeLog, emergency::emergencies, moment},
    store::OpenStore,
};

const PATH: &str = "/admin/v1/overrides";

#[derive(Clone, Debug, clap::Args)]
pub struct At {
    #[command(flatten)]
    api: OperateArgs,
    /// Write into this state folder instead of asking the admin API; gateways on it look there ten times a second.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error("{0:#}")]
    Misused(anyhow::Error),
    #[error("the state folder cannot be used: {0}")]
    Closed(#[from] OpenError),
    #[error(transparent)]
    Override(#[from] OverrideFault),
    #[error(transparent)]
    Api(#[from] AdminError),
}

impl From<StoreError> for DeskError {
    fn from(error: StoreError) -> DeskError {
        DeskError::Override(error.into())
    }
}

pub enum Desk {
    Api(AdminApi),
    Folder(Box<Folder>),
}

/// A state folder, opened beside whatever gateway runs on it.
pub struct Folder {
    switch: Switch,
    operator: Operator,
    store: Arc<OpenStore>,
    recorder: Recorder,
}

impl Desk {
    /// # Errors
    /// When the arguments or the folder are no good.
    pub async fn open(at: &At) -> Result<Desk, DeskError> {
        match &at.state {
            Some(state) => Ok(Desk::Folder(Box::new(Folder::open(state.clone()).await?))),
            None => at.api.api().map(Desk::Api).map_err(DeskError::Misused),
        }
    }

    pub async fn create(&self, wanted: Wanted, dry_run: bool) -> Result<Value, DeskError> {
        match self {
            Desk::Api(api) => Ok(api.post(PATH, &asked(&wanted), dry_run).await?),
            Desk::Folder(folder) => folder.create(wanted, dry_run).await,
        }
    }

    pub async fn lift(&self, id: &str, reason: &str, dry_run: bool) -> Result<Value, DeskError> {
        match self {
            Desk::Api(api) => {
                let path = format!("{PATH}/{id}:lift");
                Ok(api.post(&path, &json!({"reason": reason}), dry_run).await?)
            }
            Desk::Folder(folder) => folder.lift(&OverrideId::new(id), reason, dry_run).await,
        }
    }

    /// Returns the items of a list.
    pub async fn list(&self, all: bool, limit: u32) -> Result<Vec<Value>, DeskError> {
        match self {
            Desk::Api(api) => {
                let limit = limit.to_string();
                let active = (!all).then_some(("active", "true"));
                let query: Vec<_> = [("limit", limit.as_str())]
                    .into_iter()
                    .chain(active)
                    .collect();
                let mut page = api.get(PATH, &query).await?;
                match (page["emergencies"].take(), page["items"].take()) {
                    (Value::Array(mut first), Value::Array(items)) => {
                        first.extend(items);
                        Ok(first)
                    }
                    _ => Err(AdminError::Foreign.into()),
                }
            }
            Desk::Folder(folder) => folder.list(all, limit).await,
        }
    }

    pub async fn close(self) {
        if let Desk::Folder(folder) = self {
            folder.store.close().await;
            folder.recorder.close().await;
        }
    }
}

/// What the API is asked for.
fn asked(wanted: &Wanted) -> Value {
    let mut asked = json!({
        "effect": wanted.effect.as_str(),
        "match": {"kind": wanted.matches.kind(), "name": wanted.matches.value()},
        "reason": wanted.reason,
        "cancel": wanted.cancel,
    });
    match wanted.until {
        Until::Lifted => asked["until_lifted"] = true.into(),
        Until::After(time) => asked["seconds"] = time.as_secs().into(),
    }
    asked
}

impl Folder {
    async fn open(state: PathBuf) -> Result<Folder, DeskError> {
        let recorder = Recorder::open(&state, None).await?;
        let store = Arc::new(OpenStore::later(state.join(files::DATABASE)));
        let ledger: Arc<dyn Ledger> = recorder.queue.clone();
        Ok(Folder {
            switch: Switch {
                store: store.clone(),
                journal: Arc::new(ChangeLog(Some(ledger))),
                plane: Arc::new(Elsewhere(state)),
            },
            operator: operator(),
            store,
            recorder,
        })
    }

    async fn create(&self, wanted: Wanted, dry_run: bool) -> Result<Value, DeskError> {
        let (switch, by) = (&self.switch, &self.operator);
        let created = switch
            .create(by, &Reach::Everywhere, wanted, moment(), dry_run)
            .await?;
        Ok(value(&OverrideSet::of(&created, now())))
    }

    async fn lift(&self, id: &OverrideId, reason: &str, dry_run: bool) -> Result<Value, DeskError> {
        let (switch, by) = (&self.switch, &self.operator);
        let lifted = switch
            .lift(by, &Reach::Everywhere, id, reason, moment(), dry_run)
            .await?;
        let (Lifted::Done(item) | Lifted::NeedsAnother(item)) = lifted;
        Ok(value(&OverrideItem::of(&item, now())))
    }

    async fn list(&self, all: bool, limit: u32) -> Result<Vec<Value>, DeskError> {
        let filter = OverrideFilter {
            active_at: (!all).then(now),
            ..OverrideFilter::default()
        };
        let page = self
            .switch
            .list(&Reach::Everywhere, &filter, None, limit)
            .await?;
        let stops = self.switch.emergencies(&Reach::Everywhere);
        let stops = stops.iter().map(|stop| value(&EmergencyItem::of(stop)));
        let items = page
            .items
            .iter()
            .map(|item| value(&OverrideItem::of(item, now())));
        Ok(stops.chain(items).collect())
    }
}

fn value(answer: &impl serde::Serialize) -> Value {
    serde_json::to_value(answer).expect("an answer is plain data")
}

fn now() -> Timestamp {
    Timestamp::from_millis(moment().at.as_millisecond())
}

/// The gateways that obey are other processes, and see for themselves.
struct Elsewhere(PathBuf);

impl Plane for Elsewhere {
    fn refresh(&self) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(ready(Ok(0)))
    }

    fn tools(&self, _matches: &OverrideMatch) -> Vec<ToolRef> {
        Vec::new()
    }

    fn emergencies(&self) -> Vec<Emergency> {
        emergencies(&self.0)
    }
}

fn operator() -> Operator {
    let account = format!("uid-{}", rustix::process::getuid().as_raw());
    Operator {
        identity: Identity {
            tenant: TenantId::new("local"),
            principal: PrincipalId::new(&account),
        },
        kind: PrincipalKind::User,
        auth: "state_folder".to_owned(),
        person: PersonId::new(format!("local/{account}")),
    }
}
