//! What a request says of who sends it. Headers that proxies add for identity mean nothing here.

use std::sync::Arc;

use http::{HeaderMap, header};

use crate::call::Credentials;

/// Reads the credentials. Two `Authorization` headers are as good as a wrong one. Tokens anywhere else, in the address or a
/// cookie, are not looked at (RFC 9700 §4.3.2).
pub fn read(head: &HeaderMap, certificate: Option<Arc<[u8]>>) -> Credentials {
    let mut given = head.get_all(header::AUTHORIZATION).iter();
    let authorization = match (given.next(), given.next()) {
        (None, _) => None,
        (Some(one), None) => Some(one.to_str().unwrap_or_default().to_owned()),
        (Some(_), Some(_)) => Some(String::new()),
    };
    let assume = head
        .get("wardgate-as")
        .map(|value| value.to_str().unwrap_or_default().to_owned());
    Credentials {
        authorization,
        assume,
        certificate,
        stdio: false,
    }
}
