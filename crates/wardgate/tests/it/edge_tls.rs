//! TLS on the listener, and the refusal to listen beyond loopback without it.

use std::{fs, path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use wardgate_testkit::within;

use crate::{
    edge::echo,
    lifecycle_serve::{Serve, wardgate},
};

const CONFIG: &str =
    "gateway: {tls: {cert: cert.pem, key: key.pem}}\nservers: {lab: {lab: true}}\n";

pub type Authority = CertifiedIssuer<'static, KeyPair>;

pub fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Makes a certificate for `localhost`; returns it with its key, both as PEM, and as DER.
pub fn certificate(authority: &Authority) -> (String, String, CertificateDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".into()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    (
        certificate.pem(),
        key.serialize_pem(),
        certificate.der().clone(),
    )
}

/// Writes a file as a certificate tool does: whole, under another name first.
pub fn replace(folder: &Path, name: &str, text: &str) {
    let next = folder.join("next");
    fs::write(&next, text).unwrap();
    fs::rename(next, folder.join(name)).unwrap();
}

async fn connect(
    serve: &Serve,
    trusted: &Authority,
    alpn: &[u8],
) -> std::io::Result<TlsStream<TcpStream>> {
    connect_as(serve, trusted, alpn, None).await
}

/// Connects with a certificate of the client's own, as DER with its key.
pub async fn connect_as(
    serve: &Serve,
    trusted: &Authority,
    alpn: &[u8],
    own: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match own {
        Some((certificate, key)) => config
            .with_client_auth_cert(vec![certificate], key)
            .unwrap(),
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![alpn.to_vec()];
    let socket = TcpStream::connect(serve.address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    within(
        "a handshake",
        TlsConnector::from(Arc::new(config)).connect(name, socket),
    )
    .await
}

fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    let (_, connection) = stream.get_ref();
    connection.peer_certificates().unwrap()[0]
        .clone()
        .into_owned()
}

async fn status_line(stream: &mut TlsStream<TcpStream>, serve: &Serve) -> String {
    let host = format!("localhost:{}", serve.address.port());
    let request = echo().header("Host", host).header("Connection", "close");
    stream
        .write_all(&request.encode(serve.address))
        .await
        .unwrap();
    let mut answer = Vec::new();
    within("an answer", stream.read_to_end(&mut answer))
        .await
        .unwrap();
    String::from_utf8_lossy(&answer)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn certificates_are_picked_up_when_their_files_are_replaced() {
    let authority = authority();
    let folder = tempfile::tempdir().unwrap();
    let (chain, key, first) = certificate(&authority);
    replace(folder.path(), "cert.pem", &chain);
    replace(folder.path(), "key.pem", &key);
    let serve = Serve::start_in(folder, CONFIG).await;
    let mut old = connect(&serve, &authority, b"http/1.1").await.unwrap();
    assert_eq!(shown(&old), first);

    let (chain, key, second) = certificate(&authority);
    replace(serve.directory.path(), "cert.pem", &chain);
    serve.logged("certificate not reloaded").await;
    let between = connect(&serve, &authority, b"http/1.1").await.unwrap();
    assert_eq!(shown(&between), first, "half a pair is no pair");
    replace(serve.directory.path(), "key.pem", &key);
    serve.logged("certificate reloaded").await;
    let mut new = connect(&serve, &authority, b"http/1.1").await.unwrap();
    assert_eq!(shown(&new), second);

    assert_eq!(status_line(&mut old, &serve).await, "HTTP/1.1 200 OK");
    assert_eq!(status_line(&mut new, &serve).await, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn strangers_are_not_trusted_and_plain_text_is_not_spoken() {
    let ours = authority();
    let folder = tempfile::tempdir().unwrap();
    let (chain, key, _) = certificate(&ours);
    replace(folder.path(), "cert.pem", &chain);
    replace(folder.path(), "key.pem", &key);
    let serve = Serve::start_in(folder, CONFIG).await;
    assert!(connect(&serve, &authority(), b"http/1.1").await.is_err());
    let stream = connect(&serve, &ours, b"h2").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));

    let mut plain = TcpStream::connect(serve.address).await.unwrap();
    plain
        .write_all(&echo().encode(serve.address))
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = within("the end", plain.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP/"), "{}", answer.escape_ascii());
}

#[tokio::test]
async fn beyond_loopback_only_with_tls_and_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, key, _) = certificate(&authority());
    replace(folder.path(), "cert.pem", &chain);
    replace(folder.path(), "key.pem", &key);
    let tls = "tls: {cert: cert.pem, key: key.pem}";
    let keys = "keys: [{id: k, principal: p, secret: {file: key.pem}}]";
    for (gateway, args, said) in [
        (
            "listen: '0.0.0.0:0'".to_owned(),
            [].as_slice(),
            ["TLS", "key"].as_slice(),
        ),
        (format!("listen: '0.0.0.0:0', {tls}"), &[], &["key"]),
        (format!("listen: '0.0.0.0:0', {keys}"), &[], &["TLS"]),
        (format!("listen: '[::]:0', {keys}"), &[], &["TLS"]),
        (
            "environment: dev".to_owned(),
            &["--listen", "0.0.0.0:0"],
            &["TLS", "key"],
        ),
        (
            format!("listen: '0.0.0.0:0', {tls}, {keys}, anonymous: true"),
            &[],
            &["anonymous"],
        ),
    ] {
        fs::write(
            folder.path().join("wardgate.yaml"),
            format!("gateway: {{{gateway}}}\nservers: {{lab: {{lab: true}}}}\n"),
        )
        .unwrap();
        let arguments = [["serve"].as_slice(), args].concat();
        let ended = wardgate(folder.path(), &arguments).output();
        let output = within("the refusal", ended).await.unwrap();
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{gateway}: {log}");
        let lower = log.to_lowercase();
        for word in said {
            assert!(lower.contains(&word.to_lowercase()), "{gateway}: {log}");
        }
    }
}

#[tokio::test]
async fn without_a_word_only_loopback_is_listened_on() {
    let serve = Serve::start("servers: {lab: {lab: true}}\n").await;
    let elsewhere = std::net::SocketAddr::from(([127, 0, 0, 2], serve.address.port()));
    assert!(TcpStream::connect(serve.address).await.is_ok());
    assert!(TcpStream::connect(elsewhere).await.is_err());
}
