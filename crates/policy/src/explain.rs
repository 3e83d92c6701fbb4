//! Why a request was decided as it was: what each rule said, and the smallest change that would decide otherwise.

use std::sync::Arc;

use serde::Serialize;

use crate::authorizer::Authorizer;
use crate::candidates::{Candidates, Matches};
use crate::change::{Change, changes};
use crate::decide::Request;
use crate::decision::{Decision, Effect};
use crate::rule::Rule;

#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    pub decision: Decision,
    /// Every rule, in the order of the files.
    pub rules: Vec<RuleVerdict>,
    pub flip: Option<Flip>,
}

#[derive(Clone, Debug, Serialize)]
pub struct RuleVerdict {
    pub rule: Arc<Rule>,
    #[serde(flatten)]
    pub verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    Matched,
    NotMatched,
    /// Its head is about other principals, actions or resources.
    OutOfScope,
    Failed {
        detail: String,
    },
    /// The request could not be put to the rules; the decision says why.
    NotAsked,
}

/// One fact that would have to be otherwise, and what the decision would be then.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Flip {
    #[serde(flatten)]
    pub change: Change,
    pub effect: Effect,
}

impl Authorizer {
    /// Explains the decision of [`Authorizer::decide`]. Decides again for each change that is tried, so it is for people
    /// and not for the way of a call.
    pub fn explain(&self, request: &Request<'_>) -> Explanation {
        let decision = self.decide(request);
        let candidates = self
            .question(request)
            .ok()
            .map(|question| &**question.candidates);
        let matches = self.matches(request).ok();
        let rules = self.policies().rules().iter().map(|rule| RuleVerdict {
            verdict: verdict(rule, candidates, matches.as_deref()),
            rule: rule.clone(),
        });
        Explanation {
            rules: rules.collect(),
            flip: candidates.and_then(|candidates| self.flip(request, candidates, decision.effect)),
            decision,
        }
    }

    fn flip(&self, request: &Request<'_>, candidates: &Candidates, from: Effect) -> Option<Flip> {
        let rules: Vec<&Rule> = self
            .policies()
            .rules()
            .iter()
            .map(Arc::as_ref)
            .filter(|rule| candidates.contain(rule))
            .collect();
        changes(self, request, &rules)
            .into_iter()
            .find_map(|change| {
                let effect = change.applied(request, |changed| self.decide(changed).effect)?;
                (effect != from).then_some(Flip { change, effect })
            })
    }
}

fn verdict(rule: &Rule, candidates: Option<&Candidates>, matches: Option<&Matches>) -> Verdict {
    if candidates.is_some_and(|candidates| !candidates.contain(rule)) {
        return Verdict::OutOfScope;
    }
    let Some(matches) = matches else {
        return Verdict::NotAsked;
    };
    if matches.matched.iter().any(|matched| matched.id == rule.id) {
        return Verdict::Matched;
    }
    match matches
        .failed
        .iter()
        .find(|(failed, _)| failed.id == rule.id)
    {
        Some((_, failure)) => Verdict::Failed {
            detail: failure.detail.clone(),
        },
        None => Verdict::NotMatched,
    }
}
