//! A changed config: that it took over, or why it did not.

use wardgate_ledger::{
    Record, RecordType,
    record::{Decision, Effect, Outcome, Status, Who, Why},
};
use wardgate_model::TenantId;

use crate::journal::Moment;

/// What now decides, where a changed config took over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revisions {
    pub snapshot: String,
    pub policies: Option<String>,
}

/// The record of a change that the gateway found in its files. Nobody is its principal: files do not say who wrote them.
pub fn changed(tenant: &TenantId, end: &Result<Revisions, String>, moment: Moment) -> Record {
    let who = Who::of(tenant.clone());
    let mut record = Record::new(RecordType::CONFIG_CHANGE, who, moment.at, moment.randomness);
    record.outcome = Some(match end {
        Ok(_) => Outcome::of(Status::Success),
        Err(_) => Outcome {
            error_type: Some("not_reloaded".into()),
            ..Outcome::of(Status::Error)
        },
    });
    match end {
        Ok(revisions) => {
            record.decision = Some(Decision {
                snapshot: Some(revisions.snapshot.as_str().into()),
                policy_rev: revisions.policies.as_deref().map(Into::into),
                ..Decision::of(Effect::Allow)
            });
        }
        Err(why) => {
            record.decision = Some(Decision::of(Effect::Deny));
            record.why = Some(Why {
                text: why.as_str().into(),
                source: "reload".into(),
            });
        }
    }
    record
}
