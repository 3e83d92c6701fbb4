//! Judges a file of records with nothing but public keys and checkpoints, in one pass and bounded memory.
//!
//! Stops at the first fault and names it. Lines of several tenants may alternate; each chain is judged by itself. What the
//! records mean is not judged; that a call was received and never completed is reported, since it is an outcome.

mod fault;
mod report;

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, Read};

use wardgate_model::TenantId;

use crate::chain::{Break, Chain};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::key::PublicKey;
use crate::record::{RecordId, Stage};
use crate::sealed::{BadLine, LINE_BYTES_MAX, Place};

pub use fault::Fault;
pub use report::{ChainReport, Report};

/// More calls that are received and not completed than this are a fault: memory stays bounded.
pub const OPEN_MAX: usize = 100_000;
/// More chains in one file than this are a fault.
pub const CHAINS_MAX: usize = 10_000;

/// Reads a whole file and judges it. `checkpoints` are notes, from beside the file and from elsewhere alike.
///
/// # Errors
/// Only what the reader itself fails with; faults of the file are in the report.
pub fn verify<'n>(
    reader: impl BufRead,
    keys: &[PublicKey],
    checkpoints: impl IntoIterator<Item = &'n str>,
) -> io::Result<Report> {
    let mut verifier = Verifier::new(keys, checkpoints);
    verifier.read(reader)?;
    Ok(verifier.finish())
}

/// A judgement under way: feed it the segments of a ledger in their order.
#[derive(Debug)]
pub struct Verifier {
    chains: BTreeMap<TenantId, Judged>,
    /// Per origin, by size, the ones the file has not reached.
    checkpoints: BTreeMap<String, Vec<Checkpoint>>,
    keys: Vec<PublicKey>,
    line: u64,
    fault: Option<Fault>,
}

#[derive(Debug)]
struct Judged {
    chain: Chain,
    /// Largest first; the last is the next to be reached.
    ahead: Vec<Checkpoint>,
    /// The size of the largest checkpoint that held.
    signed: u64,
    /// Received and not yet completed, in file order by the sequence number.
    open: HashMap<RecordId, u64>,
}

