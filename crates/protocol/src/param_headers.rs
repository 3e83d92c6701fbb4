//! `x-mcp-header` annotations in a tool's input schema (MCP 2026-07-28 basic/transports/streamable-http, custom headers).

use std::collections::HashSet;

use crate::edit::{self, Object};

const ANNOTATION: &str = "x-mcp-header";
const HEADERS_MAX: usize = 64;

/// One declared header: `Mcp-Param-{name}` mirrors the argument at `path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamHeader {
    pub name: String,
    pub path: Vec<String>,
    pub integer: bool,
}

/// Why a tool's annotations are invalid; a client on HTTP must drop such a tool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamHeaderFault {
    #[error("x-mcp-header at `{pointer}` is not a header token")]
    BadName { pointer: String },
    #[error("x-mcp-header `{name}` is declared twice")]
    Duplicate { name: String },
    #[error("x-mcp-header at `{pointer}` is on a type that cannot be a header")]
    BadType { pointer: String },
    #[error("x-mcp-header at `{pointer}` is not reachable through properties alone")]
    BadPlace { pointer: String },
    #[error("more than {max} x-mcp-header annotations")]
    TooMany { max: usize },
}

/// Collects the annotations of an input schema (at most 64), judging name (RFC 9110 token), uniqueness (case-insensitive),
/// type (string, integer or boolean) and place (a chain of `properties` only; anywhere else in the schema is a fault).
///
/// # Errors
/// The first fault met.
pub fn declared(input_schema: &str) -> Result<Vec<ParamHeader>, ParamHeaderFault> {
    if !may_declare(input_schema) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let mut names = HashSet::new();
    let mut todo = vec![Node {
        text: input_schema,
        pointer: String::new(),
        role: Role::Schema,
        path: Some(Vec::new()),
    }];
    while let Some(node) = todo.pop() {
        if let Some(header) = node.annotation()? {
            if !names.insert(header.name.to_ascii_lowercase()) {
                return Err(ParamHeaderFault::Duplicate { name: header.name });
            }
            if found.len() == HEADERS_MAX {
                return Err(ParamHeaderFault::TooMany { max: HEADERS_MAX });
            }
            found.push(header);
        }
        let from = todo.len();
        node.push_children(&mut todo);
        todo[from..].reverse();
    }
    Ok(found)
}

/// Says no where neither the keyword nor an escape that might spell it is in the text: the common case.
fn may_declare(schema: &str) -> bool {
    memchr::memmem::find(schema.as_bytes(), ANNOTATION.as_bytes()).is_some()
        || schema.contains("\\u")
}

/// A part of the schema still to be looked at.
struct Node<'a> {
    text: &'a str,
    /// JSON Pointer (RFC 6901) from the schema's root.
    pointer: String,
    role: Role,
    /// The argument's path, while only `properties` have been passed.
    path: Option<Vec<String>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A schema, or the value of a keyword that may hold one.
    Schema,
    /// An object whose keys are names chosen by the author and whose values are schemas.
    Named,
}

impl<'a> Node<'a> {
    fn annotation(&self) -> Result<Option<ParamHeader>, ParamHeaderFault> {
        if self.role == Role::Named {
            return Ok(None);
        }
        let Some(name) = edit::get(self.text, &[ANNOTATION]) else {
            return Ok(None);
        };
        let pointer = || self.pointer.clone();
        let path = self
            .path
            .clone()
            .filter(|path| !path.is_empty())
            .ok_or_else(|| ParamHeaderFault::BadPlace { pointer: pointer() })?;
        let name = edit::string(name)
            .filter(|name| is_token(name))
            .ok_or_else(|| ParamHeaderFault::BadName { pointer: pointer() })?;
        let kind = edit::get(self.text, &["type"]).and_then(edit::string);
        let integer = match kind.as_deref() {
            Some("integer") => true,
            Some("string" | "boolean") => false,
            _ => return Err(ParamHeaderFault::BadType { pointer: pointer() }),
        };
        Ok(Some(ParamHeader {
            name: name.into_owned(),
            path,
            integer,
        }))
    }

    fn push_children(&self, todo: &mut Vec<Node<'a>>) {
        if let Some(elements) = edit::elements(self.text) {
            for (i, text) in elements
                .into_iter()
                .enumerate()
                .filter(|(_, text)| is_container(text))
            {
                todo.push(Node {
                    text,
                    pointer: format!("{}/{i}", self.pointer),
                    role: Role::Schema,
                    path: None,
                });
            }
            return;
        }
        let Some(object) = Object::parse(self.text) else {
            return;
        };
        for (key, text) in object.iter().filter(|(_, text)| is_container(text)) {
            let pointer = format!(
                "{}/{}",
                self.pointer,
                key.replace('~', "~0").replace('/', "~1")
            );
            let (role, path) = match (self.role, key) {
                (Role::Schema, "default" | "const" | "enum" | "example" | "examples") => continue,
                (Role::Schema, "properties") => (Role::Named, self.path.clone()),
                (
                    Role::Schema,
                    "patternProperties" | "$defs" | "definitions" | "dependentSchemas",
                ) => (Role::Named, None),
                (Role::Schema, _) => (Role::Schema, None),
                (Role::Named, name) => (
                    Role::Schema,
                    self.path
                        .as_ref()
                        .map(|path| [path.as_slice(), &[name.to_owned()]].concat()),
                ),
            };
            todo.push(Node {
                text,
                pointer,
                role,
                path,
            });
        }
    }
}

fn is_container(text: &str) -> bool {
    text.starts_with(['{', '['])
}

/// RFC 9110 §5.6.2.
fn is_token(name: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_tchar)
}

impl ParamHeader {
    /// Returns the decoded header value these arguments call for; `None` when the argument is absent or null, or no scalar.
    pub fn value(&self, arguments: &str) -> Option<String> {
        let path: Vec<_> = self.path.iter().map(String::as_str).collect();
        let argument = edit::get(arguments, &path)?;
        match argument.as_bytes().first()? {
            b'"' => edit::string(argument).map(Into::into),
            b'n' | b'{' | b'[' => None,
            _ if self.integer => Some(integer(argument).unwrap_or_else(|| argument.to_owned())),
            _ => Some(argument.to_owned()),
        }
    }

    /// Says whether a decoded header carries the value; integers are compared as numbers (`42.0` is `42`).
    pub(crate) fn is_same(&self, sent: &str, expected: &str) -> bool {
        sent == expected
            || (self.integer && integer(sent).is_some_and(|sent| integer(expected) == Some(sent)))
    }
}

/// Returns the plain spelling of a JSON number that is an integer of moderate size, however it is spelled.
fn integer(number: &str) -> Option<String> {
    /// More digits than any exact integer an application can mean.
    const DIGITS_MAX: usize = 64;
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (sign, mantissa) = mantissa
        .strip_prefix('-')
        .map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if whole.is_empty()
        || mantissa.len() > DIGITS_MAX
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    // Where the decimal point comes to stand among the digits once the exponent is applied.
    let point = i64::try_from(whole.len())
        .ok()?
        .checked_add(exponent.parse::<i64>().ok()?)?;
    let point = usize::try_from(point)
        .ok()
        .filter(|point| *point <= DIGITS_MAX)?;
    let (kept, dropped) = digits.split_at(point.min(digits.len()));
    if dropped.bytes().any(|digit| digit != b'0') {
        return None;
    }
    let padded = format!("{kept:0<point$}");
    let plain = padded.trim_start_matches('0');
    Some(if plain.is_empty() {
        "0".to_owned()
    } else {
        format!("{sign}{plain}")
    })
}
