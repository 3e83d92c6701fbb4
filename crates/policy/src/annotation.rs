//! What `@…` in front of a policy means. An annotation nobody reads would be a promise nobody keeps, so it is a fault.
//!
//! `@id("name")`, `@note("text")` on any policy; `@level("advisory|soft|hard")` on a forbid, without meaning on a permit;
//! `@approval("group:count")` on a forbid; `@redact("pii,secrets")` or `@redact("pii:reversible")`
//! on a permit.

use crate::fault::{Fault, FaultKind, Place, listed};
use crate::rule::{Approval, Level, Redaction, RuleEffect, RuleId};

const KNOWN: [&str; 5] = ["id", "level", "approval", "redact", "note"];
/// Nobody gathers more people than this for one call; a larger count is a slip.
const APPROVERS_MAX: u8 = 20;

#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) id: Option<RuleId>,
    pub(crate) level: Level,
    pub(crate) approval: Option<Approval>,
    pub(crate) redact: Vec<Redaction>,
    pub(crate) note: Option<String>,
}

pub(crate) fn read<'a>(
    annotations: impl Iterator<Item = (&'a str, &'a str)>,
    effect: RuleEffect,
    place: &Place,
) -> Result<Said, Vec<Fault>> {
    let mut said = Said::default();
    let mut faults = Vec::new();
    for (key, value) in annotations {
        if let Err((kind, message, hint)) = one(&mut said, key, value, effect) {
            faults.push(Fault {
                kind,
                place: place.clone(),
                message,
                hint: Some(hint),
            });
        }
    }
    if faults.is_empty() {
        Ok(said)
    } else {
        Err(faults)
    }
}

type Wrong = (FaultKind, String, String);

fn one(said: &mut Said, key: &str, value: &str, effect: RuleEffect) -> Result<(), Wrong> {
    match (key, effect) {
        ("id", _) => said.id = Some(id(value)?),
        ("note", _) => said.note = Some(value.to_owned()),
        ("level", _) => said.level = level(value, effect)?,
        ("approval", RuleEffect::Forbid) => said.approval = Some(approval(value)?),
        ("approval", RuleEffect::Permit) => {
            return Err(misplaced(
                "`@approval` belongs on a forbid",
                "write `@approval(…) forbid (…)`: the approval lifts that forbid, and a permit must still match",
            ));
        }
        ("redact", RuleEffect::Permit) => said.redact = redact(value)?,
        ("redact", RuleEffect::Forbid) => {
            return Err(misplaced(
                "`@redact` belongs on a permit",
                "a forbid leaves no reply to redact",
            ));
        }
        (unknown, _) => {
            return Err((
                FaultKind::UnknownAnnotation,
                format!("`@{unknown}` means nothing here"),
                format!("annotations are {}", listed(KNOWN)),
            ));
        }
    }
    Ok(())
}

fn misplaced(message: &str, hint: &str) -> Wrong {
    (
        FaultKind::MisplacedAnnotation,
        message.to_owned(),
        hint.to_owned(),
    )
}

fn malformed(key: &str, value: &str, hint: &str) -> Wrong {
    (
        FaultKind::MalformedAnnotation,
        format!("`@{key}` cannot be `{value}`"),
        hint.to_owned(),
    )
}

/// Rule names travel in logs, records and answers to models: printable and short.
fn id(value: &str) -> Result<RuleId, Wrong> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
    if value.is_empty() || value.len() > 128 || !value.chars().all(plain) {
        let hint = "1 to 128 of letters, digits and `-_.:/`";
        return Err(malformed("id", value, hint));
    }
    Ok(RuleId::new(value))
}

fn level(value: &str, effect: RuleEffect) -> Result<Level, Wrong> {
    match value {
        // An author who writes this expects that nothing is granted, and a permit would grant.
        "advisory" if effect == RuleEffect::Permit => Err(misplaced(
            "a permit cannot be advisory",
            "leave the permit out until it should grant",
        )),
        "advisory" => Ok(Level::Advisory),
        "soft" => Ok(Level::Soft),
        "hard" => Ok(Level::Hard),
        _ => Err(malformed("level", value, "`advisory`, `soft` or `hard`")),
    }
}

fn approval(value: &str) -> Result<Approval, Wrong> {
    let parsed = value.rsplit_once(':').and_then(|(group, count)| {
        let count: u8 = count.parse().ok()?;
        let fits = !group.trim().is_empty() && (1..=APPROVERS_MAX).contains(&count);
        fits.then(|| Approval {
            group: group.to_owned(),
            count,
        })
    });
    parsed.ok_or_else(|| {
        let hint =
            "a group and how many of it must agree, from 1 to 20, such as `finance-approvers:2`";
        malformed("approval", value, hint)
    })
}

fn redact(value: &str) -> Result<Vec<Redaction>, Wrong> {
    let mut classes = Vec::new();
    for word in value.split(',').map(str::trim) {
        classes.push(match word {
            "pii" => Redaction::Pii,
            "secrets" => Redaction::Secrets,
            "pii:reversible" => Redaction::PiiReversible,
            "secrets:reversible" => Redaction::SecretsReversible,
            _ => {
                return Err(malformed(
                    "redact",
                    value,
                    "`pii`, `secrets` or both as `pii,secrets`; `pii:reversible` and `secrets:reversible` leave tokens that can be put back",
                ));
            }
        });
    }
    classes.sort();
    classes.dedup();
    Ok(classes)
}
