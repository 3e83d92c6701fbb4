//! The admin API: what operators see and do, as HTTP and JSON under `/admin/v1`, described by an OpenAPI document.
//!
//! [`router`] lists every route and who may use it. Sockets, TLS and credentials are not here: a request comes with who sent it,
//! already proven ([`Visitor`]). What is done is in `wardgate-control`; here it is asked for and put into words. No file knows
//! config, SQL or the data plane.

mod access;
pub mod approvals;
pub mod explain;
mod input;
pub mod keys;
pub mod limits;
pub mod metrics;
pub mod openapi;
pub mod overrides;
mod problem;
pub mod records;
pub mod router;
mod whoami;

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use tower_service::Service;
use wardgate_control::{Operator, journal::Moment, keys::Randomness};
use wardgate_model::{GroupName, Held};

pub use problem::{Problem, refused};

/// Who sent a request, and what they are trusted with.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub operator: Operator,
    pub groups: Vec<GroupName>,
    pub held: Held,
}

/// What the collections need.
#[derive(Clone)]
pub struct Desk {
    pub approvals: Option<wardgate_control::approvals::Inbox>,
    pub keys: Option<wardgate_control::keys::Keys>,
    pub overrides: Option<wardgate_control::overrides::Switch>,
    pub records: Option<wardgate_control::records::Reading>,
    pub explainer: std::sync::Arc<dyn explain::Explainer>,
    pub limits: std::sync::Arc<dyn limits::Standings>,
    pub metrics: std::sync::Arc<dyn metrics::Exposition>,
    /// This moment, and randomness nobody else has.
    pub chance: fn() -> (Moment, Randomness),
}

/// The API, ready to answer.
#[derive(Clone)]
pub struct Admin(Router);

impl Admin {
    pub fn new(desk: Desk) -> Admin {
        Admin(router::router(desk))
    }

    /// Answers one request.
    ///
    /// # Cancel safety
    /// As that of the use case; see `wardgate-control`.
    pub async fn answer(&self, visitor: Visitor, request: Request<Bytes>) -> Response<Bytes> {
        let mut request = router::routed(request.map(Body::from));
        request.extensions_mut().insert(visitor);
        let Ok(answer) = self.0.clone().call(request).await;
        let (mut head, body) = answer.into_parts();
        head.headers.insert(
            http::header::CACHE_CONTROL,
            http::HeaderValue::from_static("no-store"),
        );
        match body.collect().await {
            Ok(body) => Response::from_parts(head, body.to_bytes()),
            Err(_) => refused(
                http::StatusCode::INTERNAL_SERVER_ERROR,
                "no answer was made",
            ),
        }
    }
}
