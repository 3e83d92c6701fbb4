//! Mirrored headers: the codec, and header = body.

mod json;

use proptest::prelude::*;
use wardgate_protocol::{
    Frame, Raw, RequestId, RpcError, error,
    headers::{self, HeaderView, NotOnce},
    param_headers::ParamHeader,
};

struct Sent(Vec<(String, Vec<u8>)>);

impl HeaderView for Sent {
    fn only(&self, name: &str) -> Result<&[u8], NotOnce> {
        let mut values = self.0.iter().filter(|(sent, _)| sent == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Ok(value),
            (None, _) => Err(NotOnce::Absent),
            (Some(_), Some(_)) => Err(NotOnce::Repeated),
        }
    }
    fn all(&self, name: &str) -> Vec<&[u8]> {
        let values = self.0.iter().filter(|(sent, _)| sent == name);
        values.map(|(_, value)| value.as_slice()).collect()
    }
}

fn sent(headers: &[(&str, &str)]) -> Sent {
    Sent(
        headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect(),
    )
}

fn request(method: &str, params: &str) -> Frame {
    Frame::request(
        &RequestId::number(1),
        method,
        Some(&Raw::trusted(params.to_owned())),
    )
}

#[test]
fn plain_values_travel_as_they_are() {
    for value in [
        "",
        "a",
        "get weather",
        "a\tb",
        "file:///a?b=c#d",
        "=?base64?",
        "?=",
        "=?base64?x",
        "~!@#$%^&*()",
    ] {
        assert_eq!(headers::encode(value), value);
        assert_eq!(headers::decode(value.as_bytes()).unwrap(), value);
    }
    assert_eq!(headers::decode(b" \t a b\t ").unwrap(), "a b");
}

#[test]
fn other_values_travel_in_base64() {
    for (value, encoded) in [
        ("é", "=?base64?w6k=?="),
        (" a", "=?base64?IGE=?="),
        ("a\t", "=?base64?YQk=?="),
        ("a\r\nb", "=?base64?YQ0KYg==?="),
        ("\u{7f}", "=?base64?fw==?="),
        ("=?base64?YQ==?=", "=?base64?PT9iYXNlNjQ/WVE9PT89?="),
        ("=?BASE64?YQ==?=", "=?base64?PT9CQVNFNjQ/WVE9PT89?="),
        ("=?base64??=", "=?base64?PT9iYXNlNjQ/Pz0=?="),
    ] {
        assert_eq!(headers::encode(value), encoded);
        assert_eq!(headers::decode(encoded.as_bytes()).unwrap(), value);
    }
    assert_eq!(headers::decode(b"=?base64??=").unwrap(), "");
}

#[test]
fn bad_values_are_refused_without_being_shown() {
    for value in [
        &b"=?base64?YQ?="[..],
        b"=?base64?YQ=?=",
        b"=?base64?YR==?=",
        b"=?base64?Y Q==?=",
        b"=?base64?_w==?=",
        b"=?base64?/w==?=",
        b"=?base64?wK8=?=",
        b"=?BASE64?YQ==?=",
        b"=?Base64?YQ==?=",
        b"secret\0",
        b"secret\r\n",
        b"secret\x7f",
        "secret é".as_bytes(),
        b"\xff",
    ] {
        let fault = headers::decode(value).unwrap_err();
        assert!(!fault.contains("secret"), "{fault}");
    }
}

const CALL: &str = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"},"name":"get_weather","arguments":{}}"#;
const VERSION: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
const METHOD: (&str, &str) = ("mcp-method", "tools/call");
const NAME: (&str, &str) = ("mcp-name", "get_weather");

fn standard(method: &str, params: &str, headers: &[(&str, &str)]) -> Result<(), RpcError> {
    headers::check_standard(&sent(headers), &request(method, params))
}

