//! The overrides in force, put together from where they come from, in one place that every call looks at.

use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;

use super::{Overrides, Rule};

/// Where overrides come from. Each source says everything it knows at once; none can take away what another says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Set and lifted by operators, one by one.
    Store,
    /// The emergency switch beside the store, for when nothing else answers.
    Emergency,
}

#[derive(Default)]
pub struct InForce {
    all: ArcSwap<Overrides>,
    sources: Mutex<Sources>,
}

#[derive(Default)]
struct Sources {
    store: Vec<Arc<Rule>>,
    emergency: Vec<Arc<Rule>>,
}

/// What one source changed.
pub struct Change {
    pub began: Vec<Arc<Rule>>,
    pub ended: Vec<Arc<Rule>>,
}

impl InForce {
    pub fn now(&self) -> Arc<Overrides> {
        self.all.load_full()
    }

    /// What the emergency switch says.
    pub fn emergencies(&self) -> Vec<Arc<Rule>> {
        let sources = self.sources.lock().expect("no panic while held");
        sources.emergency.clone()
    }

    /// Puts what a source says in force. When it returns, every request that asks is judged by it.
    pub(crate) fn replace(&self, source: Source, rules: Vec<Rule>) -> Change {
        let mut sources = self.sources.lock().expect("no panic while held");
        let of_source = match source {
            Source::Store => &mut sources.store,
            Source::Emergency => &mut sources.emergency,
        };
        let rules: Vec<Arc<Rule>> = rules.into_iter().map(Arc::new).collect();
        let change = Change {
            began: without(&rules, of_source),
            ended: without(of_source, &rules),
        };
        *of_source = rules;
        let all = sources.emergency.iter().chain(&sources.store).cloned();
        self.all.store(Arc::new(Overrides::new(all)));
        change
    }
}

impl Change {
    pub fn is_empty(&self) -> bool {
        self.began.is_empty() && self.ended.is_empty()
    }

    /// Says whether lists may look different from here.
    pub fn concerns_lists(&self) -> bool {
        let mut all = self.began.iter().chain(&self.ended);
        all.any(|rule| rule.concerns_lists())
    }
}

fn without(rules: &[Arc<Rule>], others: &[Arc<Rule>]) -> Vec<Arc<Rule>> {
    let is_new = |rule: &&Arc<Rule>| !others.contains(rule);
    rules.iter().filter(is_new).cloned().collect()
}
