//! What is done about what servers send: one set of rules for each tool, merged from what the gateway, the server, the
//! toolset and the tool say. What the rules find is in `wardgate_sanitize`.

use std::collections::BTreeMap;

use wardgate_config::{self as config, Config, Sanitize};
use wardgate_model::Alias;
use wardgate_sanitize::{Action, Place, Rules, RulesFault, Settings};

/// The rules of one server.
#[derive(Clone, Debug)]
pub struct Rulebook {
    /// For what is no tool's, and for tools without a word of their own.
    general: Rules,
    tools: BTreeMap<String, Rules>,
}

/// The rules of one toolset, by server.
#[derive(Clone, Debug)]
pub struct Rulebooks {
    general: Rules,
    servers: BTreeMap<Alias, Rulebook>,
}

impl Rulebook {
    /// Returns the rules for what a tool, or nothing that is a tool, says.
    pub fn of(&self, tool: Option<&str>) -> &Rules {
        tool.and_then(|tool| self.tools.get(tool))
            .unwrap_or(&self.general)
    }

    /// Makes the rules of one server: `wider` words before its own, `narrower` behind, each tool's last.
    pub(crate) fn compile(
        place: Place,
        wider: &[Sanitize],
        server: &config::Server,
        narrower: &[Sanitize],
    ) -> Result<Rulebook, RulesFault> {
        let words = [wider, &[server.sanitize], narrower].concat();
        let general = rules(place, &words)?;
        let mut tools = BTreeMap::new();
        for (name, tool) in &server.tools {
            if tool.sanitize != Sanitize::default() {
                let words = [words.as_slice(), &[tool.sanitize]].concat();
                tools.insert(name.clone(), rules(place, &words)?);
            }
        }
        Ok(Rulebook { general, tools })
    }
}

impl Rulebooks {
    /// Returns the rules for what a server's tool, or nothing that is a tool, says.
    pub fn of(&self, server: &Alias, tool: Option<&str>) -> &Rules {
        self.servers
            .get(server)
            .map_or(&self.general, |rulebook| rulebook.of(tool))
    }

    pub(crate) fn compile(
        toolset: &config::Toolset,
        config: &Config,
    ) -> Result<Rulebooks, RulesFault> {
        let widest = [config.gateway.sanitize];
        let own = [toolset.sanitize];
        let mut servers = BTreeMap::new();
        for server in &config.servers {
            let rulebook = Rulebook::compile(Place::Result, &widest, server, &own)?;
            servers.insert(server.alias.clone(), rulebook);
        }
        Ok(Rulebooks {
            general: rules(Place::Result, &[widest, own].concat())?,
            servers,
        })
    }
}

/// Makes rules of words that go from the widest to the most specific.
fn rules(place: Place, words: &[Sanitize]) -> Result<Rules, RulesFault> {
    let said = words
        .iter()
        .fold(Sanitize::default(), |wide, word| wide.overridden_by(*word));
    let defaults = Settings::default();
    let or = |said: Option<config::Action>, default| said.map_or(default, action);
    Rules::new(Settings {
        secrets: or(said.secrets, defaults.secrets),
        pii: or(said.pii, defaults.pii),
        injection: or(said.injection, defaults.injection),
        terminal: or(said.terminal, defaults.terminal),
        hidden: or(said.hidden, defaults.hidden),
        ..Settings::off(place)
    })
}

fn action(action: config::Action) -> Action {
    match action {
        config::Action::Block => Action::Block,
        config::Action::Redact => Action::Redact,
        config::Action::Mark => Action::Mark,
        config::Action::Off => Action::Off,
    }
}
