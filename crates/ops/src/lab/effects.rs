//! The side effects of tools, one JSON line each, so that a test asserts what happened and not only
//! what was answered.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::Path,
    sync::Mutex,
};

use serde_json::{Value, json};

use super::{call::Call, state::lock, time};

/// The argument and the `_meta` key that carry an idempotency key.
const KEY_ARGUMENT: &str = "request_id";
const KEY_META: &str = "dev.wardgate/idempotencyKey";

#[derive(Debug)]
pub struct Effects(Mutex<Journal>);

#[derive(Debug)]
struct Journal {
    file: Option<File>,
    lines: u64,
}

impl Effects {
    /// Opens `path` for appending; without a path effects are counted and forgotten.
    pub fn open(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path else {
            return Ok(Self(Mutex::new(Journal {
                file: None,
                lines: 0,
            })));
        };
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        let lines = BufReader::new(&file).lines().count() as u64;
        Ok(Self(Mutex::new(Journal {
            file: Some(file),
            lines,
        })))
    }

    /// Appends what `call` did to `table`. One write per line, so that lines of two processes never mix.
    pub fn append(&self, call: &Call, tool: &str, op: &str, table: &str) -> io::Result<()> {
        let mut journal = lock(&self.0);
        let mut effect = json!({
            "n": journal.lines + 1, "tool": tool, "op": op, "table": table, "args": call.arguments(), "at": time::now(),
        });
        if let Some(key) = idempotency_key(call) {
            effect["key"] = key;
        }
        if let Some(file) = &mut journal.file {
            file.write_all(format!("{effect}\n").as_bytes())?;
        }
        journal.lines += 1;
        Ok(())
    }
}

/// The key under which a repetition of `call` is the same call.
pub fn idempotency_key(call: &Call) -> Option<Value> {
    let key = call
        .meta(KEY_META)
        .or_else(|| call.arguments().get(KEY_ARGUMENT))?;
    key.is_string().then(|| key.clone())
}
