//! What was asked and what came back: a row per client, a column per server, two checks per cell.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::Result;
use serde_json::{Map, Value};

use super::super::clients::{Answer, Client, Request, Target};
use super::super::servers::Fixture;
use crate::report::Tally;

pub(super) struct Matrix {
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
}

/// What is asked of one server, or of all of them behind one toolset.
pub(super) struct Column {
    pub name: String,
    pub fixture: Option<Fixture>,
    pub tool: String,
    pub args: Map<String, Value>,
    says: String,
    tools_min: usize,
}

pub(super) struct Row {
    pub client: String,
    pub package: &'static str,
    /// The revisions the client says it spoke, most often one.
    pub revisions: BTreeSet<String>,
    pub cells: Vec<Cell>,
}

pub(super) enum Cell {
    /// The client cannot reach the server at all, with or without a gateway.
    Apart,
    Works,
    /// Why not, in the words of whoever refused.
    Fails {
        listed: bool,
        why: String,
    },
}

impl Column {
    pub fn of(fixture: &Fixture) -> Self {
        Self {
            name: fixture.name.to_owned(),
            fixture: Some(fixture.clone()),
            tool: fixture.tool.to_owned(),
            args: fixture.args(),
            says: fixture.says.to_owned(),
            tools_min: fixture.tools_min,
        }
    }

    /// All servers in one toolset: every tool is listed under its prefix, and the first server's is called.
    pub fn of_all(name: &str, fixtures: &[Fixture]) -> Self {
        let first = &fixtures[0];
        Self {
            name: name.to_owned(),
            fixture: None,
            tool: format!("{}__{}", first.name, first.tool),
            args: first.args(),
            says: first.says.to_owned(),
            tools_min: fixtures.iter().map(|fixture| fixture.tools_min).sum(),
        }
    }

    fn judge(&self, answer: &Answer) -> Cell {
        if let Some(error) = &answer.error {
            return Cell::Fails {
                listed: false,
                why: error.clone(),
            };
        }
        let listed = answer.tools.len() >= self.tools_min && answer.tools.contains(&self.tool);
        if !listed {
            let why = format!(
                "listed {} tools: {}",
                answer.tools.len(),
                answer.tools.join(" ")
            );
            return Cell::Fails { listed, why };
        }
        match &answer.call {
            Some(call) if call.ok && call.text.contains(&self.says) => Cell::Works,
            Some(call) => Cell::Fails {
                listed,
                why: format!("`{}` answered: {}", self.tool, call.text),
            },
            None => Cell::Fails {
                listed,
                why: "no answer to the call".to_owned(),
            },
        }
    }
}

impl Row {
    /// Reads the answers of one client; a request without an answer failed because the client ended.
    pub fn judge(
        client: &Client,
        columns: &[Column],
        requests: &[Request],
        answers: Result<Vec<Answer>>,
    ) -> Self {
        let (answers, silence) = match answers {
            Ok(answers) => (answers, "the client ended without an answer".to_owned()),
            Err(error) => (Vec::new(), format!("{error:#}")),
        };
        let cell = |column: &Column| {
            if !requests.iter().any(|request| request.name == column.name) {
                return Cell::Apart;
            }
            match answers.iter().find(|answer| answer.name == column.name) {
                Some(answer) => column.judge(answer),
                None => Cell::Fails {
                    listed: false,
                    why: silence.clone(),
                },
            }
        };
        let over_http = answers.iter().filter(|answer| {
            let asked = requests.iter().find(|request| request.name == answer.name);
            asked.is_some_and(|request| matches!(request.target, Target::Url { .. }))
        });
        Self {
            client: client.name.to_owned(),
            package: client.package,
            revisions: over_http.filter_map(|answer| answer.era.clone()).collect(),
            cells: columns.iter().map(cell).collect(),
        }
    }
}

impl Matrix {
    /// Two checks per cell: the list and the call.
    pub fn tally(&self) -> Result<Tally> {
        let mut tally = Tally::default();
        for row in &self.rows {
            for (column, cell) in self.columns.iter().zip(&row.cells) {
                let at = || format!("{} × {}", row.client, column.name);
                match cell {
                    Cell::Apart => {}
                    Cell::Works => tally.passed += 2,
                    Cell::Fails { listed, why } => {
                        tally.passed += usize::from(*listed);
                        tally.fail(format!("{}: {}", at(), brief(why)));
                    }
                }
            }
        }
        Ok(tally)
    }
}

/// A reason fits on one line of a report.
pub(super) fn brief(why: &str) -> String {
    let line = why.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 300 {
        line
    } else {
        line.chars().take(300).chain(['…']).collect()
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<24}", self.client)?;
        for cell in &self.cells {
            write!(f, " {}", cell.sign())?;
        }
        Ok(())
    }
}

impl Cell {
    pub fn sign(&self) -> char {
        match self {
            Cell::Apart => '·',
            Cell::Works => '✓',
            Cell::Fails { .. } => '✗',
        }
    }
}
