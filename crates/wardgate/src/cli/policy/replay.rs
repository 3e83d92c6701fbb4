//! `wardgate policy replay`: real calls decided again under other policies, before these decide over anything.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use serde::Serialize;
use serde_json::value::RawValue;
use wardgate_ledger::{Record, RecordType, record::Effect as Recorded};
use wardgate_model::{
    Caller, GroupName, PrincipalId, PrincipalKind, Scope, ToolRef, ToolsetName, Via,
};
use wardgate_policy::{
    Authorizer, Circumstances, Decision, Effect, Objective, Policies, Reason, Request, Review,
    Target,
};

use super::{Unfit, subject};
use crate::{
    cli::{
        Exit,
        audit::{
            query::Asked,
            source::{Entry, From},
        },
        print,
    },
    policies,
};

/// Examples told of each change.
const EXAMPLES: usize = 5;

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    subject: subject::SubjectArgs,
    #[command(flatten)]
    asked: Asked,
    /// Policies to decide with: files, or folders of `*.cedar`.
    #[arg(required = true, value_name = "CANDIDATE")]
    candidate: Vec<PathBuf>,
    /// Print the changes as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Default, Serialize)]
struct Report {
    /// Calls that could be decided again.
    decided: usize,
    /// Of these, the calls that would end otherwise.
    changed: usize,
    /// Calls whose arguments were not kept, or whose tool is not known any more.
    undecided: usize,
    changes: Vec<Changes>,
}

/// Calls of one principal and tool that would end otherwise in one way.
#[derive(Debug, Serialize)]
struct Changes {
    tenant: String,
    principal: String,
    tool: String,
    from: &'static str,
    to: &'static str,
    count: usize,
    /// Those that would decide.
    rules: Vec<String>,
    /// The first records of them.
    records: Vec<String>,
}

/// # Errors
/// When there is nothing to decide, or the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let subject = args.subject.read_config()?;
    let candidate = policies::read_paths(&args.candidate).map_err(Unfit::Findings)?;
    let candidate = candidate.ok_or(Unfit::NoPolicies)?;
    let tools = args.subject.tools_of(&subject.loaded.config)?;
    let judge = Judge::new(
        candidate,
        tools,
        subject.loaded.config.gateway.environment.clone(),
    );
    let from = From::state(subject.loaded.config.gateway.state.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(replay(&judge, &from, &args.asked))?;
    match args.json {
        true => print::json(&report)?,
        false => show(&report)?,
    }
    Ok(Exit::Ok)
}

async fn replay(judge: &Judge, from: &From, asked: &Asked) -> anyhow::Result<Report> {
    let source = from.open().await?;
    let mut report = Report::default();
    let mut changes: BTreeMap<_, Changes> = BTreeMap::new();
    let query = asked.query(true);
    let each = |entry: Entry| {
        let record = &entry.sealed.record;
        if record.kind != RecordType::TOOL_CALL {
            return Ok(());
        }
        let (Some(before), Some(tool)) = (recorded(record), judge.tool(&entry)) else {
            return Ok(());
        };
        let Some(decision) = judge.decide(record, &tool) else {
            report.undecided += 1;
            return Ok(());
        };
        report.decided += 1;
        if decision.effect != before {
            report.changed += 1;
            note(&mut changes, record, &tool, before, &decision);
        }
        Ok(())
    };
    source.each(&query, each).await?;
    report.changes = changes.into_values().collect();
    report
        .changes
        .sort_by_key(|change| std::cmp::Reverse(change.count));
    Ok(report)
}

type Key = (String, String, String, &'static str, &'static str);

fn note(
    changes: &mut BTreeMap<Key, Changes>,
    record: &Record,
    tool: &ToolRef,
    before: Effect,
    decision: &Decision,
) {
    let tenant = record.who.tenant.to_string();
    let principal = record
        .who
        .principal
        .as_ref()
        .map_or("-", |name| name.as_str())
        .to_owned();
    let (from, to) = (before.as_str(), decision.effect.as_str());
    let key = (
        tenant.clone(),
        principal.clone(),
        tool.to_string(),
        from,
        to,
    );
    let change = changes.entry(key).or_insert_with(|| Changes {
        tenant,
        principal,
        tool: tool.to_string(),
        from,
        to,
        count: 0,
        rules: decision
            .rules
            .iter()
            .map(|rule| rule.id.to_string())
            .collect(),
        records: Vec::new(),
    });
    change.count += 1;
    if change.records.len() < EXAMPLES {
        change.records.push(record.id.to_string());
    }
}

