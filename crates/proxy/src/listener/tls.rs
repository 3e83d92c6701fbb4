//! The listener's certificate and, where clients may have certificates too, whom to believe about them; read again when the
//! files change.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use rustls::{
    RootCertStore, ServerConfig,
    server::{VerifierBuilderError, WebPkiClientVerifier, danger::ClientCertVerifier},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use wardgate_snapshot::Tls;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub struct Certificates {
    current: ArcSwap<ServerConfig>,
    files: Tls,
}

#[derive(Debug, thiserror::Error)]
pub enum CertificateFault {
    #[error("cannot read `{}`: {source}", path.display())]
    File {
        path: PathBuf,
        source: rustls_pki_types::pem::Error,
    },
    #[error("certificate and key do not work together: {0}")]
    Pair(#[from] rustls::Error),
    #[error("`{}` holds no authorities: {source}", path.display())]
    Authorities {
        path: PathBuf,
        source: VerifierBuilderError,
    },
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// When one cannot be read, the key does not fit the certificate, or there is no authority among those for clients.
    pub fn load(files: &Tls) -> Result<Arc<Certificates>, CertificateFault> {
        Ok(Arc::new(Certificates {
            current: ArcSwap::from_pointee(read(files)?),
            files: files.clone(),
        }))
    }

    /// Returns what does the handshakes that begin from here on.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }

    /// Follows the files until `stop`. Files that do not load together leave the old ones in use.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let mut seen = self.changed_at();
        while stop
            .run_until_cancelled(tokio::time::sleep(LOOK_EVERY))
            .await
            .is_some()
        {
            let now = self.changed_at();
            if now == seen {
                continue;
            }
            match read(&self.files) {
                Ok(config) => {
                    self.current.store(Arc::new(config));
                    seen = now;
                    tracing::info!("certificate reloaded");
                }
                // The files may be between one write and the other; looked at again next time.
                Err(fault) => tracing::warn!(%fault, "certificate not reloaded, the old one stays"),
            }
        }
    }

    fn changed_at(&self) -> Vec<Option<SystemTime>> {
        let Tls {
            chain,
            key,
            client_ca,
        } = &self.files;
        [Some(chain), Some(key), client_ca.as_ref()]
            .into_iter()
            .flatten()
            .map(|path| path.metadata().and_then(|meta| meta.modified()).ok())
            .collect()
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn read(files: &Tls) -> Result<ServerConfig, CertificateFault> {
    let builder =
        ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let builder = match &files.client_ca {
        Some(path) => builder.with_client_cert_verifier(authorities(path)?),
        None => builder.with_no_client_auth(),
    };
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(unreadable(&files.key))?;
    let mut config = builder.with_single_cert(certificates(&files.chain)?, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// A client without a certificate is let through the handshake: it may have a key or a token.
fn authorities(path: &Path) -> Result<Arc<dyn ClientCertVerifier>, CertificateFault> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates(path)?);
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .allow_unauthenticated()
        .build()
        .map_err(|source| CertificateFault::Authorities {
            path: path.to_owned(),
            source,
        })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateFault> {
    CertificateDer::pem_file_iter(path)
        .map_err(unreadable(path))?
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable(path))
}

fn unreadable(path: &Path) -> impl Fn(rustls_pki_types::pem::Error) -> CertificateFault {
    let path = path.to_owned();
    move |source| CertificateFault::File {
        path: path.clone(),
        source,
    }
}
