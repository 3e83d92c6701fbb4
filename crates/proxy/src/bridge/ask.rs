//! Questions a server has for the client, whichever way they came and whichever way they are put.

use std::time::Instant;

use url::Url;
use wardgate_model::Alias;
use wardgate_protocol::{
    Frame, Limits, Method, Raw, RpcError, edit, error,
    scan::{self, Keys},
};

use super::{form, link};
use crate::{call::Call, seal::random_bytes, stop::Stop};

/// A question's key, with the client's result or its error.
pub type Answered = (String, Result<Raw, Raw>);

/// Questions that one round may hold.
pub const ASKS_MAX: usize = 32;

pub fn too_many() -> Stop {
    Stop::UpstreamFault {
        reason: "it asks too much at once",
    }
}

/// One question: elicitation, sampling or roots.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Key in `inputRequests`.
    pub key: String,
    pub method: Method,
    pub params: Option<Raw>,
}

impl Ask {
    /// Reads the `inputRequests` of a modern result. The spec allows three methods; anything else fails the call.
    ///
    /// # Errors
    /// When the map is malformed or asks what this client did not declare.
    pub fn read_all(call: &Call, server: &Alias, result: &Raw) -> Result<Vec<Ask>, Stop> {
        let Some(requests) = edit::get(result.as_str(), &["inputRequests"]) else {
            return Ok(Vec::new());
        };
        let Some(object) = edit::Object::parse(requests) else {
            return Err(Stop::UpstreamFault {
                reason: "its questions are malformed",
            });
        };
        if object.iter().nth(ASKS_MAX).is_some() {
            return Err(too_many());
        }
        object
            .iter()
            .map(|(key, request)| {
                let method = edit::get(request, &["method"])
                    .and_then(edit::string)
                    .unwrap_or_default();
                let params = edit::get(request, &["params"]).map(|params| result.slice_of(params));
                let ask = Ask {
                    key: key.to_owned(),
                    method: Method::parse(&method),
                    params,
                };
                ask.judged(call, server).ok_or(Stop::UpstreamFault {
                    reason: "it asked what the client cannot answer",
                })
            })
            .collect()
    }

    /// Returns the question as it may be put: with a warning where it asks for a secret, not at all where the client did not
    /// declare it, its link is unsafe, or two readers could read it differently.
    pub fn judged(mut self, call: &Call, server: &Alias) -> Option<Ask> {
        let params = self.params.as_ref();
        let capabilities = &call.peer.capabilities;
        let is_plain =
            |params: &Raw| scan::check(&params.bytes(), &Limits::default(), Keys::Strict).is_ok();
        if !capabilities.allow(&self.method, params)
            || !params.is_none_or(is_plain)
            || params.is_some_and(has_unsafe_url)
        {
            return None;
        }
        if let Some(warned) = params.and_then(|params| form::warned(params.as_str())) {
            tracing::warn!(%server, "a form asks for a secret");
            self.params = Some(Raw::trusted(warned));
        }
        Some(self)
    }

    /// Asks a legacy client on the call's own stream and waits for its response. The time it takes is not the call's.
    ///
    /// # Errors
    /// When the client leaves, cancels, or does not answer within `limit`.
    pub async fn put(
        &self,
        call: &Call,
        limit: std::time::Duration,
    ) -> Result<Result<Raw, Raw>, Stop> {
        let Some(session) = &call.peer.session else {
            return Err(Stop::Internal {
                reason: "a question without a session",
            });
        };
        let params = self.params_for_legacy();
        let (frame, asked) = session.ask(&self.method, params.as_ref());
        let started = Instant::now();
        call.cx.extend(limit);
        call.cx.within(call.exchange.ask(frame)).await?;
        let response = call
            .cx
            .within(tokio::time::timeout(limit, asked.response()))
            .await?;
        call.cx.unextend(limit.saturating_sub(started.elapsed()));
        match response {
            Ok(Some(frame)) => Ok(answer_of(&frame)),
            Ok(None) => Err(Stop::Cancelled),
            Err(_) => Err(Stop::Timeout),
        }
    }

    /// 2025-11-25 requires an `elicitationId` in url mode, which 2026-07-28 no longer has.
    fn params_for_legacy(&self) -> Option<Raw> {
        let params = self.params.as_ref()?;
        let is_url = edit::get(params.as_str(), &["mode"]) == Some("\"url\"");
        if !is_url || edit::get(params.as_str(), &["elicitationId"]).is_some() {
            return Some(params.clone());
        }
        let id = format!("\"{:032x}\"", u128::from_le_bytes(random_bytes()));
        Some(Raw::trusted(edit::set(
            params.as_str(),
            &["elicitationId"],
            &id,
        )))
    }

    /// Returns the member of `inputRequests`.
    pub fn to_json(&self) -> String {
        let params = self.params.as_ref().map_or("{}", Raw::as_str);
        format!(
            r#"{}:{{"method":{},"params":{params}}}"#,
            edit::quote(&self.key),
            edit::quote(self.method.as_str())
        )
    }
}

/// A link a person will be asked to open must be one a browser opens safely, and whose name shows where it leads.
fn has_unsafe_url(params: &Raw) -> bool {
    let wants_link = edit::get(params.as_str(), &["mode"]).and_then(edit::string);
    let Some(url) = edit::get(params.as_str(), &["url"]) else {
        return wants_link.as_deref() == Some("url");
    };
    match edit::string(url).map(|url| Url::parse(&url)) {
        Some(Ok(url)) => !link::is_safe(&url),
        Some(Err(_)) | None => true,
    }
}

fn answer_of(frame: &Frame) -> Result<Raw, Raw> {
    match (frame.result(), frame.error()) {
        (Some(result), _) => Ok(result.clone()),
        (None, Some(error)) => Err(error.clone()),
        (None, None) => {
            Err(RpcError::new(error::INTERNAL_ERROR, "the client gave no answer").to_raw())
        }
    }
}
