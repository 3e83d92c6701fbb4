//! The rules that can match a subject, as sets that Cedar evaluates, and the evaluation.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use cedar_policy::{Authorizer as Cedar, Entities, PolicyId, PolicySet, Request};
use wardgate_model::{Caller, PrincipalKind, ToolsetName};

use crate::decision::Failure;
use crate::head::Head;
use crate::parse::Policies;
use crate::reads::Wanted;
use crate::rule::Rule;
use crate::scope::{self, KINDS_OF_PRINCIPALS, Subject};

/// Subsets kept of one set of candidates; past that the memory starts over.
const SUBSETS_MAX: usize = 256;

/// Rules by their name in Cedar, with their place among all rules.
pub(crate) struct Candidates {
    /// No other set of this process has it.
    pub(crate) number: u64,
    rules: HashMap<PolicyId, (usize, Arc<Rule>)>,
    /// In the order of the files, with what a request decides of their heads.
    heads: Vec<(usize, Arc<Rule>, Head)>,
    /// By which of `heads` match: callers alike share them.
    subsets: Mutex<HashMap<Box<[bool]>, Arc<Candidates>>>,
    /// Each rule as a permit: see [`crate::rule::Source::probe`].
    probes: PolicySet,
    outlines: PolicySet,
    pub(crate) reads: Wanted,
    pub(crate) principal_attributes: bool,
    /// Their conditions look at the caller; their heads match already.
    pub(crate) minds_caller: bool,
}

/// In which form rules are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Whole.
    Probe,
    /// As far as can be said before a call is known: see [`crate::visible`].
    Outline,
}

/// Which rules matched, and which failed, in the order of the files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matches {
    pub(crate) matched: Vec<Arc<Rule>>,
    pub(crate) failed: Vec<(Arc<Rule>, Failure)>,
}

impl Candidates {
    fn new(rules: Vec<(usize, Arc<Rule>)>) -> Candidates {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let mut reads = Wanted::default();
        for (_, rule) in &rules {
            reads.merge(&rule.source.reads.context);
        }
        let set = |policies: Vec<cedar_policy::Policy>| {
            PolicySet::from_policies(policies).expect("rules have distinct names and no slots")
        };
        // A forbid that varies may not apply to some call, so it hides nothing.
        let shows = |rule: &Rule| !(rule.is_forbid() && rule.source.reads.varies());
        Candidates {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            probes: set(rules
                .iter()
                .map(|(_, rule)| rule.source.probe.clone())
                .collect()),
            outlines: set(rules
                .iter()
                .filter(|(_, rule)| shows(rule))
                .map(|(_, rule)| rule.source.outline.clone())
                .collect()),
            principal_attributes: rules.iter().any(|(_, rule)| rule.source.reads.principal),
            minds_caller: rules.iter().any(|(_, rule)| rule.source.reads.caller),
            reads,
            heads: rules
                .iter()
                .map(|(index, rule)| (*index, rule.clone(), Head::of(&rule.source.policy)))
                .collect(),
            subsets: Mutex::default(),
            rules: rules
                .into_iter()
                .map(|(index, rule)| (rule.source.policy.id().clone(), (index, rule)))
                .collect(),
        }
    }

    /// Returns those that can match for this caller through this toolset.
    pub(crate) fn narrowed(
        self: &Arc<Self>,
        caller: &Caller,
        toolset: &ToolsetName,
    ) -> Arc<Candidates> {
        let heads = self.heads.iter();
        let matching: Box<[bool]> = heads
            .map(|(.., head)| head.matches(caller, toolset))
            .collect();
        if matching.iter().all(|matches| *matches) {
            return self.clone();
        }
        let mut subsets = self.subsets.lock().expect("no panic while held");
        if let Some(subset) = subsets.get(&matching) {
            return subset.clone();
        }
        let left = self
            .heads
            .iter()
            .zip(&matching)
            .filter(|(_, matches)| **matches);
        let rules = left
            .map(|((index, rule, _), _)| (*index, rule.clone()))
            .collect();
        let subset = Arc::new(Candidates::new(rules));
        if subsets.len() >= SUBSETS_MAX {
            subsets.clear();
        }
        subsets.insert(matching, subset.clone());
        subset
    }

    pub(crate) fn contain(&self, rule: &Rule) -> bool {
        self.rules.contains_key(rule.source.policy.id())
    }

    pub(crate) fn evaluate(&self, form: Form, request: &Request, entities: &Entities) -> Matches {
        let set = match form {
            Form::Probe => &self.probes,
            Form::Outline => &self.outlines,
        };
        let response = Cedar::new().is_authorized(request, set, entities);
        let diagnostics = response.diagnostics();
        let mut matched: Vec<&(usize, Arc<Rule>)> = diagnostics
            .reason()
            .filter_map(|id| self.rules.get(id))
            .collect();
        matched.sort_by_key(|(index, _)| *index);
        let mut failed: Vec<(usize, Arc<Rule>, Failure)> = diagnostics
            .errors()
            .filter_map(
                |cedar_policy::AuthorizationError::PolicyEvaluationError(error)| {
                    let (index, rule) = self.rules.get(error.policy_id())?;
                    let failure = Failure {
                        rule: Some(rule.id.clone()),
                        detail: error.inner().to_string(),
                    };
                    Some((*index, rule.clone(), failure))
                },
            )
            .collect();
        failed.sort_by_key(|(index, ..)| *index);
        Matches {
            matched: matched.into_iter().map(|(_, rule)| rule.clone()).collect(),
            failed: failed
                .into_iter()
                .map(|(_, rule, failure)| (rule, failure))
                .collect(),
        }
    }
}

/// The candidates of each kind of principal.
pub(crate) struct ByKind([Arc<Candidates>; 3]);

impl ByKind {
    pub(crate) fn of(&self, kind: PrincipalKind) -> &Arc<Candidates> {
        match kind {
            PrincipalKind::User => &self.0[0],
            PrincipalKind::Agent => &self.0[1],
            PrincipalKind::Service => &self.0[2],
        }
    }
}

/// Finds candidates; subjects with the same ones share them.
pub(crate) struct Finder<'a> {
    policies: &'a Policies,
    found: HashMap<Vec<usize>, Arc<Candidates>>,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(policies: &'a Policies) -> Finder<'a> {
        Finder {
            policies,
            found: HashMap::new(),
        }
    }

    pub(crate) fn by_kind<'s>(&mut self, subject: impl Fn(PrincipalKind) -> Subject<'s>) -> ByKind {
        ByKind(KINDS_OF_PRINCIPALS.map(|kind| self.candidates(&subject(kind))))
    }

    fn candidates(&mut self, subject: &Subject<'_>) -> Arc<Candidates> {
        let rules = self.policies.rules().iter().enumerate();
        let indexes: Vec<usize> = rules
            .filter(|(_, rule)| scope::may_match(&rule.source.policy, subject))
            .map(|(index, _)| index)
            .collect();
        if let Some(found) = self.found.get(&indexes) {
            return found.clone();
        }
        let rules = self.policies.rules();
        let rules = indexes.iter().map(|&index| (index, rules[index].clone()));
        let made = Arc::new(Candidates::new(rules.collect()));
        self.found.insert(indexes, made.clone());
        made
    }
}
