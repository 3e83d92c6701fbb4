//! A tree against the schema: every misplaced, missing, repeated or ill-spelled key and value, each at its place.
//!
//! Returns what is left when the faulty parts are taken out, so that the later checks can go on and one run reports
//! all mistakes. The places of faults are remembered: what follows from a fault is not reported again.

pub(crate) mod words;

use serde_json::{Map, Value as Json};

use crate::{
    diagnostic::{At, Report, code},
    schema::resolve,
    secretlike, suggest,
    tree::{Key, Node, Value},
};

/// Checks one source. Paths of faulty parts are added to `faults`.
pub struct Shape<'a> {
    pub root: &'a Json,
    pub source: usize,
    pub report: &'a mut Report,
    pub faults: &'a mut Vec<Vec<String>>,
}

impl Shape<'_> {
    /// Returns the value without its faulty parts, or `None` when it is faulty as a whole.
    pub fn check(&mut self, node: &Node, schema: &Json, path: &mut Vec<String>) -> Option<Json> {
        let resolved = resolve(self.root, schema);
        let format = schema.get("format").or_else(|| resolved.get("format"));
        if resolved
            .get("x-wardgate")
            .is_some_and(|kind| kind == "secret")
        {
            return self.secret(node, path);
        }
        if let Some(choices) = resolved.get("anyOf").and_then(Json::as_array) {
            return self.any_of(node, choices, path);
        }
        let kind = resolved
            .get("type")
            .and_then(Json::as_str)
            .unwrap_or("string");
        match (&node.value, kind) {
            (Value::Map(members), "object") => self.object(node, members, resolved, path),
            (Value::List(elements), "array") => self.array(node, elements, resolved, path),
            (Value::Bool(value), "boolean") => Some(Json::Bool(*value)),
            (Value::Number(number), "integer") => self.integer(node, number, schema, path),
            (Value::Number(number), "number") => self.number(node, number, format, path),
            (Value::Text(text), "string") => {
                let format = format.and_then(Json::as_str);
                self.text(node, text, schema, format, path)
            }
            _ => self.wrong_kind(node, &[(kind, format.and_then(Json::as_str))], path),
        }
    }

    fn at(&self, node: &Node) -> Option<At> {
        Some(At {
            source: self.source,
            bytes: node.at.clone(),
        })
    }

    /// Marks the path as faulty; always `None`, to end a check with.
    fn fault(&mut self, path: &[String]) -> Option<Json> {
        self.faults.push(path.to_vec());
        None
    }

    /// Keeps the scalars of a value out of what is shown.
    fn conceal(&mut self, node: &Node) {
        let (source, report) = (self.source, &mut *self.report);
        node.each_scalar(&mut |bytes| {
            report.conceal(At {
                source,
                bytes: bytes.clone(),
            })
        });
    }

    /// The same for a value of the wrong kind: only where secrets are at home, so that the rest can be read.
    fn conceal_if_telling(&mut self, node: &Node, path: &[String]) {
        const HOMES: [&str; 4] = ["headers", "env", "auth", "keys"];
        let telling = path
            .iter()
            .any(|step| HOMES.contains(&step.as_str()) || secretlike::name(step));
        let mut text = String::new();
        node.each_scalar(&mut |bytes| {
            text.push_str(&self.report.source(self.source).text[bytes.clone()])
        });
        if telling || secretlike::value(text.trim_matches(['"', '\''])) {
            self.conceal(node);
        }
    }

    fn object(
        &mut self,
        node: &Node,
        members: &[(Key, Node)],
        schema: &Json,
        path: &mut Vec<String>,
    ) -> Option<Json> {
        let nothing = Map::new();
        let known = schema
            .get("properties")
            .and_then(Json::as_object)
            .unwrap_or(&nothing);
        let others = schema
            .get("additionalProperties")
            .filter(|others| others.is_object());
        let mut kept = Map::new();
        for (position, (key, value)) in members.iter().enumerate() {
            path.push(key.text.clone());
            if let Some((first, _)) = members[..position]
                .iter()
                .find(|(earlier, _)| earlier.text == key.text)
            {
                self.duplicate(key, first, value, path);
            } else if let Some(schema) = known.get(&key.text).or(others) {
                if let Some(value) = self.check(value, schema, path) {
                    kept.insert(key.text.clone(), value);
                }
            } else {
                self.unknown(key, value, known, path);
            }
            path.pop();
        }
        let required = schema
            .get("required")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str);
        let mut complete = true;
        for name in required.filter(|name| !kept.contains_key(*name)) {
            complete = false;
            if !members.iter().any(|(key, _)| key.text == name) {
                self.missing(node, name, path);
            }
        }
        complete.then_some(Json::Object(kept))
    }

    fn duplicate(&mut self, key: &Key, first: &Key, value: &Node, path: &[String]) {
        self.conceal_if_telling(value, path);
        let line = self.report.source(self.source).text[..first.at.start]
            .matches('\n')
            .count()
            + 1;
        let at = At {
            source: self.source,
            bytes: key.at.clone(),
        };
        let message = format!("`{}` is given twice", key.text);
        self.report.error(
            code::DUPLICATE_KEY,
            Some(at),
            message,
            format!("it is first given on line {line}; keep one"),
        );
        self.fault(path);
    }

    fn unknown(&mut self, key: &Key, value: &Node, known: &Map<String, Json>, path: &[String]) {
        // What stands under a mistyped key may be a secret.
        self.conceal(value);
        let at = At {
            source: self.source,
            bytes: key.at.clone(),
        };
        let hint = suggest::hint(&key.text, known.keys().map(String::as_str));
        self.report.error(
            code::UNKNOWN_KEY,
            Some(at),
            format!("unknown key `{}`", key.text),
            hint,
        );
        self.fault(path);
    }

    fn missing(&mut self, node: &Node, name: &str, path: &[String]) {
        let at = self.key_of(path).or_else(|| self.at(node));
        let hint = format!("add `{name}:`; see docs/config.md");
        self.report
            .error(code::MISSING_KEY, at, format!("`{name}` is missing"), hint);
        self.fault(path);
    }

    /// Returns the place of the key that leads to `path`, which says more than the place of a whole section.
    fn key_of(&self, path: &[String]) -> Option<At> {
        let key = self.report.source(self.source).tree.key(path)?;
        Some(At {
            source: self.source,
            bytes: key.at.clone(),
        })
    }

    fn array(
        &mut self,
        node: &Node,
        elements: &[Node],
        schema: &Json,
        path: &mut Vec<String>,
    ) -> Option<Json> {
        let mut kept = Vec::new();
        for (position, element) in elements.iter().enumerate() {
            path.push(position.to_string());
            kept.extend(
                schema
                    .get("items")
                    .and_then(|items| self.check(element, items, path)),
            );
            path.pop();
        }
        if kept.len() < elements.len() {
            // A list with holes would shift the places of the rest.
            return None;
        }
        if elements.is_empty() && schema.get("minItems").is_some() {
            let at = self.key_of(path).or_else(|| self.at(node));
            self.report.error(
                code::OUT_OF_RANGE,
                at,
                "the list is empty",
                "give it at least one element",
            );
            return self.fault(path);
        }
        Some(Json::Array(kept))
    }

    fn integer(
        &mut self,
        node: &Node,
        number: &serde_json::Number,
        schema: &Json,
        path: &[String],
    ) -> Option<Json> {
        let min = schema.get("minimum").and_then(Json::as_u64).unwrap_or(0);
        match number.as_u64() {
            Some(n) if n >= min => Some(Json::Number(number.clone())),
            _ => {
                let message = format!("{number} is out of range");
                self.report.error(
                    code::OUT_OF_RANGE,
                    self.at(node),
                    message,
                    format!("give a whole number of at least {min}"),
                );
                self.fault(path)
            }
        }
    }

    fn number(
        &mut self,
        node: &Node,
        number: &serde_json::Number,
        format: Option<&Json>,
        path: &[String],
    ) -> Option<Json> {
        let format = format.and_then(Json::as_str).unwrap_or_default();
        match words::misplaced(number, format) {
            None => Some(Json::Number(number.clone())),
            Some(hint) => {
                let message = format!("{number} is out of range");
                self.report
                    .error(code::OUT_OF_RANGE, self.at(node), message, hint);
                self.fault(path)
            }
        }
    }

    fn text(
        &mut self,
        node: &Node,
        text: &str,
        schema: &Json,
        format: Option<&str>,
        path: &[String],
    ) -> Option<Json> {
        if let Some(choices) = words::choices(self.root, schema) {
            if choices.contains(&text) {
                return Some(Json::from(text));
            }
            let hint = suggest::hint(text, choices);
            self.report.error(
                code::UNKNOWN_CHOICE,
                self.at(node),
                format!("`{text}` is not a choice here"),
                hint,
            );
            return self.fault(path);
        }
        if text.is_empty() && schema.get("minLength").is_some() {
            self.report
                .error(code::NO_VALUE, self.at(node), "the text is empty", "");
            return self.fault(path);
        }
        match format.and_then(|format| words::misspelled(text, format)) {
            None => Some(Json::from(text)),
            Some((message, hint)) => {
                self.report
                    .error(code::MALFORMED_VALUE, self.at(node), message, hint);
                self.fault(path)
            }
        }
    }

    fn any_of(&mut self, node: &Node, choices: &[Json], path: &mut Vec<String>) -> Option<Json> {
        let kinds: Vec<(&str, Option<&str>)> = choices
            .iter()
            .map(|choice| (self.kind_of(choice), None))
            .collect();
        let fits = |kind: &str| match &node.value {
            Value::Map(_) => kind == "object",
            Value::List(_) => kind == "array",
            Value::Bool(_) => kind == "boolean",
            Value::Number(_) => kind == "integer",
            Value::Text(_) => kind == "string",
            Value::Null => false,
        };
        match kinds.iter().position(|(kind, _)| fits(kind)) {
            Some(position) => self.check(node, &choices[position], path),
            None => self.wrong_kind(node, &kinds, path),
        }
    }

    fn kind_of<'a>(&self, choice: &'a Json) -> &'a str
    where
        Self: 'a,
    {
        let resolved = resolve(self.root, choice);
        match resolved.get("type").and_then(Json::as_str) {
            Some("string") => "string",
            Some("array") => "array",
            Some("boolean") => "boolean",
            Some("integer") => "integer",
            _ => "object",
        }
    }

    fn wrong_kind(
        &mut self,
        node: &Node,
        expected: &[(&str, Option<&str>)],
        path: &[String],
    ) -> Option<Json> {
        self.conceal_if_telling(node, path);
        let wanted: Vec<&str> = expected
            .iter()
            .map(|(kind, format)| words::spoken(kind, *format))
            .collect();
        let wanted = wanted.join(" or ");
        let at = self
            .key_of(path)
            .filter(|_| is_container(node))
            .or_else(|| self.at(node));
        if matches!(node.value, Value::Null) {
            let hint = format!("give it {wanted}, or remove the key");
            let at = self.key_of(path).or(at);
            self.report
                .error(code::NO_VALUE, at, "the key has no value", hint);
            return self.fault(path);
        }
        let hint = match &node.value {
            Value::Number(_) | Value::Bool(_) if expected.contains(&("string", None)) => {
                "put it in quotes"
            }
            Value::Number(_) if wanted.contains("duration") => {
                "add a unit: `ms`, `s`, `m`, `h` or `d`"
            }
            Value::Number(_) if wanted.contains("size") => "add a unit: `B`, `KiB`, `MiB` or `GiB`",
            Value::Text(_) if wanted == "a list of values" => "put it in brackets: `[…]`",
            _ => "",
        };
        let message = format!("expected {wanted}, found {}", node.value.kind());
        self.report.error(code::WRONG_KIND, at, message, hint);
        self.fault(path)
    }

    /// A reference to a secret. Whatever is not one is never shown.
    fn secret(&mut self, node: &Node, path: &mut Vec<String>) -> Option<Json> {
        const FORMS: &str = "write `{env: NAME}`, `{file: PATH}` or `{exec: [PROGRAM, ARGUMENT]}`";
        let at = self.at(node);
        let Value::Map(members) = &node.value else {
            self.conceal(node);
            if matches!(node.value, Value::Null) {
                let at = self.key_of(path).or(at);
                self.report
                    .error(code::NO_VALUE, at, "the key has no value", FORMS);
            } else {
                self.report.error(
                    code::SECRET_LITERAL,
                    at,
                    "a secret may not stand in the file itself",
                    FORMS,
                );
            }
            return self.fault(path);
        };
        let at = self.key_of(path).or(at);
        let [(key, value)] = members.as_slice() else {
            self.conceal(node);
            self.report.error(
                code::SECRET_SHAPE,
                at,
                "a reference to a secret has exactly one key",
                FORMS,
            );
            return self.fault(path);
        };
        let key_at = Some(At {
            source: self.source,
            bytes: key.at.clone(),
        });
        let schema = match key.text.as_str() {
            "env" | "file" => serde_json::json!({"type": "string", "minLength": 1}),
            "exec" => {
                serde_json::json!({"type": "array", "items": {"type": "string"}, "minItems": 1})
            }
            "vault" => {
                self.conceal(value);
                let message = "secrets from a vault are not supported by this version";
                self.report.error(
                    code::SECRET_KIND,
                    key_at,
                    message,
                    "let an agent write it to a file and use `{file: PATH}`",
                );
                return self.fault(path);
            }
            other => {
                self.conceal(value);
                let message = format!("`{other}` is no source of secrets");
                self.report.error(code::SECRET_KIND, key_at, message, FORMS);
                return self.fault(path);
            }
        };
        path.push(key.text.clone());
        let inner = self.check(value, &schema, path);
        path.pop();
        Some(Json::Object(Map::from_iter([(key.text.clone(), inner?)])))
    }
}

fn is_container(node: &Node) -> bool {
    matches!(node.value, Value::Map(_) | Value::List(_))
}
