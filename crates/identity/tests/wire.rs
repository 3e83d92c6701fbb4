//! Keys of an issuer that answers over the network, through the guarded client as the gateway uses it.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::json;
use wardgate_egress::{Caps, Egress, Rules, SystemResolver, system_roots};
use wardgate_identity::{Fetch, FetchFault, Issuer, KeysAt, Now, TokenFault, Verified, Verifier};
use wardgate_model::TenantId;
use wardgate_testkit::{
    issuer::{SigningKey, key_set},
    upstream::{Act, Upstream},
};

struct Wire {
    egress: Egress,
    within: Duration,
}

impl Fetch for Wire {
    fn get(
        &self,
        uri: &str,
        body_bytes_max: usize,
    ) -> BoxFuture<'static, Result<Bytes, FetchFault>> {
        let (egress, uri, within) = (self.egress.clone(), uri.to_owned(), self.within);
        let caps = Caps {
            body_bytes_max,
            within,
        };
        async move {
            let document = egress.get_json(&uri, caps).await;
            document.map_err(|fault| FetchFault(fault.to_string()))
        }
        .boxed()
    }
}

/// What becomes of a good token when its issuer's key server does this, from where inner addresses may be reached or not.
async fn verdict(
    key: &SigningKey,
    act: Act,
    networks: &[&str],
    within: Duration,
) -> Result<Verified, TokenFault> {
    let server = Upstream::start(move |_| act.clone()).await;
    let rules = Rules {
        allow_plain_http: true,
        ports: vec![server.address.port()],
        networks: networks.iter().map(|one| one.parse().unwrap()).collect(),
        ..Rules::default()
    };
    let egress = Egress::new(rules, system_roots(), Arc::new(SystemResolver)).unwrap();
    let fetch: Arc<dyn Fetch> = Arc::new(Wire { egress, within });
    let issuer = Issuer {
        keys: KeysAt::Uri(server.url()),
        ..Issuer::new(TenantId::new("acme"), "https://idp.test", "wardgate")
    };
    let verifier = Verifier::new(vec![issuer], &fetch, 10).unwrap();
    let claims =
        json!({"iss": "https://idp.test", "aud": "wardgate", "sub": "lena", "exp": 2_000_000_000});
    let now = Now {
        wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000),
        monotonic: Instant::now(),
    };
    let token = key.token("EdDSA", &claims);
    verifier.verify(&token, "https://gw.test/mcp", now).await
}

const LOOPBACK: &[&str] = &["127.0.0.0/8"];
const LONG: Duration = Duration::from_secs(15);

#[tokio::test]
async fn keys_that_are_served_prove_callers() {
    let key = SigningKey::new("k1", "EdDSA");
    let served = Act::json(key_set(&[&key]));
    let verified = verdict(&key, served, LOOPBACK, LONG).await.unwrap();
    assert_eq!(verified.caller.identity().to_string(), "acme/lena");
}

#[tokio::test]
async fn an_issuer_that_misbehaves_is_unavailable() {
    let key = SigningKey::new("k1", "EdDSA");
    let set = key_set(&[&key]);
    let elsewhere = Upstream::start({
        let set = set.clone();
        move |_| Act::json(set.clone())
    })
    .await;
    let redirect = Act::Reply(302, vec![("Location".into(), elsewhere.url())], Vec::new());
    let huge = Act::json(format!("{set}{}", " ".repeat(513 * 1024)));
    let short = Duration::from_millis(200);
    for (what, act, networks, within) in [
        ("a private address", Act::json(set.clone()), &[][..], LONG),
        ("a redirect", redirect, LOOPBACK, LONG),
        ("too large a set", huge, LOOPBACK, LONG),
        ("silence", Act::Hang, LOOPBACK, short),
        ("a server error", Act::status(500), LOOPBACK, LONG),
        ("no key set", Act::json("{}"), LOOPBACK, LONG),
    ] {
        let outcome = verdict(&key, act, networks, within).await;
        assert!(
            matches!(outcome, Err(TokenFault::Unavailable(_))),
            "{what}: {outcome:?}"
        );
    }
    assert_eq!(elsewhere.received().len(), 0);
}
