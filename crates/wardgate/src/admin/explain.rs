//! Explanations of the running gateway, in the words of the admin API.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use wardgate_admin::explain::{
    Answer, Explainer, Explanation, Layer, Question, RuleEffect, RuleVerdict, Verdict,
};
use wardgate_model::{Caller, GroupName, PrincipalId, Scope, TenantId, ToolRef, ToolsetName, Via};
use wardgate_proxy::{
    Gate,
    explain::{self, Asked, Explained, Refusal, explain},
};
use wardgate_snapshot::Snapshot;

pub struct GateExplainer(pub Arc<Gate>);

impl Explainer for GateExplainer {
    fn explain(&self, question: Question) -> BoxFuture<'_, Option<Explanation>> {
        Box::pin(async move {
            let asked = asked(&self.0.snapshot(), question);
            let explained = explain(&self.0, &asked).await.ok()?;
            Some(told(explained))
        })
    }
}

fn asked(snapshot: &Snapshot, question: Question) -> Asked {
    let tenant = TenantId::new(&question.tenant);
    let principal = PrincipalId::new(&question.principal);
    let mut groups: Vec<_> = question.groups.iter().map(GroupName::new).collect();
    groups.extend_from_slice(snapshot.tenants.groups(&tenant, &principal));
    groups.sort();
    groups.dedup();
    // Scopes are asked of tokens alone.
    let via = match question.scopes.is_empty() {
        true => Via::Assumed,
        false => Via::Jwt,
    };
    Asked {
        caller: Caller {
            tenant,
            principal,
            kind: question.kind.into(),
            groups: groups.into(),
            scopes: question.scopes.iter().map(Scope::new).collect(),
            via,
            credential: None,
        },
        toolset: ToolsetName::new(question.toolset.as_deref().unwrap_or("default")),
        tool: question.tool,
        arguments: question
            .arguments
            .map_or_else(|| "{}".to_owned(), |arguments| arguments.get().to_owned()),
        reason: question.reason,
    }
}

fn told(explained: Explained) -> Explanation {
    let ends_at = explained.ends_at();
    let answer = Answer {
        class: class(ends_at.and_then(|layer| layer.refusal.as_ref())),
        layer: ends_at.map(|layer| layer.name.to_owned()),
        text: ends_at
            .and_then(|layer| layer.refusal.as_ref())
            .map(|refusal| refusal.text.clone()),
        change: ends_at.and_then(|layer| layer.change.clone()),
    };
    let rules = explained.policy.iter().flat_map(|policy| &policy.rules);
    Explanation {
        tool: explained.tool.as_ref().map(ToolRef::to_string),
        answer,
        rules: rules.filter_map(rule).collect(),
        layers: explained.layers.iter().map(layer).collect(),
    }
}

fn layer(layer: &explain::Layer) -> Layer {
    Layer {
        layer: layer.name.to_owned(),
        verdict: class(layer.refusal.as_ref()),
        says: layer.says.clone(),
        change: layer.change.clone(),
    }
}

fn class(refusal: Option<&Refusal>) -> String {
    let class = match refusal {
        None => "ok",
        Some(refusal) => refusal.class.map_or("not_found", |class| class.as_str()),
    };
    class.to_owned()
}

/// What is about something else is left out.
fn rule(rule: &wardgate_policy::RuleVerdict) -> Option<RuleVerdict> {
    use wardgate_policy::Verdict as Said;
    let verdict = match rule.verdict {
        Said::Matched => Verdict::Matched,
        Said::NotMatched => Verdict::NotMatched,
        Said::Failed { .. } => Verdict::Failed,
        Said::NotAsked => Verdict::NotAsked,
        Said::OutOfScope => return None,
    };
    let effect = match rule.rule.is_forbid() {
        true => RuleEffect::Forbid,
        false => RuleEffect::Permit,
    };
    Some(RuleVerdict {
        id: rule.rule.id.to_string(),
        effect,
        verdict,
    })
}
