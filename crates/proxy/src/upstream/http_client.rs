//! The one HTTP client: connections are kept, TLS verified, TCP_NODELAY, redirects never followed.
//!
//! A connection has no task of its own: whoever waits for an answer drives it ([`super::http_connection`]), so that a call
//! costs no wake-up of another task.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::Full;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tower_service::Service;
use url::Url;
use wardgate_snapshot::TlsTrust;

use super::http_connection::{Connection, Reply, Unsent};

/// Connections to one origin that wait for work; more are closed.
const IDLE_MAX: usize = 256;
/// Servers commonly close what is silent for a minute.
const IDLE_FOR: Duration = Duration::from_secs(55);

/// A client of one trust; cheap to clone.
#[derive(Clone)]
pub struct HttpClient(Arc<Inner>);

struct Inner {
    connector: HttpsConnector<HttpConnector>,
    origins: Mutex<HashMap<String, Arc<Origin>>>,
}

/// A scheme, host and port, with the connections to it that wait for work.
pub struct Origin {
    connector: HttpsConnector<HttpConnector>,
    /// Where to dial.
    base: Uri,
    host: HeaderValue,
    idle: Mutex<Vec<(Connection, Instant)>>,
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendFault {
    /// Nothing of it reached the server.
    #[error("not sent: {detail}")]
    NotSent { detail: String },
    /// It may have reached the server.
    #[error("no answer: {0}")]
    Lost(#[source] hyper::Error),
}

impl HttpClient {
    /// Returns the origin of a URL, shared by all who name it.
    pub fn origin(&self, url: &Url) -> Option<Arc<Origin>> {
        let name = url.origin().ascii_serialization();
        let mut origins = self.0.origins.lock().expect("no panic while held");
        if let Some(origin) = origins.get(&name) {
            return Some(origin.clone());
        }
        let base: Uri = format!("{name}/").parse().ok()?;
        let host = HeaderValue::from_str(base.authority()?.as_str()).ok()?;
        let origin = Arc::new(Origin {
            connector: self.0.connector.clone(),
            base,
            host,
            idle: Mutex::default(),
        });
        origins.insert(name, origin.clone());
        Some(origin)
    }

    /// Closes what has been idle for too long, and forgets origins that nobody names.
    pub fn sweep(&self) {
        let mut origins = self.0.origins.lock().expect("no panic while held");
        origins.retain(|_, origin| {
            let mut idle = origin.idle.lock().expect("no panic while held");
            idle.retain(|(_, since)| since.elapsed() < IDLE_FOR);
            !idle.is_empty() || Arc::strong_count(origin) > 1
        });
    }
}

/// RFC 9112 §3.2.1: the path and query of a URL, as they stand in a request to its origin.
pub fn origin_form(url: &Url) -> Option<Uri> {
    let query = url
        .query()
        .map_or(String::new(), |query| format!("?{query}"));
    format!("{}{query}", url.path()).parse().ok()
}

impl Origin {
    /// Sends a request with its target in origin-form and returns the answer's head; its body drives the connection on.
    ///
    /// # Errors
    /// [`SendFault`] with what is known about the request's fate.
    ///
    /// # Cancel safety
    /// Dropping closes the connection, which the server can see.
    pub async fn request(
        self: &Arc<Self>,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Reply>, SendFault> {
        request
            .headers_mut()
            .insert(header::HOST, self.host.clone());
        // Idle connections may have been closed by the server; hyper hands back what it has not begun to write.
        while let Some(connection) = self.take() {
            match connection.send(request, self).await {
                Ok(response) => return Ok(response),
                Err(Unsent::Returned(unsent)) => request = *unsent,
                Err(Unsent::Lost(error)) => return Err(SendFault::Lost(error)),
            }
        }
        let connection = Box::pin(self.dial()).await?;
        match connection.send(request, self).await {
            Ok(response) => Ok(response),
            Err(Unsent::Returned(_)) => Err(not_sent("the server closed the connection")),
            Err(Unsent::Lost(error)) => Err(SendFault::Lost(error)),
        }
    }

    fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().expect("no panic while held");
        // The last in is the first out: the others may grow old and go.
        while let Some((connection, since)) = idle.pop() {
            if since.elapsed() < IDLE_FOR {
                return Some(connection);
            }
        }
        None
    }

    /// Lets a connection wait whose answer has been read.
    pub(super) fn take_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().expect("no panic while held");
        if idle.len() < IDLE_MAX {
            idle.push((connection, Instant::now()));
        }
    }

    async fn dial(&self) -> Result<Connection, SendFault> {
        let stream = self.connector.clone().call(self.base.clone()).await;
        let stream = stream.map_err(|error| not_sent(super::http::chain(error.as_ref())))?;
        let handshake = hyper::client::conn::http1::handshake(stream).await;
        let (sender, driver) = handshake.map_err(|error| not_sent(super::http::chain(&error)))?;
        Ok(Connection::new(sender, driver))
    }
}

fn not_sent(detail: impl Into<String>) -> SendFault {
    SendFault::NotSent {
        detail: detail.into(),
    }
}

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

    /// Closes idle connections that have grown old.
    pub fn sweep(&self) {
        for client in self.0.lock().expect("no panic while held").values() {
            client.sweep();
        }
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
    Ok(HttpClient(Arc::new(Inner {
        connector: https,
        origins: Mutex::default(),
    })))
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
