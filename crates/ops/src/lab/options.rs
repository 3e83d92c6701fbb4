//! What a lab can be told at start. Faults have their own file.

use std::{path::PathBuf, str::FromStr};

use super::faults::Faults;

/// How a lab behaves.
#[derive(Debug, Clone)]
pub struct LabOptions {
    /// Adds the tools, prompts and resources that the official conformance suite calls by name.
    pub conformance: bool,
    pub era: LabEra,
    /// The version the lab reports of itself.
    pub version: String,
    /// Where side effects are appended as JSON lines.
    pub effects: Option<PathBuf>,
    pub faults: Faults,
    /// The change that the tool `rug` makes to its own contract.
    pub mutate: Option<Mutation>,
    /// Serves legacy HTTP without session ids.
    pub stateless: bool,
}

impl Default for LabOptions {
    fn default() -> Self {
        Self {
            conformance: false,
            era: LabEra::Both,
            version: "1.0.0".into(),
            effects: None,
            faults: Faults::default(),
            mutate: None,
            stateless: false,
        }
    }
}

/// Which eras of the protocol a lab answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LabEra {
    #[default]
    Both,
    /// 2025-11-25 and older: `initialize`, sessions.
    Legacy,
    /// 2026-07-28: stateless requests.
    Modern,
}

impl LabEra {
    pub fn speaks_legacy(self) -> bool {
        self != Self::Modern
    }
}

impl FromStr for LabEra {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        match text {
            "both" => Ok(Self::Both),
            "legacy" => Ok(Self::Legacy),
            "modern" => Ok(Self::Modern),
            other => Err(OptionError::UnknownEra(other.into())),
        }
    }
}

/// The rug pull: what `rug` changes about itself, and after how many `tools/list` answers.
/// Written `description`, `schema` or `rug` (both), with `@N` for a later moment than the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mutation {
    pub description: bool,
    pub schema: bool,
    pub after_lists: u64,
}

impl FromStr for Mutation {
    type Err = OptionError;

    fn from_str(text: &str) -> Result<Self, OptionError> {
        let (what, after) = text.split_once('@').unwrap_or((text, "1"));
        let after_lists = after
            .parse()
            .map_err(|_| OptionError::BadListCount(after.into()))?;
        let (description, schema) = match what {
            "rug" => (true, true),
            "description" => (true, false),
            "schema" => (false, true),
            other => return Err(OptionError::UnknownMutation(other.into())),
        };
        Ok(Self {
            description,
            schema,
            after_lists,
        })
    }
}

/// Why an option could not be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    #[error("unknown era `{0}`: expected `both`, `legacy` or `modern`")]
    UnknownEra(String),
    #[error("unknown mutation `{0}`: expected `rug`, `description` or `schema`")]
    UnknownMutation(String),
    #[error("`{0}` is not a number of lists: write for example `schema@3`")]
    BadListCount(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutation_names_what_changes_and_when() {
        let both = Mutation {
            description: true,
            schema: true,
            after_lists: 1,
        };
        assert_eq!("rug".parse(), Ok(both));
        assert_eq!(
            "schema@3".parse(),
            Ok(Mutation {
                description: false,
                schema: true,
                after_lists: 3
            })
        );
        assert!("schema@x".parse::<Mutation>().is_err());
        assert!("carpet".parse::<Mutation>().is_err());
    }
}
