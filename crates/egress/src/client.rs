//! Small requests with small answers, each within its caps. Redirects are answers like any other and are never followed; no
//! variable of the environment names a proxy.

use std::{error::Error, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::RootCertStore;

use crate::{
    resolve::{Resolve, Vetting},
    rules::{Refused, Rules},
};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Of the head of an answer.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The client of the control side. Clones share connections.
#[derive(Clone)]
pub struct Egress {
    rules: Arc<Rules>,
    client: Client<HttpsConnector<HttpConnector<Vetting>>, Full<Bytes>>,
}

/// What one request may cost.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Of the answer's body.
    pub body_bytes_max: usize,
    /// From the name's resolution to the last byte.
    pub within: Duration,
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub body: Bytes,
}

/// Why there is no answer. The texts are for the log.
#[derive(Debug, thiserror::Error)]
pub enum EgressFault {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    #[error("answered with a redirect, which is not followed")]
    Redirect,
    #[error("answered with status {0}")]
    Status(StatusCode),
    #[error("answered with a content encoding that was not asked for")]
    Encoded,
    #[error("answered with more than {0} bytes")]
    TooLarge(usize),
    #[error("broke off while answering")]
    Interrupted,
    #[error("did not answer within {0:?}")]
    Late(Duration),
}

impl Egress {
    /// Makes a client that trusts these authorities.
    ///
    /// # Errors
    /// When the TLS library has no protocol version to offer.
    pub fn new(
        rules: Rules,
        roots: RootCertStore,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Egress, rustls::Error> {
        let rules = Arc::new(rules);
        let mut tcp = HttpConnector::new_with_resolver(Vetting {
            rules: rules.clone(),
            resolver,
        });
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(CONNECT_WITHIN));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(4)
            .http1_max_buf_size(HEAD_BYTES_MAX)
            .build(https);
        Ok(Egress { rules, client })
    }

    /// Gets a JSON document, whatever media type it is given out as.
    ///
    /// # Errors
    /// [`EgressFault`]; every status but a success is one.
    ///
    /// # Cancel safety
    /// Dropping it hangs up.
    pub async fn get_json(&self, url: &str, caps: Caps) -> Result<Bytes, EgressFault> {
        let reply = self
            .send(Method::GET, url, HeaderMap::new(), Bytes::new(), caps)
            .await?;
        if reply.status.is_success() {
            Ok(reply.body)
        } else {
            Err(EgressFault::Status(reply.status))
        }
    }

    /// Posts a JSON document, once, and returns what was answered.
    ///
    /// # Errors
    /// [`EgressFault`]; a status that is no redirect is an answer.
    ///
    /// # Cancel safety
    /// Dropping it hangs up; whether the document arrived is not known then.
    pub async fn post_json(
        &self,
        url: &str,
        mut headers: HeaderMap,
        body: Bytes,
        caps: Caps,
    ) -> Result<Reply, EgressFault> {
        let json = http::HeaderValue::from_static("application/json");
        headers.entry(header::CONTENT_TYPE).or_insert(json);
        self.send(Method::POST, url, headers, body, caps).await
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
        caps: Caps,
    ) -> Result<Reply, EgressFault> {
        let url = self.rules.judge(url)?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = url.as_str().parse().map_err(|_| Refused::NotAUrl)?;
        *request.headers_mut() = headers;
        let json = http::HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::ACCEPT, json);
        // The URL alone says who is asked.
        request.headers_mut().remove(header::HOST);
        let exchange = async {
            let response = self.client.request(request).await.map_err(fault_of)?;
            read(response, caps.body_bytes_max).await
        };
        tokio::time::timeout(caps.within, exchange)
            .await
            .unwrap_or(Err(EgressFault::Late(caps.within)))
    }
}

/// The authorities this machine trusts; none, if it has no store: then no TLS peer is trusted.
pub fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

async fn read<B>(response: Response<B>, body_bytes_max: usize) -> Result<Reply, EgressFault>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
{
    let status = response.status();
    if status.is_redirection() {
        return Err(EgressFault::Redirect);
    }
    // Nothing was said to be acceptable, so a body that unfolds is not wanted.
    if response.headers().contains_key(header::CONTENT_ENCODING) {
        return Err(EgressFault::Encoded);
    }
    let body = response.into_body();
    if body.size_hint().lower() > body_bytes_max as u64 {
        return Err(EgressFault::TooLarge(body_bytes_max));
    }
    match Limited::new(body, body_bytes_max).collect().await {
        Ok(body) => Ok(Reply {
            status,
            body: body.to_bytes(),
        }),
        Err(error) if error.is::<LengthLimitError>() => Err(EgressFault::TooLarge(body_bytes_max)),
        Err(_) => Err(EgressFault::Interrupted),
    }
}

/// A refusal while resolving comes back wrapped in the connector's errors.
fn fault_of(error: hyper_util::client::legacy::Error) -> EgressFault {
    let mut cause: &dyn Error = &error;
    loop {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return EgressFault::Refused(*refused);
        }
        match cause.source() {
            Some(deeper) => cause = deeper,
            None => return EgressFault::Unreachable(cause.to_string()),
        }
    }
}
