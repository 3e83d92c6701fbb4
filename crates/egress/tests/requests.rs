//! The client against servers on loopback that answer too much, too slowly, elsewhere, or not at all.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use http::HeaderMap;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use wardgate_egress::{Caps, Class, Egress, EgressFault, Refused, Resolve, Rules, system_roots};
use wardgate_testkit::{
    hostile::{Flood, JSON, Torrent},
    upstream::{Act, Upstream},
};

const CAPS: Caps = Caps {
    body_bytes_max: 1_000,
    within: Duration::from_secs(15),
};

/// A phone book that counts how often it is asked.
#[derive(Default)]
struct PhoneBook {
    entries: HashMap<&'static str, Vec<IpAddr>>,
    asked: Mutex<Vec<String>>,
}

impl PhoneBook {
    fn with(host: &'static str, addresses: &[&str]) -> Arc<PhoneBook> {
        let addresses = addresses.iter().map(|one| one.parse().unwrap()).collect();
        Arc::new(PhoneBook {
            entries: HashMap::from([(host, addresses)]),
            asked: Mutex::default(),
        })
    }
}

impl Resolve for PhoneBook {
    fn resolve(&self, host: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.asked.lock().unwrap().push(host.to_owned());
        let found = self.entries.get(host).cloned();
        async { found.ok_or_else(|| io::ErrorKind::NotFound.into()) }.boxed()
    }
}

/// Rules under which a test's own server may be asked.
fn rules(port: u16) -> Rules {
    Rules {
        allow_plain_http: true,
        ports: vec![port],
        networks: vec!["127.0.0.0/8".parse().unwrap()],
        ..Rules::default()
    }
}

fn egress(rules: Rules, book: &Arc<PhoneBook>) -> Egress {
    Egress::new(rules, system_roots(), book.clone()).unwrap()
}

/// What comes of getting a document from a server that does this.
async fn get_from(act: Act) -> (Result<Bytes, EgressFault>, Upstream) {
    let server = Upstream::start(move |_| act.clone()).await;
    let client = egress(rules(server.address.port()), &Arc::default());
    (client.get_json(&server.url(), CAPS).await, server)
}

fn reply(status: u16, header: (&str, &str), body: &str) -> Act {
    let header = (header.0.to_owned(), header.1.to_owned());
    Act::Reply(status, vec![header], body.into())
}

#[tokio::test]
async fn a_document_within_its_caps_is_had() {
    let (document, server) = get_from(Act::json("x".repeat(1_000))).await;
    assert_eq!(document.unwrap().len(), 1_000);
    let asked = &server.received()[0];
    assert_eq!(asked.method, "GET");
    assert_eq!(asked.header("host").unwrap(), server.address.to_string());
    assert_eq!(asked.header("accept-encoding"), None);
}

#[tokio::test]
async fn a_redirect_is_not_followed_wherever_it_leads() {
    let inner = Upstream::start(|_| Act::json("{}")).await;
    for status in [301, 302, 303, 307, 308] {
        let (outcome, server) = get_from(reply(status, ("Location", &inner.url()), "")).await;
        assert!(matches!(outcome, Err(EgressFault::Redirect)), "{status}");
        let client = egress(rules(server.address.port()), &Arc::default());
        let posted = client
            .post_json(
                &server.url(),
                HeaderMap::new(),
                Bytes::from_static(b"{}"),
                CAPS,
            )
            .await;
        assert!(matches!(posted, Err(EgressFault::Redirect)), "{status}");
    }
    assert_eq!(inner.received().len(), 0);
}

#[tokio::test]
async fn too_large_an_answer_is_cut_off() {
    let (outcome, _server) = get_from(Act::json("x".repeat(1_001))).await;
    assert!(matches!(outcome, Err(EgressFault::TooLarge(1_000))));
    // Without a length, and without an end.
    let flood = Flood::start(Torrent::new(JSON, "x".repeat(10_000))).await;
    let client = egress(rules(flood.address.port()), &Arc::default());
    let outcome = client.get_json(&flood.url(), CAPS).await;
    assert!(matches!(outcome, Err(EgressFault::TooLarge(1_000))));
    assert!(flood.drained().await < 64 << 20);
    let (outcome, _server) = get_from(reply(200, ("X-Long", &"x".repeat(1_000_000)), "{}")).await;
    assert!(matches!(outcome, Err(EgressFault::Unreachable(_))));
}

#[tokio::test]
async fn what_is_no_plain_success_is_no_document() {
    let (outcome, _server) = get_from(reply(200, ("Content-Encoding", "gzip"), "x")).await;
    assert!(matches!(outcome, Err(EgressFault::Encoded)));
    for status in [400, 404, 500, 503] {
        let (outcome, _server) = get_from(Act::status(status)).await;
        assert!(
            matches!(outcome, Err(EgressFault::Status(it)) if it == status),
            "{status}"
        );
    }
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
    let (outcome, _server) = get_from(Act::Bytes(cut.into())).await;
    assert!(matches!(outcome, Err(EgressFault::Interrupted)));
}

