//! The one HTTP client: pooled, TLS verified, TCP_NODELAY, redirects never followed.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use wardgate_snapshot::TlsTrust;

pub type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// One client for each set of trusted authorities, so that connections are shared between lines.
#[derive(Default)]
pub struct Clients(Mutex<HashMap<Option<PathBuf>, HttpClient>>);

#[derive(Debug, thiserror::Error)]
pub enum TrustFault {
    #[error("authority file: {0}")]
    File(#[from] rustls_pki_types::pem::Error),
    #[error("certificate refused: {0}")]
    Certificate(#[from] rustls::Error),
}

impl Clients {
    /// Returns the client for this trust.
    ///
    /// # Errors
    /// When the authority file cannot be read or holds no usable certificate.
    pub fn client(&self, trust: &TlsTrust) -> Result<HttpClient, TrustFault> {
        let mut clients = self.0.lock().expect("no panic while held");
        if let Some(client) = clients.get(&trust.ca) {
            return Ok(client.clone());
        }
        let client = build(trust.ca.as_deref())?;
        clients.insert(trust.ca.clone(), client.clone());
        Ok(client)
    }
}

fn build(ca: Option<&Path>) -> Result<HttpClient, TrustFault> {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(Duration::from_secs(5)));
    tcp.set_keepalive(Some(Duration::from_secs(30)));
    let https = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls(ca)?)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(55))
        .pool_max_idle_per_host(256)
        .build(https))
}

fn tls(ca: Option<&Path>) -> Result<rustls::ClientConfig, TrustFault> {
    let mut roots = rustls::RootCertStore::empty();
    match ca {
        Some(file) => {
            for certificate in CertificateDer::pem_file_iter(file)? {
                roots.add(certificate?)?;
            }
        }
        None => {
            // A machine without a trust store can still serve plain-HTTP upstreams; TLS to it then fails as untrusted.
            for certificate in rustls_native_certs::load_native_certs().certs {
                let _ = roots.add(certificate);
            }
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
