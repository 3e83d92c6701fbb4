//! One method per layer; each adds what its stage would say.

use std::{sync::Arc, time::Duration};

use wardgate_limit::Standing;
use wardgate_model::{Caller, ErrorClass, ToolRef, ToolsetName};
use wardgate_policy::{Decision, Explanation, Reason, Rule};
use wardgate_protocol::Revision;
use wardgate_snapshot::{Snapshot, Toolset};

use super::{
    Asked, Explained, Layer, Refusal, Unaskable,
    named::{exposed, missing},
    question::frame,
};
use crate::{
    allowance,
    approval::{Need, told::Held},
    call::Call,
    catalog::Freshness,
    gate::Gate,
    stage::{
        admit,
        approve::outlook::{Outlook, outlook},
        authorize::{self, Permit},
        connect::connect,
        heed::{Heeded, heed},
        identify::{Proven, may_use},
        reserve,
        resolve::{self, Target},
        validate,
    },
    stop::{Missing, Stop},
    upstream::changes::Shelf,
};

#[derive(Default)]
pub(super) struct Layers {
    layers: Vec<Layer>,
    policy: Option<Explanation>,
}

impl Layers {
    pub(super) fn ended(self, tool: Option<ToolRef>) -> Explained {
        Explained {
            tool,
            layers: self.layers,
            policy: self.policy,
        }
    }

    fn passes(&mut self, name: &'static str, says: impl Into<String>) {
        self.layers.push(Layer {
            name,
            refusal: None,
            says: says.into(),
            change: None,
        });
    }

    fn refuses(
        &mut self,
        name: &'static str,
        stop: &Stop,
        says: impl Into<String>,
        change: Option<String>,
    ) {
        self.layers.push(Layer {
            name,
            refusal: Some(Refusal::of(stop)),
            says: says.into(),
            change,
        });
    }

    pub(super) fn no_toolset(&mut self, name: &ToolsetName) {
        let says = format!("there is no toolset `{name}`");
        let change = Some("name one of the toolsets of the configuration".into());
        self.refuses("toolset", &Stop::NoToolset, says, change);
    }

    /// Whether the caller may enter at all.
    pub(super) fn toolset(&mut self, snapshot: &Snapshot, toolset: &Toolset, caller: &Caller) {
        let name = &toolset.name;
        let Err(stop) = may_use(snapshot, toolset, &Proven::from(caller.clone())) else {
            return self.passes("toolset", format!("`{name}` is open to the caller"));
        };
        let (says, change) = match &stop {
            Stop::NoToolset if !snapshot.tenants.sees(&caller.tenant, name) => (
                format!("tenant `{}` does not see `{name}`", caller.tenant),
                format!("add `{name}` to `tenants.{}.toolsets`", caller.tenant),
            ),
            Stop::NoToolset => (
                format!("`{name}` is for groups that the caller is not in"),
                format!("add the caller to one of `toolsets.{name}.groups`"),
            ),
            _ => (
                format!("`{name}` takes scopes that the caller's token lacks"),
                format!("ask for the scopes of `toolsets.{name}.scopes`"),
            ),
        };
        self.refuses("toolset", &stop, says, Some(change));
    }

    /// Whether an override stops the caller.
    pub(super) fn caller(&mut self, gate: &Gate, call: &Call) -> Option<Heeded> {
        match heed(gate, call) {
            Ok(heeded) => {
                self.passes("override", "none stops the caller");
                Some(heeded)
            }
            Err(stop) => {
                self.overridden(&stop);
                None
            }
        }
    }

    fn overridden(&mut self, stop: &Stop) {
        let Stop::Disabled { rule, .. } = stop else {
            return self.refuses("override", stop, "it cannot be asked", None);
        };
        let says = format!("`{}` stops {}: {}", rule.id, rule.matches, rule.reason);
        let change = format!("lift `{}`", rule.id);
        self.refuses("override", stop, says, Some(change));
    }

    /// Limits that need no tool.
    pub(super) fn admission(&mut self, gate: &Gate, call: &Call) {
        let facts = admit::facts(call, None);
        let asked = gate.limits.would_admit(&facts, &gate.moment());
        let standings = gate.limits.standings(&facts, &gate.moment());
        self.limited("limit", asked, &standings);
    }