#[test]
fn standard_headers_that_match_pass() {
    assert_eq!(
        standard("tools/call", CALL, &[VERSION, METHOD, NAME]),
        Ok(())
    );
    assert_eq!(
        standard(
            "tools/call",
            CALL,
            &[VERSION, METHOD, ("mcp-name", "=?base64?Z2V0X3dlYXRoZXI=?=")]
        ),
        Ok(())
    );
    assert_eq!(
        standard(
            "tools/call",
            r#"{"name":"outil é"}"#,
            &[VERSION, METHOD, ("mcp-name", "=?base64?b3V0aWwgw6k=?=")]
        ),
        Ok(())
    );
    assert_eq!(
        standard(
            "resources/read",
            r#"{"uri":"test://a"}"#,
            &[
                VERSION,
                ("mcp-method", "resources/read"),
                ("mcp-name", "test://a")
            ]
        ),
        Ok(())
    );
    assert_eq!(
        standard(
            "tasks/get",
            r#"{"taskId":"t"}"#,
            &[VERSION, ("mcp-method", "tasks/get"), ("mcp-name", "t")]
        ),
        Ok(())
    );
    assert_eq!(
        standard("tools/list", "{}", &[VERSION, ("mcp-method", "tools/list")]),
        Ok(())
    );
    assert_eq!(
        standard(
            "vendor/thing",
            r#"{"name":"x"}"#,
            &[VERSION, ("mcp-method", "vendor/thing"), ("mcp-name", "y")]
        ),
        Ok(())
    );
}

#[test]
fn standard_headers_that_differ_are_refused_by_name() {
    let other_name = ("mcp-name", "other");
    for (headers, named) in [
        (&[METHOD, NAME][..], "MCP-Protocol-Version"),
        (&[VERSION, NAME], "Mcp-Method"),
        (&[VERSION, METHOD], "Mcp-Name"),
        (&[VERSION, VERSION, METHOD, NAME], "MCP-Protocol-Version"),
        (&[VERSION, METHOD, METHOD, NAME], "Mcp-Method"),
        (&[VERSION, METHOD, NAME, NAME], "Mcp-Name"),
        (&[VERSION, METHOD, NAME, other_name], "Mcp-Name"),
        (&[VERSION, METHOD, other_name], "Mcp-Name"),
        (&[VERSION, METHOD, ("mcp-name", "Get_Weather")], "Mcp-Name"),
        (
            &[VERSION, METHOD, ("mcp-name", "=?BASE64?Z2V0X3dlYXRoZXI=?=")],
            "Mcp-Name",
        ),
        (
            &[
                VERSION,
                METHOD,
                ("mcp-name", "=?base64?Z2V0X3dlYXRoZXINCg==?="),
            ],
            "Mcp-Name",
        ),
        (&[VERSION, ("mcp-method", "tools/list"), NAME], "Mcp-Method"),
        (&[VERSION, ("mcp-method", "Tools/Call"), NAME], "Mcp-Method"),
        (
            &[("mcp-protocol-version", "2025-11-25"), METHOD, NAME],
            "MCP-Protocol-Version",
        ),
    ] {
        let fault = standard("tools/call", CALL, headers).unwrap_err();
        assert_eq!(fault.code, error::HEADER_MISMATCH);
        assert!(
            fault.message.contains(named) && !fault.message.contains("other"),
            "{headers:?}: {}",
            fault.message
        );
    }
    assert!(standard("tools/list", "{}", &[VERSION, METHOD]).is_err());
    assert!(standard("tools/call", "{}", &[VERSION, METHOD, NAME]).is_err());
    assert!(
        standard(
            "tools/call",
            r#"{"name":7}"#,
            &[VERSION, METHOD, ("mcp-name", "7")]
        )
        .is_err()
    );
    assert!(
        standard(
            "resources/read",
            r#"{"uri":"test://a"}"#,
            &[
                VERSION,
                ("mcp-method", "resources/read"),
                ("mcp-name", "test://b")
            ]
        )
        .is_err()
    );
    assert!(
        standard(
            "tools/call",
            r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":1},"name":"get_weather"}"#,
            &[VERSION, METHOD, NAME]
        )
        .is_err()
    );
}

fn declared() -> Vec<ParamHeader> {
    let header = |name: &str, path: &[&str], integer| ParamHeader {
        name: name.into(),
        path: path.iter().map(|step| (*step).to_owned()).collect(),
        integer,
    };
    vec![
        header("Region", &["region"], false),
        header("Count", &["page", "count"], true),
        header("Dry", &["dry"], false),
    ]
}

