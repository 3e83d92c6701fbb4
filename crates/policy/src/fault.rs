//! What is wrong with a policy file, as its author reads it: the place, one sentence, and a hint.

use std::fmt;
use std::ops::Range;

use miette::Diagnostic;
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    Syntax,
    Template,
    TooDeep,
    DuplicateId,
    UnknownAnnotation,
    MalformedAnnotation,
    MisplacedAnnotation,
    /// The policy does not fit the tools it is about.
    Type,
}

/// One mistake, complete in itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub kind: FaultKind,
    #[serde(flatten)]
    pub place: Place,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Where a mistake is. Lines and columns count from one, columns in characters; the span in bytes from zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub span: Range<usize>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place {
            file, line, column, ..
        } = &self.place;
        write!(f, "{file}:{line}:{column}: {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl Place {
    pub(crate) fn of(file: &str, text: &str, span: Range<usize>) -> Place {
        let before = &text[..text.floor_char_boundary(span.start.min(text.len()))];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            span,
        }
    }
}

/// The span a Cedar diagnostic points to; the whole of `fallback` if it points nowhere.
pub(crate) fn span_of(diagnostic: &dyn Diagnostic, fallback: Range<usize>) -> Range<usize> {
    let label = diagnostic.labels().and_then(|mut labels| labels.next());
    label.map_or(fallback, |label| {
        label.offset()..label.offset() + label.len()
    })
}

/// `a`, `b` and `c`, as a hint lists what there is.
pub(crate) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
