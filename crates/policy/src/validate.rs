//! Policies against the tools they are about: does what they name exist, and has it the type they take it for?

use cedar_policy::{PolicySet, ValidationError, ValidationMode, Validator};
use miette::Diagnostic;

use crate::fault::{Fault, FaultKind, Place, listed, span_of};
use crate::parse::Policies;
use crate::rule::Rule;
use crate::schema::{SchemaFault, compiled};
use crate::scope;
use crate::shape::{Field, Shape};
use crate::tool::Tool;

/// Returns every place where a policy does not fit the tools.
///
/// # Errors
/// If the tools themselves cannot be described to Cedar.
pub fn validate(policies: &Policies, tools: &[Tool]) -> Result<Vec<Fault>, SchemaFault> {
    let validator = Validator::new(compiled(tools)?);
    let mut faults = Vec::new();
    for rule in policies.rules() {
        let set = PolicySet::from_policies([rule.source.policy.clone()])
            .expect("one policy without slots is a set");
        let result = validator.validate(&set, ValidationMode::Strict);
        let mut found: Vec<Fault> = result
            .validation_errors()
            .map(|error| fault(rule, error, tools))
            .collect();
        // One slip is found for each kind of principal and each tool in scope.
        found.sort_by(|a, b| {
            (a.place.span.start, &a.message).cmp(&(b.place.span.start, &b.message))
        });
        found.dedup_by_key(|fault| fault.place.span.clone());
        faults.extend(found);
    }
    Ok(faults)
}

fn fault(rule: &Rule, error: &ValidationError, tools: &[Tool]) -> Fault {
    let text = &rule.source.file_text;
    let start = rule.source.offset;
    let span = span_of(error, start..start);
    let hint = argument_hint(rule, tools).filter(|_| is_attribute(error));
    Fault {
        kind: FaultKind::Type,
        place: Place::of(&rule.file, text, span),
        message: message(rule, error),
        hint: hint.or_else(|| error.help().map(|help| help.to_string())),
    }
}

/// The place is said already.
fn message(rule: &Rule, error: &ValidationError) -> String {
    let text = error.to_string();
    let head = format!("for policy `{}`, ", rule.id);
    text.strip_prefix(&head).unwrap_or(&text).to_owned()
}

fn is_attribute(error: &ValidationError) -> bool {
    matches!(
        error,
        ValidationError::UnsafeAttributeAccess(_)
            | ValidationError::UnsafeOptionalAttributeAccess(_)
    )
}

/// The arguments of the first tool in scope that lacks one the rule reads, or need not be given it.
fn argument_hint(rule: &Rule, tools: &[Tool]) -> Option<String> {
    let read = rule.source.reads.context.members.get("input")?;
    for tool in scope::tools_of(rule, tools) {
        let fields = Shape::of_arguments(&tool.input_schema);
        for name in read.members.keys() {
            if let Some(hint) = about(name, fields.get(name), tool) {
                let known = fields
                    .iter()
                    .filter(|(_, field)| field.shape != Shape::Opaque);
                let known = listed(known.map(|(name, _)| name.as_str()));
                return Some(format!("{hint}; `{}` takes {known}", tool.tool));
            }
        }
    }
    None
}

fn about(name: &str, field: Option<&Field>, tool: &Tool) -> Option<String> {
    let tool = &tool.tool;
    match field {
        None => Some(format!("`{tool}` has no argument `{name}`")),
        Some(Field {
            shape: Shape::Opaque,
            ..
        }) => Some(format!(
            "`{name}` of `{tool}` has no single type that policies can read"
        )),
        Some(Field {
            required: false, ..
        }) => Some(format!(
            "`{name}` of `{tool}` may be missing: ask `context.input has {name} && …` first"
        )),
        Some(_) => None,
    }
}
