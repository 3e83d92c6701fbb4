//! What limits look at: who calls what, and how much of which dimension a call takes.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use wardgate_model::{MicroUsd, PrincipalId, TenantId, ToolRef, ToolsetName};

/// Who calls what. The tool is absent before it is resolved, and in requests that name none.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub tenant: &'a TenantId,
    pub principal: &'a PrincipalId,
    pub toolset: &'a ToolsetName,
    pub tool: Option<&'a ToolRef>,
    /// A request that only looks around, such as a list. Such requests are counted apart: as many of them pass as calls do,
    /// and they use up none of the calls.
    pub looks: bool,
}

/// What a limit counts. Amounts are integers in the unit named here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    Calls,
    /// Micro-dollars.
    CostUsd,
    Tokens,
    Bytes,
    /// Microseconds.
    ComputeS,
    /// Calls at the same time.
    Concurrency,
}

impl Dimension {
    pub fn as_str(self) -> &'static str {
        match self {
            Dimension::Calls => "calls",
            Dimension::CostUsd => "cost_usd",
            Dimension::Tokens => "tokens",
            Dimension::Bytes => "bytes",
            Dimension::ComputeS => "compute_s",
            Dimension::Concurrency => "concurrency",
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What one call takes from budgets: an estimate when it is reserved, the truth when it is settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spend {
    pub cost: MicroUsd,
    pub tokens: u64,
    pub bytes: u64,
    pub compute: Duration,
}

impl Spend {
    /// What must be free for the call to pass. What is measured afterwards is never nothing: an estimate of zero means that
    /// nobody knows, and must not slip through a budget that is used up. A call without cost is free, and does pass.
    pub(crate) fn least(&self, dimension: Dimension) -> u64 {
        let amount = self.amount(dimension);
        match dimension {
            Dimension::Tokens | Dimension::Bytes | Dimension::ComputeS => amount.max(1),
            Dimension::Calls | Dimension::Concurrency | Dimension::CostUsd => amount,
        }
    }

    /// The amount in the dimension's unit. Any call is one call, and takes one place.
    pub(crate) fn amount(&self, dimension: Dimension) -> u64 {
        match dimension {
            Dimension::Calls | Dimension::Concurrency => 1,
            Dimension::CostUsd => self.cost.0,
            Dimension::Tokens => self.tokens,
            Dimension::Bytes => self.bytes,
            Dimension::ComputeS => micros(self.compute),
        }
    }
}

pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
