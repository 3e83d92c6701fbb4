//! Which records are asked for on the command line.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::de::{DeserializeOwned, IntoDeserializer, value::Error};
use wardgate_ledger::{
    Filter, RecordId,
    record::{Effect, Stage, Status},
};
use wardgate_model::{TenantId, ToolRef};

use super::source::Entry;

#[derive(Clone, Debug, Default, clap::Args)]
pub struct Asked {
    /// From here on: `2026-11-22T08:00:00Z`, or how long ago: `90s`, `15m`, `12h`, `7d`.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// Up to here, which is not included.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,
    #[arg(long)]
    tenant: Option<String>,
    #[arg(long)]
    principal: Option<String>,
    /// A tool as `alias/tool`, or its own name.
    #[arg(long)]
    tool: Option<String>,
    /// A type such as `tool.call`, or a family such as `tool`.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// How it ended: success, tool_error, error, denied, deferred, limited or unknown.
    #[arg(long, value_parser = word::<Status>)]
    status: Option<Status>,
    /// What was decided: allow, deny or require_approval.
    #[arg(long, value_parser = word::<Effect>)]
    effect: Option<Effect>,
}

/// What to read.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub filter: Filter,
    pub tool: Option<ToolRef>,
    /// Passes over what was received and is told again by its completion.
    pub ends_only: bool,
}

impl Query {
    pub fn of_id(id: &str) -> Query {
        Query {
            filter: Filter {
                id: Some(RecordId::named(id)),
                ..Filter::default()
            },
            ..Query::default()
        }
    }

    pub fn matches(&self, entry: &Entry) -> bool {
        let record = &entry.sealed.record;
        let is_end = record.stage == Stage::Complete || !self.ends_only;
        is_end && self.filter.matches(record) && self.is_of_tool(entry)
    }

    /// A file knows no aliases: there it is taken for the last part of the server's name.
    fn is_of_tool(&self, entry: &Entry) -> bool {
        let Some(wanted) = &self.tool else {
            return true;
        };
        let alias = wanted.alias.as_str();
        match (&entry.tool, &entry.sealed.record.what.server) {
            (Some(tool), _) => tool == wanted,
            (None, Some(server)) => server.as_str().rsplit('/').next() == Some(alias),
            (None, None) => false,
        }
    }
}

impl Asked {
    pub fn query(&self, ends_only: bool) -> Query {
        let tool = self.tool.as_deref().and_then(ToolRef::parse);
        let name = tool.as_ref().map(|tool| tool.name.clone());
        Query {
            filter: Filter {
                tenant: self.tenant.as_ref().map(TenantId::new),
                principal: self.principal.clone(),
                tool: name.or_else(|| self.tool.clone()),
                kind: self.kind.clone(),
                effect: self.effect,
                status: self.status,
                since: self.since,
                until: self.until,
                ..Filter::default()
            },
            tool,
            ends_only,
        }
    }
}

/// A word as records spell it.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    T::deserialize(IntoDeserializer::<Error>::into_deserializer(text))
        .map_err(|fault| fault.to_string())
}

/// A moment, or how long ago it was.
fn moment(text: &str) -> Result<Timestamp, String> {
    ago(text)
        .and_then(|ago| Timestamp::now().checked_sub(ago).ok())
        .or_else(|| Timestamp::from_str(text).ok())
        .ok_or_else(|| {
            "give a time such as `2026-11-22T08:00:00Z`, or how long ago: `15m`".to_owned()
        })
}

fn ago(text: &str) -> Option<SignedDuration> {
    let unit = text.chars().next_back()?;
    let number: i64 = text[..text.len() - unit.len_utf8()].parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        _ => return None,
    };
    (number >= 0).then(|| number.checked_mul(seconds).map(SignedDuration::from_secs))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_times_or_so_long_ago() {
        let written = moment("2026-11-22T08:00:00Z").unwrap();
        assert_eq!(written.to_string(), "2026-11-22T08:00:00Z");
        let an_hour_ago = moment("1h").unwrap();
        let ago = Timestamp::now().duration_since(an_hour_ago);
        assert!(ago >= SignedDuration::from_hours(1));
        for wrong in ["", "h", "-1h", "1w", "yesterday", "999999999999999d", "é"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_are_those_of_records() {
        assert_eq!(word::<Status>("tool_error"), Ok(Status::ToolError));
        assert!(word::<Status>("failed").is_err());
    }
}
