//! Files of Cedar text into [`Policies`], or every fault of every file at once.
//!
//! Looks at the text alone. Whether it fits the tools is asked by `validate`.

use std::collections::HashMap;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::digest;
use cedar_policy::{Effect, Policy, PolicyId, PolicySet, Template};
use miette::{Diagnostic, SourceSpan};

use crate::annotation;
use crate::depth::{LEVELS_MAX, too_deep};
use crate::fault::{Fault, FaultKind, Place, span_of};
use crate::reads::{Reads, outline, probe};
use crate::rule::{Rule, RuleEffect, RuleId, Source};

/// A `*.cedar` file, already read.
#[derive(Clone, Copy, Debug)]
pub struct PolicyFile<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

/// Policies, understood: each with a name of its own and annotations that mean something.
#[derive(Clone, Debug)]
pub struct Policies {
    rules: Vec<Arc<Rule>>,
    revision: String,
}

impl Policies {
    /// Returns the rules of all files, in the order of the files and of the text.
    ///
    /// # Errors
    /// Every fault of every file; a file that Cedar cannot read hides no fault of another.
    pub fn parse<'a>(
        files: impl IntoIterator<Item = PolicyFile<'a>>,
    ) -> Result<Policies, Vec<Fault>> {
        let mut rules = Vec::new();
        let mut faults = Vec::new();
        for file in files {
            match parse_file(file) {
                Ok((found, wrong)) => {
                    rules.extend(found);
                    faults.extend(wrong);
                }
                Err(wrong) => faults.extend(wrong),
            }
        }
        faults.extend(duplicates(&rules));
        if !faults.is_empty() {
            return Err(faults);
        }
        let revision = revision(&rules);
        let rules = rules.into_iter().map(Arc::new).collect();
        Ok(Policies { rules, revision })
    }

    pub fn rules(&self) -> &[Arc<Rule>] {
        &self.rules
    }

    /// SHA-256, in hex, of what the rules say: layout, comments and the order of rules do not change it.
    pub fn revision(&self) -> &str {
        &self.revision
    }
}

type Parsed = (Vec<Rule>, Vec<Fault>);

fn parse_file(file: PolicyFile<'_>) -> Result<Parsed, Vec<Fault>> {
    if let Some(span) = too_deep(file.text) {
        return Err(vec![depth_fault(file, span)]);
    }
    let set = PolicySet::from_str(file.text).map_err(|errors| {
        errors
            .iter()
            .map(|error| syntax_fault(file, error))
            .collect::<Vec<_>>()
    })?;
    let mut faults: Vec<Fault> = set
        .templates()
        .map(|template| template_fault(file, template))
        .collect();
    let mut policies: Vec<(Range<usize>, Policy)> = set
        .policies()
        .map(|policy| {
            let span = policy.as_ref().loc().map_or(0..0, |loc| range(loc.span));
            (span, policy.clone())
        })
        .collect();
    policies.sort_by_key(|(span, _)| span.start);
    let text: Arc<str> = Arc::from(file.text);
    let mut rules = Vec::new();
    for (index, (span, policy)) in policies.into_iter().enumerate() {
        match rule(file, &text, index + 1, &span, &policy) {
            Ok(rule) => rules.push(rule),
            Err(wrong) => faults.extend(wrong),
        }
    }
    Ok((rules, faults))
}

fn depth_fault(file: PolicyFile<'_>, span: Range<usize>) -> Fault {
    Fault {
        kind: FaultKind::TooDeep,
        place: Place::of(file.name, file.text, span),
        message: format!(
            "this policy is more than {LEVELS_MAX} brackets and operators deep; the file is not read"
        ),
        hint: Some("write several policies, or one set: `[\"a\", \"b\"].contains(…)`".to_owned()),
    }
}

fn syntax_fault(file: PolicyFile<'_>, error: &cedar_policy::ParseError) -> Fault {
    Fault {
        kind: FaultKind::Syntax,
        place: Place::of(file.name, file.text, span_of(error, 0..0)),
        message: error.to_string(),
        hint: error.help().map(|help| help.to_string()),
    }
}

fn template_fault(file: PolicyFile<'_>, template: &Template) -> Fault {
    let span = template.as_ref().loc().map_or(0..0, |loc| range(loc.span));
    Fault {
        kind: FaultKind::Template,
        place: Place::of(file.name, file.text, span),
        message: "templates are not read: nothing would fill their slots".to_owned(),
        hint: Some(
            "write the principal or resource where `?principal` or `?resource` stands".to_owned(),
        ),
    }
}

fn range(span: SourceSpan) -> Range<usize> {
    span.offset()..span.offset() + span.len()
}

fn rule(
    file: PolicyFile<'_>,
    text: &Arc<str>,
    number: usize,
    span: &Range<usize>,
    policy: &Policy,
) -> Result<Rule, Vec<Fault>> {
    let effect = match policy.effect() {
        Effect::Permit => RuleEffect::Permit,
        Effect::Forbid => RuleEffect::Forbid,
    };
    let place = Place::of(file.name, file.text, span.clone());
    let line = place.line;
    let said = annotation::read(policy.annotations(), effect, &place)?;
    let id = said
        .id
        .unwrap_or_else(|| RuleId::new(format!("{}:{number}", file.name)));
    let policy = policy.new_id(PolicyId::new(id.as_str()));
    let tree = policy.to_json().map_err(|error| {
        vec![Fault {
            kind: FaultKind::Syntax,
            place: place.clone(),
            message: error.to_string(),
            hint: None,
        }]
    })?;
    let reads = Reads::of(&tree);
    let rebuilt = |tree| Policy::from_json(Some(policy.id().clone()), tree);
    let (Ok(probe), Ok(outline)) = (rebuilt(probe(&tree)), rebuilt(outline(&tree))) else {
        return Err(vec![Fault {
            kind: FaultKind::Syntax,
            place,
            message: "Cedar cannot read its own form of this policy".to_owned(),
            hint: None,
        }]);
    };
    Ok(Rule {
        id,
        file: Arc::from(file.name),
        line,
        effect,
        level: said.level,
        approval: said.approval,
        redact: said.redact,
        note: said.note,
        source: Source {
            policy,
            file_text: text.clone(),
            offset: span.start,
            probe,
            outline,
            reads,
        },
    })
}

fn duplicates(rules: &[Rule]) -> Vec<Fault> {
    let mut first: HashMap<&RuleId, &Rule> = HashMap::new();
    let mut faults = Vec::new();
    for rule in rules {
        if let Some(earlier) = first.insert(&rule.id, rule) {
            let at = rule.source.offset;
            faults.push(Fault {
                kind: FaultKind::DuplicateId,
                place: Place::of(&rule.file, &rule.source.file_text, at..at),
                message: format!("a rule named `{}` is there already", rule.id),
                hint: Some(format!(
                    "the other is at {}:{}; grants and records name rules, so each needs its own `@id`",
                    earlier.file, earlier.line
                )),
            });
        }
    }
    faults
}

fn revision(rules: &[Rule]) -> String {
    let mut lines: Vec<String> = rules
        .iter()
        .map(|rule| format!("{:?} {}", rule.id.as_str(), rule.source.reads.canonical))
        .collect();
    lines.sort();
    let digest = digest::digest(&digest::SHA256, lines.join("\n").as_bytes());
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
