//! What a schema cannot say: names that must agree, keys that exclude each other, what is unsafe to serve.
//!
//! Each check reports and goes on; what a check cannot make sense of it leaves out of the result,
//! which is only used when there was no error.

mod admin;
mod approvals;
mod endpoint;
mod gateway;
mod include;
mod limits;
mod names;
mod pointers;
mod server;
mod tenant;
mod toolset;

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use wardgate_model::SecretRef;

use crate::{
    config::Config,
    diagnostic::{At, Code, Report},
    raw::{RawConfig, RawSecretRef, RawServer},
    tree::Value,
};

/// A path in one source.
#[derive(Clone, Debug)]
pub struct Place {
    pub source: usize,
    pub path: Vec<String>,
}

impl Place {
    pub fn new(source: usize, path: &[&str]) -> Place {
        Place {
            source,
            path: path.iter().map(|step| (*step).to_owned()).collect(),
        }
    }
    pub fn child(&self, step: impl ToString) -> Place {
        let mut path = self.path.clone();
        path.push(step.to_string());
        Place {
            source: self.source,
            path,
        }
    }
}

/// A server as read, and where it was read.
#[derive(Clone, Debug)]
pub struct Found {
    pub server: RawServer,
    pub place: Place,
}

/// What every check needs at hand.
pub struct Checks<'a> {
    pub report: &'a mut Report,
    /// Faulty paths, by source.
    pub faults: &'a [Vec<Vec<String>>],
    /// Directory that relative paths start from.
    pub base: &'a Path,
    /// Says where `gateway.listen` comes from when it is not from the file.
    pub listen_overridden: bool,
}

/// Checks everything but the shape. `file` is the number of the main source.
pub fn check(
    checks: &mut Checks<'_>,
    file: usize,
    raw: &RawConfig,
    servers: &IndexMap<String, Found>,
) -> Option<Config> {
    let root = Place::new(file, &[]);
    let toolset_names: Vec<&str> = match &raw.toolsets {
        Some(sets) => sets.keys().map(String::as_str).collect(),
        None => vec!["default"],
    };
    let ways = gateway::Ways {
        issuers: raw.tenants.values().any(|tenant| tenant.auth.is_some()),
        certificates: (raw.tenants.values()).any(|tenant| !tenant.certificates.is_empty()),
    };
    let place = root.child("gateway");
    let gateway = gateway::check(checks, &place, &raw.gateway, ways, &toolset_names);
    let policies = include::check(checks, &root.child("include"), &raw.include);
    let (servers, known) = server::check_all(checks, &root, servers);
    let toolsets = toolset::check_all(
        checks,
        &root.child("toolsets"),
        raw.toolsets.as_ref(),
        &known,
    );
    let around = tenant::Around {
        gateway: &raw.gateway,
        toolsets: &toolset_names,
        known: &known,
    };
    let tenants = tenant::check_all(checks, &root.child("tenants"), &raw.tenants, &around);
    let roles = admin::roles(checks, &root, raw);
    Some(Config {
        gateway: gateway?,
        tenants,
        roles,
        policies,
        servers,
        toolsets,
    })
}

impl Checks<'_> {
    pub fn error(
        &mut self,
        code: Code,
        place: &Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let at = self.at(place);
        self.report.error(code, at, message, hint);
    }
    pub fn warning(
        &mut self,
        code: Code,
        place: &Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let at = self.at(place);
        self.report.warning(code, at, message, hint);
    }
    /// Reports at the key that leads to `place`.
    pub fn key_error(
        &mut self,
        code: Code,
        place: &Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let at = self.at_key(place).or_else(|| self.at(place));
        self.report.error(code, at, message, hint);
    }
    /// Keeps the value at `place` out of what is shown.
    pub fn conceal(&mut self, place: &Place) {
        if let Some(node) = self.report.source(place.source).tree.get(&place.path) {
            let bytes = node.at.clone();
            self.report.conceal(At {
                source: place.source,
                bytes,
            });
        }
    }
    /// Says whether a fault was already found at, above or below this place.
    pub fn faulty(&self, place: &Place) -> bool {
        let faults = self
            .faults
            .get(place.source)
            .map(Vec::as_slice)
            .unwrap_or_default();
        faults
            .iter()
            .any(|fault| fault.starts_with(&place.path) || place.path.starts_with(fault))
    }

    /// Returns the place of a scalar, or of the key of a section, or of the nearest thing above that is written.
    fn at(&self, place: &Place) -> Option<At> {
        let tree = &self.report.source(place.source).tree;
        let scalar = tree
            .get(&place.path)
            .filter(|node| !matches!(node.value, Value::Map(_) | Value::List(_)));
        let bytes = scalar.map(|node| node.at.clone());
        match bytes {
            Some(bytes) => Some(At {
                source: place.source,
                bytes,
            }),
            None => self.at_key(place),
        }
    }

    fn at_key(&self, place: &Place) -> Option<At> {
        let tree = &self.report.source(place.source).tree;
        let key = (1..=place.path.len())
            .rev()
            .find_map(|depth| tree.key(&place.path[..depth]))?;
        Some(At {
            source: place.source,
            bytes: key.at.clone(),
        })
    }

    /// Returns the path as seen from the directory of the file.
    pub fn path(&self, text: &str) -> PathBuf {
        self.base.join(text)
    }
    pub fn secret(&self, raw: &RawSecretRef) -> SecretRef {
        match raw {
            RawSecretRef::Env(name) => SecretRef::Env(name.clone()),
            RawSecretRef::File(path) => SecretRef::File(self.path(path)),
            RawSecretRef::Exec(command) => SecretRef::Exec(command.clone()),
        }
    }
}
