//! Kill switches, break-glass, and their end: what may be asked for, what is written down, and in which order.
//!
//! A change is recorded, then kept, then in force; who is answered may rely on all three.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use wardgate_ledger::{
    Record,
    record::{Decision, Effect, Family, What, Who, Why},
};
use wardgate_model::{OverrideEffect, OverrideId, OverrideMatch, Reach, TenantId, ToolRef};
use wardgate_store::{
    Cursor, Lift, Lifted, Override, OverrideError, OverrideFilter, Overrides, Page, StoreError,
    Timestamp,
};

use crate::{
    journal::{Journal, Moment, Operator, Unwritten},
    reason::{Reason, ReasonFault},
};

/// How long one lasts if nobody says.
pub const LASTS_DEFAULT: Duration = Duration::from_hours(1);
/// Break-glass lasts at most so long.
pub const ALLOW_MAX: Duration = Duration::from_hours(24);
/// Anything else with an end lasts at most so long; beyond it is until lifted.
pub const LASTS_MAX: Duration = Duration::from_hours(24 * 366);

/// What an operator asks for.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub effect: OverrideEffect,
    pub matches: OverrideMatch,
    pub reason: String,
    pub until: Until,
    /// Whether calls under way that it stops are cancelled.
    pub cancel: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    After(Duration),
    Lifted,
}

