//! Which config is meant, reading its files, and showing what is wrong with it.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use wardgate_config::{
    Config, Diagnostic, Endpoint, Loaded, Severity, Sources,
    diagnostic::{Code, code},
    load::File,
    render::render,
};
use wardgate_ops::lab::{Faults, Mutation};
use wardgate_policy::Policies;

use super::print;
use crate::policies;

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "wardgate.yaml";

/// Which config to read.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ConfigArgs {
    /// Configuration file. By default the one WARDGATE_CONFIG names, else `wardgate.yaml`, else the starter configuration.
    #[arg(short = 'c', long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl ConfigArgs {
    /// Returns the file to read; `None` means the starter configuration.
    pub fn path(&self) -> Option<PathBuf> {
        let named = self
            .config
            .clone()
            .or_else(|| std::env::var_os("WARDGATE_CONFIG").map(PathBuf::from));
        named.or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()))
    }
    /// Returns what to call the config in messages.
    pub fn name(&self) -> String {
        self.path().map_or_else(
            || "the starter configuration".into(),
            |path| path.display().to_string(),
        )
    }
}

/// What a snapshot is compiled from.
#[derive(Debug)]
pub struct Inputs {
    pub loaded: Loaded,
    pub policies: Option<Arc<Policies>>,
}

/// Reads and checks a config, the policies it includes, and that the files it names can be opened.
///
/// # Errors
/// Every finding, when at least one is an error.
pub fn load(
    args: &ConfigArgs,
    mcp_json: &[PathBuf],
    listen: Option<SocketAddr>,
) -> Result<Inputs, Vec<Diagnostic>> {
    let mut unreadable = Vec::new();
    let mut keep = |read: Result<File, Box<Diagnostic>>| {
        read.map_err(|finding| unreadable.push(*finding)).ok()
    };
    let file = args.path().and_then(|path| keep(read(&path)));
    let mcp_json = mcp_json
        .iter()
        .filter_map(|path| keep(read(path)))
        .collect();
    if !unreadable.is_empty() {
        return Err(unreadable);
    }
    let loaded = wardgate_config::load(&Sources {
        file,
        mcp_json,
        listen,
    })?;
    let mut faults = missing_files(&loaded.config);
    faults.extend(lab_faults(&loaded.config));
    match policies::read(&loaded.config.policies) {
        Ok(policies) if faults.is_empty() => Ok(Inputs { loaded, policies }),
        Ok(_) => Err(loaded.remarks.into_iter().chain(faults).collect()),
        Err(wrong) => Err(loaded
            .remarks
            .into_iter()
            .chain(faults)
            .chain(wrong)
            .collect()),
    }
}

/// Reads one file whole.
///
/// # Errors
/// WG1001, when it cannot be read or is not UTF-8.
pub fn read(path: &Path) -> Result<File, Box<Diagnostic>> {
    let name = path.display().to_string();
    match std::fs::read(path).and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other)) {
        Ok(text) => Ok(File {
            name,
            text: text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned(),
        }),
        Err(fault) => Err(Box::new(error(
            code::UNREADABLE_FILE,
            format!("`{name}` cannot be read: {fault}"),
            None,
        ))),
    }
}

fn error(code: Code, message: String, hint: Option<String>) -> Diagnostic {
    Diagnostic {
        code,
        severity: Severity::Error,
        message,
        place: None,
        hint,
    }
}

/// Certificates are opened here, not at the first connection.
fn missing_files(config: &Config) -> Vec<Diagnostic> {
    let mut named: Vec<(String, &Path)> = Vec::new();
    if let Some(tls) = &config.gateway.tls {
        named.push(("gateway.tls.cert".into(), &tls.cert));
        named.push(("gateway.tls.key".into(), &tls.key));
    }
    for server in &config.servers {
        if let Endpoint::Http(web) | Endpoint::Sse(web) = &server.endpoint
            && let Some(ca) = &web.ca
        {
            named.push((format!("servers.{}.tls.ca", server.name), ca));
        }
    }
    let fault = |(key, path): (String, &Path)| {
        let fault = std::fs::File::open(path).err()?;
        let message = format!(
            "`{}`, named by `{key}`, cannot be read: {fault}",
            path.display()
        );
        Some(error(
            code::MISSING_FILE,
            message,
            Some("relative paths start from the directory of the config".into()),
        ))
    };
    named.into_iter().filter_map(fault).collect()
}

/// Options of the built-in test server are spelled in its own small languages.
fn lab_faults(config: &Config) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for server in &config.servers {
        let Endpoint::Lab(options) = &server.endpoint else {
            continue;
        };
        let fault = options
            .fault
            .as_ref()
            .and_then(|text| text.parse::<Faults>().err());
        let mutate = options
            .mutate
            .as_ref()
            .and_then(|text| text.parse::<Mutation>().err());
        let found = [
            ("fault", fault.map(|fault| fault.to_string())),
            ("mutate", mutate.map(|fault| fault.to_string())),
        ];
        for (key, fault) in found {
            let Some(fault) = fault else { continue };
            let message = format!("`lab.{key}` of server `{}`: {fault}", server.name);
            let hint = Some("see `wardgate lab --help`".into());
            faults.push(error(code::MALFORMED_VALUE, message, hint));
        }
    }
    faults
}

/// Writes findings to standard error, as a person reads them.
pub fn show(diagnostics: &[Diagnostic]) {
    if !diagnostics.is_empty() {
        eprint!("{}", render(diagnostics, print::in_colour()));
    }
}
