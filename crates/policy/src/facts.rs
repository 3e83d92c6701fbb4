//! What surrounds a call: `context.env`, `now`, `reason`, `slo`, `review`, and `input` for the arguments.
//!
//! Only what the candidates read is built.

use std::collections::BTreeMap;

use cedar_policy::{Context, RestrictedExpression as Expression};
use chrono::DateTime;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::reads::Wanted;
use crate::shape::Field;
use crate::value::{self, Unfit, cedar_datetime};

#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// `gateway.environment`, as `context.env`.
    pub environment: &'a str,
    /// Milliseconds since 1970 in UTC, as `context.now`.
    pub now_ms: i64,
    /// What the caller gave as its reason; empty text in policies if it gave none.
    pub reason: Option<&'a str>,
    pub slo: Objective,
    pub review: Review,
}

/// `context.slo`: how the tool's objective stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objective {
    pub exhausted: bool,
    /// Per cent of the error budget that is left: `budgetLeft`.
    pub budget_left: i64,
}

impl Default for Objective {
    fn default() -> Objective {
        Objective {
            exhausted: false,
            budget_left: 100,
        }
    }
}

/// `context.review`: how the review of the server stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Review {
    pub overdue: bool,
    /// Days since it was due; zero while it is not: `overdueDays`.
    pub overdue_days: i64,
}

#[derive(Debug, Error)]
pub(crate) enum ContextFault {
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("the time of the call is outside what Cedar can hold")]
    Time,
    #[error("Cedar refuses the context: {0}")]
    Refused(String),
}

/// The arguments of a call and what the tool's schema says of them.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) fields: &'a BTreeMap<String, Field>,
    pub(crate) arguments: &'a RawValue,
}

pub(crate) fn context(
    wanted: &Wanted,
    facts: &Circumstances<'_>,
    input: Option<Input<'_>>,
) -> Result<Context, ContextFault> {
    let mut pairs: Vec<(String, Expression)> = Vec::new();
    let mut put = |name: &str, value| pairs.push((name.to_owned(), value));
    if wanted.member("env").is_some() {
        put("env", Expression::new_string(facts.environment.to_owned()));
    }
    if wanted.member("now").is_some() {
        let now = DateTime::from_timestamp_millis(facts.now_ms).ok_or(ContextFault::Time)?;
        put("now", Expression::new_datetime(cedar_datetime(&now)));
    }
    if wanted.member("reason").is_some() {
        put(
            "reason",
            Expression::new_string(facts.reason.unwrap_or_default().to_owned()),
        );
    }
    if wanted.member("slo").is_some() {
        put(
            "slo",
            pair(
                ("exhausted", facts.slo.exhausted),
                ("budgetLeft", facts.slo.budget_left),
            )?,
        );
    }
    if wanted.member("review").is_some() {
        let days = ("overdueDays", facts.review.overdue_days);
        put("review", pair(("overdue", facts.review.overdue), days)?);
    }
    if let (Some(wanted), Some(input)) = (wanted.member("input"), input) {
        put(
            "input",
            value::arguments(input.fields, wanted, input.arguments)?,
        );
    }
    Context::from_pairs(pairs).map_err(|error| ContextFault::Refused(error.to_string()))
}

fn pair(flag: (&str, bool), number: (&str, i64)) -> Result<Expression, ContextFault> {
    Expression::new_record([
        (flag.0.to_owned(), Expression::new_bool(flag.1)),
        (number.0.to_owned(), Expression::new_long(number.1)),
    ])
    .map_err(|error| ContextFault::Refused(error.to_string()))
}