/// What was done, or would be.
#[derive(Clone, Debug)]
pub struct Created {
    pub item: Override,
    /// The tools it concerns, of those the gateway knows.
    pub tools: Vec<ToolRef>,
    /// Requests under way that were cancelled.
    pub cancelled: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum OverrideFault {
    #[error(transparent)]
    Reason(#[from] ReasonFault),
    #[error("it is about more than the own tenant")]
    Beyond,
    #[error("an override lasts at least a second")]
    NoTime,
    #[error("it cannot last that long: at most {} hours, or until lifted", .0.as_secs() / 3600)]
    LongTime(Duration),
    #[error("break-glass ends by itself: it cannot be until lifted")]
    OpenForGood,
    #[error("break-glass is for one tool, server, toolset, tenant or principal")]
    OpenForAll,
    #[error("break-glass cancels nothing")]
    OpenAndCancel,
    #[error(transparent)]
    Override(#[from] OverrideError),
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

impl From<StoreError> for OverrideFault {
    fn from(error: StoreError) -> OverrideFault {
        OverrideFault::Override(OverrideError::Store(error))
    }
}

/// A stop that nobody signed in for: what the file or the signal says that work when nothing else does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emergency {
    pub id: OverrideId,
    pub matches: OverrideMatch,
    pub reason: String,
    pub cancel: bool,
}

/// The part of the gateway that obeys.
pub trait Plane: Send + Sync {
    /// Puts what the store holds in force. When it is ready, nothing is sent against it any more. Returns how many requests under way
    /// were cancelled.
    fn refresh(&self) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// The tools it concerns, of those the gateway knows.
    fn tools(&self, matches: &OverrideMatch) -> Vec<ToolRef>;

    /// What the emergency switch stops at this moment.
    fn emergencies(&self) -> Vec<Emergency>;
}

/// The use cases, over what they need.
#[derive(Clone)]
pub struct Switch {
    pub store: Arc<dyn Overrides>,
    pub journal: Arc<dyn Journal>,
    pub plane: Arc<dyn Plane>,
}

impl Switch {
    /// Puts an override in force. With `dry_run` it says what would be, and changes nothing.
    ///
    /// # Errors
    /// See [`OverrideFault`]. One from the store after the record was written leaves the record, and nothing else.
    ///
    /// # Cancel safety
    /// What is kept comes into force within a second, whether or not the caller waits.
    pub async fn create(
        &self,
        by: &Operator,
        reach: &Reach,
        wanted: Wanted,
        moment: Moment,
        dry_run: bool,
    ) -> Result<Created, OverrideFault> {
        if !is_within(reach, &wanted.matches) {
            return Err(OverrideFault::Beyond);
        }
        let item = ordered(by, wanted, moment)?;
        let tools = self.plane.tools(&item.matches);
        if dry_run {
            return Ok(Created {
                item,
                tools,
                cancelled: 0,
            });
        }
        let record = by.record(Family::Override.verb("create"), &item.reason, moment);
        self.journal.write(about(record, &item)).await?;
        self.store.create(&item).await?;
        let cancelled = self.plane.refresh().await?;
        Ok(Created {
            item,
            tools,
            cancelled,
        })
    }

    /// Adds one person's word that an override should end, and ends it if that is enough. With `dry_run` it says whether it would be.
    ///
    /// # Errors
    /// As [`Switch::create`].
    ///
    /// # Cancel safety
    /// As [`Switch::create`].
    pub async fn lift(
        &self,
        by: &Operator,
        reach: &Reach,
        id: &OverrideId,
        reason: &str,
        moment: Moment,
        dry_run: bool,
    ) -> Result<Lifted, OverrideFault> {
        let lift = Lift {
            by: by.person.clone(),
            reason: Reason::new(reason)?.as_str().to_owned(),
            at: of(moment),
        };
        let active = self.store.active(of(moment)).await?;
        // One that is not in force cannot be lifted: the store says why, and no record tells of it.
        if let Some(item) = active.iter().find(|item| item.id == *id) {
            if !is_shown(reach, &item.matches) {
                return Err(StoreError::NotFound { what: "override" }.into());
            }
            if !is_within(reach, &item.matches) {
                return Err(OverrideFault::Beyond);
            }
            let mut lifted = item.clone();
            lifted.lift(lift.clone())?;
            if dry_run {
                return Ok(match lifted.lifted_at {
                    Some(_) => Lifted::Done(lifted),
                    None => Lifted::NeedsAnother(lifted),
                });
            }
            let record = by.record(Family::Override.verb("lift"), &lift.reason, moment);
            self.journal.write(about(record, item)).await?;
        }
        let lifted = self.store.lift(id, &lift).await?;
        self.plane.refresh().await?;
        Ok(lifted)
    }

    /// Lists overrides, newest first, without those about other tenants.
    ///
    /// # Errors
    /// What the store says.
    ///
    /// # Cancel safety
    /// Nothing is changed.
    pub async fn list(
        &self,
        reach: &Reach,
        filter: &OverrideFilter,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Override>, StoreError> {
        let mut shown = Page {
            items: Vec::new(),
            next: after.cloned(),
        };
        loop {
            let missing = limit.saturating_sub(shown.items.len() as u32);
            let page = self
                .store
                .list(filter, shown.next.as_ref(), missing)
                .await?;
            let items = page.items.into_iter();
            shown
                .items
                .extend(items.filter(|item| is_shown(reach, &item.matches)));
            shown.next = page.next;
            if shown.next.is_none() || shown.items.len() >= limit as usize {
                return Ok(shown);
            }
        }
    }

    /// Lists what the emergency switch stops, without what is about other tenants.
    pub fn emergencies(&self, reach: &Reach) -> Vec<Emergency> {
        let mut found = self.plane.emergencies();
        found.retain(|stop| is_shown(reach, &stop.matches));
        found
    }
}

/// Says whether it is about nobody but those within reach.
fn is_within(reach: &Reach, matches: &OverrideMatch) -> bool {
    match (reach, matches) {
        (Reach::Everywhere, _) => true,
        (_, OverrideMatch::Tenant(tenant)) => reach.covers(tenant),
        (_, OverrideMatch::Principal(identity)) => reach.covers(&identity.tenant),
        _ => false,
    }
}

/// What is about everybody is everybody's to know.
fn is_shown(reach: &Reach, matches: &OverrideMatch) -> bool {
    let of_one = matches!(
        matches,
        OverrideMatch::Tenant(_) | OverrideMatch::Principal(_)
    );
    !of_one || is_within(reach, matches)
}

/// Returns the record of an override that ended by itself. It has the same id whoever writes it, so it is kept once.
pub fn expired(item: &Override, tenant: &TenantId) -> Option<Record> {
    let at = jiff::Timestamp::from_millisecond(item.expires_at?.millis()).ok()?;
    let who = Who::of(tenant.clone());
    let mut record = Record::new(Family::Override.verb("expire"), who, at, tail_of(&item.id));
    record.why = Some(Why {
        text: item.reason.as_str().into(),
        source: "operator".into(),
    });
    Some(about(record, item))
}

/// Returns the record of an emergency stop or its end, which no operator has signed in for.
pub fn of_emergency(
    verb: &'static str,
    id: &OverrideId,
    matches: &OverrideMatch,
    reason: &str,
    tenant: &TenantId,
    moment: Moment,
) -> Record {
    let kind = Family::Override.verb(verb);
    let who = Who::of(tenant.clone());
    let mut record = Record::new(kind, who, moment.at, moment.randomness);
    record.why = Some(Why {
        text: reason.into(),
        source: "emergency".into(),
    });
    named(record, id, OverrideEffect::Deny, matches)
}

/// Names the override and what it is about in a record.
fn about(record: Record, item: &Override) -> Record {
    named(record, &item.id, item.effect, &item.matches)
}

fn named(
    mut record: Record,
    id: &OverrideId,
    effect: OverrideEffect,
    matches: &OverrideMatch,
) -> Record {
    let effect = match effect {
        OverrideEffect::Allow => Effect::Allow,
        OverrideEffect::Deny | OverrideEffect::Freeze => Effect::Deny,
    };
    record.decision = Some(Decision {
        overridden: Some(id.as_str().into()),
        rules: vec![matches.to_string().as_str().into()],
        ..Decision::of(effect)
    });
    record.what = match matches {
        OverrideMatch::Tool(tool) => What {
            tool: Some(tool.name.as_str().into()),
            server: Some(tool.alias.as_str().into()),
            ..What::default()
        },
        OverrideMatch::Server(server) => What {
            server: Some(server.as_str().into()),
            ..What::default()
        },
        OverrideMatch::Toolset(toolset) => What {
            toolset: Some(toolset.as_str().into()),
            ..What::default()
        },
        OverrideMatch::Tenant(_)
        | OverrideMatch::Principal(_)
        | OverrideMatch::AllWrites
        | OverrideMatch::Everything => What::default(),
    };
    record
}

/// Returns what was asked for as an override, if it may be asked for.
fn ordered(by: &Operator, wanted: Wanted, moment: Moment) -> Result<Override, OverrideFault> {
    let reason = Reason::new(&wanted.reason)?.as_str().to_owned();
    let opens = wanted.effect == OverrideEffect::Allow;
    let is_wide = matches!(
        wanted.matches,
        OverrideMatch::AllWrites | OverrideMatch::Everything
    );
    if opens && is_wide {
        return Err(OverrideFault::OpenForAll);
    }
    if opens && wanted.cancel {
        return Err(OverrideFault::OpenAndCancel);
    }
    let created_at = of(moment);
    let expires_at = match wanted.until {
        Until::Lifted if opens => return Err(OverrideFault::OpenForGood),
        Until::Lifted => None,
        Until::After(time) => Some(created_at.after(bounded(time, opens)?)),
    };
    Ok(Override {
        id: id(moment),
        effect: wanted.effect,
        matches: wanted.matches,
        reason,
        by: by.person.clone(),
        created_at,
        expires_at,
        cancel_in_flight: wanted.cancel,
        lifts: Vec::new(),
        lifted_at: None,
    })
}

fn bounded(time: Duration, opens: bool) -> Result<Duration, OverrideFault> {
    let most = if opens { ALLOW_MAX } else { LASTS_MAX };
    match time {
        time if time < Duration::from_secs(1) => Err(OverrideFault::NoTime),
        time if time > most => Err(OverrideFault::LongTime(most)),
        time => Ok(time),
    }
}

fn of(moment: Moment) -> Timestamp {
    Timestamp::from_millis(moment.at.as_millisecond())
}

fn id(moment: Moment) -> OverrideId {
    let millis = u64::try_from(moment.at.as_millisecond()).unwrap_or(0);
    let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &moment.randomness).into_uuid();
    OverrideId::new(format!("ovr_{}", uuid.simple()))
}

/// The last bytes of an id, which are what it has of randomness.
fn tail_of(id: &OverrideId) -> [u8; 10] {
    let mut tail = [0; 10];
    for (to, from) in tail.iter_mut().rev().zip(id.as_str().bytes().rev()) {
        *to = from;
    }
    tail
}

#[cfg(test)]
mod tests;
