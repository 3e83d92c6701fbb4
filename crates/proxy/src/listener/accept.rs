//! The accept loop: sockets, TLS, connection caps, hardened HTTP/1 and HTTP/2, and the drain.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use http::{Request, Version};
use http_body_util::Either;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use wardgate_snapshot::Caps;

use super::{
    annex::{Annex, Answers},
    http::{Door, Peer, because},
    quota::Quota,
    reply::Reply,
    stall::StallGuard,
    strict::Strict,
    tls::Certificates,
    unread::Unread,
};
use crate::{gate::Gate, stage::record};

/// What is served on the connections of a listener. One is cloned for each connection, and again for each request.
pub trait Site: Clone + Send + Sync + 'static {
    /// Returns the way in of a connection from this peer.
    fn of(&self, peer: Peer) -> Self;

    /// Takes in the certificate (DER) that the handshake has checked.
    fn proven(&mut self, certificate: Arc<[u8]>);

    /// Answers one HTTP request, whatever it is.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Reply> + Send;
}

/// A bound socket, ready to serve.
pub struct Listener {
    socket: TcpListener,
    certificates: Option<Arc<Certificates>>,
    gate: Arc<Gate>,
}

impl Listener {
    /// Binds the address.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn bind(
        gate: Arc<Gate>,
        address: SocketAddr,
        certificates: Option<Arc<Certificates>>,
    ) -> io::Result<Listener> {
        Ok(Listener {
            socket: TcpListener::bind(address).await?,
            certificates,
            gate,
        })
    }

    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop`, then lets requests under way finish for at most the drain time.
    ///
    /// # Errors
    /// When the socket's own address cannot be read.
    pub async fn serve(self, stop: CancellationToken) -> io::Result<()> {
        let address = self.address()?;
        let caps = self.gate.snapshot().gateway.caps.clone();
        let is_tls = self.certificates.is_some();
        let door = Door::new(self.gate.clone(), address, is_tls, &caps);
        self.serve_site(door, stop).await
    }

    /// As [`Listener::serve`], but what comes is answered by somebody else.
    ///
    /// # Errors
    /// As [`Listener::serve`].
    pub async fn serve_annex(
        self,
        answers: Arc<dyn Answers>,
        stop: CancellationToken,
    ) -> io::Result<()> {
        let annex = Annex::new(self.gate.clone(), answers, self.address()?);
        self.serve_site(annex, stop).await
    }

    async fn serve_site(self, site: impl Site, stop: CancellationToken) -> io::Result<()> {
        let caps = self.gate.snapshot().gateway.caps.clone();
        let quota = Quota::new(&caps);
        let http = hardened(&caps);
        let graceful = GracefulShutdown::new();
        while let Some(accepted) = stop.run_until_cancelled(self.socket.accept()).await {
            let (socket, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors or the like: spinning would make it worse.
                    tracing::warn!(%error, "cannot accept");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let Some(slot) = quota.admit(peer.ip()) else {
                continue;
            };
            if let Err(error) = socket.set_nodelay(true) {
                tracing::debug!(%error, "no TCP_NODELAY");
            }
            let connection = Connection {
                http: http.clone(),
                gate: self.gate.clone(),
                site: site.of(Peer {
                    address: peer.ip(),
                    certificate: None,
                }),
                stall: caps.write_stall_timeout,
                opening: caps.header_timeout,
                watcher: graceful.watcher(),
            };
            let certificates = self.certificates.clone();
            let handshake = caps.header_timeout;
            self.gate.tasks.spawn(async move {
                let _slot = slot;
                match certificates {
                    None => connection.serve(socket).await,
                    Some(certificates) => match tokio::time::timeout(
                        handshake,
                        certificates.acceptor().accept(socket),
                    )
                    .await
                    {
                        Ok(Ok(stream)) => connection.proven(&stream).serve(stream).await,
                        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
                        Err(_) => tracing::debug!("TLS handshake took too long"),
                    },
                }
            });
        }
        drop(self.socket);
        if tokio::time::timeout(caps.drain_timeout, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("requests still under way after the drain time");
        }
        Ok(())
    }
}

struct Connection<S> {
    http: auto::Builder<TokioExecutor>,
    gate: Arc<Gate>,
    site: S,
    stall: Duration,
    opening: Duration,
    watcher: hyper_util::server::graceful::Watcher,
}

impl<S: Site> Connection<S> {
    /// Takes in what the handshake has checked of the client.
    fn proven(mut self, stream: &TlsStream<TcpStream>) -> Connection<S> {
        let (_, tls) = stream.get_ref();
        let chain = tls.peer_certificates();
        if let Some(leaf) = chain.and_then(|chain| chain.first()) {
            self.site.proven(Arc::from(leaf.as_ref()));
        }
        self
    }

    async fn serve(self, socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let io = TokioIo::new(Strict::new(
            StallGuard::new(socket, self.stall),
            self.opening,
        ));
        let (site, gate) = (self.site, self.gate);
        let unread = Unread::new(self.stall);
        let offers = unread.clone();
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let (site, offers) = (site.clone(), offers.clone());
            async move {
                let is_old = request.version() < Version::HTTP_2;
                let reply = site.answer(request).await;
                Ok::<_, std::convert::Infallible>(reply.map(|body| match is_old {
                    true => Either::Left(body),
                    false => Either::Right(offers.offer(body)),
                }))
            }
        });
        let connection = self.http.serve_connection(io, service).into_owned();
        tokio::select! {
            ended = self.watcher.watch(connection) => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                    if let Some(reason) = no_request(error.as_ref()) {
                        record::refused(&gate, &gate.snapshot(), because(reason));
                    }
                }
            }
            () = unread.overdue() => tracing::debug!("the client does not take its answers"),
        }
    }
}

/// Says why bytes were refused before they were a request; `None` for every other end of a connection.
fn no_request(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<&'static str> {
    let error = error.downcast_ref::<hyper::Error>()?;
    match () {
        () if error.is_parse_too_large() => Some("the headers are too large"),
        () if error.is_parse() => Some("the bytes are no HTTP request"),
        () => None,
    }
}

/// Finite everything. The defaults of h2 would take 16 MiB of headers (HTTP/2 bombs); reset and CONTINUATION floods are
/// cut by the low limits on pending resets, streams and header lists.
fn hardened(caps: &Caps) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(caps.header_timeout)
        // Also how much of a body is read at once; heads have their own, lower cap.
        .max_buf_size((2 * caps.header_bytes_max).max(256 << 10))
        .max_headers(100)
        .half_close(false);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .max_header_list_size(16 << 10)
        .max_pending_accept_reset_streams(32)
        .max_local_error_reset_streams(64)
        .initial_stream_window_size(64 << 10)
        .initial_connection_window_size(1 << 20)
        .max_send_buf_size(256 << 10)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(15));
    http
}
