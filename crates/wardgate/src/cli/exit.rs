//! What the exit code says.

use std::process::ExitCode;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Ok = 0,
    CheckFailed = 1,
    /// Usage or config.
    Usage = 2,
    Denied = 3,
    /// A person has to act first.
    Pending = 4,
    /// The tool or its server failed.
    Tool = 5,
    Limit = 6,
    Drift = 7,
    NotReady = 8,
}

impl Exit {
    /// Returns the exit code for an error class as it stands in `_meta["dev.wardgate/error"]`.
    pub fn of_class(class: &str) -> Exit {
        match class {
            "invalid_arguments" => Exit::Usage,
            "policy_denied" | "disabled" => Exit::Denied,
            "approval_pending" => Exit::Pending,
            "limit_exceeded" => Exit::Limit,
            "contract_drift" => Exit::Drift,
            _ => Exit::Tool,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
