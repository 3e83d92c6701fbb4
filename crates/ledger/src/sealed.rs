//! A record in its place: the line a file or a table holds.
//!
//! The line is the canonical text of the record, with `"hash"` added as its last member. The hash covers the bytes that
//! are stored, so a reader needs no understanding of the members to check it, and those of a later version stay intact.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardgate_model::TenantId;

use crate::canonical::{CanonicalError, canonicalize, write_ordered};
use crate::digest::{Digest, TEXT_LEN};
use crate::record::{
    Cost, Decision, Outcome, Record, RecordId, RecordType, Stage, Trace, Undo, What, Who, Why,
    millis,
};

/// The version of the format.
const VERSION: u32 = 1;
/// No line is longer, without its line feed: what reads lines needs no more memory.
pub const LINE_BYTES_MAX: usize = 1 << 20;

const MARK: &str = r#","hash":""#;
const END: &str = r#""}"#;

/// A record with its place in its tenant's chain.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub seq: u64,
    pub prev: Digest,
    pub hash: Digest,
    pub record: Record,
    line: String,
}

impl Sealed {
    /// # Errors
    /// A record that holds a number no double holds, or arguments that are no JSON, has no canonical form.
    pub(crate) fn new(seq: u64, prev: Digest, record: Record) -> Result<Sealed, CanonicalError> {
        let canonical = write_ordered(&Members::of(seq, prev, &record))?;
        let hash = Digest::leaf(canonical.as_bytes());
        Ok(Sealed {
            seq,
            prev,
            hash,
            record,
            line: close(&canonical, hash),
        })
    }

    /// Reads a stored line, without its line feed.
    ///
    /// # Errors
    /// When the line is not sealed by its own hash, or is no record of this version's shape.
    pub fn parse(line: &str) -> Result<Sealed, BadLine> {
        let place = Place::read(line)?;
        Ok(Sealed {
            seq: place.seq,
            prev: place.prev,
            hash: place.hash,
            record: serde_json::from_str(line).map_err(|_| BadLine::Malformed)?,
            line: line.to_owned(),
        })
    }

    /// The text as it is stored, without a line feed.
    pub fn line(&self) -> &str {
        &self.line
    }
}

/// A record and its place as they are written: in the order of RFC 8785, without what is absent.
#[derive(Serialize)]
struct Members<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<&'a Cost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'a Decision>,
    id: &'a RecordId,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<&'a RecordId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a Outcome>,
    prev: Digest,
    seq: u64,
    stage: Stage,
    #[serde(skip_serializing_if = "Trace::is_empty")]
    trace: &'a Trace,
    #[serde(with = "millis")]
    ts: &'a Timestamp,
    #[serde(rename = "type")]
    kind: &'a RecordType,
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<&'a Undo>,
    v: u32,
    #[serde(skip_serializing_if = "What::is_empty")]
    what: &'a What,
    who: &'a Who,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a Why>,
}

impl<'a> Members<'a> {
    fn of(seq: u64, prev: Digest, record: &'a Record) -> Members<'a> {
        Members {
            cost: record.cost.as_ref(),
            decision: record.decision.as_ref(),
            id: &record.id,
            of: record.of.as_ref(),
            outcome: record.outcome.as_ref(),
            prev,
            seq,
            stage: record.stage,
            trace: &record.trace,
            ts: &record.ts,
            kind: &record.kind,
            undo: record.undo.as_ref(),
            v: VERSION,
            what: &record.what,
            who: &record.who,
            why: record.why.as_ref(),
        }
    }
}

fn close(canonical: &str, hash: Digest) -> String {
    let open = canonical.strip_suffix('}').unwrap_or(canonical);
    format!("{open}{MARK}{hash}{END}")
}

/// The canonical text a line was made from, and the hash it ends in.
fn open(line: &str) -> Option<(String, Digest)> {
    let rest = line.strip_suffix(END)?;
    let (rest, hash) = rest.split_at_checked(rest.len().checked_sub(TEXT_LEN)?)?;
    let hash = Digest::parse(hash)?;
    Some((format!("{}}}", rest.strip_suffix(MARK)?), hash))
}

/// Why a line is no sealed record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    #[error("hash mismatch: the line does not end in its hash")]
    Unsealed,
    #[error("hash mismatch")]
    HashMismatch,
    #[error("no canonical text")]
    NotCanonical,
    #[error("no record")]
    Malformed,
}

