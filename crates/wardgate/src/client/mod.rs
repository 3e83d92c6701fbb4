//! A small MCP client of the modern revision over Streamable HTTP, for the verbs that go through a running gateway.
//!
//! Stateless as the revision is: one connection per request, no session. Not for the data path.

pub mod admin;
mod connection;
mod reply;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use serde_json::json;
use url::Url;
use wardgate_model::Secret;
use wardgate_protocol::{
    Frame, Raw, RequestId, Revision, RpcError, edit, headers,
    meta::{self, RequestMeta},
};
use wardgate_proxy::way::task::EXTENSION;

/// Pages of one list that are read at the most.
const PAGES_MAX: usize = 1000;

/// A running gateway, and who calls it.
#[derive(Debug)]
pub struct Gateway {
    pub url: Url,
    pub key: Option<Secret>,
    /// `tenant/principal` to act as.
    pub assume: Option<String>,
    /// PEM file of the authorities to trust instead of the system's.
    pub ca: Option<std::path::PathBuf>,
    /// Whether calls may go on as tasks.
    pub declares_tasks: bool,
    pub timeout: Duration,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("cannot reach {address}")]
    Unreachable {
        address: String,
        source: std::io::Error,
    },
    #[error("no secure connection to {address}")]
    Tls {
        address: String,
        source: std::io::Error,
    },
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("the connection broke")]
    Broken(#[from] hyper::Error),
    #[error("the gateway answered with HTTP status {status}")]
    Status {
        status: u16,
        retry_after: Option<String>,
    },
    #[error("{}", .error.message)]
    Rpc {
        status: u16,
        error: RpcError,
        retry_after: Option<String>,
    },
    #[error("the answer is not MCP: {0}")]
    Protocol(&'static str),
    #[error("{0} cannot be sent in a header")]
    Header(&'static str),
}

/// One request: its method, its params without `_meta`, and headers that mirror arguments.
#[derive(Debug)]
pub struct Ask<'a> {
    pub method: &'a str,
    pub params: Raw,
    /// What `Mcp-Name` mirrors.
    pub name: Option<&'a str>,
    pub param_headers: Vec<(String, String)>,
}

impl Gateway {
    /// Sends one request and returns its result. Notifications that come first are given to `notice`.
    ///
    /// # Errors
    /// See [`ClientError`].
    ///
    /// # Cancel safety
    /// Dropping closes the connection, which the gateway takes as a cancellation.
    pub async fn ask(
        &self,
        ask: &Ask<'_>,
        notice: &mut dyn FnMut(&Frame),
    ) -> Result<Raw, ClientError> {
        let id = RequestId::number(1);
        let request = self.request(ask, &id)?;
        let exchange = async {
            let mut connection = connection::open(&self.url, self.ca.as_deref()).await?;
            let answer = connection.send(request).await?;
            reply::read(answer, &id, notice).await
        };
        tokio::time::timeout(self.timeout, exchange)
            .await
            .map_err(|_| ClientError::Timeout(self.timeout))?
    }

    /// Returns every element of a list with pages, and the `_meta` of each page that has one.
    ///
    /// # Errors
    /// See [`ClientError`].
    ///
    /// # Cancel safety
    /// As [`Gateway::ask`].
    pub async fn list(
        &self,
        method: &str,
        member: &str,
    ) -> Result<(Vec<Raw>, Vec<Raw>), ClientError> {
        let (mut elements, mut metas) = (Vec::new(), Vec::new());
        let mut params = Raw::trusted("{}");
        for _ in 0..PAGES_MAX {
            let ask = Ask {
                method,
                params,
                name: None,
                param_headers: Vec::new(),
            };
            let page = self.ask(&ask, &mut |_| {}).await?;
            let list = edit::get(page.as_str(), &[member]).and_then(edit::elements);
            let list = list.ok_or(ClientError::Protocol("a list is missing"))?;
            elements.extend(list.into_iter().map(|element| page.slice_of(element)));
            metas.extend(edit::get(page.as_str(), &["_meta"]).map(|part| page.slice_of(part)));
            match edit::get(page.as_str(), &["nextCursor"]).filter(|cursor| cursor.starts_with('"'))
            {
                Some(cursor) => params = Raw::trusted(edit::set("{}", &["cursor"], cursor)),
                None => return Ok((elements, metas)),
            }
        }
        Err(ClientError::Protocol("a list has no end"))
    }

    /// Says who asks, and that questions may be put to a person.
    fn sender(&self) -> RequestMeta {
        let info = json!({"name": "wardgate-cli", "version": env!("CARGO_PKG_VERSION")});
        let mut capabilities = json!({"elicitation": {"form": {}, "url": {}}});
        if self.declares_tasks {
            capabilities["extensions"] = json!({EXTENSION: {}});
        }
        RequestMeta {
            revision: Revision::NEWEST,
            client_capabilities: Raw::of(&capabilities),
            client_info: Some(Raw::of(&info)),
            log_level: None,
        }
    }

    fn request(&self, ask: &Ask<'_>, id: &RequestId) -> Result<Request<Full<Bytes>>, ClientError> {
        let params = meta::add(Some(&ask.params), &self.sender());
        let params = meta::with_progress_token(Some(&params), Some("1"));
        let body = Frame::request(id, ask.method, Some(&params)).raw().bytes();
        let host = match (self.url.host_str(), self.url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        let path = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        let mut request = Request::post(path)
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, text/event-stream")
            .header(headers::PROTOCOL_VERSION, Revision::NEWEST.as_str())
            .header(headers::METHOD, ask.method);
        if let Some(name) = ask.name {
            request = request.header(headers::NAME, headers::encode(name).as_ref());
        }
        for (name, value) in &ask.param_headers {
            request = request.header(
                format!("{}{name}", headers::PARAM_PREFIX),
                headers::encode(value).as_ref(),
            );
        }
        if let Some(key) = &self.key {
            let value = http::HeaderValue::try_from(format!("Bearer {}", key.expose()));
            let mut value = value.map_err(|_| ClientError::Header("the key"))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        if let Some(assume) = &self.assume {
            let value = http::HeaderValue::try_from(assume)
                .map_err(|_| ClientError::Header("the principal"))?;
            request = request.header("wardgate-as", value);
        }
        request
            .body(Full::new(body))
            .map_err(|_| ClientError::Header("the tool's name"))
    }
}
