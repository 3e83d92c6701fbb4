//! `gateway.approvals`: what the schema cannot say of it.

use url::Url;

use super::{Checks, Place, tenant};
use crate::{
    config::approvals::{Approvals, Webhook},
    diagnostic::code,
    raw::{RawGateway, approvals::RawWebhook},
};

pub fn check(checks: &mut Checks<'_>, place: &Place, gateway: &RawGateway) -> Approvals {
    let raw = &gateway.approvals;
    let webhook = |raw: &RawWebhook| {
        let place = place.child("webhook").child("url");
        let fault = tenant::unaskable(checks, &place, &raw.url, &gateway.egress, true);
        if let Some((message, hint)) = fault {
            checks.error(code::BAD_WEBHOOK, &place, message, hint);
        }
        Some(Webhook {
            url: Url::parse(&raw.url).ok()?,
            secret: checks.secret(&raw.secret),
        })
    };
    Approvals {
        webhook: raw.webhook.as_ref().and_then(webhook),
        wait: raw.wait,
        decide_within: raw.decide_within,
        use_within: raw.use_within,
        pending: raw.pending,
    }
}
