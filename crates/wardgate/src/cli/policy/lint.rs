//! `wardgate policy lint`: policies that Cedar takes and nobody can have meant, and those that do not fit the tools.

use serde_json::{Value, json};
use wardgate_config::Diagnostic;
use wardgate_policy::Finding;

use super::subject;
use crate::{
    cli::{Exit, config_file, print},
    policies,
};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    subject: subject::SubjectArgs,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// # Errors
/// When no tools are known, or the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let subject = args.subject.read()?;
    let tools = subject.tools()?;
    let misfits = policies::misfits(&subject.policies, &tools)?;
    let findings = subject.policies.lint(&tools);
    match args.json {
        true => print::json(&objects(&misfits, &findings))?,
        false => show(&misfits, &findings)?,
    }
    match misfits.is_empty() && findings.is_empty() {
        true => Ok(Exit::Ok),
        false => Ok(Exit::CheckFailed),
    }
}

fn objects(misfits: &[Diagnostic], findings: &[Finding]) -> Vec<Value> {
    let misfit = |misfit: &Diagnostic| {
        let mut object = json!(misfit);
        object["kind"] = json!("misfit");
        object
    };
    let misfits = misfits.iter().map(misfit);
    misfits
        .chain(findings.iter().map(|finding| json!(finding)))
        .collect()
}

fn show(misfits: &[Diagnostic], findings: &[Finding]) -> anyhow::Result<()> {
    config_file::show(misfits);
    for finding in findings {
        let place = finding
            .rule
            .as_ref()
            .map_or_else(String::new, |rule| format!("{}: ", rule.file));
        print::line(&format!("{place}{}", print::foreign(&finding.message)))?;
    }
    if misfits.is_empty() && findings.is_empty() {
        print::line("nothing to look at again")?;
    }
    Ok(())
}
