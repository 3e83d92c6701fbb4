//! What a request says of who sends it. Headers that proxies add for identity mean nothing here.

use http::{HeaderMap, header};

use crate::call::Credentials;

/// Reads the credentials. Two `Authorization` headers are as good as a wrong one.
pub fn read(head: &HeaderMap) -> Credentials {
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
        stdio: false,
    }
}
