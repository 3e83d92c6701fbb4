//! `/.well-known/oauth-protected-resource…` (RFC 9728): which issuers' tokens open a toolset. Told to everybody, as a client
//! asks before it has a token.

use http::StatusCode;
use wardgate_snapshot::Snapshot;

use super::{
    http::because,
    reply::{self, Reply},
};
use crate::{gate::Gate, stage::record};

/// Gives out the document of a toolset that some issuer's tokens open.
pub fn document(gate: &Gate, snapshot: &Snapshot, toolset: Option<&str>) -> Reply {
    let resource = snapshot
        .toolset(toolset)
        .and_then(|toolset| toolset.resource.as_ref());
    match resource {
        Some(resource) => reply::plain_json(resource.document()),
        None => {
            record::refused(gate, snapshot, because("no such path"));
            reply::empty(StatusCode::NOT_FOUND)
        }
    }
}
