//! What becomes of a draft: redacted once, then sealed into its tenant's chain as often as it takes to write it.

mod redactor;

use std::collections::HashMap;

use wardgate_ledger::{
    Chain, Digest, Record, RecordType, Sealed,
    record::{Stage, Status},
};
use wardgate_model::{PrincipalId, RecordId, TenantId, ToolRef, ToolsetName};
use wardgate_proxy::record::Draft;
use wardgate_store::{Head, Line, Spend, Timestamp};

pub use redactor::Redactor;

/// Lines that go to the disk together, and where they leave their chains.
pub struct Batch {
    pub lines: Vec<Line>,
    pub heads: Vec<Head>,
    pub chains: HashMap<TenantId, Chain>,
}

/// Seals the drafts behind the chains.
pub fn seal<'d>(
    chains: &HashMap<TenantId, Chain>,
    drafts: impl IntoIterator<Item = &'d Draft>,
) -> Batch {
    let mut moved: HashMap<TenantId, Chain> = HashMap::new();
    let mut lines = Vec::new();
    for draft in drafts {
        let tenant = &draft.record.who.tenant;
        let chain = moved.entry(tenant.clone()).or_insert_with(|| {
            let chain = chains.get(tenant).cloned();
            chain.unwrap_or_else(|| Chain::new(tenant.clone()))
        });
        if let Some(sealed) = append(chain, &draft.record) {
            lines.push(line(sealed, draft.tool.clone()));
        }
    }
    let written = |chain: &&Chain| lines.iter().any(|line| line.tenant == *chain.tenant());
    Batch {
        heads: moved.values().filter(written).map(head).collect(),
        lines,
        chains: moved,
    }
}

/// A record that has no line as it is has one without its payload.
fn append(chain: &mut Chain, record: &Record) -> Option<Sealed> {
    if let Ok(sealed) = chain.append(record.clone()) {
        return Some(sealed);
    }
    let mut bare = record.clone();
    bare.what.args = None;
    if let Some(outcome) = &mut bare.outcome {
        outcome.result = None;
    }
    match chain.append(bare) {
        Ok(sealed) => Some(sealed),
        Err(fault) => {
            tracing::error!(record = %record.id, %fault, "record lost");
            None
        }
    }
}

fn head(chain: &Chain) -> Head {
    Head {
        tenant: chain.tenant().clone(),
        seq: chain.size(),
        hash: *chain.head().as_bytes(),
        tree: serde_json::to_vec(chain).expect("a chain is plain data"),
    }
}

/// The chain that ends in a stored head, or none if the head does not say so.
pub fn chain(head: &Head) -> Option<Chain> {
    let chain: Chain = serde_json::from_slice(&head.tree).ok()?;
    let is_at_head = chain.head() == Digest::from_bytes(head.hash) && chain.size() == head.seq;
    (is_at_head && *chain.tenant() == head.tenant).then_some(chain)
}

fn line(sealed: Sealed, tool: Option<ToolRef>) -> Line {
    let text = sealed.line().to_owned();
    let record = sealed.record;
    let outcome = record.outcome.as_ref();
    Line {
        tenant: record.who.tenant.clone(),
        seq: sealed.seq,
        id: RecordId::new(record.id.as_str()),
        at: Timestamp::from_millis(record.ts.as_millisecond()),
        kind: record.kind.as_str().to_owned(),
        stage: match record.stage {
            Stage::Received => wardgate_store::Stage::Received,
            Stage::Complete => wardgate_store::Stage::Complete,
        },
        principal: record
            .who
            .principal
            .as_ref()
            .map(|text| PrincipalId::new(text.as_str())),
        toolset: record
            .what
            .toolset
            .as_ref()
            .map(|text| ToolsetName::new(text.as_str())),
        tool,
        effect: record
            .decision
            .as_ref()
            .map(|decision| decision.effect.as_str().to_owned()),
        status: outcome.map(|outcome| outcome.status.as_str().to_owned()),
        of: record.of.as_ref().map(|id| RecordId::new(id.as_str())),
        key: record
            .what
            .idempotency_key
            .as_ref()
            .map(|key| key.as_str().to_owned()),
        trace: record
            .trace
            .trace_id
            .as_ref()
            .map(|id| id.as_str().to_owned()),
        spend: spend(&record),
        text,
        hash: *sealed.hash.as_bytes(),
    }
}

/// What a call has used; one that was refused has used nothing.
fn spend(record: &Record) -> Spend {
    let Some(outcome) = &record.outcome else {
        return Spend::default();
    };
    let was_served = !matches!(outcome.status, Status::Denied | Status::Limited);
    if record.kind != RecordType::TOOL_CALL || !was_served {
        return Spend::default();
    }
    let count = |number: Option<u64>| number.map_or(0, |n| i64::try_from(n).unwrap_or(i64::MAX));
    let cost = record.cost.unwrap_or_default();
    Spend {
        calls: 1,
        cost_micro_usd: count(cost.usd.map(|usd| usd.micros())),
        tokens: count(cost.tokens_est),
        bytes: count(outcome.bytes),
        compute_ms: count(outcome.upstream_ms),
    }
}

#[cfg(test)]
mod tests;
