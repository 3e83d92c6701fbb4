//! A call's places among the calls under way. Given back on drop, whatever became of the call.

use crate::{
    claim::{Claims, Stage, take_places},
    refusal::{Refusal, Warning},
};

/// Proof that a call may be under way.
#[must_use = "a slot is given back when it is dropped"]
#[derive(Debug)]
pub struct Slot {
    /// Only claims that count places.
    claims: Claims,
    held: bool,
    warnings: Vec<Warning>,
}

impl Slot {
    /// The places that the claims count at this stage were just taken.
    pub(crate) fn new(mut claims: Claims, stage: Stage, warnings: Vec<Warning>) -> Slot {
        claims.retain(|claim| claim.rule.places_at(stage).is_some());
        Slot {
            claims,
            held: true,
            warnings,
        }
    }

    /// Soft shares that this call reached, of limits on calls.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Gives the places back early: a call that waits for a person holds none.
    pub fn leave(&mut self) {
        if std::mem::replace(&mut self.held, false) {
            for claim in &self.claims {
                let mut state = claim.counter.lock();
                state.under_way = state.under_way.saturating_sub(1);
            }
        }
    }

    /// Takes the places again; a slot that holds them keeps them.
    ///
    /// # Errors
    /// A limit on concurrency is used up; then no place is taken, and another try may follow.
    pub fn return_to(&mut self) -> Result<(), Refusal> {
        if !self.held {
            take_places(&mut self.claims)?;
            self.held = true;
        }
        Ok(())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.leave();
    }
}
