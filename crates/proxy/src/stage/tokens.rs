//! What a permit takes out of results, and may be put back into arguments: where policies say `reversible`, a find goes out as a
//! sealed token that stands for it. Sent back in arguments by a caller of the same tenant, whose call such a permit allows, it is
//! the value again, for the server alone.

use std::borrow::Cow;

use wardgate_policy::Redaction;
use wardgate_protocol::Raw;
use wardgate_sanitize::{Action, Find, Place, Rules, Settings, Tokens};

use super::clean::detector;
use crate::{call::Call, seal::Seal};

/// The kinds that are taken out reversibly: not those that another permit takes out for good.
pub fn reversible(owed: &[Redaction]) -> Vec<Redaction> {
    let kept = owed.iter().filter(|one| one.is_reversible());
    kept.copied()
        .filter(|one| !owed.contains(&one.class()))
        .collect()
}

/// Returns the text with tokens in the place of what is of these kinds, and what was found.
pub fn seal<'t>(call: &Call, kinds: &[Redaction], text: &'t str) -> (Cow<'t, str>, Vec<Find>) {
    let (mut text, mut finds) = (Cow::Borrowed(text), Vec::new());
    for kind in kinds {
        let (bound, sealing) = (bound(call, *kind), Sealing(&call.seal));
        let outcome = Tokens::new(&bound, &sealing).apply(&rules(*kind), &text);
        finds.extend(outcome.finds);
        if let Cow::Owned(changed) = outcome.text {
            text = Cow::Owned(changed);
        }
    }
    (text, finds)
}

/// Returns the arguments with their values put back, if there are any.
pub fn restore(call: &Call, owed: &[Redaction]) -> Option<Raw> {
    let said = call.param("arguments")?;
    let mut text = Cow::Borrowed(said);
    for kind in reversible(owed) {
        let (bound, sealing) = (bound(call, kind), Sealing(&call.seal));
        if let Cow::Owned(changed) = Tokens::new(&bound, &sealing).restore(&text).text {
            text = Cow::Owned(changed);
        }
    }
    match text {
        Cow::Borrowed(_) => None,
        Cow::Owned(text) => Some(Raw::trusted(text)),
    }
}

fn rules(kind: Redaction) -> Rules {
    let settings = match kind.class() {
        Redaction::Secrets => Settings {
            secrets: Action::Redact,
            ..Settings::off(Place::Result)
        },
        _ => Settings {
            pii: Action::Redact,
            ..Settings::off(Place::Result)
        },
    };
    Rules::new(settings).expect("no pointer and no label")
}

/// Whose tokens these are. A kind's tokens are none of another's.
fn bound(call: &Call, kind: Redaction) -> String {
    format!("{}\n{}", detector(kind).as_str(), call.caller.tenant)
}

struct Sealing<'s>(&'s Seal);

impl wardgate_sanitize::Seal for Sealing<'_> {
    fn seal(&self, bound_to: &[u8], plain: &[u8]) -> Vec<u8> {
        self.0.close_value(bound_to, plain)
    }

    fn open(&self, bound_to: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        self.0.open_value(bound_to, sealed)
    }
}
