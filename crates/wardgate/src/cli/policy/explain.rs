//! `wardgate policy explain`: what every rule says of one call, before anybody makes it.

use serde_json::value::RawValue;
use wardgate_model::{
    Caller, GroupName, PrincipalId, PrincipalKind, Scope, TenantId, ToolRef, ToolsetName, Via,
};
use wardgate_policy::{
    Authorizer, Circumstances, Effect, Explanation, Objective, Request, Review, RuleVerdict,
    Target, Tool, Verdict,
};

use super::{Unfit, subject};
use crate::{
    cli::{Exit, print},
    compose,
};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    subject: subject::SubjectArgs,
    /// Who calls.
    #[arg(long = "as", value_name = "TENANT/PRINCIPAL")]
    principal: String,
    /// What kind of being calls: user, agent or service.
    #[arg(long, default_value = "user", value_parser = kind)]
    kind: PrincipalKind,
    /// Groups of the caller besides those the tenant declares.
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    groups: Vec<String>,
    /// Scopes of the caller's token.
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    scopes: Vec<String>,
    /// Toolset the call comes through. By default the first that shows the tool.
    #[arg(long, value_name = "NAME")]
    toolset: Option<String>,
    /// Reason the caller gives.
    #[arg(long)]
    reason: Option<String>,
    /// The tool, as `alias/tool`.
    tool: String,
    /// Its arguments as a JSON object.
    #[arg(value_name = "JSON", default_value = "{}")]
    arguments: String,
    /// Print the explanation as JSON.
    #[arg(long)]
    json: bool,
}

fn kind(text: &str) -> Result<PrincipalKind, String> {
    [
        PrincipalKind::User,
        PrincipalKind::Agent,
        PrincipalKind::Service,
    ]
    .into_iter()
    .find(|kind| kind.as_str() == text)
    .ok_or_else(|| "give `user`, `agent` or `service`".to_owned())
}

/// # Errors
/// When something is not known, or the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let subject = args.subject.read()?;
    let tools = subject.tools()?;
    let tool = named(&tools, &args.tool)?;
    let arguments = arguments(&args.arguments)?;
    let inputs = compose::snapshot_of(&subject.loaded.config, Some(subject.policies.clone()))?;
    let caller = args.caller(&inputs)?;
    let toolset = args.toolset.as_ref().map(ToolsetName::new);
    let toolset = toolset.or_else(|| tool.toolsets.first().cloned());
    let toolset = toolset.unwrap_or_else(|| ToolsetName::new("default"));
    let name = tool.tool.clone();
    let authorizer = Authorizer::new(subject.policies.clone(), tools);
    let explanation = authorizer.explain(&Request {
        caller: &caller,
        toolset: &toolset,
        target: Target::Call {
            tool: &name,
            arguments: &arguments,
        },
        circumstances: Circumstances {
            environment: &inputs.gateway.environment,
            now_ms: jiff::Timestamp::now().as_millisecond(),
            reason: args.reason.as_deref(),
            slo: Objective::default(),
            review: Review::default(),
        },
        grants: &[],
        break_glass: false,
    });
    match args.json {
        true => print::json(&explanation)?,
        false => show(&explanation)?,
    }
    Ok(match explanation.decision.effect {
        Effect::Allow => Exit::Ok,
        Effect::Deny => Exit::Denied,
        Effect::Defer => Exit::Pending,
    })
}

impl Args {
    fn caller(&self, snapshot: &wardgate_snapshot::Snapshot) -> Result<Caller, Unfit> {
        let parts = self
            .principal
            .split_once('/')
            .filter(|(tenant, name)| !tenant.is_empty() && !name.is_empty());
        let Some((tenant, principal)) = parts else {
            return Err(Unfit::Usage(
                "`--as` takes a tenant and a principal: `acme/ana`".into(),
            ));
        };
        let (tenant, principal) = (TenantId::new(tenant), PrincipalId::new(principal));
        let declared = snapshot.tenants.groups(&tenant, &principal);
        let mut groups: Vec<GroupName> = self.groups.iter().map(GroupName::new).collect();
        groups.extend_from_slice(declared);
        groups.sort();
        groups.dedup();
        Ok(Caller {
            tenant,
            principal,
            kind: self.kind,
            groups: groups.into(),
            scopes: self.scopes.iter().map(Scope::new).collect(),
            via: Via::Assumed,
            credential: None,
        })
    }
}

fn named<'a>(tools: &'a [Tool], text: &str) -> Result<&'a Tool, Unfit> {
    let wanted = ToolRef::parse(text)
        .ok_or_else(|| Unfit::Usage(format!("`{text}` is not `alias/tool`")))?;
    let found = tools.iter().find(|tool| tool.tool == wanted);
    found.ok_or_else(|| Unfit::Usage(format!("no tool `{wanted}` is known")))
}

fn arguments(text: &str) -> Result<Box<RawValue>, Unfit> {
    let read = RawValue::from_string(text.trim().to_owned()).ok();
    read.filter(|value| value.get().starts_with('{'))
        .ok_or_else(|| Unfit::Usage("the arguments are not a JSON object".into()))
}

fn show(explanation: &Explanation) -> anyhow::Result<()> {
    let decision = &explanation.decision;
    let reason = serde_json::to_value(decision.reason)?;
    let reason = reason.as_str().unwrap_or_default().replace('_', " ");
    print::line(&format!("{}: {reason}", decision.effect.as_str()))?;
    for failure in &decision.failures {
        print::line(&format!("  {}", print::foreign(&failure.detail)))?;
    }
    for rule in &explanation.rules {
        print::line(&format!("  {}", line(rule)))?;
    }
    if let Some(flip) = &explanation.flip {
        print::line(&format!("{} if {}", flip.effect.as_str(), flip.change))?;
    }
    Ok(())
}

fn line(rule: &RuleVerdict) -> String {
    let verdict = match &rule.verdict {
        Verdict::Matched => "matches".to_owned(),
        Verdict::NotMatched => "does not match".to_owned(),
        Verdict::OutOfScope => "is about something else".to_owned(),
        Verdict::Failed { detail } => format!("fails: {}", print::brief(detail, 200)),
        Verdict::NotAsked => "was not asked".to_owned(),
    };
    let effect = match rule.rule.is_forbid() {
        true => "forbid",
        false => "permit",
    };
    format!("{effect} `{}` {verdict}", rule.rule.id)
}
