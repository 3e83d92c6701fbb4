//! Where overrides are set: in the state folder of a gateway that runs on this machine, which looks there ten times a second.
//! Whoever may write the folder may do it, and is known by the number of their account.

use std::{path::PathBuf, sync::Arc};

use futures_util::future::{BoxFuture, ready};
use wardgate_control::{
    Operator,
    overrides::{Created, OverrideFault, Plane, Switch, Wanted},
};
use wardgate_model::{
    Identity, OverrideId, OverrideMatch, PersonId, PrincipalId, PrincipalKind, Reach, TenantId,
    ToolRef,
};
use wardgate_proxy::record::Ledger;
use wardgate_store::{Lifted, Override, OverrideFilter, StoreError, Timestamp};

use crate::{
    cli::config_file::{self, ConfigArgs},
    ledger::{OpenError, Recorder, files},
    overrides::{ChangeLog, moment},
    store::OpenStore,
};

#[derive(Clone, Debug, clap::Args)]
pub struct At {
    #[command(flatten)]
    config: ConfigArgs,
    /// State folder of the gateway; by default the one the configuration names.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error("the configuration cannot be read; name the state folder with `--state`")]
    NoState,
    #[error("the state folder cannot be used: {0}")]
    Closed(#[from] OpenError),
    #[error(transparent)]
    Override(#[from] OverrideFault),
}

impl From<StoreError> for DeskError {
    fn from(error: StoreError) -> DeskError {
        DeskError::Override(error.into())
    }
}

pub struct Desk {
    switch: Switch,
    operator: Operator,
    store: Arc<OpenStore>,
    /// None where the configuration wants no records.
    recorder: Option<Recorder>,
}

impl Desk {
    /// # Errors
    /// When the folder cannot be used.
    pub async fn open(at: &At) -> Result<Desk, DeskError> {
        let (state, records) = at.folder()?;
        let recorder = match records {
            true => Some(Recorder::open(&state, None).await?),
            false => None,
        };
        let store = Arc::new(OpenStore::later(state.join(files::DATABASE)));
        let queue = |recorder: &Recorder| recorder.queue.clone() as Arc<dyn Ledger>;
        let ledger = recorder.as_ref().map(queue);
        Ok(Desk {
            switch: Switch {
                store: store.clone(),
                journal: Arc::new(ChangeLog(ledger)),
                plane: Arc::new(Elsewhere),
            },
            operator: operator(),
            store,
            recorder,
        })
    }

    pub async fn create(&self, wanted: Wanted, dry_run: bool) -> Result<Created, DeskError> {
        let created = self
            .switch
            .create(
                &self.operator,
                &Reach::Everywhere,
                wanted,
                moment(),
                dry_run,
            )
            .await;
        Ok(created?)
    }

    pub async fn lift(
        &self,
        id: &OverrideId,
        reason: &str,
        dry_run: bool,
    ) -> Result<Lifted, DeskError> {
        let lifted = self
            .switch
            .lift(
                &self.operator,
                &Reach::Everywhere,
                id,
                reason,
                moment(),
                dry_run,
            )
            .await;
        Ok(lifted?)
    }

    pub async fn list(&self, all: bool, limit: u32) -> Result<Vec<Override>, DeskError> {
        let now = Timestamp::from_millis(moment().at.as_millisecond());
        let filter = OverrideFilter {
            active_at: (!all).then_some(now),
            ..OverrideFilter::default()
        };
        Ok(self
            .switch
            .list(&Reach::Everywhere, &filter, None, limit)
            .await?
            .items)
    }

    pub async fn close(self) {
        self.store.close().await;
        if let Some(recorder) = self.recorder {
            recorder.close().await;
        }
    }
}

impl At {
    /// The state folder, and whether records are kept in it.
    fn folder(&self) -> Result<(PathBuf, bool), DeskError> {
        if let Some(state) = &self.state {
            return Ok((state.clone(), true));
        }
        let inputs = config_file::load(&self.config, &[], None).map_err(|findings| {
            config_file::show(&findings);
            DeskError::NoState
        })?;
        let gateway = inputs.loaded.config.gateway;
        Ok((gateway.state, gateway.record))
    }
}

/// The gateways that obey are other processes, and see for themselves.
struct Elsewhere;

impl Plane for Elsewhere {
    fn refresh(&self) -> BoxFuture<'_, Result<usize, StoreError>> {
        Box::pin(ready(Ok(0)))
    }

    fn tools(&self, _matches: &OverrideMatch) -> Vec<ToolRef> {
        Vec::new()
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
