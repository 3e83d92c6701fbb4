//! The listener's certificate, read again when its files change.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub struct Certificates {
    current: Arc<Current>,
    acceptor: TlsAcceptor,
    chain: PathBuf,
    key: PathBuf,
}

#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
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
}

impl Certificates {
    /// Reads chain and key (PEM).
    ///
    /// # Errors
    /// When a file cannot be read or the key does not fit the certificate.
    pub fn load(chain: &Path, key: &Path) -> Result<Arc<Certificates>, CertificateFault> {
        let current = Arc::new(Current(ArcSwap::from_pointee(read(chain, key)?)));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(Certificates {
            current,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            chain: chain.to_owned(),
            key: key.to_owned(),
        }))
    }

    pub fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// Follows the files until `stop`. A pair that does not load leaves the old one in use.
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
            match read(&self.chain, &self.key) {
                Ok(pair) => {
                    self.current.0.store(Arc::new(pair));
                    seen = now;
                    tracing::info!("certificate reloaded");
                }
                // The two files may be between one write and the other; looked at again next time.
                Err(fault) => tracing::warn!(%fault, "certificate not reloaded, the old one stays"),
            }
        }
    }

    fn changed_at(&self) -> [Option<SystemTime>; 2] {
        [&self.chain, &self.key].map(|path| path.metadata().and_then(|meta| meta.modified()).ok())
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn read(chain: &Path, key: &Path) -> Result<CertifiedKey, CertificateFault> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| CertificateFault::File { path, source }
    };
    let certificates = CertificateDer::pem_file_iter(chain)
        .map_err(unreadable(chain))?
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable(chain))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(unreadable(key))?;
    Ok(CertifiedKey::from_der(certificates, key, &provider())?)
}