/// What policies said at the time, an approval that was given since aside.
fn recorded(record: &Record) -> Option<Effect> {
    let decision = record.decision.as_ref()?;
    Some(match decision.effect {
        _ if decision.approval.is_some() => Effect::Defer,
        Recorded::Allow => Effect::Allow,
        Recorded::Deny => Effect::Deny,
        Recorded::RequireApproval => Effect::Defer,
    })
}

/// The candidate, over the tools that are known.
struct Judge {
    authorizer: Authorizer,
    environment: String,
    /// Stands for arguments that no rule reads.
    nothing: Box<RawValue>,
}

impl Judge {
    fn new(
        candidate: Arc<Policies>,
        tools: Vec<wardgate_policy::Tool>,
        environment: String,
    ) -> Judge {
        Judge {
            authorizer: Authorizer::new(candidate, tools),
            environment,
            nothing: RawValue::from_string("{}".into()).expect("an object is JSON"),
        }
    }

    /// The tool of a call; `None` if the call reached none.
    fn tool(&self, entry: &Entry) -> Option<ToolRef> {
        let what = &entry.sealed.record.what;
        let (server, name) = (what.server.as_ref()?, what.tool.as_ref()?);
        entry.tool.clone().or_else(|| {
            let mut tools = self.authorizer.tools();
            let is_it = |tool: &&wardgate_policy::Tool| {
                tool.server.name.as_str() == server.as_str() && tool.tool.name == name.as_str()
            };
            tools.find(is_it).map(|tool| tool.tool.clone())
        })
    }

    /// `None` if what was kept of the call is not enough to decide.
    fn decide(&self, record: &Record, tool: &ToolRef) -> Option<Decision> {
        let caller = caller(record)?;
        let arguments: &RawValue = match &record.what.args {
            Some(kept) => kept,
            None if self.authorizer.reads_arguments(caller.kind, tool) => return None,
            None => &self.nothing,
        };
        let toolset = ToolsetName::new(record.what.toolset.as_ref()?.as_str());
        let reason = record.why.as_ref().map(|why| why.text.as_str());
        let decision = self.authorizer.decide(&Request {
            caller: &caller,
            toolset: &toolset,
            target: Target::Call { tool, arguments },
            circumstances: Circumstances {
                environment: &self.environment,
                now_ms: record.ts.as_millisecond(),
                reason,
                slo: Objective::default(),
                review: Review::default(),
            },
            grants: &[],
            break_glass: false,
        });
        let is_decided = !matches!(decision.reason, Reason::PolicyError | Reason::UnknownTool);
        is_decided.then_some(decision)
    }
}

fn caller(record: &Record) -> Option<Caller> {
    let who = &record.who;
    Some(Caller {
        tenant: who.tenant.clone(),
        principal: PrincipalId::new(who.principal.as_ref()?.as_str()),
        kind: who.kind.unwrap_or(PrincipalKind::User),
        groups: who
            .groups
            .iter()
            .map(|group| GroupName::new(group.as_str()))
            .collect(),
        scopes: who
            .scopes
            .iter()
            .map(|scope| Scope::new(scope.as_str()))
            .collect(),
        via: Via::Assumed,
        credential: None,
    })
}

fn show(report: &Report) -> anyhow::Result<()> {
    let Report {
        decided,
        changed,
        undecided,
        changes,
    } = report;
    print::line(&format!("{changed} of {decided} calls would end otherwise"))?;
    for change in changes {
        let who = format!("{}/{}", change.tenant, change.principal);
        let rules = match change.rules.is_empty() {
            true => "no permit".to_owned(),
            false => change.rules.join(", "),
        };
        let tool = print::brief(&change.tool, 96);
        let line = format!(
            "{:>7}  {tool}  by {}: {} → {} ({rules})",
            change.count,
            print::brief(&who, 64),
            change.from,
            change.to
        );
        print::line(&line)?;
    }
    if *undecided > 0 {
        print::line(&format!(
            "{undecided} calls cannot be decided again: their arguments were not kept, or their tool is not known any more"
        ))?;
    }
    Ok(())
}
