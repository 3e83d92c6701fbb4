//! The file `KILL` in the state folder, as text: what it says is stopped. An empty file stops everything, and so does one that
//! cannot be understood: who wrote it wanted something stopped.

use wardgate_model::{OverrideEffect, OverrideId, OverrideMatch};
use wardgate_proxy::overrides::Rule;

/// In front of a line: cancel what is under way too.
const CANCEL: &str = "--cancel";
/// The reason where the file gives none.
const REASON: &str = "emergency stop";

/// A line that says nothing this program knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} names nothing that can be stopped")]
pub struct Broken {
    pub line: usize,
}

/// Reads `[--cancel] KIND [VALUE] [REASON…]`, one rule a line; `#` begins a comment.
///
/// # Errors
/// The first line that cannot be understood; then nothing the file says can be relied on.
pub fn parse(text: &str) -> Result<Vec<Rule>, Broken> {
    let lines = text
        .lines()
        .enumerate()
        .map(|(n, line)| (n + 1, line.trim()));
    let told = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let rules = told
        .map(|(line, text)| rule(text).ok_or(Broken { line }))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(match rules.is_empty() {
        true => vec![everything(false)],
        false => rules,
    })
}

/// The rule that stops everything.
pub fn everything(cancels: bool) -> Rule {
    stop(OverrideMatch::Everything, cancels, "")
}

fn rule(line: &str) -> Option<Rule> {
    let (line, cancels) = match line.strip_prefix(CANCEL) {
        Some(rest) => (rest.trim_start(), true),
        None => (line, false),
    };
    let (kind, rest) = word(line);
    if let Some(matches) = OverrideMatch::parse(kind, "") {
        return Some(stop(matches, cancels, rest));
    }
    let (value, reason) = word(rest);
    Some(stop(OverrideMatch::parse(kind, value)?, cancels, reason))
}

fn stop(matches: OverrideMatch, cancels: bool, reason: &str) -> Rule {
    let reason = if reason.is_empty() { REASON } else { reason };
    Rule {
        id: OverrideId::new(format!("KILL {matches}")),
        effect: OverrideEffect::Deny,
        matches,
        reason: reason.to_owned(),
        cancels,
        expires_at: None,
    }
}

fn word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<(String, bool, String)> {
        let told = |rule: Rule| (rule.matches.to_string(), rule.cancels, rule.reason);
        parse(text).unwrap().into_iter().map(told).collect()
    }

    #[test]
    fn an_empty_file_stops_everything() {
        for text in ["", "\n\n", "  # lifted, I think\n"] {
            let everything = ("everything".to_owned(), false, REASON.to_owned());
            assert_eq!(said(text), [everything], "{text:?}");
        }
    }

    #[test]
    fn each_line_stops_one_thing_and_may_say_why() {
        let text = "# since noon\ntool pay/refund_create  INC-88: double refunds\n--cancel all-writes\nserver crm\r\n";
        let told = |what: &str, cancels, why: &str| (what.to_owned(), cancels, why.to_owned());
        assert_eq!(
            said(text),
            [
                told("tool pay/refund_create", false, "INC-88: double refunds"),
                told("all-writes", true, REASON),
                told("server crm", false, REASON),
            ]
        );
    }

    #[test]
    fn a_line_that_says_nothing_is_named() {
        for (text, line) in [
            ("tool", 1),
            ("tool nowhere", 1),
            ("server crm\ntools pay/x\n", 2),
            ("--cancel", 1),
        ] {
            assert_eq!(parse(text).unwrap_err(), Broken { line }, "{text:?}");
        }
    }
}
