//! Lines of stdio, however they arrive.

mod json;

use proptest::prelude::*;
use wardgate_protocol::lines::{LineTooLong, Lines};

fn split<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    cap: usize,
) -> (Vec<Vec<u8>>, Result<(), LineTooLong>) {
    let mut lines = Lines::new(cap);
    let mut found = Vec::new();
    for piece in pieces {
        lines.buffer().extend_from_slice(piece);
        loop {
            match lines.next_line() {
                Ok(Some(line)) => found.push(line.to_vec()),
                Ok(None) => break,
                Err(fault) => return (found, Err(fault)),
            }
        }
    }
    (found, Ok(()))
}

#[track_caller]
fn check(stream: &str, expected: &[&str]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|line| line.as_bytes().to_vec())
        .collect();
    assert_eq!(
        split([stream.as_bytes()], 100),
        (expected.clone(), Ok(())),
        "{stream:?}"
    );
    assert_eq!(
        split(stream.as_bytes().chunks(1), 100),
        (expected, Ok(())),
        "byte by byte: {stream:?}"
    );
}

#[test]
fn lines_end_with_a_line_feed() {
    check("{}\n[1]\n", &["{}", "[1]"]);
    check("{}\r\n\r\n\n[1]\r\n", &["{}", "[1]"]);
    check("a\rb\n", &["a\rb"]);
    check(" \n", &[" "]);
    check("a\0b\n", &["a\0b"]);
    check("partial", &[]);
    check("a\npartial", &["a"]);
    check("", &[]);
}

#[test]
fn lines_have_a_cap() {
    let fault = Err(LineTooLong { max: 4 });
    assert_eq!(
        split([&b"1234\n123\r\n"[..]], 4),
        (vec![b"1234".to_vec(), b"123".to_vec()], Ok(()))
    );
    for stream in [&b"12345"[..], b"12345\n", b"1234\r\n"] {
        assert_eq!(split([stream], 4), (vec![], fault));
        assert_eq!(split(stream.chunks(1), 4), (vec![], fault));
    }
    assert_eq!(split([&b"ok\n12345"[..]], 4), (vec![b"ok".to_vec()], fault));
}

#[test]
fn a_fault_stays() {
    let mut lines = Lines::new(4);
    lines.buffer().extend_from_slice(b"12345\nok\n");
    assert!(lines.next_line().is_err());
    assert!(lines.next_line().is_err());
}

#[test]
fn a_slow_drip_is_read_once() {
    let size = 8 << 20;
    let mut lines = Lines::new(size);
    for _ in 0..size {
        lines.buffer().extend_from_slice(b"x");
        assert_eq!(lines.next_line(), Ok(None));
    }
    lines.buffer().extend_from_slice(b"\n");
    assert_eq!(lines.next_line().unwrap().unwrap().len(), size);
}

proptest! {
    #![proptest_config(json::cases(1000))]

    #[test]
    fn cutting_changes_nothing(stream in "[ab\r\n]{0,40}", cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let bytes = stream.as_bytes();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]);
        prop_assert_eq!(split(pieces, 8), split([bytes], 8));
    }
}
