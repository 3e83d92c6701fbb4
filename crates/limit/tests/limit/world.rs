//! Rules, callers and a clock for tests.

use std::{num::NonZeroUsize, time::Duration};

use jiff::Timestamp;
use wardgate_limit::{
    Facts, KEYS_MAX_DEFAULT, Key, Limits, Moment, Refusal, Reservation, Rule, Rules, Slot, Spend,
    Window,
};
use wardgate_model::{Alias, MicroUsd, PrincipalId, TenantId, ToolRef, ToolsetName};

pub const SECOND: Window = Window::Sliding(Duration::from_secs(1));
pub const MINUTE: Window = Window::Sliding(Duration::from_secs(60));
pub const BY_TENANT: Key = Key {
    tenant: true,
    ..ALL
};
pub const BY_PRINCIPAL: Key = Key {
    principal: true,
    ..ALL
};
pub const BY_TOOL: Key = Key { tool: true, ..ALL };
pub const ALL: Key = Key {
    tenant: false,
    principal: false,
    toolset: false,
    tool: false,
};

/// A call's facts, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    pub tenant: TenantId,
    pub principal: PrincipalId,
    pub toolset: ToolsetName,
    pub tool: Option<ToolRef>,
    pub looks: bool,
}

pub struct World {
    pub limits: Limits,
    pub moment: Moment,
}

pub fn rule(name: &str) -> Rule {
    Rule {
        name: name.to_owned(),
        ..Rule::default()
    }
}

pub fn rules(rules: &[Rule]) -> Rules {
    Rules::compile(rules).unwrap()
}

/// A caller in tenant `acme`, whose call names no tool yet.
pub fn who(principal: &str) -> Who {
    Who {
        tenant: TenantId::new("acme"),
        principal: PrincipalId::new(principal),
        toolset: ToolsetName::new("default"),
        tool: None,
        looks: false,
    }
}

pub fn cost(text: &str) -> Spend {
    Spend {
        cost: MicroUsd::parse(text).unwrap(),
        ..Spend::default()
    }
}

pub fn tokens(tokens: u64) -> Spend {
    Spend {
        tokens,
        ..Spend::default()
    }
}

pub fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

impl Who {
    pub fn of(self, tenant: &str) -> Who {
        Who {
            tenant: TenantId::new(tenant),
            ..self
        }
    }
    pub fn calls(self, alias: &str, name: &str) -> Who {
        let tool = Some(ToolRef {
            alias: Alias::new(alias),
            name: name.to_owned(),
        });
        Who { tool, ..self }
    }
    /// A list, say.
    pub fn looks(self) -> Who {
        Who {
            looks: true,
            ..self
        }
    }
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            tenant: &self.tenant,
            principal: &self.principal,
            toolset: &self.toolset,
            tool: self.tool.as_ref(),
            looks: self.looks,
        }
    }
}

impl World {
    pub fn new(declared: &[Rule]) -> World {
        World::with_keys_max(declared, KEYS_MAX_DEFAULT)
    }
    pub fn with_keys_max(declared: &[Rule], keys_max: NonZeroUsize) -> World {
        World {
            limits: Limits::new(rules(declared), keys_max),
            moment: Moment {
                now: Duration::ZERO,
                wall: "2026-11-25T12:00:00Z".parse().unwrap(),
            },
        }
    }
    /// Both clocks go on.
    pub fn pass(&mut self, time: Duration) {
        self.moment.now += time;
        self.moment.wall += time;
    }
    pub fn set_wall(&mut self, wall: &str) {
        self.moment.wall = wall.parse::<Timestamp>().unwrap();
    }
    pub fn admit(&self, who: &Who) -> Result<Slot, Refusal> {
        self.limits.admit(&who.facts(), &self.moment)
    }
    pub fn reserve(&self, who: &Who, estimate: &Spend) -> Result<Reservation, Refusal> {
        self.limits.reserve(&who.facts(), estimate, &self.moment)
    }
    /// How many of `calls` calls pass, each over before the next.
    pub fn admitted(&self, who: &Who, calls: usize) -> usize {
        (0..calls).filter(|_| self.admit(who).is_ok()).count()
    }
    /// How many of `calls` calls spend `spend`.
    pub fn spent(&self, who: &Who, spend: &Spend, calls: usize) -> usize {
        let spends = |_: &usize| match self.reserve(who, spend) {
            Ok(reservation) => {
                reservation.settle(spend);
                true
            }
            Err(_) => false,
        };
        (0..calls).filter(spends).count()
    }
}
