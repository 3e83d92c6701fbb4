//! Declared rules → the form they are obeyed in. Everything that can be wrong with a rule is found here.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use globset::{Candidate, Glob, GlobSet, GlobSetBuilder};
use smallvec::SmallVec;
use wardgate_model::{TenantId, ToolRef};

use crate::{
    claim::Stage,
    facts::{Dimension, Facts, micros},
    key::Key,
    pace::Pace,
    rule::{Rule, RuleFault, Share, Window},
};

/// Rules that can be obeyed.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub(crate) of_everyone: Vec<Arc<CompiledRule>>,
    pub(crate) of_tenant: BTreeMap<TenantId, Vec<Arc<CompiledRule>>>,
}

#[derive(Debug)]
pub(crate) struct CompiledRule {
    pub(crate) name: Arc<str>,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) key: Key,
    pub(crate) quotas: Vec<Quota>,
    pub(crate) window: Option<Window>,
    pub(crate) concurrency: Option<u64>,
    pub(crate) soft: Option<Share>,
    tools: Option<GlobSet>,
}

/// What a rule grants of one dimension per window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quota {
    pub(crate) dimension: Dimension,
    pub(crate) amount: u64,
    pub(crate) window: Window,
    pub(crate) pace: Option<Pace>,
}

impl Rules {
    /// Returns the rules in the form they are obeyed in.
    ///
    /// # Errors
    /// Every fault, see [`RuleFault`].
    pub fn compile(declared: &[Rule]) -> Result<Rules, Vec<RuleFault>> {
        let mut rules = Rules::default();
        let mut faults = Vec::new();
        let mut names = HashSet::new();
        for rule in declared {
            if !names.insert((&rule.tenant, &rule.name)) {
                faults.push(RuleFault::Twice {
                    rule: rule.name.clone(),
                });
            }
            match rule.compile() {
                Ok(compiled) => rules.group(rule.tenant.as_ref()).push(Arc::new(compiled)),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() {
            Ok(rules)
        } else {
            Err(faults)
        }
    }

    fn group(&mut self, tenant: Option<&TenantId>) -> &mut Vec<Arc<CompiledRule>> {
        match tenant {
            Some(tenant) => self.of_tenant.entry(tenant.clone()).or_default(),
            None => &mut self.of_everyone,
        }
    }
}

impl CompiledRule {
    /// Whether the rule has something to count at this stage. What needs no tool is counted before there is one.
    pub(crate) fn acts_at(&self, stage: Stage) -> bool {
        self.quotas_at(stage).next().is_some() || self.places_at(stage).is_some()
    }

    pub(crate) fn quotas_at(&self, stage: Stage) -> impl Iterator<Item = &Quota> {
        self.quotas.iter().filter(move |quota| {
            let early = quota.dimension == Dimension::Calls && !self.needs_tool();
            early == (stage == Stage::Admit)
        })
    }

    /// How many calls may be under way, if that is counted at this stage.
    pub(crate) fn places_at(&self, stage: Stage) -> Option<u64> {
        let early = !self.needs_tool();
        self.concurrency
            .filter(|_| early == (stage == Stage::Admit))
    }

    /// Whether the rule speaks of these facts. The tenant is the caller's to check: rules are grouped by it.
    pub(crate) fn matches(&self, facts: &Facts<'_>) -> bool {
        match (&self.tools, facts.tool) {
            (None, None) => !self.key.tool,
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (Some(patterns), Some(tool)) => matches_path(patterns, tool),
        }
    }

    fn needs_tool(&self) -> bool {
        self.key.tool || self.tools.is_some()
    }
}

impl Rule {
    fn compile(&self) -> Result<CompiledRule, RuleFault> {
        let rule = || self.name.clone();
        let printable = |byte: u8| (b' '..=b'~').contains(&byte);
        if self.name.is_empty() || !self.name.bytes().all(printable) {
            return Err(RuleFault::Name { rule: rule() });
        }
        let amounts = self.amounts();
        if amounts.is_empty() && self.concurrency.is_none() {
            return Err(RuleFault::Empty { rule: rule() });
        }
        let is_zero = |&(dimension, amount): &_| amount == 0 && dimension != Dimension::CostUsd;
        if amounts.iter().any(is_zero)
            || [self.burst, self.concurrency].contains(&Some(0))
            || self.per == Some(Window::Sliding(Duration::ZERO))
        {
            return Err(RuleFault::Zero { rule: rule() });
        }
        Ok(CompiledRule {
            name: Arc::from(self.name.as_str()),
            tenant: self.tenant.clone(),
            key: self.key,
            quotas: self.quotas(&amounts)?,
            window: self.per,
            concurrency: self.concurrency,
            soft: self.soft,
            tools: self.patterns()?,
        })
    }

    fn amounts(&self) -> Vec<(Dimension, u64)> {
        let declared = [
            (Dimension::Calls, self.calls),
            (Dimension::CostUsd, self.cost.map(|cost| cost.0)),
            (Dimension::Tokens, self.tokens),
            (Dimension::Bytes, self.bytes),
            (Dimension::ComputeS, self.compute.map(micros)),
        ];
        let given = |(dimension, amount): (_, Option<u64>)| Some((dimension, amount?));
        declared.into_iter().filter_map(given).collect()
    }

    fn quotas(&self, amounts: &[(Dimension, u64)]) -> Result<Vec<Quota>, RuleFault> {
        let pace = self.pace()?;
        let mut quotas = Vec::new();
        for &(dimension, amount) in amounts {
            let Some(window) = self.per else {
                return Err(RuleFault::NoWindow {
                    rule: self.name.clone(),
                });
            };
            let pace = pace.filter(|_| dimension == Dimension::Calls);
            quotas.push(Quota {
                dimension,
                // A burst above the calls per window is what the window must hold at most.
                amount: pace.map_or(amount, |pace| amount.max(pace.burst)),
                window,
                pace,
            });
        }
        Ok(quotas)
    }

    fn pace(&self) -> Result<Option<Pace>, RuleFault> {
        match (self.burst, self.calls, self.per) {
            (None, _, _) => Ok(None),
            (Some(burst), Some(calls), Some(Window::Sliding(length))) => {
                Ok(Some(Pace::new(calls, length, burst)))
            }
            _ => Err(RuleFault::Burst {
                rule: self.name.clone(),
            }),
        }
    }

    fn patterns(&self) -> Result<Option<GlobSet>, RuleFault> {
        if self.tools.is_empty() {
            return Ok(None);
        }
        let unreadable = |pattern: &str| RuleFault::Pattern {
            rule: self.name.clone(),
            pattern: pattern.to_owned(),
        };
        let mut set = GlobSetBuilder::new();
        for pattern in &self.tools {
            set.add(Glob::new(pattern).map_err(|_| unreadable(pattern))?);
        }
        let set = set.build().map_err(|_| unreadable(&self.tools.join(" ")))?;
        Ok(Some(set))
    }
}

/// Matches `alias/tool` without an allocation for names of usual length.
fn matches_path(patterns: &GlobSet, tool: &ToolRef) -> bool {
    let mut path: SmallVec<[u8; 128]> = SmallVec::new();
    path.extend_from_slice(tool.alias.as_str().as_bytes());
    path.push(b'/');
    path.extend_from_slice(tool.name.as_bytes());
    patterns.is_match_candidate(&Candidate::from_bytes(path.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Rule {
        Rule {
            name: name.to_owned(),
            ..Rule::default()
        }
    }

    #[test]
    fn every_rule_that_cannot_be_obeyed_is_named() {
        let minute = Some(Window::Sliding(Duration::from_secs(60)));
        let faulty = [
            Rule {
                calls: Some(1),
                per: minute,
                ..named("")
            },
            Rule {
                calls: Some(1),
                per: minute,
                ..named("ünprintable")
            },
            named("empty"),
            Rule {
                calls: Some(1),
                ..named("windowless")
            },
            Rule {
                calls: Some(0),
                per: minute,
                ..named("zero calls")
            },
            Rule {
                tokens: Some(0),
                per: minute,
                ..named("zero tokens")
            },
            Rule {
                concurrency: Some(0),
                ..named("zero places")
            },
            Rule {
                calls: Some(1),
                per: Some(Window::Sliding(Duration::ZERO)),
                ..named("zero window")
            },
            Rule {
                calls: Some(1),
                burst: Some(1),
                per: Some(Window::Day),
                ..named("burst a day")
            },
            Rule {
                bytes: Some(1),
                burst: Some(1),
                per: minute,
                ..named("burst of bytes")
            },
            Rule {
                concurrency: Some(1),
                tools: vec!["pay/[".into()],
                ..named("pattern")
            },
        ];
        let faults = Rules::compile(&faulty).unwrap_err();
        assert_eq!(faults.len(), faulty.len(), "{faults:?}");
        let twice = [
            Rule {
                concurrency: Some(1),
                ..named("floor")
            },
            Rule {
                concurrency: Some(2),
                ..named("floor")
            },
        ];
        let rule = "floor".to_owned();
        assert_eq!(
            Rules::compile(&twice).unwrap_err(),
            [RuleFault::Twice { rule }]
        );
    }

    #[test]
    fn two_tenants_may_use_one_name() {
        let of = |tenant: &str| Rule {
            tenant: Some(TenantId::new(tenant)),
            concurrency: Some(1),
            ..named("floor")
        };
        assert!(Rules::compile(&[of("acme"), of("globex")]).is_ok());
    }
}
