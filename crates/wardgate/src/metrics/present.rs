//! What the gate knows at the moment somebody looks.

use std::{fmt::Result, sync::Arc};

use jiff::Timestamp;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{
        counter::ConstCounter,
        family::Family,
        gauge::{ConstGauge, Gauge},
    },
};
use wardgate_proxy::Gate;

/// One label: what the overrides do.
type Effect = [(&'static str, &'static str); 1];

pub struct Present(pub Arc<Gate>);

impl std::fmt::Debug for Present {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> Result {
        f.write_str("Present")
    }
}

impl Collector for Present {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result {
        let surface = &self.0.surface;
        tell(
            &mut encoder,
            "surface_checked",
            "Permitted calls whose tool was looked up in its caller's list.",
            &ConstCounter::new(surface.checked()),
        )?;
        tell(
            &mut encoder,
            "surface_disagreement",
            "Of these, calls of a tool that the list does not show; anything but 0 is a fault of the gateway.",
            &ConstCounter::new(surface.disagreements()),
        )?;
        tell(
            &mut encoder,
            "override_active",
            "Overrides in force.",
            &self.overrides(),
        )?;
        tell(
            &mut encoder,
            "audit_writable",
            "Whether the last attempt to write records succeeded.",
            &ConstGauge::new(i64::from(self.is_writable())),
        )
    }
}

impl Present {
    fn overrides(&self) -> Family<Effect, Gauge> {
        let overrides = Family::<Effect, Gauge>::default();
        let (now, rules) = (Timestamp::now(), self.0.overrides.now());
        for rule in rules.rules().iter().filter(|rule| rule.is_in_force(now)) {
            overrides
                .get_or_create(&[("effect", rule.effect.as_str())])
                .inc();
        }
        overrides
    }

    fn is_writable(&self) -> bool {
        let ledger = self.0.ports.ledger.as_ref();
        ledger.is_none_or(|ledger| ledger.is_writable())
    }
}

fn tell(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    metric: &impl EncodeMetric,
) -> Result {
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}
