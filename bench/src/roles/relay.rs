//! A proxy that copies bytes: the gateway's server and the gateway's client with nothing between them. What it costs is
//! the least that any proxy on these libraries can cost.

use std::net::SocketAddr;

use anyhow::Result;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri, header};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::listen;

pub async fn serve(to: SocketAddr) -> Result<()> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build(connector);
    let authority: Authority = to.to_string().parse()?;
    listen::serve(move |request| forward(client.clone(), authority.clone(), request)).await
}

async fn forward(
    client: Client<HttpConnector, Incoming>,
    to: Authority,
    mut request: Request<Incoming>,
) -> Result<Response<Incoming>> {
    let path = request
        .uri()
        .path_and_query()
        .cloned()
        .unwrap_or(PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(to)
        .path_and_query(path)
        .build()?;
    request.headers_mut().remove(header::HOST);
    request.headers_mut().remove(header::CONNECTION);
    let mut response = client.request(request).await?;
    response.headers_mut().remove(header::CONNECTION);
    Ok(response)
}
