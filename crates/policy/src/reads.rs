//! What a rule looks at, found by walking Cedar's JSON form of it.
//!
//! It serves speed (only what a candidate reads is built), listing (what depends on a single call) and explanations
//! (the constants a value is compared with). What the walk does not recognise counts as reading everything.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// The parts of a value that are read: all of it, or single members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) whole: bool,
    pub(crate) members: BTreeMap<String, Wanted>,
}

impl Wanted {
    pub(crate) fn member(&self, name: &str) -> Option<&Wanted> {
        if self.whole {
            Some(&ALL)
        } else {
            self.members.get(name)
        }
    }

    fn insert(&mut self, path: &[String]) {
        match path.split_first() {
            None => self.whole = true,
            Some((first, rest)) => self.members.entry(first.clone()).or_default().insert(rest),
        }
    }

    pub(crate) fn merge(&mut self, other: &Wanted) {
        self.whole |= other.whole;
        for (name, wanted) in &other.members {
            self.members.entry(name.clone()).or_default().merge(wanted);
        }
    }
}

static ALL: Wanted = Wanted {
    whole: true,
    members: BTreeMap::new(),
};

/// A scalar in the text of a rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    Bool(bool),
    Long(i64),
    Text(String),
    Decimal(String),
}

/// Something of the context beside a constant, such as `context.input.amount > 100`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) path: Vec<String>,
    pub(crate) constant: Constant,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Reads {
    pub(crate) context: Wanted,
    /// Attributes of the principal are read, not only its type, id or groups.
    pub(crate) principal: bool,
    /// A condition looks at the principal in any way.
    pub(crate) caller: bool,
    pub(crate) comparisons: Vec<Comparison>,
    /// Ids of the entities that are named, by type.
    pub(crate) entities: BTreeMap<String, BTreeSet<String>>,
    /// The rule as one line that layout and comments do not change.
    pub(crate) canonical: String,
    /// Its conditions alone, likewise; empty if there are none.
    pub(crate) conditions: String,
}

impl Reads {
    pub(crate) fn of(tree: &Value) -> Reads {
        let mut reads = Reads {
            canonical: tree.to_string(),
            conditions: conditions(tree).map(Value::to_string).collect(),
            ..Reads::default()
        };
        for part in ["principal", "action", "resource"] {
            reads.scope(&tree[part]);
        }
        for condition in conditions(tree) {
            reads.expression(&condition["body"]);
        }
        reads
    }

    /// Whether the rule can match one call of a tool and not another by the same caller in the same circumstances.
    pub(crate) fn varies(&self) -> bool {
        varies(&self.context)
    }

    pub(crate) fn named(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.entities
            .get(kind)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    fn scope(&mut self, node: &Value) {
        match node {
            Value::Object(members) => {
                self.entity(members);
                members.values().for_each(|member| self.scope(member));
            }
            Value::Array(items) => items.iter().for_each(|item| self.scope(item)),
            _ => {}
        }
    }

    fn entity(&mut self, members: &Map<String, Value>) {
        if let (Some(Value::String(kind)), Some(Value::String(id))) =
            (members.get("type"), members.get("id"))
        {
            self.entities
                .entry(kind.clone())
                .or_default()
                .insert(id.clone());
        }
    }

    /// An expression is an object with one member: the operator, and its operands.
    fn expression(&mut self, node: &Value) {
        let Some((operator, operands)) = node.as_object().and_then(|node| node.iter().next())
        else {
            return;
        };
        match operator.as_str() {
            "Value" => self.scope(operands),
            "Var" | "." | "has" => match path(node) {
                Some((Root::Context, path)) => self.context.insert(&path),
                Some((Root::Principal, path)) => {
                    self.caller = true;
                    self.principal |= !path.is_empty();
                }
                Some((Root::Other, _)) => {}
                None => self.expression(&operands["left"]),
            },
            _ => {
                self.compare(operator, operands);
                self.operands(operands);
            }
        }
    }

    fn operands(&mut self, operands: &Value) {
        match operands {
            Value::Array(items) => items.iter().for_each(|item| self.expression(item)),
            Value::Object(members) => members.values().for_each(|member| match member {
                Value::Array(items) => items.iter().for_each(|item| self.expression(item)),
                member => self.expression(member),
            }),
            _ => {}
        }
    }

    fn compare(&mut self, operator: &str, operands: &Value) {
        const COMPARISONS: [&str; 11] = [
            "==",
            "!=",
            "<",
            "<=",
            ">",
            ">=",
            "contains",
            "lessThan",
            "lessThanOrEqual",
            "greaterThan",
            "greaterThanOrEqual",
        ];
        if !COMPARISONS.contains(&operator) {
            return;
        }
        let sides = match operands {
            Value::Array(items) => items.first().zip(items.get(1)),
            operands => operands.get("left").zip(operands.get("right")),
        };
        let Some((left, right)) = sides else { return };
        for (read, beside) in [(left, right), (right, left)] {
            let Some((Root::Context, path)) = path(read) else {
                continue;
            };
            self.comparisons
                .extend(constants(beside).into_iter().map(|constant| Comparison {
                    path: path.clone(),
                    constant,
                }));
        }
    }
}

/// The arguments and the caller's reason differ from call to call; everything else is known before.
fn varies(context: &Wanted) -> bool {
    context.whole
        || ["input", "reason"]
            .iter()
            .any(|name| context.members.contains_key(*name))
}

enum Root {
    Context,
    Principal,
    Other,
}

/// `context.input.amount` as its root and the names after it. `has` counts as a read of what it asks for.
fn path(node: &Value) -> Option<(Root, Vec<String>)> {
    let (operator, operands) = node.as_object()?.iter().next()?;
    match operator.as_str() {
        "Var" => Some((
            match operands.as_str()? {
                "context" => Root::Context,
                "principal" => Root::Principal,
                _ => Root::Other,
            },
            Vec::new(),
        )),
        "." | "has" => {
            let (root, mut names) = path(&operands["left"])?;
            names.push(operands["attr"].as_str()?.to_owned());
            Some((root, names))
        }
        _ => None,
    }
}

fn constants(node: &Value) -> Vec<Constant> {
    let Some((operator, operands)) = node.as_object().and_then(|node| node.iter().next()) else {
        return Vec::new();
    };
    match (operator.as_str(), operands) {
        ("Value", Value::Bool(value)) => vec![Constant::Bool(*value)],
        ("Value", Value::String(value)) => vec![Constant::Text(value.clone())],
        ("Value", Value::Number(value)) => value.as_i64().map(Constant::Long).into_iter().collect(),
        ("decimal", Value::Array(items)) => items
            .iter()
            .filter_map(|item| item["Value"].as_str())
            .map(|text| Constant::Decimal(text.to_owned()))
            .collect(),
        ("Set", Value::Array(items)) => items.iter().flat_map(constants).collect(),
        _ => Vec::new(),
    }
}

fn conditions(tree: &Value) -> impl Iterator<Item = &Value> {
    tree["conditions"].as_array().into_iter().flatten()
}

/// The rule as a permit.
pub(crate) fn probe(tree: &Value) -> Value {
    let mut probe = tree.clone();
    probe["effect"] = json!("permit");
    probe
}

/// The rule as a permit, without the conditions that vary from call to call.
pub(crate) fn outline(tree: &Value) -> Value {
    let steady: Vec<Value> = conditions(tree)
        .filter(|condition| {
            let mut reads = Reads::default();
            reads.expression(&condition["body"]);
            !reads.varies()
        })
        .cloned()
        .collect();
    let mut outline = probe(tree);
    outline["conditions"] = Value::Array(steady);
    outline
}
