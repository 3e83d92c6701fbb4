//! The admin API as its own command line sees it: JSON out, JSON back, or the problem that was answered.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use serde::Serialize;
use serde_json::Value;
use url::Url;
use wardgate_model::Secret;

use super::{ClientError, connection};

/// Bytes of one answer.
const BYTES_MAX: usize = 64 << 20;

/// Where the API is, and who asks.
#[derive(Debug)]
pub struct AdminApi {
    /// Scheme, host and port.
    pub url: Url,
    pub key: Option<Secret>,
    /// `tenant/principal` to act as.
    pub assume: Option<String>,
    /// PEM file of the authorities to trust instead of the system's.
    pub ca: Option<std::path::PathBuf>,
    pub timeout: Duration,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The gateway said no (RFC 9457).
    #[error("{detail}")]
    Problem {
        status: u16,
        code: String,
        detail: String,
    },
    #[error("the answer is not one of the admin API")]
    Foreign,
}

impl AdminApi {
    /// # Errors
    /// See [`AdminError`].
    ///
    /// # Cancel safety
    /// Whether something was done is then unknown.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, AdminError> {
        self.send(Method::GET, path, query, None).await
    }

    /// # Errors
    /// See [`AdminError`].
    ///
    /// # Cancel safety
    /// As [`AdminApi::get`].
    pub async fn post(
        &self,
        path: &str,
        body: &impl Serialize,
        dry_run: bool,
    ) -> Result<Value, AdminError> {
        let query: &[_] = if dry_run { &[("dry_run", "1")] } else { &[] };
        let body = serde_json::to_string(body).expect("a question is plain data");
        self.send(Method::POST, path, query, Some(body)).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<String>,
    ) -> Result<Value, AdminError> {
        let mut url = self.url.clone();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.request(method, &url, body)?;
        let exchange = async {
            let mut connection = connection::open(&self.url, self.ca.as_deref()).await?;
            let answer = connection.send(request).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), BYTES_MAX).collect().await;
            let body = body.map_err(|_| ClientError::Protocol("the answer broke off"))?;
            Ok((status, body.to_bytes()))
        };
        let (status, body) = tokio::time::timeout(self.timeout, exchange)
            .await
            .map_err(|_| ClientError::Timeout(self.timeout))?
            .map_err(|fault: ClientError| fault)?;
        let answer: Value = serde_json::from_slice(&body).map_err(|_| AdminError::Foreign)?;
        if status.is_success() {
            return Ok(answer);
        }
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        match (text("code"), text("detail")) {
            (Some(code), Some(detail)) => Err(AdminError::Problem {
                status: status.as_u16(),
                code,
                detail,
            }),
            _ => Err(AdminError::Foreign),
        }
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        body: Option<String>,
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::HOST, host);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(key) = &self.key {
            let value = http::HeaderValue::try_from(format!("Bearer {}", key.expose()));
            let mut value = value.map_err(|_| ClientError::Header("the key"))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        if let Some(assume) = &self.assume {
            request = request.header("wardgate-as", assume);
        }
        let body = body.unwrap_or_default();
        request
            .body(Full::new(body.into()))
            .map_err(|_| ClientError::Header("the principal"))
    }
}
