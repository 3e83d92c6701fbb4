//! Single facts of a request that could be otherwise, in the order in which people would rather change them.

use std::fmt;

use serde::Serialize;
use serde_json::value::RawValue;
use wardgate_model::{Caller, GroupName, ToolsetName};

use crate::authorizer::Authorizer;
use crate::decide::{Request, Target};
use crate::facts::Circumstances;
use crate::members;
use crate::number::{decimal_text, scaled};
use crate::reads::Constant;
use crate::rule::{Rule, RuleId};

/// Tried beside the environments that rules name: a forbid for one environment leaves all others.
const HARMLESS: &str = "dev";

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    AddGroup {
        group: String,
    },
    Approve {
        rule: RuleId,
        group: String,
        count: u8,
    },
    BreakGlass,
    Argument {
        /// Names from the outside in.
        path: Vec<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// JSON text, as `from`.
        to: String,
    },
    Environment {
        to: String,
    },
    Toolset {
        to: String,
    },
}

/// The end of a sentence that begins with "if".
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::AddGroup { group } => write!(f, "the caller were in group `{group}`"),
            Change::Approve { rule, group, count } => {
                write!(f, "{count} of group `{group}` approved, as `{rule}` asks")
            }
            Change::BreakGlass => f.write_str("an override lifted soft rules"),
            Change::Argument { path, from, to } => {
                write!(f, "`{}` were {to}", path.join("."))?;
                match from {
                    Some(from) => write!(f, " instead of {from}"),
                    None => Ok(()),
                }
            }
            Change::Environment { to } => write!(f, "the environment were `{to}`"),
            Change::Toolset { to } => write!(f, "it came through toolset `{to}`"),
        }
    }
}

/// Everything worth trying.
pub(crate) fn changes(
    authorizer: &Authorizer,
    request: &Request<'_>,
    rules: &[&Rule],
) -> Vec<Change> {
    let mut changes = groups(request.caller, rules);
    changes.extend(approvals(request, rules));
    if !request.break_glass {
        changes.push(Change::BreakGlass);
    }
    changes.extend(arguments(request, rules));
    changes.extend(environments(request.circumstances.environment, rules));
    changes.extend(toolsets(authorizer, request, rules));
    let mut distinct: Vec<Change> = Vec::new();
    for change in changes {
        if !distinct.contains(&change) {
            distinct.push(change);
        }
    }
    distinct
}

fn groups(caller: &Caller, rules: &[&Rule]) -> Vec<Change> {
    let named = rules
        .iter()
        .flat_map(|rule| rule.source.reads.named("Group"));
    let of_tenant = named.filter_map(|group| match group.split_once('/') {
        Some((tenant, group)) => (tenant == caller.tenant.as_str()).then_some(group),
        None => Some(group),
    });
    of_tenant
        .filter(|group| caller.groups.iter().all(|held| held.as_str() != *group))
        .map(|group| Change::AddGroup {
            group: group.to_owned(),
        })
        .collect()
}

fn approvals(request: &Request<'_>, rules: &[&Rule]) -> Vec<Change> {
    let open = rules
        .iter()
        .filter(|rule| !request.grants.contains(&rule.id));
    open.filter_map(|rule| {
        let approval = rule.approval.as_ref()?;
        Some(Change::Approve {
            rule: rule.id.clone(),
            group: approval.group.clone(),
            count: approval.count,
        })
    })
    .collect()
}

fn arguments(request: &Request<'_>, rules: &[&Rule]) -> Vec<Change> {
    let Target::Call { arguments, .. } = request.target else {
        return Vec::new();
    };
    let mut changes = Vec::new();
    for comparison in rules.iter().flat_map(|rule| &rule.source.reads.comparisons) {
        let Some((first, path)) = comparison.path.split_first() else {
            continue;
        };
        if first != "input" || path.is_empty() {
            continue;
        }
        let from = members::at(arguments, path);
        let across = across(&comparison.constant).into_iter();
        changes.extend(
            across
                .filter(|to| from.as_ref() != Some(to))
                .map(|to| Change::Argument {
                    path: path.to_vec(),
                    from: from.clone(),
                    to,
                }),
        );
    }
    changes
}