#[tokio::test]
async fn silence_and_dripping_end_with_the_time() {
    let caps = Caps {
        within: Duration::from_millis(200),
        ..CAPS
    };
    let silent = Upstream::start(|_| Act::Hang).await;
    let client = egress(rules(silent.address.port()), &Arc::default());
    let outcome = client.get_json(&silent.url(), caps).await;
    assert!(matches!(outcome, Err(EgressFault::Late(_))));
    let drip = Flood::start(Torrent::new(JSON, " ").every(Duration::from_millis(10))).await;
    let client = egress(rules(drip.address.port()), &Arc::default());
    let outcome = client.get_json(&drip.url(), caps).await;
    assert!(matches!(outcome, Err(EgressFault::Late(_))));
    drip.drained().await;
}

#[tokio::test]
async fn one_inner_address_among_a_hosts_refuses_the_host() {
    let server = Upstream::start(|_| Act::json("{}")).await;
    let port = server.address.port();
    let outside = Rules {
        networks: Vec::new(),
        ..rules(port)
    };
    for (addresses, class) in [
        (&["127.0.0.1"][..], Class::Loopback),
        (&["8.8.8.8", "127.0.0.1"], Class::Loopback),
        (&["127.0.0.1", "8.8.8.8"], Class::Loopback),
        (&["::ffff:127.0.0.1"], Class::Loopback),
        (&["64:ff9b::7f00:1"], Class::Translated),
        (&["169.254.169.254"], Class::Metadata),
    ] {
        let client = egress(outside.clone(), &PhoneBook::with("idp.test", addresses));
        let url = format!("http://idp.test:{port}/");
        let outcome = client.get_json(&url, CAPS).await;
        let is_refused =
            matches!(outcome, Err(EgressFault::Refused(Refused::Address(it))) if it == class);
        assert!(is_refused, "{addresses:?}: {outcome:?}");
    }
    let client = egress(outside, &Arc::default());
    let outcome = client.get_json(&server.url(), CAPS).await;
    assert!(matches!(
        outcome,
        Err(EgressFault::Refused(Refused::Address(Class::Loopback)))
    ));
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn the_judged_address_is_dialled_under_the_name_that_was_asked_for() {
    let server = Upstream::start(|_| Act::json("{}")).await;
    let port = server.address.port();
    let named = Rules {
        networks: Vec::new(),
        hosts: vec!["idp.test".into()],
        ..rules(port)
    };
    let book = PhoneBook::with("idp.test", &["127.0.0.1"]);
    let client = egress(named, &book);
    let mut headers = HeaderMap::new();
    headers.insert("host", "evil.test".parse().unwrap());
    headers.insert("x-signature", "abc".parse().unwrap());
    let reply = client
        .post_json(
            &format!("http://idp.test:{port}/hook?a=b"),
            headers,
            Bytes::from_static(b"[1]"),
            CAPS,
        )
        .await;
    assert_eq!(reply.unwrap().status, 200);
    let received = &server.received()[0];
    assert_eq!(received.header("host").unwrap(), format!("idp.test:{port}"));
    assert_eq!(received.header("x-signature"), Some("abc"));
    assert_eq!(received.header("content-type"), Some("application/json"));
    assert_eq!(
        (received.target.as_str(), &*received.body),
        ("/hook?a=b", &b"[1]"[..])
    );
    assert_eq!(*book.asked.lock().unwrap(), ["idp.test"]);
}

#[tokio::test]
async fn a_host_nobody_knows_is_unreachable() {
    let client = egress(Rules::default(), &Arc::default());
    let outcome = client.get_json("https://nowhere.test/", CAPS).await;
    assert!(matches!(outcome, Err(EgressFault::Unreachable(_))));
}

#[tokio::test]
async fn a_certificate_must_be_for_the_name_and_of_a_trusted_authority() {
    let certificate = rcgen::generate_simple_self_signed(["idp.test".to_owned()]).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.cert.der().clone()).unwrap();
    let (port, _server) = serve_tls(&certificate).await;
    let get = async |host: &'static str, roots: rustls::RootCertStore| {
        let book = PhoneBook::with(host, &["127.0.0.1"]);
        let client = Egress::new(rules(port), roots, book).unwrap();
        client
            .get_json(&format!("https://{host}:{port}/"), CAPS)
            .await
    };
    assert_eq!(get("idp.test", roots.clone()).await.unwrap(), "{}");
    let outcome = get("other.test", roots).await;
    assert!(
        matches!(outcome, Err(EgressFault::Unreachable(_))),
        "another name"
    );
    let outcome = get("idp.test", system_roots()).await;
    assert!(
        matches!(outcome, Err(EgressFault::Unreachable(_))),
        "an unknown authority"
    );
}

/// A server with this certificate that answers each connection with an empty object.
async fn serve_tls(certificate: &rcgen::CertifiedKey<rcgen::KeyPair>) -> (u16, JoinSet<()>) {
    let chain: Vec<CertificateDer<'static>> = vec![certificate.cert.der().clone()];
    let key = PrivateKeyDer::try_from(certificate.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            // A client that mistrusts the certificate hangs up here.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut head = [0; 4_096];
            let read = stream.read(&mut head).await.unwrap();
            assert!(read > 0, "a request");
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
            stream.write_all(answer).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (port, tasks)
}
