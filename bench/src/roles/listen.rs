//! The server side that echo and relay share: the gateway's server, without anything in it.

use std::future::Future;
use std::net::Ipv4Addr;

use anyhow::Result;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Serves until standard input ends.
pub async fn serve<S, F, B>(answer: S) -> Result<()>
where
    S: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<Response<B>>> + Send + 'static,
    B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>, Data: Send> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?);
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new());
    let mut connections = JoinSet::new();
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 64];
    loop {
        let socket = tokio::select! {
            accepted = listener.accept() => accepted?.0,
            read = input.read(&mut ignored) => match read? {
                0 => return Ok(()),
                _ => continue,
            },
        };
        socket.set_nodelay(true)?;
        let (http, answer) = (http.clone(), answer.clone());
        connections.spawn(async move {
            // A client that leaves in the middle is the end of this connection and of nothing else.
            let _ = http
                .serve_connection(TokioIo::new(socket), service_fn(answer))
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}
