//! Which records somebody asks for: one meaning for every store, for `tail` and for the console.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardgate_model::TenantId;

use crate::record::{Effect, Record, RecordId, Status};
use crate::text::Text;

/// All that is given must hold; what is not given holds always.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    pub tenant: Option<TenantId>,
    pub principal: Option<String>,
    /// The full name of the server; who knows aliases resolves them first.
    pub server: Option<String>,
    /// The tool's own name, without an alias.
    pub tool: Option<String>,
    /// A type, or a family for all of its types: `tool.call`, `approval`, `approval.*`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub effect: Option<Effect>,
    pub status: Option<Status>,
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Up to this time, which is not included.
    pub until: Option<Timestamp>,
    pub id: Option<RecordId>,
    /// The idempotency key.
    pub key: Option<String>,
}

impl Filter {
    pub fn matches(&self, record: &Record) -> bool {
        let Filter {
            tenant,
            principal,
            server,
            tool,
            kind,
            effect,
            status,
            since,
            until,
            id,
            key,
        } = self;
        let what = &record.what;
        asked(tenant, |tenant| *tenant == record.who.tenant)
            && asked(principal, |text| is(&record.who.principal, text))
            && asked(server, |text| is(&what.server, text))
            && asked(tool, |text| is(&what.tool, text))
            && asked(kind, |kind| is_kind(record, kind))
            && asked(effect, |effect| {
                record.decision.as_ref().map(|decision| decision.effect) == Some(*effect)
            })
            && asked(status, |status| record.status() == Some(*status))
            && asked(since, |since| record.ts >= *since)
            && asked(until, |until| record.ts < *until)
            && asked(id, |id| *id == record.id)
            && asked(key, |text| is(&what.idempotency_key, text))
    }
}

fn asked<T>(wanted: &Option<T>, holds: impl FnOnce(&T) -> bool) -> bool {
    wanted.as_ref().is_none_or(holds)
}

/// Compares with the text as a record would hold it.
fn is(member: &Option<Text>, wanted: &str) -> bool {
    member.as_ref() == Some(&Text::new(wanted))
}

fn is_kind(record: &Record, wanted: &str) -> bool {
    let family = wanted.strip_suffix(".*").unwrap_or(wanted);
    record.kind.as_str() == wanted || record.kind.family() == family
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Decision, Family, Outcome, What, Who};

    fn record() -> Record {
        let who = Who {
            principal: Some("caller".into()),
            ..Who::of(TenantId::new("acme"))
        };
        let ts = "2026-11-22T08:30:11.402Z".parse().unwrap();
        Record {
            what: What {
                server: Some("com.acme/payments".into()),
                tool: Some("refund_create".into()),
                idempotency_key: Some("ord-991".into()),
                ..What::default()
            },
            decision: Some(Decision::of(Effect::Allow)),
            outcome: Some(Outcome::of(Status::Success)),
            ..Record::new(Family::Tool.verb("call"), who, ts, [0; 10])
        }
    }

    #[track_caller]
    fn check(json: serde_json::Value, expected: bool) {
        let filter: Filter = serde_json::from_value(json).unwrap();
        assert_eq!(filter.matches(&record()), expected);
    }

    #[test]
    fn an_empty_filter_takes_everything() {
        check(serde_json::json!({}), true);
    }

    #[test]
    fn each_member_narrows() {
        let id = record().id;
        for (name, right, wrong) in [
            ("tenant", "acme", "beta"),
            ("principal", "caller", "call"),
            ("server", "com.acme/payments", "com.acme/pay"),
            ("tool", "refund_create", "refund"),
            ("type", "tool.call", "tool.cal"),
            ("type", "tool", "list"),
            ("type", "tool.*", "too.*"),
            ("effect", "allow", "deny"),
            ("status", "success", "unknown"),
            (
                "since",
                "2026-11-22T08:30:11.402Z",
                "2026-11-22T08:30:11.403Z",
            ),
            (
                "until",
                "2026-11-22T08:30:11.403Z",
                "2026-11-22T08:30:11.402Z",
            ),
            ("id", id.as_str(), "rec_0"),
            ("key", "ord-991", "ord-992"),
        ] {
            check(serde_json::json!({ name: right }), true);
            check(serde_json::json!({ name: wrong }), false);
        }
        check(
            serde_json::json!({"tenant": "acme", "tool": "other"}),
            false,
        );
    }

    #[test]
    fn what_a_record_does_not_say_matches_nothing_asked_for() {
        let mut bare = record();
        bare.outcome = None;
        let filter = Filter {
            status: Some(Status::Unknown),
            ..Filter::default()
        };
        assert!(!filter.matches(&bare));
    }
}
