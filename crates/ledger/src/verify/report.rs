//! What a verification found, and the sentence an operator reads.

use std::fmt;

use wardgate_model::TenantId;

use super::Fault;
use crate::digest::Digest;
use crate::record::RecordId;
use crate::text::printable;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// By tenant; what was read before the fault, if there is one.
    pub chains: Vec<ChainReport>,
    pub fault: Option<Fault>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainReport {
    pub tenant: TenantId,
    pub records: u64,
    pub head: Digest,
    /// How many of the records a checkpoint covers. Those after it could have been written again with new hashes.
    pub signed: u64,
    /// Received and never completed: nobody can say whether they happened.
    pub unknown: Vec<RecordId>,
}

impl Report {
    pub fn is_ok(&self) -> bool {
        self.fault.is_none()
    }

    pub fn records(&self) -> u64 {
        self.chains.iter().map(|chain| chain.records).sum()
    }
}

/// One line: `ok 204 records, head sha256:…`, or the fault.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(fault) = &self.fault {
            return f.write_str(&printable(&fault.to_string()));
        }
        write!(f, "ok {} records", self.records())?;
        if let [only] = &self.chains[..] {
            return write!(f, ", head {}", only.head);
        }
        for chain in &self.chains {
            let tenant = printable(chain.tenant.as_str());
            write!(f, ", head of {tenant} {}", chain.head)?;
        }
        Ok(())
    }
}
