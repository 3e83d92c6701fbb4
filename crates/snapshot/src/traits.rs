//! What the operator knows of a tool. The server's own annotations are claims and stand nowhere here.

use std::{collections::BTreeMap, sync::Arc};

use wardgate_config as config;
use wardgate_model::{Effects, MicroUsd, Risk};

#[derive(Clone, Debug)]
pub struct Traits {
    /// Of one call.
    pub cost: MicroUsd,
    /// Trusted to change nothing.
    pub read_only: bool,
    pub risk: Option<Risk>,
    /// JSON Pointers into arguments and structured result whose values no record keeps.
    pub sensitive: Option<Arc<[String]>>,
}

impl Traits {
    /// Of a tool nobody vouches for.
    pub const UNKNOWN: Traits = Traits {
        cost: MicroUsd(0),
        read_only: false,
        risk: None,
        sensitive: None,
    };

    /// What the tool does to the world, as far as the operator vouches for it.
    pub fn effects(&self) -> Effects {
        match self.read_only {
            true => Effects {
                read_only: true,
                destructive: false,
                idempotent: true,
                ..Effects::WORST
            },
            false => Effects::WORST,
        }
    }
}

pub(crate) fn compile<'t>(
    tools: impl IntoIterator<Item = (&'t String, &'t config::Tool)>,
) -> BTreeMap<String, Traits> {
    let traits = |tool: &config::Tool| Traits {
        cost: tool.cost_usd.0,
        read_only: tool.read_only,
        risk: tool.risk.map(risk),
        sensitive: (!tool.sensitive.is_empty()).then(|| tool.sensitive.clone().into()),
    };
    tools
        .into_iter()
        .map(|(name, tool)| (name.clone(), traits(tool)))
        .collect()
}

pub(crate) fn risk(risk: config::Risk) -> Risk {
    match risk {
        config::Risk::Low => Risk::Low,
        config::Risk::Medium => Risk::Medium,
        config::Risk::High => Risk::High,
        config::Risk::Critical => Risk::Critical,
    }
}
