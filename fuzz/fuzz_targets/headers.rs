//! `header NUL name`: the codec goes round, and a header passes exactly when it decodes to the name in the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wardgate_protocol::{
    Frame, Raw, RequestId, edit,
    headers::{self, HeaderView, NotOnce},
};

fuzz_target!(|data: &[u8]| {
    let nul = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (header, rest) = data.split_at(nul);
    if let Ok(decoded) = headers::decode(header) {
        goes_round(&decoded);
    }
    if let Ok(name) = std::str::from_utf8(rest.strip_prefix(b"\0").unwrap_or(rest)) {
        goes_round(name);
        passes_when_equal(header, name);
        passes_when_equal(headers::encode(name).as_bytes(), name);
    }
});

fn goes_round(value: &str) {
    let encoded = headers::encode(value);
    assert!(encoded.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~')));
    assert_eq!(headers::decode(encoded.as_bytes()).as_deref(), Ok(value));
}

fn passes_when_equal(header: &[u8], name: &str) {
    let params = Raw::trusted(format!(r#"{{"name":{}}}"#, edit::quote(name)));
    let call = Frame::request(&RequestId::number(1), "tools/call", Some(&params));
    let passes = headers::check_standard(&OneName(header), &call).is_ok();
    assert_eq!(passes, headers::decode(header).is_ok_and(|decoded| decoded == name));
}

struct OneName<'a>(&'a [u8]);

impl HeaderView for OneName<'_> {
    fn only(&self, name: &str) -> Result<&[u8], NotOnce> {
        match name {
            headers::PROTOCOL_VERSION => Ok(b"2026-07-28"),
            headers::METHOD => Ok(b"tools/call"),
            headers::NAME => Ok(self.0),
            _ => Err(NotOnce::Absent),
        }
    }
    fn all(&self, name: &str) -> Vec<&[u8]> {
        self.only(name).into_iter().collect()
    }
}
