//! What the operator says of a tool. The server's own annotations are claims and stand nowhere here.

use std::{collections::HashMap, sync::Arc};

use wardgate_config as config;
use wardgate_model::Risk;

#[derive(Clone, Debug)]
pub struct Traits {
    /// Trusted to change nothing.
    pub read_only: bool,
    pub risk: Option<Risk>,
    /// JSON Pointers into arguments and structured result whose values no record keeps.
    pub sensitive: Option<Arc<[String]>>,
}

impl Traits {
    /// Of a tool nobody vouches for.
    pub const WORST: Traits = Traits {
        read_only: false,
        risk: None,
        sensitive: None,
    };

    pub fn sensitive(&self) -> &[String] {
        self.sensitive.as_deref().unwrap_or_default()
    }
}

pub(crate) fn compile(tools: &[(String, config::Traits)]) -> HashMap<String, Traits> {
    let traits = |traits: &config::Traits| Traits {
        read_only: traits.read_only,
        risk: traits.risk.map(risk),
        sensitive: (!traits.sensitive.is_empty()).then(|| traits.sensitive.clone().into()),
    };
    tools
        .iter()
        .map(|(name, tool)| (name.clone(), traits(tool)))
        .collect()
}

fn risk(risk: config::Risk) -> Risk {
    match risk {
        config::Risk::Low => Risk::Low,
        config::Risk::Medium => Risk::Medium,
        config::Risk::High => Risk::High,
        config::Risk::Critical => Risk::Critical,
    }
}
