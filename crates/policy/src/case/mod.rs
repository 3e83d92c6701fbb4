//! Cases beside policies: who calls what, and what must come of it. Reading the file is for others; this is its shape.
//!
//! A file may bring the tools its cases are about, so that policies can be tested where no server runs.

mod file;
mod report;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::DateTime;
use serde_json::value::{RawValue, to_raw_value};
use wardgate_model::{Alias, Caller, GroupName, PrincipalId, TenantId, ToolRef, ToolsetName, Via};

pub use file::{Case, CaseFile, CaseTool};
pub use report::{CaseReport, CaseResult};

use crate::authorizer::Authorizer;
use crate::decide::{Request, Target};
use crate::facts::{Circumstances, Objective, Review};
use crate::parse::Policies;
use crate::rule::RuleId;
use crate::tool::Tool;

/// Of cases that do not say when: 2026-01-01 in UTC, so that they never turn with the calendar.
const NOW_MS: i64 = 1_767_225_600_000;
/// Of cases that do not say which, and of tools that do not say either.
const TOOLSET: &str = "default";
const ENVIRONMENT: &str = "prod";

impl Policies {
    /// Decides each case of the file over its own tools and `tools`; of two with one name the file's own counts.
    pub fn test(self: &Arc<Policies>, tools: &[Tool], file: &CaseFile) -> CaseReport {
        let mut faults = Vec::new();
        let mut own = Vec::new();
        for tool in &file.tools {
            match tool.read() {
                Ok(tool) => own.push(tool),
                Err(fault) => faults.push(fault),
            }
        }
        // The last of equal names stays.
        let authorizer = Authorizer::new(self.clone(), tools.iter().cloned().chain(own));
        let mut report = CaseReport::default();
        if !faults.is_empty() {
            report.results.push(CaseResult {
                name: "tools".to_owned(),
                differences: faults,
            });
        }
        for (index, case) in file.cases.iter().enumerate() {
            let name = case
                .name
                .clone()
                .unwrap_or_else(|| format!("case {}", index + 1));
            let differences = match run(&authorizer, case, &mut report.hits) {
                Ok(differences) => differences,
                Err(fault) => vec![fault],
            };
            report.results.push(CaseResult { name, differences });
        }
        report
    }
}

/// Returns how the decision differs from what the case expects.
fn run(
    authorizer: &Authorizer,
    case: &Case,
    hits: &mut BTreeSet<RuleId>,
) -> Result<Vec<String>, String> {
    let caller = caller(case)?;
    let tool = tool_ref(&case.tool)?;
    let arguments: Box<RawValue> = to_raw_value(&case.args).map_err(|error| error.to_string())?;
    let now_ms = case.now.as_deref().map_or(Ok(NOW_MS), time)?;
    let grants: Vec<RuleId> = case.grants.iter().map(RuleId::new).collect();
    let toolset = ToolsetName::new(case.toolset.as_deref().unwrap_or(TOOLSET));
    let request = Request {
        caller: &caller,
        toolset: &toolset,
        target: Target::Call {
            tool: &tool,
            arguments: &arguments,
        },
        circumstances: Circumstances {
            environment: case.env.as_deref().unwrap_or(ENVIRONMENT),
            now_ms,
            reason: case.reason.as_deref(),
            slo: Objective::default(),
            review: Review::default(),
        },
        grants: &grants,
        break_glass: case.break_glass,
    };
    if let Ok(matches) = authorizer.matches(&request) {
        hits.extend(matches.matched.iter().map(|rule| rule.id.clone()));
    }
    Ok(report::differences(case, &authorizer.decide(&request)))
}

fn caller(case: &Case) -> Result<Caller, String> {
    let (tenant, principal) = case
        .principal
        .split_once('/')
        .ok_or_else(|| format!("principal: `{}` is not `tenant/name`", case.principal))?;
    Ok(Caller {
        tenant: TenantId::new(tenant),
        principal: PrincipalId::new(principal),
        kind: case.kind,
        groups: case.groups.iter().map(GroupName::new).collect(),
        scopes: case.scopes.iter().map(wardgate_model::Scope::new).collect(),
        via: Via::Assumed,
        credential: None,
    })
}

fn tool_ref(text: &str) -> Result<ToolRef, String> {
    let (alias, name) = text
        .split_once('/')
        .ok_or_else(|| format!("tool: `{text}` is not `alias/tool`"))?;
    Ok(ToolRef {
        alias: Alias::new(alias),
        name: name.to_owned(),
    })
}

fn time(text: &str) -> Result<i64, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.timestamp_millis())
        .map_err(|_| format!("now: `{text}` is no time such as `2026-01-01T00:00:00Z`"))
}