/// Values on the constant and to both sides of it, as JSON.
fn across(constant: &Constant) -> Vec<String> {
    match constant {
        Constant::Bool(_) => vec!["true".to_owned(), "false".to_owned()],
        Constant::Long(value) => [Some(*value), value.checked_sub(1), value.checked_add(1)]
            .into_iter()
            .flatten()
            .map(|value| value.to_string())
            .collect(),
        Constant::Decimal(text) => {
            let value = scaled(text, 4);
            let sides = [0, -1, 1].map(|side| value.and_then(|value| value.checked_add(side)));
            sides.into_iter().flatten().map(decimal_text).collect()
        }
        Constant::Text(text) => vec![
            serde_json::Value::from(text.as_str()).to_string(),
            "\"\"".to_owned(),
        ],
    }
}

fn environments(environment: &str, rules: &[&Rule]) -> Vec<Change> {
    let comparisons = rules.iter().flat_map(|rule| &rule.source.reads.comparisons);
    let mut named: Vec<&str> = comparisons
        .filter_map(
            |comparison| match (&comparison.path[..], &comparison.constant) {
                ([name], Constant::Text(text)) if name == "env" => Some(text.as_str()),
                _ => None,
            },
        )
        .collect();
    if !named.is_empty() {
        named.push(HARMLESS);
    }
    named
        .into_iter()
        .filter(|to| *to != environment)
        .map(|to| Change::Environment { to: to.to_owned() })
        .collect()
}

/// Those that show the tool, if any rule minds toolsets.
fn toolsets(authorizer: &Authorizer, request: &Request<'_>, rules: &[&Rule]) -> Vec<Change> {
    let Target::Call { tool, .. } = request.target else {
        return Vec::new();
    };
    let minded = rules
        .iter()
        .any(|rule| rule.source.reads.named("Toolset").next().is_some());
    let shown = authorizer
        .governed(tool)
        .map(|governed| &governed.tool.toolsets);
    shown
        .into_iter()
        .flatten()
        .filter(|toolset| minded && *toolset != request.toolset)
        .map(|toolset| Change::Toolset {
            to: toolset.as_str().to_owned(),
        })
        .collect()
}

impl Change {
    /// Shows the request with this change to `then`; nothing if the change cannot be made.
    pub(crate) fn applied<T>(
        &self,
        request: &Request<'_>,
        then: impl FnOnce(&Request<'_>) -> T,
    ) -> Option<T> {
        Some(match self {
            Change::AddGroup { group } => {
                let mut caller = request.caller.clone();
                let mut groups = caller.groups.to_vec();
                groups.push(GroupName::new(group));
                groups.sort();
                caller.groups = groups.into();
                then(&Request {
                    caller: &caller,
                    ..*request
                })
            }
            Change::Approve { rule, .. } => {
                let grants = [request.grants, std::slice::from_ref(rule)].concat();
                then(&Request {
                    grants: &grants,
                    ..*request
                })
            }
            Change::BreakGlass => then(&Request {
                break_glass: true,
                ..*request
            }),
            Change::Argument { path, to, .. } => {
                let Target::Call { tool, arguments } = request.target else {
                    return None;
                };
                let arguments: Box<RawValue> = members::with(arguments, path, to)?;
                let arguments: &RawValue = &arguments;
                then(&Request {
                    target: Target::Call { tool, arguments },
                    ..*request
                })
            }
            Change::Environment { to } => then(&Request {
                circumstances: Circumstances {
                    environment: to,
                    ..request.circumstances
                },
                ..*request
            }),
            Change::Toolset { to } => then(&Request {
                toolset: &ToolsetName::new(to),
                ..*request
            }),
        })
    }
}
