//! What the gate knows at the moment somebody looks.

use std::{
    fmt::{Error, Result},
    sync::Arc,
};

use jiff::Timestamp;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, family::Family, gauge::Gauge},
};
use wardgate_proxy::Gate;

pub struct Present(pub Arc<Gate>);

impl std::fmt::Debug for Present {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> Result {
        f.write_str("Present")
    }
}

impl Collector for Present {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::result::Result<(), Error> {
        let disagreements = ConstCounter::new(self.0.surface.disagreements());
        let help = "Calls that were permitted of a tool that its caller's list does not show; anything but 0 is a fault of the gateway.";
        let name = "surface_disagreement";
        let kind = disagreements.metric_type();
        disagreements.encode(encoder.encode_descriptor(name, help, None, kind)?)?;

        let overrides = Family::<[(&str, &str); 1], Gauge>::default();
        let (now, rules) = (Timestamp::now(), self.0.overrides.now());
        for rule in rules.rules().iter().filter(|rule| rule.is_in_force(now)) {
            let effect = [("effect", rule.effect.as_str())];
            overrides.get_or_create(&effect).inc();
        }
        let kind = overrides.metric_type();
        let help = "Overrides in force.";
        overrides.encode(encoder.encode_descriptor("override_active", help, None, kind)?)?;

        let ledger = self.0.ports.ledger.as_ref();
        let is_writable = ledger.is_none_or(|ledger| ledger.is_writable());
        let writable = Gauge::<i64>::default();
        writable.set(is_writable.into());
        let kind = writable.metric_type();
        let help = "Whether the last attempt to write records succeeded.";
        writable.encode(encoder.encode_descriptor("audit_writable", help, None, kind)?)
    }
}