    /// Limits that need the tool, and budgets.
    pub(super) fn budget(&mut self, gate: &Gate, call: &Call, target: &Target) {
        let tool = ToolRef {
            alias: target.server().alias.clone(),
            name: target.name().to_owned(),
        };
        let facts = admit::facts(call, Some(&tool));
        let cost = target.server().traits_of(target.name()).cost;
        let estimate = reserve::estimate(call, cost);
        let asked = gate.limits.would_reserve(&facts, &estimate, &gate.moment());
        let mut standings = gate.limits.standings(&facts, &gate.moment());
        let before = gate
            .limits
            .standings(&admit::facts(call, None), &gate.moment());
        let is_same = |a: &Standing, b: &Standing| {
            (&a.rule, &a.tenant, a.dimension) == (&b.rule, &b.tenant, b.dimension)
        };
        standings.retain(|of| !before.iter().any(|had| is_same(of, had)));
        self.limited("budget", asked, &standings);
    }

    fn limited(
        &mut self,
        name: &'static str,
        asked: Result<(), wardgate_limit::Refusal>,
        standings: &[Standing],
    ) {
        let stands: Vec<_> = standings.iter().map(standing).collect();
        let says = match stands.is_empty() {
            true => format!("no {name} is about the call"),
            false => stands.join("; "),
        };
        let Err(refusal) = asked else {
            return self.passes(name, says);
        };
        let change = match refusal.retry_after {
            Some(wait) => format!(
                "wait {} s, or raise limit `{}`",
                seconds(wait),
                refusal.rule
            ),
            None => format!("raise limit `{}`: the call is larger than it", refusal.rule),
        };
        self.refuses(name, &Stop::limited(refusal), says, Some(change));
    }

    /// Where the name leads in the toolset. The call then names the tool as its list does.
    pub(super) async fn tool(
        &mut self,
        gate: &Gate,
        call: &mut Call,
        asked: &Asked,
    ) -> Result<Option<Target>, Unaskable> {
        let view = match resolve::table(gate, call, Shelf::Tools, Freshness::Known).await {
            Ok(view) => view,
            Err(stop) => {
                self.refuses("tool", &stop, "the servers' lists cannot be had", None);
                return Ok(None);
            }
        };
        let Some(exposed) = exposed(&view, &asked.tool) else {
            let (says, change) = missing(gate, call, &asked.tool);
            let stop = Stop::NotFound(Missing::Tool(asked.tool.clone()));
            self.refuses("tool", &stop, says, change);
            return Ok(None);
        };
        call.frame = frame(&exposed, asked)?;
        let says = format!("toolset `{}` shows it as `{exposed}`", call.toolset.name);
        self.passes("tool", says);
        Ok(Target::named(&view, &exposed))
    }

    /// What policies say, and whether an override stops the tool. Of a tool that the caller may not even see nothing else is said.
    pub(super) fn policy(
        &mut self,
        call: &Call,
        target: &Target,
        heeded: &Heeded,
    ) -> Option<Permit> {
        self.policy = authorize::explained(call, target, heeded);
        let decided = authorize::granted(call, target, heeded, &[]);
        if let Err(stop @ Stop::NotFound(_)) = &decided {
            self.denied(stop);
        }
        match heeded.target(call, target) {
            Ok(()) => self.passes("override", "none stops the tool"),
            Err(stop) => self.overridden(&stop),
        }
        match &decided {
            Ok(permit) => {
                let rules = permit.decision().map(rules).unwrap_or_default();
                let says = match (permit.decision(), permit.is_deferred()) {
                    (None, _) => "there are no policies".to_owned(),
                    (Some(said), false) => format!("{rules} permits it{}", besides(said)),
                    (Some(said), true) => format!("{rules} asks for an approval{}", besides(said)),
                };
                self.passes("policy", says);
            }
            Err(stop @ Stop::Denied(_)) => self.denied(stop),
            Err(_) => {}
        }
        decided.ok()
    }

    fn denied(&mut self, stop: &Stop) {
        let explained = self.policy.as_ref();
        let says = explained.map_or_else(String::new, |explained| why(&explained.decision));
        let says = match stop {
            Stop::NotFound(_) => format!("{says}; no call of it could be allowed, so it is hidden"),
            _ => says,
        };
        let flip = explained.and_then(|explained| explained.flip.as_ref());
        let change = flip.map(|flip| format!("{} if {}", flip.effect.as_str(), flip.change));
        self.refuses("policy", stop, says, change);
    }

    pub(super) fn arguments(&mut self, call: &Call, target: &Target) {
        match validate::arguments(call, target) {
            Ok(_) => self.passes("arguments", "they fit the tool's schema"),
            Err(stop) => {
                let says = match &stop {
                    Stop::Arguments(mismatch) if mismatch.pointer.is_empty() => {
                        mismatch.reason.clone()
                    }
                    Stop::Arguments(mismatch) => {
                        format!("`{}`: {}", mismatch.pointer, mismatch.reason)
                    }
                    _ => "they cannot be read".to_owned(),
                };
                let change = Some("correct the arguments".to_owned());
                self.refuses("arguments", &stop, says, change);
            }
        }
    }

