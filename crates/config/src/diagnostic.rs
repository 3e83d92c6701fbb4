//! What an operator reads when a config is wrong: a code, a sentence, a place and a hint.
//!
//! Codes are never reused; each has an entry in `docs/errors.md`. Values that are or may be secret never
//! appear: not in a sentence, and not in the line of the file that is shown (see [`Report::conceal`]).

use std::ops::Range;

use serde::Serialize;

use crate::tree::Node;

/// The number of a kind of mistake, shown as `WG1042`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(pub u16);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WG{}", self.0)
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal),* $(,)?) => {
        $($(#[$doc])* pub const $name: Code = Code($number);)*
        /// Every code there is.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

/// The codes by name.
pub mod code {
    use super::Code;

    codes! {
        UNREADABLE_FILE = 1001,
        SYNTAX = 1002,
        DUPLICATE_KEY = 1003,
        UNKNOWN_KEY = 1004,
        WRONG_KIND = 1005,
        UNKNOWN_CHOICE = 1006,
        MISSING_KEY = 1007,
        MALFORMED_VALUE = 1008,
        NO_VALUE = 1009,
        OUT_OF_RANGE = 1010,
        EMPTY_FILE = 1011,
        SECRET_LITERAL = 1020,
        SECRET_KIND = 1021,
        SECRET_SHAPE = 1022,
        SECRET_LOOKALIKE = 1023,
        OFF_LOOPBACK_PLAIN = 1030,
        OFF_LOOPBACK_OPEN = 1031,
        ANONYMOUS_OFF_LOOPBACK = 1032,
        DUPLICATE_KEY_ID = 1033,
        NOBODY_MAY_CALL = 1034,
        MALFORMED_HOST = 1035,
        MISSING_FILE = 1036,
        NO_ENDPOINT = 1040,
        SEVERAL_ENDPOINTS = 1041,
        UNKNOWN_SERVER = 1042,
        DUPLICATE_ALIAS = 1043,
        MALFORMED_NAME = 1044,
        BAD_URL = 1045,
        OUT_OF_PLACE = 1046,
        BAD_HEADER = 1047,
        DEFAULT_VERSION = 1048,
        VERSION_NOT_SERVED = 1049,
        NO_SERVERS = 1050,
        CREDENTIAL_IN_THE_CLEAR = 1051,
        BAD_VARIABLE = 1052,
        EMPTY_COMMAND = 1053,
        BAD_POINTER = 1054,
        BAD_PATTERN = 1060,
        PATTERN_WITHOUT_SERVER = 1061,
        UNKNOWN_TOOLSET = 1062,
        NO_DEFAULT_TOOLSET = 1063,
        UNKNOWN_INCLUDE = 1064,
        NOTHING_INCLUDED = 1065,
        BAD_POLICY = 1066,
        POLICY_MISFIT = 1067,
        NOT_AN_MCP_JSON = 1070,
        ENTRY_NOT_IMPORTED = 1071,
        SECRET_TAKEN_OUT = 1072,
        BAD_ISSUER = 1090,
        AMBIGUOUS_ISSUER = 1091,
        BAD_WORKLOAD = 1092,
        ALIAS_CLASH = 1093,
        BAD_EGRESS = 1094,
        BAD_PUBLIC_URL = 1095,
        NO_PUBLIC_URL = 1096,
        BAD_SCOPE = 1097,
        CERTIFICATES_WITHOUT_CA = 1098,
        EMPTY_LIMIT = 1100,
        LIMIT_WITHOUT_WINDOW = 1101,
        BAD_WEBHOOK = 1130,
        IMPOSSIBLE_APPROVAL = 1131,
        ADMIN_ON_THE_DATA_LISTENER = 1140,
        BAD_HOLDER = 1141,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Note,
    Warning,
    Error,
}

/// One finding, complete in itself.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    pub message: String,
    #[serde(flatten)]
    pub place: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Where a finding is. Lines and columns count from one, columns in characters.
#[derive(Clone, Debug, Serialize)]
pub struct Place {
    pub file: String,
    pub line: usize,
    pub column: usize,
    /// Bytes from the start of the file.
    pub span: Range<usize>,
    /// The line of the file, with concealed values blotted out.
    #[serde(skip)]
    pub text: String,
    /// Characters of `text` to underline, from `column` on.
    #[serde(skip)]
    pub width: usize,
}

/// A document that findings can point into.
#[derive(Clone, Debug)]
pub struct Source {
    pub name: String,
    pub text: String,
    pub tree: Node,
}

/// Bytes of one source; the source is its position in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    pub source: usize,
    pub bytes: Range<usize>,
}

/// A finding before it is given its text.
#[derive(Clone, Debug)]
struct Finding {
    diagnostic: Diagnostic,
    at: Option<At>,
}

/// Collects findings over several sources and gives them out in the order of their places.
#[derive(Debug, Default)]
pub struct Report {
    sources: Vec<Source>,
    findings: Vec<Finding>,
    concealed: Vec<At>,
}

impl Report {
    /// Adds a document and returns its number.
    pub fn add_source(&mut self, source: Source) -> usize {
        self.sources.push(source);
        self.sources.len() - 1
    }
    pub fn source(&self, number: usize) -> &Source {
        &self.sources[number]
    }
    pub fn error(
        &mut self,
        code: Code,
        at: Option<At>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.add(Severity::Error, code, at, message.into(), hint.into());
    }
    pub fn warning(
        &mut self,
        code: Code,
        at: Option<At>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.add(Severity::Warning, code, at, message.into(), hint.into());
    }
    pub fn note(
        &mut self,
        code: Code,
        at: Option<At>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.add(Severity::Note, code, at, message.into(), hint.into());
    }
    /// An empty hint is none.
    fn add(
        &mut self,
        severity: Severity,
        code: Code,
        at: Option<At>,
        message: String,
        hint: String,
    ) {
        let hint = (!hint.is_empty()).then_some(hint);
        self.findings.push(Finding {
            diagnostic: Diagnostic {
                code,
                severity,
                message,
                place: None,
                hint,
            },
            at,
        });
    }
    /// Keeps these bytes out of every line that is shown.
    pub fn conceal(&mut self, at: At) {
        self.concealed.push(at);
    }
    pub fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.diagnostic.severity == Severity::Error)
    }
    /// Gives out the findings, those with a place first, in reading order.
    pub fn diagnostics(mut self) -> Vec<Diagnostic> {
        let mut findings = std::mem::take(&mut self.findings);
        findings.sort_by_key(|finding| {
            finding
                .at
                .as_ref()
                .map_or((usize::MAX, 0), |at| (at.source, at.bytes.start))
        });
        findings
            .into_iter()
            .map(|finding| Diagnostic {
                place: finding.at.map(|at| self.place(&at)),
                ..finding.diagnostic
            })
            .collect()
    }

    fn place(&self, at: &At) -> Place {
        let source = &self.sources[at.source];
        let text = source.text.as_str();
        let start = floor(text, at.bytes.start);
        let end = floor(text, at.bytes.end.max(start));
        let line_start = text[..start].rfind('\n').map_or(0, |feed| feed + 1);
        let line_end = text[start..]
            .find('\n')
            .map_or(text.len(), |feed| start + feed);
        let marked = &text[start..end.min(line_end)];
        Place {
            file: source.name.clone(),
            line: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            span: start..end,
            text: self.blotted(at.source, line_start..line_end),
            width: marked.trim_end().chars().count().max(1),
        }
    }

    /// Returns a line with each concealed character replaced by one dot, so that columns stay.
    fn blotted(&self, source: usize, line: Range<usize>) -> String {
        let of_line = |at: &&At| {
            at.source == source && at.bytes.start < line.end && line.start < at.bytes.end
        };
        let mut ranges: Vec<&Range<usize>> = self
            .concealed
            .iter()
            .filter(of_line)
            .map(|at| &at.bytes)
            .collect();
        ranges.sort_by_key(|range| (range.start, range.end));
        ranges.dedup();
        let hidden = |byte: usize| ranges.iter().any(|range| range.contains(&byte));
        let text = &self.sources[source].text[line.clone()];
        let blot = |(offset, c): (usize, char)| if hidden(line.start + offset) { '·' } else { c };
        text.trim_end_matches('\r')
            .char_indices()
            .map(blot)
            .collect()
    }
}

/// Returns the largest character border of `text` that is not beyond `at`.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}
