//! One connection to the gateway, plain or TLS, for one request.

use std::{io, path::Path, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinSet,
};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::ClientError;

/// An open connection; closed when dropped.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Owns the task that moves the bytes.
    driver: JoinSet<hyper::Result<()>>,
}

impl Connection {
    /// Sends the request and returns the head of the answer; the connection lives as long as its body is read.
    ///
    /// # Errors
    /// When the connection breaks.
    ///
    /// # Cancel safety
    /// Dropping closes the connection.
    pub async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, ClientError> {
        debug_assert_eq!(self.driver.len(), 1, "a connection has one driver");
        Ok(self.sender.send_request(request).await?)
    }
}

/// Connects to the host of an address.
///
/// # Errors
/// When it cannot be reached, or TLS cannot be agreed on.
///
/// # Cancel safety
/// Dropping closes the connection.
pub async fn open(url: &Url, ca: Option<&Path>) -> Result<Connection, ClientError> {
    let address = url[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
    let unreachable = |source| ClientError::Unreachable {
        address: address.clone(),
        source,
    };
    let port = url.port_or_known_default().unwrap_or(80);
    let stream = match url.host() {
        Some(Host::Domain(name)) => TcpStream::connect((name, port)).await,
        Some(Host::Ipv4(ip)) => TcpStream::connect((ip, port)).await,
        Some(Host::Ipv6(ip)) => TcpStream::connect((ip, port)).await,
        None => Err(io::ErrorKind::InvalidInput.into()),
    };
    let stream = stream.map_err(unreachable)?;
    // Without this the last small packet of a request waits for an acknowledgement.
    stream.set_nodelay(true).map_err(unreachable)?;
    if url.scheme() != "https" {
        return talk(stream).await;
    }
    let tls = |source| ClientError::Tls {
        address: address.clone(),
        source,
    };
    let name = match url.host() {
        Some(Host::Domain(name)) => {
            ServerName::try_from(name.to_owned()).map_err(|fault| tls(io::Error::other(fault)))?
        }
        Some(Host::Ipv4(ip)) => ServerName::from(std::net::IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => ServerName::from(std::net::IpAddr::V6(ip)),
        None => return Err(tls(io::ErrorKind::InvalidInput.into())),
    };
    let connector = TlsConnector::from(Arc::new(trust(ca).map_err(tls)?));
    talk(connector.connect(name, stream).await.map_err(tls)?).await
}

async fn talk(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<Connection, ClientError> {
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    Ok(Connection { sender, driver })
}

fn trust(ca: Option<&Path>) -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            let certificates = CertificateDer::pem_file_iter(path).map_err(io::Error::other)?;
            for certificate in certificates {
                roots
                    .add(certificate.map_err(io::Error::other)?)
                    .map_err(io::Error::other)?;
            }
        }
        None => {
            // Single certificates of the system's store that cannot be read are left out.
            let system = rustls_native_certs::load_native_certs().certs;
            let (_added, _left_out) = roots.add_parsable_certificates(system);
        }
    }
    let versions = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions();
    let mut config = versions
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