    /// Whether people would be asked, or have agreed already.
    pub(super) async fn approval(
        &mut self,
        gate: &Gate,
        call: &Call,
        target: &Target,
        permit: Option<&Permit>,
        heeded: &Heeded,
    ) {
        let Some(permit) = permit else {
            return self.passes("approval", "nobody is asked about what is denied");
        };
        match outlook(gate, call, target, permit, heeded).await {
            Ok(Outlook::Clear) => self.passes("approval", "nobody has to be asked"),
            Ok(Outlook::Granted(id)) => self.passes("approval", format!("`{id}` is granted")),
            Ok(Outlook::Asks(needs)) => self.asks(&needs),
            Err(stop) => {
                let (says, change) = match &stop {
                    Stop::Held(held) => (held.advice(), awaited(held)),
                    _ => ("approvals cannot be looked up".to_owned(), None),
                };
                self.refuses("approval", &stop, says, change);
            }
        }
    }

    fn asks(&mut self, needs: &[Need]) {
        let needs: Vec<_> = needs
            .iter()
            .map(|need| format!("{} of group `{}` (`{}`)", need.count, need.group, need.rule))
            .collect();
        let needs = needs.join(", ");
        self.layers.push(Layer {
            name: "approval",
            refusal: Some(Refusal {
                class: Some(ErrorClass::ApprovalPending),
                text: "The call waits for an approval.".into(),
            }),
            change: Some(format!("an approval by {needs}")),
            says: format!("it takes {needs}"),
        });
    }

    /// Whether the server answers: it is connected, as for a call, and asked for a sign of life.
    pub(super) async fn server(&mut self, gate: &Gate, call: &Call, target: &Target) {
        let alias = &target.server().alias;
        match answering(gate, call, target).await {
            Ok(revision) => {
                let revision = revision.as_str();
                self.passes("server", format!("`{alias}` answers and speaks {revision}"));
            }
            // An override has its own layer.
            Err(Stop::Disabled { .. }) => {}
            Err(stop) => {
                let says = format!("`{alias}` does not answer");
                let change = Some(format!("wait until `{alias}` is back"));
                self.refuses("server", &stop, says, change);
            }
        }
    }
}

async fn answering(gate: &Gate, call: &Call, target: &Target) -> Result<Revision, Stop> {
    let connected = connect(gate, call, target).await?;
    connected.knock(call).await?;
    Ok(connected.link().hello.revision)
}

/// What is waited for, if it is that.
fn awaited(held: &Held) -> Option<String> {
    match held {
        Held::Pending(asked) => Some(format!("a decision on `{}`", asked.id)),
        _ => None,
    }
}

/// What a decision says besides its rules: what it takes out of replies, what it only warns of, what is lifted.
fn besides(decision: &Decision) -> String {
    let obligations = decision.obligations.iter();
    let told = |word: &str, what: Vec<String>| match what.is_empty() {
        true => String::new(),
        false => format!("; {word} {}", what.join(", ")),
    };
    let named = |rules: &[Arc<Rule>]| rules.iter().map(|rule| format!("`{}`", rule.id)).collect();
    [
        told(
            "takes out",
            obligations
                .map(|one| format!("{} (`{}`)", one.redact.as_str(), one.rule))
                .collect(),
        ),
        told("against the advice of", named(&decision.advisories)),
        told("lifted:", named(&decision.lifted)),
    ]
    .concat()
}

fn rules(decision: &Decision) -> String {
    let ids = decision.rules.iter().map(|rule| format!("`{}`", rule.id));
    ids.collect::<Vec<_>>().join(", ")
}

fn why(decision: &Decision) -> String {
    match decision.reason {
        Reason::Forbidden => format!("{} forbids it", rules(decision)),
        Reason::NoPermit => "no rule permits it".to_owned(),
        Reason::PolicyError => {
            let details = decision
                .failures
                .iter()
                .map(|failure| failure.detail.as_str());
            format!(
                "it cannot be decided: {}",
                details.collect::<Vec<_>>().join("; ")
            )
        }
        Reason::UnknownTool => "policies know no such tool".to_owned(),
        Reason::Permitted | Reason::ApprovalNeeded => String::new(),
    }
}

fn standing(standing: &Standing) -> String {
    let amount = |of| allowance::amount(standing.dimension, of);
    let (used, of) = (amount(standing.used), amount(standing.limit));
    format!(
        "`{}`: {used} of {of} {} used",
        standing.rule, standing.dimension
    )
}

fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
