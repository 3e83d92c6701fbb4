//! The checked terms of approvals.

use serde::{Serialize, Serializer};
use url::Url;
use wardgate_model::SecretRef;

use crate::{raw::RawSecretRef, units::Span};

#[derive(Clone, Debug, Serialize)]
pub struct Approvals {
    pub wait: Span,
    pub decide_within: Span,
    pub use_within: Span,
    pub pending: u32,
    pub webhook: Option<Webhook>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Webhook {
    #[serde(serialize_with = "address")]
    pub url: Url,
    #[serde(serialize_with = "reference")]
    pub secret: SecretRef,
}

fn address<S: Serializer>(url: &Url, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(url.as_str())
}

fn reference<S: Serializer>(secret: &SecretRef, to: S) -> Result<S::Ok, S::Error> {
    RawSecretRef::from(secret).serialize(to)
}
