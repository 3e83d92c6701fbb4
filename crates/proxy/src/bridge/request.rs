//! A client's params, made right for the server's era. What need not change is not touched.

use wardgate_protocol::{
    Era, Frame, Lookup, Raw, RequestId, Revision,
    edit::{self, Change},
    meta,
};

use crate::{
    approval::state,
    call::Call,
    seal::{Purpose, Seal},
    stage::forward::Errand,
    upstream::{declared, link::Link},
};

/// A member of params that names something, and its name at the server.
#[derive(Clone, Copy, Debug)]
pub struct Rename<'a> {
    pub path: &'a [&'a str],
    pub to: &'a str,
}

/// Returns the request to send for `call` under the id `id`, which is its progress token there too.
pub fn request(
    seal: &Seal,
    call: &Call,
    link: &Link,
    id: &RequestId,
    errand: &Errand<'_>,
) -> Frame {
    match params(seal, call, link, id, errand) {
        Some(params) => call.frame.with(Some(id), Some(&params)),
        None => call.frame.with(Some(id), None),
    }
}

/// Returns the changed params, or `None` when the client's can go out as they are.
fn params(
    seal: &Seal,
    call: &Call,
    link: &Link,
    id: &RequestId,
    errand: &Errand<'_>,
) -> Option<Raw> {
    let said = call.frame.params();
    let mut changed: Option<Raw> = match (call.peer.era(), link.era()) {
        (Era::Modern, Era::Legacy) => said.map(without_modern),
        (Era::Legacy, Era::Modern) => Some(meta::add(said, &modern_meta(call))),
        (Era::Legacy, Era::Legacy) | (Era::Modern, Era::Modern) => None,
    };
    if meta::progress_token(call.frame.lookup()).is_some() {
        let current = changed.as_ref().or(said);
        changed = Some(meta::with_progress_token(current, Some(id.as_str())));
    }
    if state::is_own(call) {
        let current = changed.as_ref().or(said).map_or("{}", Raw::as_str);
        let own = ["requestState", "inputResponses"].map(Change::Remove);
        changed = Some(Raw::trusted(edit::apply(current, &own)));
    }
    if let Some(state) = server_state(seal, call) {
        let current = changed.as_ref().or(said).map_or("{}", Raw::as_str);
        changed = Some(Raw::trusted(edit::set(current, &["requestState"], &state)));
    }
    if let Some(traced) = call.trace.add(changed.as_ref().or(said)) {
        changed = Some(traced);
    }
    if let Some(arguments) = &errand.arguments {
        let current = changed.as_ref().or(said).map_or("{}", Raw::as_str);
        let restored = edit::set(current, &["arguments"], arguments.as_str());
        changed = Some(Raw::trusted(restored));
    }
    if let Some(rename) = errand.rename {
        let quoted = edit::quote(rename.to);
        let named = call
            .frame
            .lookup()
            .and_then(|params| params.find(rename.path));
        if named != Some(&quoted) {
            let current = changed.as_ref().or(said).map_or("{}", Raw::as_str);
            changed = Some(Raw::trusted(edit::set(current, rename.path, &quoted)));
        }
    }
    changed
}

/// The state a server gave, as it gave it, if it travelled sealed.
fn server_state(seal: &Seal, call: &Call) -> Option<String> {
    let token = call.param_string("requestState")?;
    seal.open(Purpose::ServerState, &token)
}

/// A legacy server knows neither the metadata nor the members of a retried request.
fn without_modern(params: &Raw) -> Raw {
    let stripped = meta::strip(params);
    let retried = ["inputResponses", "requestState"]
        .iter()
        .any(|key| edit::get(stripped.as_str(), &[*key]).is_some());
    match retried {
        true => Raw::trusted(edit::apply(
            stripped.as_str(),
            &[
                Change::Remove("inputResponses"),
                Change::Remove("requestState"),
            ],
        )),
        false => stripped,
    }
}

/// What a legacy session's client would say of itself with each request.
pub fn modern_meta(call: &Call) -> meta::RequestMeta {
    meta::RequestMeta {
        revision: Revision::NEWEST,
        client_capabilities: match declared::without_tasks(call.peer.capabilities_raw.as_str()) {
            Some(left) => Raw::trusted(left),
            None => call.peer.capabilities_raw.clone(),
        },
        client_info: call.peer.info.clone(),
        log_level: call.peer.log_level.clone(),
    }
}
