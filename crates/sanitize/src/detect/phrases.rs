//! Instructions to a model in what should be data: rules with a weight, in several languages.
//!
//! One phrase of weight 10 is enough; weaker ones must come together within `SPAN_BYTES`. Words that speak *about*
//! injection take weight away, and so do quotation marks around a phrase, since documentation quotes what it warns of.
//! This recognises what is said plainly, in words an attacker can change: it is a net, not a wall.

use std::sync::LazyLock;

use regex::Regex;

pub(crate) use super::phrase_rules::RULES;
use super::phrase_rules::Rule;

/// From this sum on, phrases are an instruction.
pub(crate) const THRESHOLD: i32 = 10;
/// How far apart phrases may begin and still count together, in bytes of content.
pub(crate) const SPAN_BYTES: usize = 256;
/// The longest phrase.
pub(crate) const PHRASE_BYTES_MAX: usize = 200;

/// A phrase that was found, by the bytes it takes.
#[derive(Clone, Copy)]
pub(crate) struct Phrase {
    pub(crate) rule: usize,
    pub(crate) weight: i32,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let compile = |rule: &Rule| {
        Regex::new(&format!("^(?is){}", rule.pattern)).expect("tests compile every rule")
    };
    RULES.iter().map(compile).collect()
});

/// Returns the phrase of a rule that begins where `ahead` does.
pub(crate) fn phrase_at(rule: usize, before: &str, ahead: &str, start: usize) -> Option<Phrase> {
    if before.ends_with(|c: char| c.is_ascii_alphanumeric())
        && ahead.starts_with(|c: char| c.is_ascii_alphabetic())
    {
        return None;
    }
    let ahead = &ahead[..ahead.floor_char_boundary(PHRASE_BYTES_MAX)];
    let len = PATTERNS[rule].find(ahead)?.end();
    let weight = RULES[rule].weight;
    let quoted = weight > 0 && is_quoted(before, &ahead[len..]);
    Some(Phrase {
        rule,
        weight: if quoted { weight / 2 } else { weight },
        start,
        end: start + len,
    })
}

fn is_quoted(before: &str, behind: &str) -> bool {
    let opens = before
        .trim_end_matches(['<', '['])
        .ends_with(['"', '\'', '`', '“', '‘', '«', '„', '「', '»', '‚']);
    let closes = behind
        .trim_start_matches(['.', '!', ',', '>', ']', '…'])
        .starts_with(['"', '\'', '`', '”', '’', '»', '“', '」', '«', '‘']);
    opens && closes
}

/// Adds a phrase. One that overlaps another of its kind says the same once more, so the greater weight counts.
pub(crate) fn add(phrases: &mut Vec<Phrase>, phrase: Phrase) {
    let mut near = phrases
        .iter_mut()
        .rev()
        .take_while(|other| other.start + PHRASE_BYTES_MAX > phrase.start);
    let is_same = |other: &&mut Phrase| {
        other.kind() == phrase.kind()
            && other.end > phrase.start
            && other.weight > 0
            && phrase.weight > 0
    };
    let Some(other) = near.find(is_same) else {
        phrases.push(phrase);
        return;
    };
    if phrase.weight > other.weight {
        other.weight = phrase.weight;
        other.rule = phrase.rule;
    }
    other.end = other.end.max(phrase.end);
}

impl Phrase {
    /// An instruction that was found in Base64, which is enough alone.
    pub(crate) fn encoded(start: usize, end: usize) -> Phrase {
        Phrase {
            rule: RULES.len(),
            weight: THRESHOLD,
            start,
            end,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        RULES.get(self.rule).map_or("encoded", |rule| rule.kind)
    }
}

/// The sum of all rules that have a phrase within reach of one that begins at `start`, each rule once. The phrases are in
/// order.
pub(crate) fn sum(phrases: &[Phrase], start: usize) -> i32 {
    let first = phrases.partition_point(|phrase| phrase.start + SPAN_BYTES < start);
    let near = phrases[first..]
        .iter()
        .take_while(|phrase| phrase.start <= start + SPAN_BYTES);
    let mut counted = 0u128;
    let mut sum = 0;
    for phrase in near {
        let bit = 1 << phrase.rule;
        if counted & bit == 0 {
            counted |= bit;
            sum += phrase.weight;
        }
    }
    sum
}

/// Whether a short text is an instruction anywhere.
pub(crate) fn is_instruction(text: &str) -> bool {
    let mut phrases = Vec::new();
    for (at, _) in text.char_indices() {
        for (index, rule) in RULES.iter().enumerate() {
            let is_word = |word: &str| {
                text.as_bytes()[at..]
                    .get(..word.len())
                    .is_some_and(|here| here.eq_ignore_ascii_case(word.as_bytes()))
            };
            if rule.words.iter().any(|word| is_word(word)) {
                let found = phrase_at(index, &text[..at], &text[at..], at);
                found
                    .into_iter()
                    .for_each(|phrase| add(&mut phrases, phrase));
            }
        }
    }
    phrases
        .iter()
        .any(|phrase| phrase.weight > 0 && sum(&phrases, phrase.start) >= THRESHOLD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_compiles_and_its_words_can_begin_it() {
        assert_eq!(PATTERNS.len(), RULES.len());
        assert!(RULES.len() < 128, "`sum` keeps a bit for each");
        for rule in RULES {
            assert!(
                rule.words.iter().all(|word| word.len() >= 4),
                "{}",
                rule.pattern
            );
        }
    }
}
