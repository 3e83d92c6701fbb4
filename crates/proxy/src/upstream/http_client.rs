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
use http::{HeaderValue, Request, Response, Uri, header, uri::PathAndQuery};
use http_body_util::Full;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tower_service::Service;
use wardgate_snapshot::TlsTrust;

use super::http_connection::{Connection, Reply, Unsent};

/// Connections to one origin that wait for work; more are closed.
const IDLE_MAX: usize = 256;
/// Servers commonly close what is silent for a minute.
const IDLE_FOR: Duration = Duration::from_secs(55);

/// Scheme and authority: what a connection is good for.
type Origin = (bool, http::uri::Authority);

#[derive(Clone)]
pub struct HttpClient(Arc<Inner>);

struct Inner {
    connector: HttpsConnector<HttpConnector>,
    idle: Mutex<HashMap<Origin, Vec<(Connection, Instant)>>>,
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
    /// Sends a request with an absolute URI and returns the answer's head; its body drives the connection on.
    ///
    /// # Errors
    /// [`SendFault`] with what is known about the request's fate.
    ///
    /// # Cancel safety
    /// Dropping closes the connection, which the server can see.
    pub async fn request(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Reply>, SendFault> {
        let target = request.uri().clone();
        let origin = origin(&target)?;
        address_to(&mut request, &origin.1);
        // Idle connections may have been closed by the server; hyper hands back what it has not begun to write.
        while let Some(connection) = self.take(&origin) {
            match connection.send(request, self.home(&origin)).await {
                Ok(response) => return Ok(response),
                Err(Unsent::Returned(unsent)) => request = *unsent,
                Err(Unsent::Lost(error)) => return Err(SendFault::Lost(error)),
            }
        }
        let connection = self.dial(target).await?;
        match connection.send(request, self.home(&origin)).await {
            Ok(response) => Ok(response),
            Err(Unsent::Returned(_)) => Err(not_sent("the server closed the connection")),
            Err(Unsent::Lost(error)) => Err(SendFault::Lost(error)),
        }
    }

    /// Closes what has been idle for too long.
    pub fn sweep(&self) {
        let mut idle = self.0.idle.lock().expect("no panic while held");
        idle.retain(|_, waiting| {
            waiting.retain(|(_, since)| since.elapsed() < IDLE_FOR);
            !waiting.is_empty()
        });
    }

    fn take(&self, origin: &Origin) -> Option<Connection> {
        let mut idle = self.0.idle.lock().expect("no panic while held");
        let waiting = idle.get_mut(origin)?;
        // The last in is the first out: the others may grow old and go.
        while let Some((connection, since)) = waiting.pop() {
            if since.elapsed() < IDLE_FOR {
                return Some(connection);
            }
        }
        None
    }

    fn home(&self, origin: &Origin) -> Home {
        Home {
            client: self.clone(),
            origin: origin.clone(),
        }
    }

    async fn dial(&self, target: Uri) -> Result<Connection, SendFault> {
        let stream = self.0.connector.clone().call(target).await;
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

fn origin(target: &Uri) -> Result<Origin, SendFault> {
    let authority = target.authority().cloned();
    let authority = authority.ok_or_else(|| not_sent("the address names no host"))?;
    Ok((target.scheme_str() == Some("https"), authority))
}

/// RFC 9112 §3.2: the target in origin-form, the host in its own field.
fn address_to(request: &mut Request<Full<Bytes>>, authority: &http::uri::Authority) {
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    let host = match authority.as_str().rsplit_once('@') {
        Some((_, host)) => host,
        None => authority.as_str(),
    };
    if let Ok(host) = HeaderValue::from_str(host) {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// Where a connection waits when its answer has been read.
pub(super) struct Home {
    client: HttpClient,
    origin: Origin,
}

impl Home {
    pub(super) fn take_back(self, connection: Connection) {
        let mut idle = self.client.0.idle.lock().expect("no panic while held");
        let waiting = idle.entry(self.origin).or_default();
        if waiting.len() < IDLE_MAX {
            waiting.push((connection, Instant::now()));
        }
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
        idle: Mutex::default(),
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
