//! An MCP server over HTTP that echoes: `/mcp/json` answers with JSON, `/mcp/sse` with an event stream, and
//! `/mcp/many/N` lists that many tools.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::listen;
use crate::message;

type Frames = stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, std::convert::Infallible>>>;
type Body = Either<Full<Bytes>, StreamBody<Frames>>;

#[derive(Deserialize)]
struct Envelope<'m> {
    #[serde(borrow)]
    id: Option<&'m RawValue>,
    method: &'m str,
    params: Option<Value>,
}

/// Lists that were asked for before, serialised: making ten thousand tools must not be what is measured.
type Lists = Arc<Mutex<HashMap<usize, Arc<str>>>>;

pub async fn serve() -> Result<()> {
    let lists = Lists::default();
    listen::serve(move |request| answer(request, lists.clone())).await
}

async fn answer(request: Request<Incoming>, lists: Lists) -> Result<Response<Body>> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let message: Envelope<'_> = serde_json::from_slice(&body)?;
    let Some(id) = message.id else {
        return respond(StatusCode::ACCEPTED, None, Either::Left(Full::default()));
    };
    let tools = path
        .strip_prefix("/mcp/many/")
        .and_then(|tools| tools.parse().ok())
        .unwrap_or(1);
    let (status, reply) = reply(&message, id, tools, &lists)?;
    match path.as_str() {
        "/mcp/sse" => {
            let event = Frame::data(format!("event: message\ndata: {reply}\n\n").into());
            let frames = stream::iter(vec![Ok(event)]);
            respond(
                status,
                Some("text/event-stream"),
                Either::Right(StreamBody::new(frames)),
            )
        }
        _ => respond(
            status,
            Some("application/json"),
            Either::Left(Full::from(reply)),
        ),
    }
}

fn reply(
    message: &Envelope<'_>,
    id: &RawValue,
    tools: usize,
    lists: &Lists,
) -> Result<(StatusCode, String)> {
    if message.method == "tools/list" {
        let mut lists = lists.lock().ok().context("an earlier list failed")?;
        let list = lists.entry(tools).or_insert_with(|| {
            match message::answer("tools/list", None, tools) {
                Ok(result) | Err(result) => result.to_string().into(),
            }
        });
        return Ok((
            StatusCode::OK,
            format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{list}}}"#),
        ));
    }
    Ok(
        match message::answer(message.method, message.params.as_ref(), tools) {
            Ok(result) => (
                StatusCode::OK,
                json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string(),
            ),
            Err(error) if error["code"] == -32601 => (
                StatusCode::NOT_FOUND,
                json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string(),
            ),
            Err(error) => (
                StatusCode::BAD_REQUEST,
                json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string(),
            ),
        },
    )
}

fn respond(status: StatusCode, media_type: Option<&str>, body: Body) -> Result<Response<Body>> {
    let mut response = Response::builder().status(status);
    if let Some(media_type) = media_type {
        response = response.header(header::CONTENT_TYPE, media_type);
    }
    Ok(response.body(body)?)
}
