//! The one way by which the control side's own requests leave: keys of issuers, webhooks, registries.
//!
//! Whoever names an address here (a config, a discovery document, a stranger's metadata) does not thereby reach the machines
//! behind the gateway. Calls to servers take the data path's client; this one fetches small documents and posts small messages.

mod address;
mod client;
mod resolve;
mod rules;

pub use address::Class;
pub use client::{Caps, Egress, EgressFault, Reply, system_roots};
pub use resolve::{Resolve, SystemResolver};
pub use rules::{Refused, Rules};
