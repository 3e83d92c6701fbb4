//! What may be kept of what was said: places that are declared sensitive go, and so does what detectors find.

use std::{borrow::Cow, collections::HashMap};

use wardgate_ledger::{FingerprintKey, Label, Record, Redacted, redact};
use wardgate_model::TenantId;
use wardgate_proxy::record::{Draft, Payload};
use wardgate_sanitize::{Action, Place, Rules, Settings, apply, apply_plain};
use wardgate_snapshot::AuditLevel;
use zeroize::Zeroizing;

/// Names the secret in fingerprints; there has been one.
const GENERATION: u32 = 1;
/// What stands in a record for a value that is declared sensitive.
pub(super) const LABEL: &str = "sensitive";

/// Takes payloads out of drafts and puts what may be kept into their records.
pub struct Redactor {
    secret: Zeroizing<String>,
    keys: HashMap<TenantId, FingerprintKey>,
    /// Secrets alone, and with personal data.
    secrets: Look,
    all: Look,
}

/// What is looked for: told, and cut out.
struct Look {
    told: Rules,
    cut: Rules,
}

impl Look {
    fn new(pii: bool) -> Look {
        let rules = |action| {
            let settings = Settings {
                secrets: action,
                pii: if pii { action } else { Action::Off },
                ..Settings::off(Place::Result)
            };
            Rules::new(settings).expect("no pointer and no label")
        };
        Look {
            told: rules(Action::Mark),
            cut: rules(Action::Redact),
        }
    }
}

impl Redactor {
    pub fn new(secret: Zeroizing<String>) -> Redactor {
        Redactor {
            secret,
            keys: HashMap::new(),
            secrets: Look::new(false),
            all: Look::new(true),
        }
    }

    /// What cannot be redacted is not kept.
    pub fn redact(&mut self, draft: &mut Draft) {
        let payload = std::mem::take(&mut draft.payload);
        self.redact_reason(&mut draft.record, payload.pii);
        if payload.args.is_none() && payload.result.is_none() {
            return;
        }
        let key = self.key_of(&draft.record.who.tenant);
        let record = &mut draft.record;
        let args = payload.args.as_ref().map(|raw| raw.as_str());
        let kept =
            args.and_then(|args| self.kept(args, labels_of_args(&payload), payload.pii, &key));
        if let Some(kept) = kept {
            record.what.args_digest = Some(kept.digest);
            record.what.args = (payload.level != AuditLevel::Metadata).then_some(kept.json);
        }
        let result = payload.result.as_ref().map(|raw| raw.as_str());
        let kept = result
            .and_then(|result| self.kept(result, labels_of_result(&payload), payload.pii, &key));
        if let (Some(kept), Some(outcome)) = (kept, &mut record.outcome) {
            outcome.result_digest = Some(kept.digest);
            outcome.result = Some(kept.json);
        }
    }

    /// A caller says in its own words why it calls.
    fn redact_reason(&self, record: &mut Record, pii: bool) {
        let Some(why) = &mut record.why else {
            return;
        };
        why.text = self.words(why.text.as_str(), pii).as_ref().into();
    }

    /// What somebody says in words, with what is found cut out.
    pub fn words<'t>(&self, text: &'t str, pii: bool) -> Cow<'t, str> {
        apply_plain(&self.look(pii).cut, text).text
    }

    /// The arguments as a person may see them, whatever records keep; `None` where they cannot be redacted.
    pub fn shown(&mut self, payload: &Payload, tenant: &TenantId) -> Option<Redacted> {
        let key = self.key_of(tenant);
        let args = payload.args.as_ref().map_or("{}", |raw| raw.as_str());
        self.kept(args, labels_of_args(payload), payload.pii, &key)
    }

    /// What is left of a text without the places that are labelled or hold a find. A find whose place has no exact name, such as
    /// a key, is cut out where it is.
    fn kept(
        &self,
        json: &str,
        mut labels: Vec<Label>,
        pii: bool,
        key: &FingerprintKey,
    ) -> Option<Redacted> {
        let look = self.look(pii);
        let finds = apply(&look.told, json).finds;
        let found = finds
            .iter()
            .filter_map(|find| Label::new(&find.pointer, &find.kind));
        labels.extend(found);
        let left = redact(json, &labels, key).ok()?;
        if finds.is_empty() {
            return Some(left);
        }
        match apply(&look.cut, left.json.get()).text {
            Cow::Borrowed(_) => Some(left),
            Cow::Owned(text) => {
                let is_whole = left.is_whole;
                let cut = redact(&text, &[], key).ok()?;
                Some(Redacted {
                    is_whole: cut.is_whole && is_whole,
                    ..cut
                })
            }
        }
    }

    fn look(&self, pii: bool) -> &Look {
        match pii {
            true => &self.all,
            false => &self.secrets,
        }
    }

    fn key_of(&mut self, tenant: &TenantId) -> FingerprintKey {
        let derive = || FingerprintKey::derive(self.secret.as_bytes(), tenant, GENERATION);
        self.keys
            .entry(tenant.clone())
            .or_insert_with(derive)
            .clone()
    }
}

fn labels_of_args(payload: &Payload) -> Vec<Label> {
    let of_tool = payload
        .sensitive_of_tool
        .iter()
        .flat_map(|pointers| pointers.iter());
    let pointers = payload.sensitive.iter().chain(of_tool);
    pointers
        .filter_map(|pointer| Label::new(pointer, LABEL))
        .collect()
}

/// The texts of a result repeat its structured content in words no pointer reaches, so they go as a whole.
fn labels_of_result(payload: &Payload) -> Vec<Label> {
    let Some(pointers) = &payload.sensitive_of_tool else {
        return Vec::new();
    };
    let structured = pointers
        .iter()
        .map(|pointer| format!("/structuredContent{pointer}"));
    let all = structured.chain(["/content".to_owned()]);
    all.filter_map(|pointer| Label::new(&pointer, LABEL))
        .collect()
}
