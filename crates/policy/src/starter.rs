//! The policies a gateway starts with, and their cases.

use crate::parse::PolicyFile;

pub const STARTER_POLICIES: PolicyFile<'static> = PolicyFile {
    name: "starter.cedar",
    text: include_str!("../starter/starter.cedar"),
};

/// A [`crate::CaseFile`], written in the part of YAML that is JSON.
pub const STARTER_CASES: &str = include_str!("../starter/starter.test.yaml");
