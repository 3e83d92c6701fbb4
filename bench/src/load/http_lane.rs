//! A caller over one HTTP/1.1 connection that is kept open.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Lane;
use crate::message;

/// Ids are unique over all lanes: a gateway may share one link to a child between them.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);

pub fn next_id() -> u64 {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

/// Where calls go in: an address, a path and a key.
#[derive(Clone, Debug)]
pub struct Door {
    pub address: SocketAddr,
    pub path: String,
    pub key: Option<String>,
}

impl Door {
    /// A request ready to send.
    ///
    /// # Errors
    /// When the key cannot stand in a header.
    pub fn request(
        &self,
        method: &str,
        mut headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Request<Full<Bytes>>> {
        headers.insert(
            header::HOST,
            HeaderValue::from_str(&self.address.to_string())?,
        );
        if let Some(key) = &self.key {
            headers.insert(
                header::AUTHORIZATION,
                HeaderValue::from_str(&format!("Bearer {key}"))?,
            );
        }
        let mut request = Request::builder()
            .method(method)
            .uri(&self.path)
            .body(Full::from(body))?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(&self) -> Result<Connection> {
        let socket = TcpStream::connect(self.address).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(socket)).await?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            // Its end shows in the sender.
            let _ = connection.await;
        });
        Ok(Connection {
            sender,
            _driver: driver,
        })
    }
}

/// An open connection; its driver ends with it.
pub struct Connection {
    pub sender: SendRequest<Full<Bytes>>,
    _driver: JoinSet<()>,
}

/// Sends one request on a connection of its own and reads the whole answer.
///
/// # Errors
/// When there is no answer.
pub async fn send(
    door: &Door,
    method: &str,
    headers: HeaderMap,
    body: Vec<u8>,
) -> Result<Response<Bytes>> {
    let mut connection = door.connect().await?;
    let response = connection
        .sender
        .send_request(door.request(method, headers, body)?)
        .await?;
    let (head, body) = response.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

/// A caller that makes the same call again and again.
pub struct HttpLane {
    door: Door,
    message: message::Request,
    headers: HeaderMap,
    reply_bytes_min: usize,
    connection: Connection,
}

impl HttpLane {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(
        door: Door,
        message: message::Request,
        reply_bytes_min: usize,
    ) -> Result<HttpLane> {
        let connection = door.connect().await?;
        Ok(HttpLane {
            headers: message.headers(),
            door,
            message,
            reply_bytes_min,
            connection,
        })
    }

    async fn exchange(&mut self) -> Result<Response<Incoming>> {
        if self.connection.sender.is_closed() {
            self.connection = self.door.connect().await?;
        }
        self.connection.sender.ready().await?;
        let request =
            self.door
                .request("POST", self.headers.clone(), self.message.body(next_id()))?;
        Ok(self.connection.sender.send_request(request).await?)
    }
}

impl Lane for HttpLane {
    async fn call(&mut self) -> Result<()> {
        let mut response = self.exchange().await?;
        let mut bytes = 0;
        while let Some(frame) = response.body_mut().frame().await {
            bytes += frame?.data_ref().context("trailers in an answer")?.len();
        }
        ensure!(
            response.status() == StatusCode::OK,
            "status {}",
            response.status()
        );
        ensure!(
            bytes >= self.reply_bytes_min,
            "{bytes} bytes are not the whole answer"
        );
        Ok(())
    }
}