fn params(arguments: &str, headers: &[(&str, &str)]) -> Result<(), RpcError> {
    headers::check_params(
        &sent(headers),
        &request("tools/call", &format!(r#"{{"arguments":{arguments}}}"#)),
        &declared(),
    )
}

#[test]
fn parameter_headers_that_match_pass() {
    let all = r#"{"region":"eu","page":{"count":42},"dry":true}"#;
    assert_eq!(
        params(
            all,
            &[
                ("mcp-param-region", "eu"),
                ("mcp-param-count", "42"),
                ("mcp-param-dry", "true")
            ]
        ),
        Ok(())
    );
    assert_eq!(params("{}", &[]), Ok(()));
    assert_eq!(params(r#"{"region":null}"#, &[]), Ok(()));
    assert_eq!(params("{}", &[("mcp-param-unknown", "x")]), Ok(()));
    assert_eq!(
        params(
            r#"{"region":"é"}"#,
            &[("mcp-param-region", "=?base64?w6k=?=")]
        ),
        Ok(())
    );
    assert_eq!(
        params(r#"{"region":""}"#, &[("mcp-param-region", "")]),
        Ok(())
    );
}

#[test]
fn integers_are_compared_as_numbers() {
    for (argument, header) in [
        ("42", "42.0"),
        ("42.0", "42"),
        ("4.2e1", "42"),
        ("42", "4.2E+1"),
        ("420e-1", "42"),
        ("-0", "0"),
        ("0.0", "-0"),
        ("1e3", "1000"),
        ("9007199254740993", "9007199254740993"),
        (
            "123456789012345678901234567890",
            "123456789012345678901234567890.0",
        ),
        ("1.5", "1.5"),
        ("1e400", "1e400"),
    ] {
        let arguments = format!(r#"{{"page":{{"count":{argument}}}}}"#);
        assert_eq!(
            params(&arguments, &[("mcp-param-count", header)]),
            Ok(()),
            "{argument} {header}"
        );
    }
    for (argument, header) in [
        ("42", "43"),
        ("42", "42.5"),
        ("42", "-42"),
        ("42", "042x"),
        ("42", ""),
        ("42", "."),
        ("42", "4e1.0"),
        ("42", "0x2a"),
        ("9007199254740993", "9007199254740992"),
        ("1e400", "1e401"),
        ("1", "1e999999999999999999999"),
        ("0", "0e-99999999999"),
    ] {
        let arguments = format!(r#"{{"page":{{"count":{argument}}}}}"#);
        assert!(
            params(&arguments, &[("mcp-param-count", header)]).is_err(),
            "{argument} {header}"
        );
    }
}

#[test]
fn parameter_headers_that_differ_are_refused_by_name() {
    for (arguments, headers) in [
        (r#"{"region":"eu"}"#, &[][..]),
        (r#"{"region":"eu"}"#, &[("mcp-param-region", "us")]),
        (
            r#"{"region":"eu"}"#,
            &[("mcp-param-region", "eu"), ("mcp-param-region", "eu")],
        ),
        (
            r#"{"region":"eu"}"#,
            &[("mcp-param-region", "=?base64?bad?=")],
        ),
        (r#"{"region":null}"#, &[("mcp-param-region", "null")]),
        ("{}", &[("mcp-param-region", "eu")]),
        (r#"{"region":{"a":1}}"#, &[("mcp-param-region", "{}")]),
        (r#"{"region":"42"}"#, &[("mcp-param-region", "42.0")]),
    ] {
        let fault = params(arguments, headers).unwrap_err();
        assert_eq!(fault.code, error::HEADER_MISMATCH);
        assert!(
            fault.message.contains("Mcp-Param-Region"),
            "{}",
            fault.message
        );
    }
    assert!(params(r#"{"dry":true}"#, &[("mcp-param-dry", "True")]).is_err());
}

proptest! {
    #![proptest_config(json::cases(1000))]

    #[test]
    fn values_survive_the_header(value in prop_oneof![any::<String>(), "(=\\?base64\\?)?[ -~\t]{0,12}(\\?=)?"]) {
        let encoded = headers::encode(&value);
        prop_assert!(encoded.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')), "{encoded}");
        prop_assert_eq!(headers::decode(encoded.as_bytes()).unwrap(), value.as_str());
    }

    #[test]
    fn any_header_is_decoded_without_panic(value in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = headers::decode(&value);
    }
}
