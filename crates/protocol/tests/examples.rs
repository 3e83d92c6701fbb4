//! The specification's own examples pass through unchanged. Skipped, aloud, where they are not at hand.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use wardgate_protocol::{
    Frame, Limits, Method, Raw, RequestId,
    capabilities::ClientCapabilities,
    edit::{self, Object},
    error, finish, meta,
    scan::{self, Keys},
};

/// Returns the name of the type each example shows, and its text.
fn examples() -> Vec<(String, String)> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/mcp/2026-07-28/examples");
    let Ok(kinds) = std::fs::read_dir(&root) else {
        println!("skipped: no examples at {}", root.display());
        return Vec::new();
    };
    let files = |kind: PathBuf| {
        std::fs::read_dir(kind)
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect::<Vec<_>>()
    };
    let kinds = kinds
        .map(|kind| kind.unwrap().path())
        .filter(|kind| kind.is_dir());
    kinds
        .flat_map(files)
        .map(|file| {
            (
                file.parent()
                    .unwrap()
                    .file_name()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned(),
                std::fs::read_to_string(file).unwrap(),
            )
        })
        .collect()
}

#[test]
fn examples_are_strict_json() {
    for (kind, text) in examples() {
        assert!(
            scan::check(text.as_bytes(), &Limits::default(), Keys::Strict).is_ok(),
            "{kind}"
        );
        let line = edit::one_line(&Raw::trusted(text.clone()));
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(line.as_str()), value(&text), "{kind}");
    }
}

#[test]
fn messages_are_frames_and_splice_back() {
    for (kind, text) in examples()
        .into_iter()
        .filter(|(_, text)| text.contains("\"jsonrpc\""))
    {
        let frame = Frame::parse(Bytes::from(text.clone()), &Limits::default(), Keys::Strict)
            .unwrap_or_else(|fault| panic!("{kind}: {fault}"));
        let other = Raw::trusted("{}");
        let there = frame.with(
            frame.id().map(|_| RequestId::number(7)).as_ref(),
            frame.params().map(|_| &other),
        );
        let back = there.with(frame.id(), frame.params());
        assert_eq!(back.raw(), frame.raw(), "{kind}");
        assert_eq!(frame.raw().as_str(), text.trim(), "{kind}");
        if let Some(error) = frame.error() {
            assert!(error::RpcError::read(error).is_some(), "{kind}");
        }
    }
}

#[test]
fn requests_carry_their_metadata() {
    for (kind, text) in examples()
        .into_iter()
        .filter(|(kind, text)| kind.ends_with("Request") && text.contains("\"jsonrpc\""))
    {
        let frame = Frame::parse(Bytes::from(text), &Limits::default(), Keys::Strict).unwrap();
        let params = frame.params().unwrap();
        let request =
            meta::read(Some(params)).unwrap_or_else(|fault| panic!("{kind}: {}", fault.message));
        let stripped = meta::strip(params);
        assert!(!meta::is_modern(Some(&stripped)), "{kind}");
        let again = meta::read(Some(&meta::add(Some(&stripped), &request))).unwrap();
        assert_eq!(
            again.client_capabilities, request.client_capabilities,
            "{kind}"
        );
        assert!(
            !matches!(Method::parse(frame.method().unwrap()), Method::Other(_)),
            "{kind}"
        );
    }
}

#[test]
fn results_need_no_finish() {
    for (kind, text) in examples() {
        let method = match kind.as_str() {
            "ListToolsResult" => Method::ToolsList,
            "DiscoverResult" => Method::ServerDiscover,
            "ReadResourceResult" => Method::ResourcesRead,
            "CallToolResult" | "InputRequiredResult" => Method::ToolsCall,
            _ => continue,
        };
        let result = Raw::trusted(text.trim().to_owned());
        assert_eq!(finish::for_modern(&method, &result), result, "{kind}");
    }
}

#[test]
fn capabilities_are_understood() {
    for (kind, text) in examples()
        .into_iter()
        .filter(|(kind, _)| kind == "ClientCapabilities")
    {
        let read = ClientCapabilities::read(&Raw::trusted(text.clone()));
        assert!(
            read.interactive() || !read.extensions.is_empty(),
            "{kind}: {text}"
        );
        assert!(Object::parse(read.to_legacy().as_str()).is_some());
    }
}
