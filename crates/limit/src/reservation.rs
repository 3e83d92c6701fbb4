//! What a call may spend, charged before it is spent. Settled with the truth, or given back.

use crate::{
    claim::{Claims, Instants, Stage},
    facts::Spend,
    refusal::Warning,
    slot::Slot,
};

/// Proof that the budgets hold this call. Dropped without [`Reservation::settle`], the call cost nothing.
#[must_use = "a reservation is given back when it is dropped"]
#[derive(Debug)]
pub struct Reservation {
    charges: Option<Charges>,
    slot: Slot,
}

#[derive(Debug)]
pub(crate) struct Charges {
    pub(crate) claims: Claims,
    /// When each claim was charged.
    pub(crate) instants: Instants,
    pub(crate) reserved: Spend,
}

impl Reservation {
    pub(crate) fn new(charges: Charges, slot: Slot) -> Reservation {
        Reservation {
            charges: Some(charges),
            slot,
        }
    }

    /// Soft shares that the estimate reached.
    pub fn warnings(&self) -> &[Warning] {
        self.slot.warnings()
    }

    /// The places of limits that needed the tool; to be left and returned to together with the call's own slot.
    pub fn slot(&mut self) -> &mut Slot {
        &mut self.slot
    }

    /// Charges what the call took beyond its estimate, or gives back what it did not take. More than the limit is charged
    /// too: it was spent. Returns the soft shares reached by that.
    pub fn settle(mut self, took: &Spend) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if let Some(charges) = self.charges.take() {
            charges.settle(took, &mut warnings);
        }
        warnings
    }
}

impl Charges {
    fn settle(&self, took: &Spend, warnings: &mut Vec<Warning>) {
        for (claim, at) in self.claims.iter().zip(&self.instants) {
            let mut state = claim.counter.lock();
            state.settle(&claim.rule, &self.reserved, took, *at);
            state.warn(
                &claim.rule,
                Stage::Reserve,
                *at,
                &claim.counter.key,
                warnings,
            );
        }
    }

    fn give_back(&self) {
        for (claim, at) in self.claims.iter().zip(&self.instants) {
            let mut state = claim.counter.lock();
            state.give_back(&claim.rule, &self.reserved, *at);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(charges) = self.charges.take() {
            charges.give_back();
        }
    }
}