/// What of a line decides its place, whatever else it says.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub tenant: TenantId,
    pub seq: u64,
    pub prev: Digest,
    pub hash: Digest,
    pub id: RecordId,
    pub of: Option<RecordId>,
    pub stage: Stage,
}

impl Place {
    /// Reads a line that its hash proves to be as it was written.
    pub(crate) fn read(line: &str) -> Result<Place, BadLine> {
        let (canonical, hash) = open(line).ok_or(BadLine::Unsealed)?;
        if Digest::leaf(canonical.as_bytes()) != hash {
            return Err(BadLine::HashMismatch);
        }
        // Whoever parses the line and writes it again by RFC 8785 must come to the same hash.
        if canonicalize(&canonical).as_ref() != Ok(&canonical) {
            return Err(BadLine::NotCanonical);
        }
        let head: Head = serde_json::from_str(&canonical).map_err(|_| BadLine::Malformed)?;
        Ok(Place {
            tenant: head.who.tenant,
            seq: head.seq,
            prev: head.prev,
            hash,
            id: head.id,
            of: head.of,
            stage: head.stage,
        })
    }

    /// The tenant a line claims, however broken it is.
    pub(crate) fn claimed_tenant(line: &str) -> Option<TenantId> {
        #[derive(Deserialize)]
        struct Claim {
            who: Tenant,
        }
        let claim: Claim = serde_json::from_str(line).ok()?;
        Some(claim.who.tenant)
    }
}

#[derive(Deserialize)]
struct Head {
    seq: u64,
    prev: Digest,
    id: RecordId,
    of: Option<RecordId>,
    stage: Stage,
    who: Tenant,
}

#[derive(Deserialize)]
struct Tenant {
    tenant: TenantId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Family;

    fn sealed(canonical: &str) -> String {
        close(canonical, Digest::leaf(canonical.as_bytes()))
    }

    #[test]
    fn absent_members_are_left_out() {
        let who = Who::of(TenantId::new("acme"));
        let ts = "2026-11-22T08:30:11Z".parse().unwrap();
        let record = Record::new(Family::Config.verb("change"), who, ts, [0; 10]);
        let id = record.id.clone();
        let sealed = Sealed::new(7, Digest::ZERO, record).unwrap();
        let (prev, hash) = (Digest::ZERO, sealed.hash);
        assert_eq!(
            sealed.line(),
            format!(
                r#"{{"id":"{id}","prev":"{prev}","seq":7,"stage":"complete","ts":"2026-11-22T08:30:11.000Z","type":"config.change","v":1,"who":{{"tenant":"acme"}},"hash":"{hash}"}}"#
            )
        );
    }

    #[test]
    fn members_of_a_later_version_survive() {
        let prev = Digest::ZERO;
        let canonical = format!(
            r#"{{"id":"rec_1","later":{{"deep":[1,"x"]}},"prev":"{prev}","seq":7,"stage":"complete","ts":"2027-01-01T00:00:00.000Z","type":"moon.landing","v":2,"who":{{"shoe":42,"tenant":"acme"}}}}"#
        );
        let read = Sealed::parse(&sealed(&canonical)).unwrap();
        assert_eq!(read.seq, 7);
        assert_eq!(read.record.kind.as_str(), "moon.landing");
        assert!(read.line().contains(r#""later":{"deep":[1,"x"]}"#));
    }

    #[test]
    fn a_line_that_two_readers_could_read_differently_is_no_record() {
        for text in [
            r#"{"a": 1}"#,
            r#"{"b":1,"a":1}"#,
            r#"{"a":1.0}"#,
            r#"{"seq":1,"seq":2}"#,
        ] {
            assert_eq!(
                Place::read(&sealed(text)).unwrap_err(),
                BadLine::NotCanonical
            );
        }
        assert_eq!(Place::read(&sealed("{}")).unwrap_err(), BadLine::Malformed);
        for text in ["", "{}", "{\"hash\":\"\"}", "é", r#","hash":"sha256:é"}"#] {
            assert_eq!(Place::read(text).unwrap_err(), BadLine::Unsealed, "{text}");
        }
    }
}
