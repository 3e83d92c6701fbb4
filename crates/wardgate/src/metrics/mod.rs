//! What is counted, as OpenMetrics text. Calls are counted as their records are made, so that metrics and records never disagree.

mod calls;
mod counted;
mod present;

use std::sync::Arc;

use prometheus_client::{encoding::text::encode, registry::Registry};
use wardgate_admin::metrics::Exposition;
use wardgate_proxy::Gate;

pub use calls::Calls;
pub use counted::Counted;

/// The metrics of one gateway.
pub struct Metrics(Registry);

impl Metrics {
    /// What has been counted of calls, and what the gate knows whenever it is asked.
    pub fn new(calls: &Calls, gate: &Arc<Gate>) -> Metrics {
        let mut registry = Registry::with_prefix("wardgate");
        calls.register(&mut registry);
        registry.register_collector(Box::new(present::Present(gate.clone())));
        Metrics(registry)
    }
}

impl Exposition for Metrics {
    fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.0).expect("a string takes any text");
        text
    }
}
