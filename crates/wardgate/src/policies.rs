//! The policy files a config includes, read and understood together. What they mean is the policy crate's.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use wardgate_config::{
    Diagnostic, Severity,
    diagnostic::{Code, Place, code},
    load::File,
};
use wardgate_model::GroupName;
use wardgate_policy::{Approval, Fault, Policies, PolicyFile, Rule, SchemaFault, Tool};
use wardgate_snapshot::Tenants;

use crate::cli::config_file;

/// Returns the policies, or `None` where the config includes none.
///
/// # Errors
/// Every file that cannot be read and every fault in those that can.
pub fn read(patterns: &[PathBuf]) -> Result<Option<Arc<Policies>>, Vec<Diagnostic>> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let files = files(patterns)?;
    let named = files.iter().map(|file| PolicyFile {
        name: &file.name,
        text: &file.text,
    });
    let understood = Policies::parse(named);
    let policies = understood.map_err(|faults| {
        let finding = |fault| finding(fault, &files);
        faults.into_iter().map(finding).collect::<Vec<_>>()
    })?;
    Ok(Some(Arc::new(policies)))
}

/// Reads the policies in files, or in the `*.cedar` of folders.
///
/// # Errors
/// As [`read`].
pub fn read_paths(paths: &[PathBuf]) -> Result<Option<Arc<Policies>>, Vec<Diagnostic>> {
    let pattern = |path: &PathBuf| match path.is_dir() {
        true => path.join("*.cedar"),
        false => path.clone(),
    };
    read(&paths.iter().map(pattern).collect::<Vec<_>>())
}

/// The files of cases: each `*.test.yaml` in a folder of policies.
pub fn case_files(policies: &Policies) -> Vec<PathBuf> {
    let files = policies.rules().iter().map(|rule| Path::new(&*rule.file));
    let folders: BTreeSet<&Path> = files.filter_map(Path::parent).collect();
    let in_folder = |folder: &Path| glob::glob(&folder.join("*.test.yaml").to_string_lossy()).ok();
    let found = folders.into_iter().filter_map(in_folder).flatten();
    found.filter_map(Result::ok).collect()
}

/// Returns the places where policies do not fit the tools they are about.
///
/// # Errors
/// If the tools cannot be described to Cedar.
pub fn misfits(policies: &Policies, tools: &[Tool]) -> Result<Vec<Diagnostic>, SchemaFault> {
    let faults = wardgate_policy::validate(policies, tools)?;
    let files: Vec<File> = faults
        .iter()
        .filter_map(|fault| config_file::read(Path::new(&*fault.place.file)).ok())
        .collect();
    Ok(faults
        .into_iter()
        .map(|fault| Diagnostic {
            code: code::POLICY_MISFIT,
            ..finding(fault, &files)
        })
        .collect())
}

/// Returns the rules that ask for approvals which could be given in no tenant.
pub fn impossible(policies: &Policies, tenants: &Tenants) -> Vec<Diagnostic> {
    let could = |approval: &Approval| {
        let group = GroupName::new(&approval.group);
        let mut names = tenants.names();
        names.any(|tenant| tenants.could_approve(tenant, &group, approval.count.into(), None))
    };
    let finding = |rule: &Arc<Rule>| {
        let approval = rule.approval.as_ref().filter(|approval| !could(approval))?;
        let (rule_id, group) = (&rule.id, &approval.group);
        let (file, line) = (&rule.file, rule.line);
        let message = format!(
            "nobody could give the approval that `{rule_id}` asks for ({file}:{line}): no tenant has {} in `{group}`",
            people(approval.count)
        );
        let hint = format!(
            "add `groups: {{{group}: [...]}}` to a tenant, or an issuer whose tokens name the group"
        );
        Some(error(code::IMPOSSIBLE_APPROVAL, message, Some(hint)))
    };
    policies.rules().iter().filter_map(finding).collect()
}

fn people(count: u8) -> String {
    match count {
        1 => "a person".to_owned(),
        count => format!("{count} people"),
    }
}

/// Reads what the patterns match, in the order of the patterns and of the names.
fn files(patterns: &[PathBuf]) -> Result<Vec<File>, Vec<Diagnostic>> {
    let (mut files, mut findings) = (Vec::new(), Vec::new());
    for pattern in patterns {
        let shown = pattern.display();
        let paths: Vec<PathBuf> = match glob::glob(&pattern.to_string_lossy()) {
            Ok(paths) => paths.filter_map(Result::ok).collect(),
            Err(fault) => {
                let message = format!("`{shown}` is not a pattern: {fault}");
                findings.push(error(code::BAD_PATTERN, message, None));
                continue;
            }
        };
        if paths.is_empty() {
            let message = format!("`{shown}`, named by `include`, matches no file");
            let hint = "relative paths start from the directory of the config";
            findings.push(error(code::NOTHING_INCLUDED, message, Some(hint.into())));
        }
        for path in paths {
            match config_file::read(&path) {
                Ok(file) => files.push(file),
                Err(finding) => findings.push(*finding),
            }
        }
    }
    if findings.is_empty() {
        Ok(files)
    } else {
        Err(findings)
    }
}

fn finding(fault: Fault, files: &[File]) -> Diagnostic {
    let text = files
        .iter()
        .find(|file| file.name == fault.place.file)
        .and_then(|file| file.text.lines().nth(fault.place.line - 1))
        .unwrap_or_default();
    let left = text.chars().count().saturating_sub(fault.place.column - 1);
    Diagnostic {
        place: Some(Place {
            file: fault.place.file,
            line: fault.place.line,
            column: fault.place.column,
            width: fault.place.span.len().clamp(1, left.max(1)),
            span: fault.place.span,
            text: text.to_owned(),
        }),
        ..error(code::BAD_POLICY, fault.message, fault.hint)
    }
}

pub fn error(code: Code, message: String, hint: Option<String>) -> Diagnostic {
    Diagnostic {
        code,
        severity: Severity::Error,
        message,
        place: None,
        hint,
    }
}
