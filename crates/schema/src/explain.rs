//! A failure in a sentence that a model can act on: what was expected and what stood there instead.
//!
//! Names come from the schema or the arguments and are cut; offending values are described by their type and not repeated.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use crate::check::Mismatch;

/// Most characters of one name or value that a sentence repeats.
const QUOTE_CHARS_MAX: usize = 60;
/// Most alternatives a sentence lists.
const LIST_MAX: usize = 12;

/// Words the first failure.
pub(crate) fn explain(error: &ValidationError<'_>, arguments: &Value) -> Mismatch {
    use ValidationErrorKind as Kind;
    if let Kind::AnyOf { context } | Kind::OneOfNotValid { context } = error.kind() {
        return explain_alternatives(error, context, arguments);
    }
    Mismatch {
        pointer: error.instance_path().to_string(),
        reason: reason(error, arguments),
    }
}

fn reason(error: &ValidationError<'_>, arguments: &Value) -> String {
    use ValidationErrorKind as Kind;
    let found = type_of(error.instance());
    match error.kind() {
        Kind::Type { kind } => format!("expected {}, got {found}", types(kind)),
        Kind::Required { property } => format!("missing required property {}", quoted(property)),
        Kind::Enum { options } => format!(
            "expected {}, got {}",
            one_of(options),
            other(error.instance())
        ),
        Kind::Constant { expected_value } => format!(
            "expected {}, got {}",
            quoted(expected_value),
            other(error.instance())
        ),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            format!(
                "{} not allowed here",
                named("property", "properties", unexpected)
            )
        }
        Kind::AdditionalItems { limit } => format!("expected at most {limit} items"),
        Kind::UnevaluatedItems { .. } => "has more items than allowed".into(),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be greater than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("must be at least {limit} characters long"),
        Kind::MaxLength { limit } => format!("must be at most {limit} characters long"),
        Kind::MinItems { limit } => format!("must have at least {limit} items"),
        Kind::MaxItems { limit } => format!("must have at most {limit} items"),
        Kind::MinProperties { limit } => format!("must have at least {limit} properties"),
        Kind::MaxProperties { limit } => format!("must have at most {limit} properties"),
        Kind::UniqueItems => "items must be unique".into(),
        Kind::Contains => {
            "no item, or not the right number of them, matches what the list must contain".into()
        }
        Kind::Pattern { pattern } => format!("must match the pattern `{}`", cut(pattern)),
        Kind::Format { format } => format!("must be in the format `{}`", cut(format)),
        Kind::ContentEncoding { content_encoding } => {
            format!("must be encoded as `{}`", cut(content_encoding))
        }
        Kind::ContentMediaType { content_media_type } => {
            format!("must be of media type `{}`", cut(content_media_type))
        }
        Kind::PropertyNames { error } => {
            format!("a property name {}", self::reason(error, arguments))
        }
        Kind::FalseSchema => {
            refused_property(error, arguments).unwrap_or_else(|| "no value is allowed here".into())
        }
        Kind::Not { .. } => "is of a form that is not allowed".into(),
        Kind::OneOfMultipleValid { .. } => {
            "matches more than one of the allowed forms, and must match exactly one".into()
        }
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            "matches none of the allowed forms".into()
        }
        // Only a `multipleOf` that cannot be judged is one.
        Kind::Custom { message, .. } => message.clone(),
        Kind::BacktrackLimitExceeded { .. }
        | Kind::RegexEngineFailure { .. }
        | Kind::FromUtf8 { .. }
        | Kind::Referencing(_) => "does not match the schema".into(),
    }
}

/// For an object that may have no property at all, the engine gives the first one's value and the object's place.
fn refused_property(error: &ValidationError<'_>, arguments: &Value) -> Option<String> {
    if !error
        .schema_path()
        .as_str()
        .ends_with("/additionalProperties")
    {
        return None;
    }
    let object = arguments
        .pointer(error.instance_path().as_str())?
        .as_object()?;
    let name = object.keys().next()?;
    Some(format!(
        "{} not allowed here",
        named("property", "properties", std::slice::from_ref(name))
    ))
}

/// Words the failure of every alternative: the one that got furthest into the value is most likely the one that was meant.
fn explain_alternatives(
    error: &ValidationError<'_>,
    alternatives: &[Vec<ValidationError<'static>>],
    arguments: &Value,
) -> Mismatch {
    let failures: Vec<&ValidationError<'_>> = alternatives
        .iter()
        .filter_map(|errors| errors.first())
        .collect();
    let here = error.instance_path().as_str();
    let depth =
        |failure: &ValidationError<'_>| failure.instance_path().as_str().matches('/').count();
    // The first of the deepest: `max_by_key` would give the last.
    let nearest = failures.iter().rev().max_by_key(|failure| depth(failure));
    if let Some(nearest) = nearest
        && nearest.instance_path().as_str() != here
    {
        return explain(nearest, arguments);
    }
    let mut forms: Vec<String> = failures
        .iter()
        .map(|failure| reason(failure, arguments))
        .collect();
    forms.dedup();
    if let Some(types) = expected_types(&failures) {
        return Mismatch {
            pointer: here.to_owned(),
            reason: format!("expected {types}, got {}", type_of(error.instance())),
        };
    }
    Mismatch {
        pointer: here.to_owned(),
        reason: format!(
            "matches none of the allowed forms: {}",
            listed(&forms, "; or ")
        ),
    }
}

/// The types that would do, when every alternative failed by the type alone.
fn expected_types(failures: &[&ValidationError<'_>]) -> Option<String> {
    let mut names = Vec::new();
    for failure in failures {
        let ValidationErrorKind::Type { kind } = failure.kind() else {
            return None;
        };
        names.push(types(kind));
    }
    (!names.is_empty()).then(|| listed(&names, " or "))
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(several) => listed(
            &several
                .iter()
                .map(|one| one.to_string())
                .collect::<Vec<_>>(),
            " or ",
        ),
    }
}

fn one_of(options: &Value) -> String {
    let options: Vec<String> = options
        .as_array()
        .into_iter()
        .flatten()
        .map(quoted)
        .collect();
    match options.as_slice() {
        [only] => only.clone(),
        several => format!("one of {}", listed(several, ", ")),
    }
}

fn named(one: &str, several: &str, names: &[String]) -> String {
    let quoted: Vec<String> = names
        .iter()
        .map(|name| format!("`{}`", cut(name)))
        .collect();
    match names.len() {
        1 => format!("{one} {} is", quoted[0]),
        _ => format!("{several} {} are", listed(&quoted, ", ")),
    }
}

fn listed(entries: &[String], between: &str) -> String {
    let shown = entries[..entries.len().min(LIST_MAX)].join(between);
    match entries.len().saturating_sub(LIST_MAX) {
        0 => shown,
        more => format!("{shown} … and {more} more"),
    }
}

/// A value of a schema, strings without their quotes.
fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", cut(text)),
        other => format!("`{}`", cut(&other.to_string())),
    }
}

fn cut(text: &str) -> String {
    let visible = text
        .chars()
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c });
    let mut cut: String = visible.take(QUOTE_CHARS_MAX).collect();
    if text.chars().nth(QUOTE_CHARS_MAX).is_some() {
        cut.push('…');
    }
    cut
}

/// What stood where another value was expected.
fn other(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "another string",
        Value::Number(_) => "another number",
        Value::Bool(_) => "another boolean",
        Value::Null | Value::Array(_) | Value::Object(_) => type_of(value),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
