//! What a call asks for in the store's words, and what the store says in the call's.

use std::time::Duration;

use wardgate_model::ApprovalId;
use wardgate_proxy::{
    approval::{Asked, Binding, Need, Standing, Wanted},
    seal::random_bytes,
};
use wardgate_store as store;
use wardgate_store::{Approval, ApprovalState, Ballot, Timestamp};

pub fn binding(binding: &Binding) -> store::Binding {
    store::Binding {
        requester: binding.requester.clone(),
        server: binding.server.clone(),
        version: binding.version.clone(),
        tool: binding.tool.clone(),
        args_digest: binding.args_digest.clone(),
        contract: binding.contract.clone(),
        policy_rev: binding.policy_rev.clone(),
    }
}

/// `args` and `reason` are redacted.
pub fn request(
    wanted: &Wanted,
    args: String,
    reason: Option<String>,
    now: Timestamp,
) -> store::Request {
    let need = |need: &Need| store::Need {
        rule: need.rule.clone(),
        group: need.group.clone(),
        count: need.count,
    };
    store::Request {
        id: id(),
        binding: binding(&wanted.binding),
        person: wanted.person.clone(),
        args,
        sealed_args: wanted.frozen.clone(),
        needs: wanted.needs.iter().map(need).collect(),
        reason,
        created_at: now,
        decide_by: now.after(wanted.terms.decide_within),
        use_within: wanted.terms.use_within,
    }
}

/// Nobody guesses one.
fn id() -> ApprovalId {
    let bytes: [u8; 16] = random_bytes();
    ApprovalId::new(format!("apr_{:032x}", u128::from_be_bytes(bytes)))
}

pub fn standing(approval: &Approval, now: Timestamp) -> Standing {
    let id = approval.request.id.clone();
    let over = |state| Standing::Over {
        id: id.clone(),
        state,
    };
    if approval.is_overdue(now) {
        return over(ApprovalState::Expired.as_str());
    }
    match approval.state {
        ApprovalState::Pending => Standing::Pending(asked(approval)),
        ApprovalState::Approved => Standing::Granted(asked(approval)),
        ApprovalState::Denied => {
            let mut votes = approval.votes.iter();
            let denial = votes.find(|vote| vote.ballot == Ballot::Deny);
            Standing::Denied {
                id,
                reason: denial.and_then(|vote| vote.reason.clone()),
            }
        }
        ApprovalState::Expired | ApprovalState::Cancelled | ApprovalState::Used => {
            over(approval.state.as_str())
        }
    }
}

fn asked(approval: &Approval) -> Asked {
    let request = &approval.request;
    let need = |need: &store::Need| Need {
        rule: need.rule.clone(),
        group: need.group.clone(),
        count: need.count,
    };
    let until = approval.use_by.unwrap_or(request.decide_by);
    Asked {
        id: request.id.clone(),
        needs: request.needs.iter().map(need).collect(),
        until: moment(until),
    }
}

/// A time no calendar holds is its last.
fn moment(at: Timestamp) -> jiff::Timestamp {
    let end = jiff::Timestamp::MAX - Duration::from_secs(1);
    jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(end)
}
