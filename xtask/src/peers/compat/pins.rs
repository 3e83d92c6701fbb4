//! Which version of a package is installed for the measurement: read from the pins, so that the table cannot say another.

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::repo;

pub(super) fn version(package: &str) -> Result<String> {
    let found = match package {
        "wardgate" => Some("this version".to_owned()),
        "rmcp" => rmcp()?,
        _ => npm(package)?.or(python(package)?),
    };
    found.with_context(|| format!("`{package}` is pinned nowhere in peers/"))
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(repo::root().join("peers").join(path))
        .with_context(|| format!("cannot read peers/{path}"))
}

fn npm(package: &str) -> Result<Option<String>> {
    let manifest: Value = serde_json::from_str(&read("node/package.json")?)?;
    Ok(manifest["dependencies"][package]
        .as_str()
        .map(str::to_owned))
}

fn python(package: &str) -> Result<Option<String>> {
    let pins = read("python/requirements.txt")?;
    let mut pinned = pins.lines().filter_map(|line| line.split_once("=="));
    Ok(pinned
        .find(|(name, _)| *name == package)
        .map(|(_, version)| version.trim().to_owned()))
}

fn rmcp() -> Result<Option<String>> {
    let manifest = read("rmcp/Cargo.toml")?;
    let line = manifest.lines().find(|line| line.starts_with("rmcp = "));
    Ok(line
        .and_then(|line| line.split_once("\"=")?.1.split_once('"'))
        .map(|(version, _)| version.to_owned()))
}
