//! What one record says: who did what, why, by which decision, with what outcome and at what cost.
//!
//! A record knows nothing of its place in a chain; `sealed.rs` gives it one. What is absent is left out of the JSON.
//! Members a later version adds are ignored here and kept by everything that works on the sealed text.

mod kind;
mod parts;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Builder;

pub use kind::{Family, RecordType, Stage};
pub use parts::{Cache, Cost, Decision, Effect, Outcome, Status, Trace, Undo, What, Who, Why};

use crate::text::Text;

/// What happened, once. Sealed by [`crate::Chain::append`]; `sealed.rs` says how it is written.
#[derive(Clone, Debug, Deserialize)]
pub struct Record {
    pub id: RecordId,
    /// Written to the millisecond, in UTC.
    pub ts: Timestamp,
    #[serde(rename = "type")]
    pub kind: RecordType,
    pub stage: Stage,
    /// The received record that this one completes.
    pub of: Option<RecordId>,
    pub who: Who,
    #[serde(default)]
    pub what: What,
    pub why: Option<Why>,
    pub decision: Option<Decision>,
    pub outcome: Option<Outcome>,
    pub cost: Option<Cost>,
    #[serde(default)]
    pub trace: Trace,
    /// How the effect can be taken back.
    pub undo: Option<Undo>,
}

impl Record {
    /// Returns a record that is complete in itself and says no more than who and when.
    pub fn new(kind: RecordType, who: Who, ts: Timestamp, randomness: [u8; 10]) -> Record {
        Record {
            id: RecordId::new(ts, randomness),
            ts,
            kind,
            stage: Stage::Complete,
            of: None,
            who,
            what: What::default(),
            why: None,
            decision: None,
            outcome: None,
            cost: None,
            trace: Trace::default(),
            undo: None,
        }
    }

    /// Returns the record that completes this received one; it begins with all that was known then.
    pub fn completed(&self, ts: Timestamp, randomness: [u8; 10]) -> Record {
        Record {
            id: RecordId::new(ts, randomness),
            ts,
            stage: Stage::Complete,
            of: Some(self.id.clone()),
            ..self.clone()
        }
    }

    pub fn status(&self) -> Option<Status> {
        self.outcome.as_ref().map(|outcome| outcome.status)
    }

    /// `com.acme/payments@2.3.1`, or as much of it as is known.
    pub fn server_version(&self) -> Option<String> {
        let server = self.what.server.as_ref()?;
        Some(match &self.what.version {
            Some(version) => format!("{server}@{version}"),
            None => server.to_string(),
        })
    }
}

/// `rec_` and a version 7 UUID: unique, and sorted by time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(Text);

impl RecordId {
    /// Times before 1970 count as 1970.
    pub fn new(ts: Timestamp, randomness: [u8; 10]) -> RecordId {
        let millis = u64::try_from(ts.as_millisecond()).unwrap_or(0);
        let uuid = Builder::from_unix_timestamp_millis(millis, &randomness).into_uuid();
        RecordId(Text::new(format!("rec_{}", uuid.simple())))
    }

    /// Takes an id as somebody wrote it; whether there is such a record, the store knows.
    pub fn named(id: &str) -> RecordId {
        RecordId(Text::new(id))
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// RFC 3339 in UTC with exactly three decimals, so that texts sort as times do.
pub(crate) mod millis {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn text(ts: &Timestamp) -> String {
        ts.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }

    pub(crate) fn serialize<S: Serializer>(ts: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&text(ts))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        Timestamp::deserialize(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time() {
        let at = |millis| RecordId::new(Timestamp::from_millisecond(millis).unwrap(), [7; 10]);
        assert!(at(1_795_353_599_999) < at(1_795_353_600_000));
        assert_eq!(
            at(1_795_353_600_000).as_str(),
            "rec_01a20369e00077078707070707070707"
        );
    }
}