impl Verifier {
    pub fn new<'n>(keys: &[PublicKey], notes: impl IntoIterator<Item = &'n str>) -> Verifier {
        let mut verifier = Verifier {
            chains: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
            keys: keys.to_vec(),
            line: 0,
            fault: None,
        };
        for note in notes {
            match Checkpoint::open(note, keys) {
                Ok(checkpoint) => {
                    let origin = checkpoint.origin.clone();
                    verifier
                        .checkpoints
                        .entry(origin)
                        .or_default()
                        .push(checkpoint);
                }
                Err(error) => verifier.note(error),
            }
        }
        for ahead in verifier.checkpoints.values_mut() {
            ahead.sort_by_key(|checkpoint| std::cmp::Reverse(checkpoint.size));
        }
        verifier
    }

    fn note(&mut self, error: CheckpointError) {
        self.fault.get_or_insert(Fault::BadCheckpoint(error));
    }

    /// Goes over one segment. After a fault it reads no further.
    ///
    /// # Errors
    /// What the reader fails with.
    pub fn read(&mut self, mut reader: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        while self.fault.is_none() {
            line.clear();
            let read = reader
                .by_ref()
                .take(LINE_BYTES_MAX as u64 + 1)
                .read_until(b'\n', &mut line)?;
            if read == 0 {
                break;
            }
            self.line += 1;
            self.fault = self.judge(&line).err();
        }
        Ok(())
    }

    fn judge(&mut self, line: &[u8]) -> Result<(), Fault> {
        let Some((b'\n', text)) = line.split_last() else {
            return Err(self.unreadable(line, BadLine::Unsealed));
        };
        let text =
            str::from_utf8(text).map_err(|_| self.unreadable(text, BadLine::HashMismatch))?;
        let place = Place::read(text).map_err(|why| self.unreadable(text.as_bytes(), why))?;
        self.chain(&place)?.follow(&place)
    }

    fn chain(&mut self, place: &Place) -> Result<&mut Judged, Fault> {
        if !self.chains.contains_key(&place.tenant) {
            if self.chains.len() == CHAINS_MAX {
                return Err(Fault::TooManyChains { line: self.line });
            }
            let judged = Judged {
                chain: Chain::new(place.tenant.clone()),
                ahead: self.take_checkpoints(&place.tenant),
                signed: 0,
                open: HashMap::new(),
            };
            self.chains.insert(place.tenant.clone(), judged);
        }
        Ok(self
            .chains
            .get_mut(&place.tenant)
            .expect("it was there or has just been put there"))
    }

    fn take_checkpoints(&mut self, tenant: &TenantId) -> Vec<Checkpoint> {
        let mut ahead = Vec::new();
        for key in &self.keys {
            ahead.extend(
                self.checkpoints
                    .remove(&key.origin(tenant))
                    .unwrap_or_default(),
            );
        }
        ahead.sort_by_key(|checkpoint| std::cmp::Reverse(checkpoint.size));
        ahead
    }

    /// The fault of a line that proves nothing, at the place where it stands.
    fn unreadable(&self, line: &[u8], why: BadLine) -> Fault {
        let claimed = str::from_utf8(line).ok().and_then(Place::claimed_tenant);
        let expected = match claimed.and_then(|tenant| self.chains.get(&tenant)) {
            Some(judged) => Some(judged.chain.next()),
            None if self.chains.len() > 1 => None,
            None => Some(
                self.chains
                    .values()
                    .next()
                    .map_or(1, |only| only.chain.next()),
            ),
        };
        Fault::Line {
            seq: expected,
            line: self.line,
            why,
        }
    }

    /// Ends the judgement: what checkpoints claim beyond the file is missing from it.
    pub fn finish(mut self) -> Report {
        let cut = self.cut();
        let fault = self.fault.take().or(cut);
        let chains = self.chains.into_values().map(Judged::report).collect();
        Report { chains, fault }
    }

    fn cut(&self) -> Option<Fault> {
        let known = self.chains.values();
        let known = known.filter_map(|judged| Some((judged.ahead.first()?, judged.chain.size())));
        let unseen = self.checkpoints.values();
        let unseen = unseen.filter_map(|ahead| Some((ahead.first()?, 0)));
        known
            .chain(unseen)
            .find(|(claimed, found)| claimed.size > *found)
            .map(|(claimed, found)| Fault::Cut {
                origin: claimed.origin.clone(),
                claims: claimed.size,
                found,
            })
    }
}

impl Judged {
    fn follow(&mut self, place: &Place) -> Result<(), Fault> {
        let seq = self.chain.next();
        self.chain.follow(place).map_err(|why| match why {
            Break::Missing { found } => Fault::Missing { seq, found },
            Break::Repeated { found } => Fault::Repeated { seq: found },
            Break::Unlinked | Break::OtherTenant => Fault::Unlinked { seq },
        })?;
        self.pair(seq, place)?;
        self.compare()
    }

    /// Matches a completion with what was received.
    fn pair(&mut self, seq: u64, place: &Place) -> Result<(), Fault> {
        match (place.stage, &place.of) {
            (Stage::Received, _) if self.open.len() == OPEN_MAX => Err(Fault::TooManyOpen { seq }),
            (Stage::Received, _) => {
                self.open.insert(place.id.clone(), seq);
                Ok(())
            }
            (Stage::Complete, None) => Ok(()),
            (Stage::Complete, Some(of)) => match self.open.remove(of) {
                Some(_) => Ok(()),
                None => Err(Fault::Unreceived {
                    seq,
                    of: of.clone(),
                }),
            },
        }
    }

    fn compare(&mut self) -> Result<(), Fault> {
        while let Some(next) = self.ahead.last()
            && next.size <= self.chain.size()
        {
            if next.size > 0 && next.root != self.chain.root() {
                return Err(Fault::Rewritten {
                    from: self.signed + 1,
                    to: next.size,
                });
            }
            self.signed = next.size;
            self.ahead.pop();
        }
        Ok(())
    }

    fn report(self) -> ChainReport {
        let mut unknown: Vec<_> = self.open.into_iter().collect();
        unknown.sort_by_key(|(_, seq)| *seq);
        ChainReport {
            tenant: self.chain.tenant().clone(),
            records: self.chain.size(),
            head: self.chain.head(),
            signed: self.signed,
            unknown: unknown.into_iter().map(|(id, _)| id).collect(),
        }
    }
}
