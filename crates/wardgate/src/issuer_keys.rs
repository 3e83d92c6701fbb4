//! Issuers' keys over the guarded client, by the rules of the config in force.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use wardgate_config::Config;
use wardgate_egress::{Caps, Egress, Rules, SystemResolver, system_roots};
use wardgate_identity::{Fetch, FetchFault};

/// For one document, from the name's resolution to its last byte.
const WITHIN: Duration = Duration::from_secs(5);

/// Empty while no tenant trusts an issuer.
#[derive(Default)]
pub struct IssuerKeys(RwLock<Option<Egress>>);

impl IssuerKeys {
    /// Obeys this config from here on.
    ///
    /// # Errors
    /// When the TLS library has no protocol version to offer.
    pub fn replace(&self, config: &Config) -> anyhow::Result<()> {
        let is_needed = config
            .tenants
            .iter()
            .any(|tenant| !tenant.issuers.is_empty());
        let egress = match is_needed {
            true => Some(egress(&config.gateway.egress)?),
            false => None,
        };
        *self.0.write().expect("no panic while held") = egress;
        Ok(())
    }
}

/// The guarded client under these rules.
///
/// # Errors
/// When the TLS library has no protocol version to offer.
pub fn egress(rules: &wardgate_config::Egress) -> anyhow::Result<Egress> {
    let rules = Rules {
        allow_plain_http: rules.plain_http,
        ports: rules.ports.clone(),
        hosts: rules.hosts.clone(),
        networks: rules.networks.clone(),
    };
    Ok(Egress::new(
        rules,
        system_roots(),
        Arc::new(SystemResolver),
    )?)
}

impl Fetch for IssuerKeys {
    fn get(
        &self,
        uri: &str,
        body_bytes_max: usize,
    ) -> BoxFuture<'static, Result<Bytes, FetchFault>> {
        let egress = self.0.read().expect("no panic while held").clone();
        let uri = uri.to_owned();
        let caps = Caps {
            body_bytes_max,
            within: WITHIN,
        };
        Box::pin(async move {
            let egress = egress.ok_or_else(|| FetchFault("no issuer is trusted".into()))?;
            egress.get_json(&uri, caps).await.map_err(|fault| {
                tracing::warn!(uri, %fault, "keys of an issuer cannot be had");
                FetchFault(fault.to_string())
            })
        })
    }
}
