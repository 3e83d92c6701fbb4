//! What can be wrong with a file of records, each in one sentence.

use crate::checkpoint::CheckpointError;
use crate::record::RecordId;
use crate::sealed::BadLine;

/// The first fault of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A line that does not prove itself. Without a number where several chains alternate and the line hides its own.
    #[error("{} {why}", at(*seq, *line))]
    Line {
        seq: Option<u64>,
        line: u64,
        why: BadLine,
    },
    #[error("seq {seq} missing, found {found}")]
    Missing { seq: u64, found: u64 },
    #[error("seq {seq} appears again")]
    Repeated { seq: u64 },
    #[error("seq {seq} does not follow: its prev is not the hash of the record before")]
    Unlinked { seq: u64 },
    #[error("seq {seq} completes {of}, which was not received or is complete already")]
    Unreceived { seq: u64, of: RecordId },
    #[error("seq {seq} is one received call too many that is not complete")]
    TooManyOpen { seq: u64 },
    #[error("line {line} begins one chain too many")]
    TooManyChains { line: u64 },
    /// The file is sound in itself, but is not what was signed. Earlier records than `from` are as they were.
    #[error("seq {from} to {to} rewritten: the root is not the one the checkpoint at {to} signed")]
    Rewritten { from: u64, to: u64 },
    /// The end is gone, or the file is an older copy.
    #[error("checkpoint claims {claims}, found {found}")]
    Cut {
        origin: String,
        claims: u64,
        found: u64,
    },
    #[error(transparent)]
    BadCheckpoint(CheckpointError),
}

impl Fault {
    /// The first sequence number that is not as it was written, where the fault is about records.
    pub fn seq(&self) -> Option<u64> {
        match self {
            Fault::Line { seq, .. } => *seq,
            Fault::Missing { seq, .. }
            | Fault::Repeated { seq }
            | Fault::Unlinked { seq }
            | Fault::Unreceived { seq, .. }
            | Fault::TooManyOpen { seq } => Some(*seq),
            Fault::Rewritten { from, .. } => Some(*from),
            Fault::Cut { found, .. } => Some(found + 1),
            Fault::TooManyChains { .. } | Fault::BadCheckpoint(_) => None,
        }
    }
}

fn at(seq: Option<u64>, line: u64) -> String {
    match seq {
        Some(seq) => format!("seq {seq}"),
        None => format!("line {line}"),
    }
}
