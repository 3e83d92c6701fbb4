//! A schema ready for use, and the check of arguments against it.

use jsonschema::{PatternOptions, ValidationError, error::ValidationErrorKind};
use serde_json::Value;

use crate::beyond::{self, Beyond, Guess};
use crate::cost::{Cost, SUBSCHEMAS_MAX};
use crate::depth::{Size, measure, text_depth};
use crate::document::Document;
use crate::explain::explain;
use crate::fault::SchemaFault;

/// Deepest nesting of arrays and objects in a schema's own text.
const TEXT_DEPTH_MAX: usize = 100;
/// Most bytes of a compiled pattern, and of what matching it may keep. Patterns run in time linear in the text they are tried on.
const PATTERN_BYTES_MAX: usize = 1024 * 1024;
/// Most subschemas applied in one check, about a second's work.
const WORK_MAX: u64 = 20_000_000;
/// Most subschemas applied only to find words for a failure.
const EXPLAIN_WORK_MAX: u64 = 200_000;
/// Most subschemas inside one another while checking, so that the stack suffices.
const STACK_MAX: usize = 1_000;

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    validator: jsonschema::Validator,
    cost: Cost,
    beyond: Beyond,
    /// For arguments with numbers beyond a double, where the schema asks for multiples.
    guessing: Option<[jsonschema::Validator; 2]>,
    /// The schema tells integers from other numbers.
    knows_integers: bool,
}

/// The first thing wrong with a value: arguments, or a structured result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// JSON Pointer into the value.
    pub pointer: String,
    /// A sentence a model can follow; never echoes the offending value at length.
    pub reason: String,
}

impl Schema {
    /// Compiles a schema (raw JSON text). Without `$schema` it is read as 2020-12; drafts 4, 6, 7 and 2019-09 are known too.
    ///
    /// # Errors
    /// See [`SchemaFault`]. No reference is ever fetched.
    pub fn compile(text: &str) -> Result<Schema, SchemaFault> {
        if text_depth(text) > TEXT_DEPTH_MAX {
            return Err(SchemaFault::TooDeep {
                max: TEXT_DEPTH_MAX,
            });
        }
        let (text, beyond) = Beyond::read(text);
        let schema: Value = serde_json::from_str(&text).map_err(|_| SchemaFault::Invalid {
            pointer: String::new(),
        })?;
        if !schema.is_object() {
            return Err(SchemaFault::NotAnObject);
        }
        let cost = Cost::of(&Document::read(&schema, SUBSCHEMAS_MAX)?)?;
        let patterns = PatternOptions::regex()
            .size_limit(PATTERN_BYTES_MAX)
            .dfa_size_limit(PATTERN_BYTES_MAX);
        let options = jsonschema::options()
            .offline()
            .with_pattern_options(patterns);
        let validator = options.build(&schema).map_err(fault)?;
        let guessing = |guess| {
            let options = options.clone();
            options
                .with_keyword("multipleOf", move |_, value, _| {
                    beyond::multiple_of(guess, value)
                })
                .build(&schema)
                .map_err(fault)
        };
        Ok(Schema {
            guessing: match text.contains("\"multipleOf\"") {
                true => Some([guessing(Guess::Yes)?, guessing(Guess::No)?]),
                false => None,
            },
            knows_integers: text.contains("\"integer\""),
            validator,
            cost,
            beyond,
        })
    }

    /// Checks a value (raw JSON text, already scanned).
    ///
    /// # Errors
    /// The first mismatch in document order.
    pub fn check(&self, arguments: &str) -> Result<(), Mismatch> {
        match serde_json::from_str(arguments) {
            Ok(arguments) => self.judge(&self.validator, &arguments),
            Err(_) => self.check_beyond(arguments),
        }
    }

    /// Checks arguments that hold a number no double holds: whatever may be guessed must not change the verdict.
    fn check_beyond(&self, text: &str) -> Result<(), Mismatch> {
        let arguments: Value = serde_json::from_str(&self.beyond.stand_in(text))
            .map_err(|error| whole(format!("cannot be read as JSON: {error}")))?;
        if let Some(nth) = beyond::with_fraction(text).filter(|_| self.knows_integers) {
            return Err(Mismatch {
                pointer: beyond::pointer_to_nth(&arguments, nth).unwrap_or_default(),
                reason: beyond::UNJUDGED.into(),
            });
        }
        match &self.guessing {
            Some(both) => both
                .iter()
                .try_for_each(|guessing| self.judge(guessing, &arguments)),
            None => self.judge(&self.validator, &arguments),
        }
    }

    fn judge(&self, validator: &jsonschema::Validator, arguments: &Value) -> Result<(), Mismatch> {
        let size = measure(arguments);
        self.afford(size)?;
        if validator.is_valid(arguments) {
            return Ok(());
        }
        // Wording a failure walks every alternative again and remembers nothing.
        if work(size, self.cost.unrolled(size.depth)) > EXPLAIN_WORK_MAX {
            return Err(whole("does not match the schema".into()));
        }
        validator
            .validate(arguments)
            .map_err(|error| explain(&error, arguments))
    }

    fn afford(&self, size: Size) -> Result<(), Mismatch> {
        if work(size, self.cost.per_path) > WORK_MAX {
            return Err(whole(
                "holds too many values to be checked against the schema".into(),
            ));
        }
        if size.depth.saturating_mul(self.cost.chain_here) > STACK_MAX {
            return Err(whole(
                "nests too deeply to be checked against the schema".into(),
            ));
        }
        Ok(())
    }
}

fn work(size: Size, per_path: u64) -> u64 {
    per_path.saturating_mul(size.values as u64)
}

fn whole(reason: String) -> Mismatch {
    Mismatch {
        pointer: String::new(),
        reason,
    }
}

/// The engine's complaint about a schema, as a fault.
fn fault(error: ValidationError<'_>) -> SchemaFault {
    if let ValidationErrorKind::Referencing(cause) = error.kind() {
        return SchemaFault::Reference {
            reference: cause.to_string().chars().take(200).collect(),
        };
    }
    // A schema that breaks its dialect's own schema is the instance there; a pattern that does not compile has a place in the schema.
    let place = match error.instance_path().as_str() {
        "" => error.schema_path().as_str(),
        place => place,
    };
    SchemaFault::Invalid {
        pointer: place.to_owned(),
    }
}
