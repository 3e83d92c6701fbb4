//! An operator's rules for the moment: kill switch (`deny`), break-glass (`allow`), `freeze`. Who may set one is the
//! caller's rule; that two people lift `deny all-writes` and `deny everything` is held here, where it cannot be passed by.

use wardgate_model::{OverrideEffect, OverrideId, OverrideMatch, PersonId};

use crate::{Cursor, Page, Reply, StoreError, Timestamp};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    pub id: OverrideId,
    pub effect: OverrideEffect,
    pub matches: OverrideMatch,
    pub reason: String,
    pub by: PersonId,
    pub created_at: Timestamp,
    /// `None` is until lifted.
    pub expires_at: Option<Timestamp>,
    pub cancel_in_flight: bool,
    /// Who wants it lifted, in the order they said so.
    pub lifts: Vec<Lift>,
    /// Set when enough people want it lifted.
    pub lifted_at: Option<Timestamp>,
}

/// One person's word that an override should end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lift {
    pub by: PersonId,
    pub reason: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifted {
    /// It is over.
    Done(Override),
    /// It stays in force until another person says so too.
    NeedsAnother(Override),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    #[error("the override has ended already")]
    Ended,
    #[error("this person has already asked to lift the override; another one must agree")]
    Twice,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Override {
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.lifted_at.is_none() && self.expires_at.is_none_or(|expires| expires > now)
    }

    /// How many people it takes to lift it.
    pub fn lifts_needed(&self) -> usize {
        match (self.effect, &self.matches) {
            (OverrideEffect::Deny, OverrideMatch::AllWrites | OverrideMatch::Everything) => 2,
            _ => 1,
        }
    }

    /// Adds a person's word, and ends the override when it was the last one needed.
    ///
    /// # Errors
    /// `Ended` and `Twice`; the override is then as it was.
    pub fn lift(&mut self, lift: Lift) -> Result<(), OverrideError> {
        if !self.is_active(lift.at) {
            return Err(OverrideError::Ended);
        }
        if self.lifts.iter().any(|earlier| earlier.by == lift.by) {
            return Err(OverrideError::Twice);
        }
        let at = lift.at;
        self.lifts.push(lift);
        if self.lifts.len() >= self.lifts_needed() {
            self.lifted_at = Some(at);
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverrideFilter {
    pub effect: Option<OverrideEffect>,
    /// Only those in force at this moment.
    pub active_at: Option<Timestamp>,
}

pub trait Overrides: Send + Sync {
    /// Stores an override as it is. `Conflict` if its id is taken.
    fn create<'a>(&'a self, item: &'a Override) -> Reply<'a, ()>;

    /// Adds one person's word in one transaction; see [`Override::lift`]. `NotFound` if there is no such override.
    fn lift<'a>(&'a self, id: &'a OverrideId, lift: &'a Lift) -> Reply<'a, Lifted, OverrideError>;

    /// Everything in force, oldest first and whole: a kill switch must not hide on a second page.
    fn active(&self, now: Timestamp) -> Reply<'_, Vec<Override>>;

    /// What matches, newest first.
    fn list<'a>(
        &'a self,
        filter: &'a OverrideFilter,
        after: Option<&'a Cursor>,
        limit: u32,
    ) -> Reply<'a, Page<Override>>;
}
