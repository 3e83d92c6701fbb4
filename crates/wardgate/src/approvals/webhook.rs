//! Who else is told that an approval is asked for: a CloudEvent to one address, signed as Standard Webhooks says, sent again
//! while it is not taken and the approval can still be decided. Calls never wait for it.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use anyhow::Context;
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;
use wardgate_admin::approvals::ApprovalItem;
use wardgate_config::Config;
use wardgate_egress::{Caps, Egress};
use wardgate_model::Secret;
use wardgate_proxy::{gate::Secrets, seal::random_bytes};
use wardgate_snapshot::Webhook;
use wardgate_store::Approval;

use crate::issuer_keys::egress;

/// Events that wait for their first attempt; more are lost, and that is logged.
const WAITING_MAX: usize = 256;
/// Events being sent, or between two attempts, at one time.
const UNDER_WAY_MAX: usize = 32;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// One attempt.
const CAPS: Caps = Caps {
    body_bytes_max: 64 << 10,
    within: Duration::from_secs(10),
};
/// What a secret looks like where receivers keep it.
const SECRET_PREFIX: &str = "whsec_";

/// One thing to be told.
#[derive(Clone)]
struct Event {
    id: String,
    body: Bytes,
    /// Nobody needs to know after this.
    until: jiff::Timestamp,
}

/// The way out, by the config in force.
#[derive(Default)]
pub struct Outbound(RwLock<Option<Egress>>);

impl Outbound {
    /// Obeys this config from here on.
    ///
    /// # Errors
    /// When the TLS library has no protocol version to offer.
    pub fn replace(&self, config: &Config) -> anyhow::Result<()> {
        let gateway = &config.gateway;
        let is_needed = gateway.approvals.webhook.is_some();
        let way = is_needed.then(|| egress(&gateway.egress)).transpose()?;
        *self.0.write().expect("no panic while held") = way;
        Ok(())
    }

    fn way(&self) -> Option<Egress> {
        self.0.read().expect("no panic while held").clone()
    }
}

/// Takes what is to be told, and returns at once.
pub struct Teller(mpsc::Sender<Event>);

/// What is told, until the gateway stops.
pub struct Told(mpsc::Receiver<Event>);

pub fn teller() -> (Teller, Told) {
    let (teller, told) = mpsc::channel(WAITING_MAX);
    (Teller(teller), Told(told))
}

impl Teller {
    pub fn requested(&self, approval: &Approval) {
        let Ok(until) = jiff::Timestamp::from_millisecond(approval.request.decide_by.millis())
        else {
            return;
        };
        let id = format!("evt_{:032x}", u128::from_be_bytes(random_bytes()));
        let body = Bytes::from(event(&id, approval).to_string());
        if self.0.try_send(Event { id, body, until }).is_err() {
            tracing::warn!(id = %approval.request.id, "too many approvals to tell of, this one is not");
        }
    }
}

/// CloudEvents 1.0.2, structured. The arguments stay where approvers are asked who they are.
fn event(id: &str, approval: &Approval) -> Value {
    let mut data = json!(ApprovalItem::of(approval));
    if let Some(members) = data.as_object_mut() {
        members.remove("args");
    }
    json!({
        "specversion": "1.0",
        "id": id,
        "source": "dev.wardgate",
        "type": "dev.wardgate.approval.requested",
        "subject": approval.request.id.as_str(),
        "time": jiff::Timestamp::now().to_string(),
        "datacontenttype": "application/json",
        "data": data,
    })
}

impl Told {
    /// Sends what is told to where `webhook` says at that moment, until `stop`. A receiver that fails holds up nothing but its own
    /// events.
    pub async fn send(
        mut self,
        outbound: Arc<Outbound>,
        secrets: Arc<dyn Secrets>,
        webhook: impl Fn() -> Option<Webhook> + Clone + Send + 'static,
        stop: CancellationToken,
    ) {
        let mut under_way = JoinSet::new();
        while let Some(Some(event)) = stop.run_until_cancelled(self.0.recv()).await {
            while under_way.len() >= UNDER_WAY_MAX && !stop.is_cancelled() {
                stop.run_until_cancelled(under_way.join_next()).await;
            }
            let (outbound, secrets, webhook) = (outbound.clone(), secrets.clone(), webhook.clone());
            under_way.spawn(async move { deliver(&event, &outbound, &*secrets, webhook).await });
        }
    }
}

/// Sends one event again and again, ever more slowly.
async fn deliver(
    event: &Event,
    outbound: &Outbound,
    secrets: &dyn Secrets,
    webhook: impl Fn() -> Option<Webhook>,
) {
    let mut pause = FIRST_PAUSE;
    loop {
        let (Some(webhook), Some(way)) = (webhook(), outbound.way()) else {
            return;
        };
        match attempt(event, &webhook, &way, secrets).await {
            Ok(()) => return,
            Err(fault) => {
                tracing::warn!(
                    event = event.id,
                    fault = format!("{fault:#}"),
                    "the webhook does not take an event"
                );
            }
        }
        let wait = jittered(pause);
        let next = jiff::Timestamp::now() + wait;
        if next >= event.until {
            tracing::error!(event = event.id, "the webhook was not told in time");
            return;
        }
        tokio::time::sleep(wait).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

async fn attempt(
    event: &Event,
    webhook: &Webhook,
    way: &Egress,
    secrets: &dyn Secrets,
) -> anyhow::Result<()> {
    let secret = secrets.resolve(&webhook.secret).await?;
    let headers = headers(event, &secret, jiff::Timestamp::now().as_second())?;
    let url = webhook.url.as_str();
    let reply = way
        .post_json(url, headers, event.body.clone(), CAPS)
        .await?;
    anyhow::ensure!(
        reply.status.is_success(),
        "it answered with status {}",
        reply.status
    );
    Ok(())
}

/// Standard Webhooks 1.0.0.
fn headers(event: &Event, secret: &Secret, seconds: i64) -> anyhow::Result<HeaderMap> {
    let signature = signature(secret.expose(), &event.id, seconds, &event.body)?;
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/cloudevents+json"),
    );
    for (name, value) in [
        ("webhook-id", event.id.clone()),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-signature", signature),
    ] {
        headers.insert(HeaderName::from_static(name), value.parse()?);
    }
    Ok(headers)
}

fn signature(secret: &str, id: &str, seconds: i64, body: &[u8]) -> anyhow::Result<String> {
    let secret = match secret.strip_prefix(SECRET_PREFIX) {
        Some(encoded) => STANDARD
            .decode(encoded)
            .context("the webhook's secret is not base64 behind `whsec_`")?,
        None => secret.as_bytes().to_vec(),
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    let signed = [format!("{id}.{seconds}.").as_bytes(), body].concat();
    let tag = hmac::sign(&key, &signed);
    Ok(format!("v1,{}", STANDARD.encode(tag)))
}

/// Between half of it and all of it.
fn jittered(pause: Duration) -> Duration {
    let [byte]: [u8; 1] = random_bytes();
    pause / 2 + pause / 2 * u32::from(byte) / 255
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn the_signature_is_that_of_the_specification() {
        // The example of the Standard Webhooks libraries.
        let signed = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(
            signed.unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert!(signature("whsec_?", "a", 1, b"").is_err());
    }
}
