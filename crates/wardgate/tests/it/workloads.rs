//! Client certificates at the listener: a workload is who the certificate's SPIFFE id says, if a tenant knows it.

use rcgen::{CertificateParams, DnType, KeyPair, SanType};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wardgate_testkit::{http::Request, modern, within};

use crate::{
    edge_tls::{Authority, authority, certificate, connect_as, replace},
    gateway::records,
    lifecycle_serve::{KEY, Serve},
};

const CONFIG: &str = "gateway:
  environment: prod
  tls: {cert: cert.pem, key: key.pem, client_ca: clients.pem}
  keys: [{id: k, tenant: acme, principal: ops, secret: {env: TEST_KEY}}]
tenants:
  acme:
    toolsets: [default]
    certificates: [{spiffe: 'spiffe://acme.test/ns/a/*', kind: agent, groups: [jobs]}]
servers: {lab: {lab: true}}
toolsets: {default: {}, other: {}}
";

type Own = (CertificateDer<'static>, PrivateKeyDer<'static>);

/// A client certificate with these URIs, and what else a test does to it.
fn client(
    authority: &Authority,
    uris: &[&str],
    change: impl FnOnce(&mut CertificateParams),
) -> Own {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    for uri in uris {
        params
            .subject_alt_names
            .push(SanType::URI((*uri).try_into().unwrap()));
    }
    change(&mut params);
    let certificate = params.signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    (certificate.der().clone(), key)
}

struct Stand {
    serve: Serve,
    servers: Authority,
    clients: Authority,
}

impl Stand {
    async fn start() -> Stand {
        let (servers, clients) = (authority(), authority());
        let folder = tempfile::tempdir().unwrap();
        let (chain, key, _) = certificate(&servers);
        replace(folder.path(), "cert.pem", &chain);
        replace(folder.path(), "key.pem", &key);
        replace(folder.path(), "clients.pem", &clients.pem());
        Stand {
            serve: Serve::start_in(folder, CONFIG).await,
            servers,
            clients,
        }
    }

    /// What a client with this certificate is answered; `None` when there is no connection.
    async fn status(&self, own: Option<Own>, request: Request) -> Option<u16> {
        let mut stream = connect_as(&self.serve, &self.servers, b"http/1.1", own)
            .await
            .ok()?;
        let host = format!("localhost:{}", self.serve.address.port());
        let request = request.header("Host", host).header("Connection", "close");
        let mut answer = Vec::new();
        within("an answer", async {
            stream
                .write_all(&request.encode(self.serve.address))
                .await
                .ok()?;
            // In TLS 1.3 a client learns only here that its certificate was refused.
            stream.read_to_end(&mut answer).await.ok()
        })
        .await?;
        let text = String::from_utf8_lossy(&answer);
        text.split(' ').nth(1)?.parse().ok()
    }

    fn records(&self) -> Vec<Value> {
        records(&self.serve.directory.path().join("wardgate-data"))
    }
}

fn add(target: &str) -> Request {
    let params = json!({"name": "add", "arguments": {"a": 1, "b": 1}});
    modern::request(target, 1, "tools/call", params)
}

const JOB: &str = "spiffe://acme.test/ns/a/job";

#[tokio::test]
async fn a_certificate_proves_the_workload_it_names() {
    let mut stand = Stand::start().await;
    let job = client(&stand.clients, &[JOB], |_| {});
    assert_eq!(stand.status(Some(job), add("/mcp")).await, Some(200));
    let job = client(&stand.clients, &[JOB], |_| {});
    assert_eq!(stand.status(Some(job), add("/mcp/other")).await, Some(404));
    // Without one a key still does, and nothing does not.
    let with_key = add("/mcp").header("Authorization", format!("Bearer {KEY}"));
    assert_eq!(stand.status(None, with_key).await, Some(200));
    assert_eq!(stand.status(None, add("/mcp")).await, Some(401));
    // A wrong key is not passed over for a right certificate.
    let wrong = add("/mcp").header("Authorization", "Bearer wrong-key-0123456789");
    let job = client(&stand.clients, &[JOB], |_| {});
    assert_eq!(stand.status(Some(job), wrong).await, Some(401));
    stand.serve.signal(rustix::process::Signal::TERM);
    stand.serve.ended().await;
    let principals: Vec<_> = (stand.records().into_iter())
        .filter(|record| {
            record["what"]["method"] == "tools/call" && record["outcome"]["status"] == "success"
        })
        .map(|record| record["who"]["principal"].clone())
        .collect();
    assert_eq!(principals, [json!(JOB), json!("ops")]);
}

#[tokio::test]
async fn a_certificate_that_names_nobody_we_know_opens_nothing() {
    let stand = Stand::start().await;
    let own = |uris: &[&str]| Some(client(&stand.clients, uris, |_| {}));
    for uris in [
        &["spiffe://other.test/ns/a/job"][..],
        &["spiffe://acme.test/ns/ab"],
        &["spiffe://acme.test/ns/a"],
        &["https://acme.test/ns/a/job"],
        &[JOB, "spiffe://acme.test/ns/a/other"],
        &[],
    ] {
        assert_eq!(
            stand.status(own(uris), add("/mcp")).await,
            Some(401),
            "{uris:?}"
        );
    }
    let named = client(&stand.clients, &[], |params| {
        params.distinguished_name.push(DnType::CommonName, JOB);
    });
    assert_eq!(stand.status(Some(named), add("/mcp")).await, Some(401));
    // A header is nobody's certificate.
    for name in [
        "X-Client-Cert",
        "X-Forwarded-Client-Cert",
        "X-SSL-Client-S-DN",
    ] {
        let spoofed = add("/mcp").header(name, format!("URI={JOB}"));
        assert_eq!(stand.status(None, spoofed).await, Some(401), "{name}");
    }
    let expired = client(&stand.clients, &[JOB], |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    assert_eq!(stand.status(Some(expired), add("/mcp")).await, None);
    let strange = client(&authority(), &[JOB], |_| {});
    assert_eq!(stand.status(Some(strange), add("/mcp")).await, None);
}

#[tokio::test]
async fn another_authority_takes_over_without_a_restart() {
    let stand = Stand::start().await;
    let next = authority();
    let job = || Some(client(&next, &[JOB], |_| {}));
    assert_eq!(stand.status(job(), add("/mcp")).await, None);
    replace(stand.serve.directory.path(), "clients.pem", &next.pem());
    stand.serve.logged("certificate reloaded").await;
    assert_eq!(stand.status(job(), add("/mcp")).await, Some(200));
    let old = client(&stand.clients, &[JOB], |_| {});
    assert_eq!(stand.status(Some(old), add("/mcp")).await, None);
}
