//! Names that are Cedar identifiers, for tools and arguments whose own need not be; and the way back.

use std::collections::HashMap;

use serde_json::{Map, Value};

#[derive(Debug, Default)]
pub(crate) struct Names {
    tools: HashMap<String, String>,
    arguments: HashMap<String, String>,
    count: usize,
}

impl Names {
    pub(crate) fn tool(&mut self, name: &str) -> String {
        let made = self.make(name);
        self.tools.insert(made.clone(), name.to_owned());
        made
    }

    pub(crate) fn argument(&mut self, name: &str) -> String {
        let made = self.make(name);
        self.arguments.insert(made.clone(), name.to_owned());
        made
    }

    /// Near enough to be recognised in the name of a type; the number makes it unique, and no word of Cedar has one.
    fn make(&mut self, name: &str) -> String {
        self.count += 1;
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let near: String = name.chars().take(48).map(plain).collect();
        format!("t_{near}_{}", self.count)
    }

    /// Puts the names of tools and arguments back where a schema in Cedar's JSON form has actions and attributes.
    pub(crate) fn give_back(&self, schema: &mut Value) {
        let Some(namespaces) = schema.as_object_mut() else {
            return;
        };
        for namespace in namespaces.values_mut() {
            if let Some(actions) = namespace.get_mut("actions").and_then(Value::as_object_mut) {
                rename(actions, &self.tools);
            }
            self.attributes(namespace);
        }
    }

    fn attributes(&self, node: &mut Value) {
        match node {
            Value::Object(members) => {
                if let Some(Value::Object(attributes)) = members.get_mut("attributes") {
                    rename(attributes, &self.arguments);
                }
                members
                    .values_mut()
                    .for_each(|member| self.attributes(member));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.attributes(item)),
            _ => {}
        }
    }
}

fn rename(members: &mut Map<String, Value>, names: &HashMap<String, String>) {
    *members = std::mem::take(members)
        .into_iter()
        .map(|(name, value)| (names.get(&name).cloned().unwrap_or(name), value))
        .collect();
}
