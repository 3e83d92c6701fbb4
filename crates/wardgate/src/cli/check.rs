//! `wardgate check`: every finding about a config at once. Opens no connection and resolves no secret.

use std::process::ExitCode;

use serde_json::{Value, json};
use wardgate_config::{Diagnostic, Severity};

use super::{
    Exit,
    config_file::{self, ConfigArgs, Inputs},
    print,
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
    let failed = findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    Ok(if failed { Exit::Usage } else { Exit::Ok }.into())
}

/// Returns the findings, and what the config amounts to when it can be served.
fn findings(args: &ConfigArgs) -> (Vec<Diagnostic>, Option<String>) {
    let Inputs { loaded, policies } = match config_file::load(args, &[], None) {
        Ok(inputs) => inputs,
        Err(findings) => return (findings, None),
    };
    let (servers, toolsets) = (loaded.config.servers.len(), loaded.config.toolsets.len());
    let rules = policies.map_or(String::new(), |policies| {
        format!("policies: {}, ", policies.rules().len())
    });
    let summary = format!(
        "servers: {servers}, toolsets: {toolsets}, {rules}listening on {}",
        loaded.config.gateway.listen
    );
    (loaded.remarks, Some(summary))
}

fn object(finding: &Diagnostic) -> Value {
    let mut object = json!(finding);
    object["id"] = json!(finding.code);
    object
}
