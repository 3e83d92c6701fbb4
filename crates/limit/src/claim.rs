//! One rule's say about one call: the rule and the counter it is counted by. Here all rules are asked before any is charged.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::{
    compile::CompiledRule,
    counter::{Counter, State},
    facts::Spend,
    meter::{At, Fit},
    moment::Moment,
    refusal::{Refusal, Warning},
};

/// The two moments at which a call meets its limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Before the tool is known: calls and places of rules that do not need it.
    Admit,
    /// Before dispatch: everything else.
    Reserve,
}

#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) rule: Arc<CompiledRule>,
    pub(crate) counter: Arc<Counter>,
}

/// More than four rules on one call is rare, and costs an allocation.
pub(crate) type Claims = SmallVec<[Claim; 4]>;

/// What each claim was charged at, in the order of the claims.
pub(crate) type Instants = SmallVec<[At; 4]>;

/// Takes under every claim, or under none.
pub(crate) fn take_all(
    claims: &mut Claims,
    stage: Stage,
    spend: &Spend,
    moment: &Moment,
) -> Result<(Instants, Vec<Warning>), Refusal> {
    with_all(claims, |claims, states| {
        let instants = ask(claims, states, stage, spend, moment)?;
        let mut warnings = Vec::new();
        for ((claim, state), at) in claims.iter().zip(states).zip(&instants) {
            state.take(&claim.rule, stage, spend, *at);
            state.warn(&claim.rule, stage, *at, &claim.counter.key, &mut warnings);
        }
        Ok((instants, warnings))
    })
}

/// Says whether every claim has room, and takes nothing.
pub(crate) fn ask_all(
    claims: &mut Claims,
    stage: Stage,
    spend: &Spend,
    moment: &Moment,
) -> Result<(), Refusal> {
    with_all(claims, |claims, states| {
        ask(claims, states, stage, spend, moment).map(drop)
    })
}

/// Asks all rules at one instant each, which is returned.
fn ask(
    claims: &Claims,
    states: &mut [&mut State],
    stage: Stage,
    spend: &Spend,
    moment: &Moment,
) -> Result<Instants, Refusal> {
    let instants: Instants = states.iter_mut().map(|state| state.at(moment)).collect();
    let mut refusals = Vec::new();
    for ((claim, state), at) in claims.iter().zip(&mut *states).zip(&instants) {
        refusals.extend(state.refusal(&claim.rule, stage, spend, *at));
    }
    worst(refusals)?;
    Ok(instants)
}

/// Takes a place under every claim that counts places, or under none.
pub(crate) fn take_places(claims: &mut Claims) -> Result<(), Refusal> {
    with_all(claims, |claims, states| {
        let mut refusals = Vec::new();
        for (claim, state) in claims.iter().zip(&*states) {
            let places = claim.rule.concurrency;
            refusals.extend(places.and_then(|places| state.full(&claim.rule, places)));
        }
        worst(refusals)?;
        for state in states {
            state.under_way += 1;
        }
        Ok(())
    })
}

/// Does `work` while all the claims' counters are locked.
///
/// INVARIANT: whoever locks several counters locks them in the order of their addresses, so no two calls wait for each other.
/// No counter comes twice, because each rule has counters of its own.
fn with_all<T>(claims: &mut Claims, work: impl FnOnce(&Claims, &mut [&mut State]) -> T) -> T {
    claims.sort_unstable_by_key(|claim| Arc::as_ptr(&claim.counter));
    let mut guards: SmallVec<[_; 4]> = claims.iter().map(|c| c.counter.lock()).collect();
    let mut states: SmallVec<[&mut State; 4]> = guards.iter_mut().map(|g| &mut **g).collect();
    work(claims, &mut states)
}

/// The refusal that lasts longest: a caller that waits for it meets no other.
fn worst(refusals: Vec<(Fit, Refusal)>) -> Result<(), Refusal> {
    match refusals.into_iter().max_by_key(|(fit, _)| *fit) {
        Some((_, refusal)) => Err(refusal),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::KeyValues,
        rule::{Rule, Window},
    };

    #[test]
    fn counters_are_locked_in_one_order_whatever_the_order_of_the_rules() {
        let rule = Rule {
            name: "places".to_owned(),
            per: Some(Window::Day),
            concurrency: Some(9),
            ..Rule::default()
        };
        let rules = crate::Rules::compile(&[rule]).unwrap();
        let claim = || Claim {
            rule: rules.of_everyone[0].clone(),
            counter: Arc::new(Counter::new(KeyValues::default())),
        };
        let mut forth: Claims = std::iter::repeat_with(claim).take(9).collect();
        let mut back: Claims = forth.iter().rev().cloned().collect();
        let order = |claims: &mut Claims| -> Vec<_> {
            take_places(claims).unwrap();
            claims.iter().map(|c| Arc::as_ptr(&c.counter)).collect()
        };
        assert_eq!(order(&mut forth), order(&mut back));
    }
}
