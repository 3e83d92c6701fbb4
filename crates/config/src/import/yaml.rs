//! Imported servers as the text of a `wardgate.yaml`, without what would hold anyway.

use serde_json::{Map, Value as Json};

use super::Imported;
use crate::raw::{RawConfig, RawServer};

impl Imported {
    /// Returns the text of a `wardgate.yaml` with these servers.
    pub fn to_yaml(&self) -> String {
        let copy =
            |(name, found): (&String, &crate::check::Found)| (name.clone(), found.server.clone());
        let config = RawConfig {
            servers: self.servers.iter().map(copy).collect(),
            ..RawConfig::default()
        };
        let written = without_defaults(json(&config), &json(&RawConfig::default()));
        let body = serde_saphyr::to_string(&written).expect("a config made of text serialises");
        format!("# Check it with `wardgate check`, start it with `wardgate serve`.\n{body}")
    }
}

fn json(value: &impl serde::Serialize) -> Json {
    serde_json::to_value(value).expect("a config made of text serialises")
}

/// Takes out the members that say what holds without them.
fn without_defaults(config: Json, defaults: &Json) -> Json {
    let Json::Object(members) = config else {
        return config;
    };
    let server = json(&RawServer::default());
    let mut kept = Map::new();
    for (key, value) in members {
        if defaults.get(&key) == Some(&value) {
            continue;
        }
        let value = match (key.as_str(), value) {
            ("servers", Json::Object(servers)) => {
                let each = servers
                    .into_iter()
                    .map(|(name, one)| (name, without_defaults(one, &server)));
                Json::Object(each.collect())
            }
            (_, value) => value,
        };
        kept.insert(key, value);
    }
    Json::Object(kept)
}
