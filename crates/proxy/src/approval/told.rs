//! What a client is told of an approval: a sentence a model can act on, and the same for programs under `_meta`.

use serde_json::{Value, json};
use wardgate_model::{ApprovalId, ErrorClass, GroupName};
use wardgate_protocol::{Raw, edit};

use super::Asked;
use crate::outcome::Answer;

/// The member of `_meta` that speaks of approvals.
pub const META: &str = "dev.wardgate/approval";
/// Of an approver's reason so much is shown.
const REASON_CHARS_MAX: usize = 500;

/// Why a call that needs an approval ends without the server's answer.
#[derive(Clone, Debug)]
pub enum Held {
    /// People have not decided yet.
    Pending(Asked),
    /// The same, for a client that waits by itself, with the result it is answered.
    Waiting(Asked, Raw),
    /// It is granted, but what the call was judged by changed while it waited.
    Changed(Asked),
    Denied {
        id: ApprovalId,
        reason: Option<String>,
    },
    Over {
        id: ApprovalId,
        state: &'static str,
    },
    /// Another call with the same arguments was first.
    Taken(ApprovalId),
    /// Too many requests of this principal wait.
    TooMany {
        pending: u32,
    },
    /// People would agree to what they cannot see.
    TooLong,
    /// Nobody could ever approve it.
    Nobody {
        rule: String,
        group: GroupName,
    },
}

impl Held {
    pub fn class(&self) -> ErrorClass {
        match self {
            Held::Pending(_)
            | Held::Waiting(..)
            | Held::Changed(_)
            | Held::Over { .. }
            | Held::Taken(_) => ErrorClass::ApprovalPending,
            Held::Denied { .. } | Held::Nobody { .. } | Held::TooLong => ErrorClass::PolicyDenied,
            Held::TooMany { .. } => ErrorClass::LimitExceeded,
        }
    }

    pub fn id(&self) -> Option<&ApprovalId> {
        match self {
            Held::Pending(asked) | Held::Waiting(asked, _) | Held::Changed(asked) => {
                Some(&asked.id)
            }
            Held::Denied { id, .. } | Held::Over { id, .. } | Held::Taken(id) => Some(id),
            Held::TooMany { .. } | Held::Nobody { .. } | Held::TooLong => None,
        }
    }

    /// The result that says it all, where there is one.
    pub fn result(&self) -> Option<&Raw> {
        match self {
            Held::Waiting(_, result) => Some(result),
            Held::Pending(_)
            | Held::Changed(_)
            | Held::Denied { .. }
            | Held::Over { .. }
            | Held::Taken(_)
            | Held::TooMany { .. }
            | Held::TooLong
            | Held::Nobody { .. } => None,
        }
    }

    /// What a model can act on.
    pub fn advice(&self) -> String {
        match self {
            Held::Pending(asked) | Held::Waiting(asked, _) => format!(
                "Approval {} pending: this call waits for {}. Nothing was done yet. Repeat this exact call after it is granted, until {:.0}.",
                asked.id,
                people(asked),
                asked.until
            ),
            Held::Changed(asked) => format!(
                "Approval {} is granted, but the gateway's configuration changed meanwhile. Nothing was done yet. Repeat this exact call.",
                asked.id
            ),
            Held::Denied { id, reason } => {
                let reason = reason.as_deref().map_or(String::new(), |reason| {
                    let shown = wardgate_sanitize::printable(reason, REASON_CHARS_MAX);
                    format!(": {shown}")
                });
                format!("Approval {id} was denied{reason}. Do not repeat this call unchanged.")
            }
            Held::Over { id, state } => format!(
                "Approval {id} is {state}; nothing was done. Repeat this exact call to ask for another."
            ),
            Held::Taken(id) => format!(
                "Approval {id} was used by another call; each is good for one. Nothing was done. Repeat this exact call to ask for another."
            ),
            Held::TooMany { pending } => format!(
                "{pending} of your calls wait for approval already. Wait until some are decided, then call again."
            ),
            Held::TooLong => {
                "This call needs an approval, and its arguments are too long to be shown to people. Nothing was done. Shorten them, or pass a reference.".into()
            }
            Held::Nobody { rule, group } => format!(
                "This call needs an approval (`{rule}`) that nobody could give: `{group}` has too few people besides you. Do not repeat it unchanged."
            ),
        }
    }

    /// What a program can act on.
    pub fn data(&self) -> Option<Value> {
        let state = match self {
            Held::Pending(_) | Held::Waiting(..) => "pending",
            Held::Changed(_) => "approved",
            Held::Denied { .. } => "denied",
            Held::Over { state, .. } => state,
            Held::Taken(_) => "used",
            Held::TooMany { .. } | Held::Nobody { .. } | Held::TooLong => return None,
        };
        let mut data = json!({"id": self.id()?.as_str(), "state": state});
        if let Held::Pending(asked) | Held::Changed(asked) = self {
            data["until"] = format!("{:.3}", asked.until).into();
        }
        Some(data)
    }
}

/// Adds to the answer of an approved call which approval it used.
pub fn tell(used: Option<&ApprovalId>, answer: &mut Answer) {
    if let (Some(used), Some(id), Some(result)) = (used, answer.frame.id(), answer.frame.result()) {
        let said = json!({"id": used.as_str(), "state": "used"}).to_string();
        let result = Raw::trusted(edit::set(result.as_str(), &["_meta", META], &said));
        answer.frame = answer.frame.with_result(id, Some(&result));
    }
}

fn people(asked: &Asked) -> String {
    let each = asked.needs.iter().map(|need| match need.count {
        1 => format!("1 person of `{}`", need.group),
        count => format!("{count} people of `{}`", need.group),
    });
    each.collect::<Vec<_>>().join(" and ")
}
