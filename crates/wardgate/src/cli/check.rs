//! `wardgate check`: every finding about a config at once. Opens no connection and resolves no secret.

use std::{process::ExitCode, sync::Arc};

use serde_json::{Value, json};
use wardgate_config::{Config, Diagnostic, Severity, diagnostic::code};
use wardgate_policy::Policies;

use super::{
    Exit,
    config_file::{self, ConfigArgs, Inputs},
    print,
};
use crate::{
    compose,
    known_tools::{self, KnownTools},
    policies,
};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the findings.
///
/// # Errors
/// When the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (findings, summary) = findings(&args.config);
    if args.json {
        print::json(&findings.iter().map(object).collect::<Vec<_>>())?;
    } else {
        config_file::show(&findings);
        let count = |severity| {
            findings
                .iter()
                .filter(|finding| finding.severity == severity)
                .count()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        match summary {
            Some(summary) if warnings == 0 => {
                print::line(&format!("{}: ok, {summary}", args.config.name()))?
            }
            Some(summary) => print::line(&format!(
                "{}: ok, {summary}; warnings: {warnings}",
                args.config.name()
            ))?,
            None => eprintln!(
                "{}: errors: {errors}, warnings: {warnings}",
                args.config.name()
            ),
        }
    }
    Ok(exit(&findings).into())
}

/// A config that is right by itself and does not fit its servers is no mistake in writing.
fn exit(findings: &[Diagnostic]) -> Exit {
    let is_error = |finding: &&Diagnostic| finding.severity == Severity::Error;
    let errors = || findings.iter().filter(is_error);
    match errors().count() {
        0 => Exit::Ok,
        _ if errors().all(is_misfit) => Exit::CheckFailed,
        _ => Exit::Usage,
    }
}

fn is_misfit(finding: &Diagnostic) -> bool {
    finding.code == code::POLICY_MISFIT || finding.code == code::IMPOSSIBLE_APPROVAL
}

/// Returns the findings, and what the config amounts to when it can be served.
fn findings(args: &ConfigArgs) -> (Vec<Diagnostic>, Option<String>) {
    let Inputs { loaded, policies } = match config_file::load(args, &[], None) {
        Ok(inputs) => inputs,
        Err(findings) => return (findings, None),
    };
    let (config, rules) = (&loaded.config, policies.as_deref());
    let findings = [
        loaded.remarks,
        misfits(config, rules),
        approvals(config, policies.clone()),
    ]
    .concat();
    let (servers, toolsets) = (loaded.config.servers.len(), loaded.config.toolsets.len());
    let rules = policies.map_or(String::new(), |policies| {
        format!("policies: {}, ", policies.rules().len())
    });
    let summary = format!(
        "servers: {servers}, toolsets: {toolsets}, {rules}listening on {}",
        loaded.config.gateway.listen
    );
    let is_fit = findings
        .iter()
        .all(|finding| finding.severity != Severity::Error);
    (findings, is_fit.then_some(summary))
}

/// Policies that do not fit the tools a gateway with this config has last seen; none before one has run.
fn misfits(config: &Config, policies: Option<&Policies>) -> Vec<Diagnostic> {
    let known = KnownTools::read(&config.gateway.state.join(known_tools::FILE));
    let (Some(policies), Ok(Some(known))) = (policies, known) else {
        return Vec::new();
    };
    policies::misfits(policies, &known.tools()).unwrap_or_else(|fault| {
        vec![policies::error(
            code::POLICY_MISFIT,
            fault.to_string(),
            None,
        )]
    })
}

/// Approvals that nobody could give. Outside of `dev` the calls they are about could never be made.
fn approvals(config: &Config, policies: Option<Arc<Policies>>) -> Vec<Diagnostic> {
    let (Some(policies), Ok(snapshot)) = (policies.clone(), compose::snapshot_of(config, policies))
    else {
        return Vec::new();
    };
    let severity = match config.gateway.environment.as_str() {
        "dev" => Severity::Warning,
        _ => Severity::Error,
    };
    let impossible = policies::impossible(&policies, &snapshot.tenants);
    impossible
        .into_iter()
        .map(|finding| Diagnostic {
            severity,
            ..finding
        })
        .collect()
}

fn object(finding: &Diagnostic) -> Value {
    let mut object = json!(finding);
    object["id"] = json!(finding.code);
    object
}
