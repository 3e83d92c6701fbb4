//! Counters over completed records. Their labels come from what operators declare and servers list, never from callers; what
//! would be one series too many is counted as `other`.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};
use wardgate_ledger::{Record, RecordType, Text, record::Stage};

/// Series of one counter, besides the one for all others.
const SERIES_MAX: usize = 2000;
const OTHER: &str = "other";

type Labels<const N: usize> = [(&'static str, String); N];

/// One counter, and how many series it has.
#[derive(Clone, Default)]
struct Counted<const N: usize> {
    family: Family<Labels<N>, Counter>,
    series: Arc<AtomicUsize>,
}

/// What has been counted since the start.
#[derive(Clone, Default)]
pub struct Calls {
    calls: Counted<7>,
    decisions: Counted<1>,
    records: Counted<1>,
}

impl Calls {
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "calls",
            "Tool calls that have ended",
            self.calls.family.clone(),
        );
        registry.register(
            "policy_decisions",
            "Decisions by policies",
            self.decisions.family.clone(),
        );
        registry.register(
            "audit_records",
            "Records handed to the ledger",
            self.records.family.clone(),
        );
    }

    /// Counts a record, once it is complete.
    pub fn count(&self, record: &Record) {
        if record.stage != Stage::Complete {
            return;
        }
        self.records
            .count([("type", record.kind.as_str().to_owned())]);
        let decision = record.decision.as_ref();
        if let Some(decision) = decision.filter(|decision| decision.policy_rev.is_some()) {
            let effect = decision.effect.as_str().to_owned();
            self.decisions.count([("effect", effect)]);
        }
        if record.kind == RecordType::TOOL_CALL {
            self.calls.count(labels(record));
        }
    }
}

fn labels(record: &Record) -> Labels<7> {
    let (what, outcome) = (&record.what, record.outcome.as_ref());
    let said = |text: &Option<Text>| text.as_ref().map_or_else(String::new, Text::to_string);
    let error_type = outcome.and_then(|outcome| outcome.error_type.as_ref());
    let status = record.status().map_or("", |status| status.as_str());
    [
        ("tenant", record.who.tenant.to_string()),
        ("toolset", said(&what.toolset)),
        ("server", said(&what.server)),
        ("tool", said(&what.tool)),
        ("version", said(&what.version)),
        ("status", status.to_owned()),
        (
            "error_type",
            error_type.map_or_else(String::new, Text::to_string),
        ),
    ]
}

impl<const N: usize> Counted<N> {
    fn count(&self, labels: Labels<N>) {
        let is_known = self.family.get(&labels).is_some();
        let labels = match is_known || self.take_room() {
            true => labels,
            false => labels.map(|(name, _)| (name, OTHER.to_owned())),
        };
        self.family.get_or_create(&labels).inc();
    }

    /// Takes the room of one series, if there is any left.
    fn take_room(&self) -> bool {
        let taken = self.series.fetch_add(1, Ordering::Relaxed);
        if taken >= SERIES_MAX {
            self.series.fetch_sub(1, Ordering::Relaxed);
        }
        taken < SERIES_MAX
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn a_million_names_make_no_more_series_than_there_is_room_for() {
        let counted = Counted::<1>::default();
        for name in 0..1_000_000 {
            counted.count([("tool", format!("tool-{name}"))]);
        }
        counted.count([("tool", "tool-0".to_owned())]);
        let mut registry = Registry::default();
        registry.register("calls", "Calls", counted.family);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let series = text.lines().filter(|line| line.contains("{tool="));
        assert_eq!(series.count(), SERIES_MAX + 1);
        assert!(text.contains("calls_total{tool=\"tool-0\"} 2\n"), "{text}");
        let other = format!("calls_total{{tool=\"other\"}} {}\n", 1_000_000 - SERIES_MAX);
        assert!(text.contains(&other), "{text}");
    }
}
