//! `wardgate policy test`: every case decided, and what came otherwise.

use std::path::{Path, PathBuf};

use serde_json::json;
use wardgate_policy::{CaseFile, CaseReport};

use super::{
    Unfit,
    subject::{self, Subject},
};
use crate::{
    cli::{Exit, config_file, print},
    policies,
};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    subject: subject::SubjectArgs,
    /// Files of cases. By default each `*.test.yaml` beside the policies.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Name the rules that no case hits, and fail if there are any.
    #[arg(long)]
    coverage: bool,
    /// Print the results as JSON.
    #[arg(long)]
    json: bool,
}

/// # Errors
/// When there is nothing to test, or the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let subject = args.subject.read()?;
    let files = match args.files.is_empty() {
        true => policies::case_files(&subject.policies),
        false => args.files.clone(),
    };
    if files.is_empty() {
        let none = "there is no `*.test.yaml` beside the policies".to_owned();
        return Err(Unfit::Usage(none).into());
    }
    let report = test(&subject, &files)?;
    let unhit = match args.coverage {
        true => report.unhit(&subject.policies),
        false => Vec::new(),
    };
    let unhit: Vec<&str> = unhit.iter().map(|rule| rule.id.as_str()).collect();
    match args.json {
        true => print::json(&json!({"results": report.results, "unhit": unhit}))?,
        false => show(&report, &unhit)?,
    }
    match report.passed() && unhit.is_empty() {
        true => Ok(Exit::Ok),
        false => Ok(Exit::CheckFailed),
    }
}

fn test(subject: &Subject, files: &[PathBuf]) -> anyhow::Result<CaseReport> {
    let tools = subject.tools_if_known()?;
    let mut report = CaseReport::default();
    let mut findings = Vec::new();
    for path in files {
        match read(path) {
            Ok(file) => report.merge(named(path, subject.policies.test(&tools, &file))),
            Err(finding) => findings.push(*finding),
        }
    }
    match findings.is_empty() {
        true => Ok(report),
        false => Err(Unfit::Findings(findings).into()),
    }
}

fn read(path: &Path) -> Result<CaseFile, Box<wardgate_config::Diagnostic>> {
    wardgate_config::read_yaml(&config_file::read(path)?)
}

/// Cases carry the name of their file, which tells equal names apart.
fn named(path: &Path, mut report: CaseReport) -> CaseReport {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let file = file.trim_end_matches(".test.yaml");
    for result in &mut report.results {
        result.name = format!("{file}: {}", result.name);
    }
    report
}

fn show(report: &CaseReport, unhit: &[&str]) -> anyhow::Result<()> {
    for result in &report.results {
        print::line(&print::foreign(&result.to_string()))?;
    }
    for rule in unhit {
        print::line(&format!("no case hits `{rule}`"))?;
    }
    let failed = report
        .results
        .iter()
        .filter(|result| !result.passed())
        .count();
    let passed = report.results.len() - failed;
    Ok(print::line(&format!("{passed} passed, {failed} failed"))?)
}
