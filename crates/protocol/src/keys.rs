//! Judging the keys of one object: which of them could two parsers read as the same member?
//!
//! Some parsers match keys whatever their case, some keep the first of two equal keys and some the last, some end a key at NUL.
//! A gateway that decides on one reading while an upstream acts on another has decided nothing.

use std::{
    hash::{BuildHasher, RandomState},
    ops::Range,
};

use crate::{escape, scan::ScanFault};

/// A key as spelled.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// Where it lies, without quotes.
    span: Range<usize>,
    /// ASCII without escapes.
    plain: bool,
    /// Equal for plain keys that differ only by case; mostly different for others.
    print: u64,
}

impl Key {
    pub(crate) fn new(text: &str, span: Range<usize>, escaped: bool) -> Key {
        let bytes = &text.as_bytes()[span.clone()];
        let plain = !escaped && bytes.is_ascii();
        Key {
            print: if plain { print(bytes) } else { 0 },
            span,
            plain,
        }
    }
}

/// Mixes length, first and last eight bytes, with the bit of case set in each.
fn print(key: &[u8]) -> u64 {
    const LOWER: u64 = u64::from_le_bytes([b' '; 8]);
    let ends = match (key.first_chunk(), key.last_chunk()) {
        (Some(head), Some(tail)) => {
            (u64::from_le_bytes(*head) | LOWER).rotate_left(3) ^ (u64::from_le_bytes(*tail) | LOWER)
        }
        _ => key
            .iter()
            .fold(0, |word, byte| word << 8 | u64::from(byte | b' ')),
    };
    ends ^ (key.len() as u64).rotate_right(8)
}

/// Up to this many plain keys are compared pair by pair; more are sorted by hash.
const PAIRWISE_MAX: usize = 24;

/// Judges the keys of one object of `text`.
pub(crate) fn judge(text: &str, keys: &[Key]) -> Result<(), ScanFault> {
    if keys.len() <= PAIRWISE_MAX && keys.iter().all(|key| key.plain) {
        judge_pairs(text, keys)
    } else {
        judge_folded(text, keys)
    }
}

fn judge_pairs(text: &str, keys: &[Key]) -> Result<(), ScanFault> {
    for (i, key) in keys.iter().enumerate() {
        let is_twin = |earlier: &Key| {
            earlier.print == key.print
                && spelled(text, earlier).eq_ignore_ascii_case(spelled(text, key))
        };
        if keys[..i].iter().any(is_twin) {
            return Err(twin_fault(text, &keys[..i], key));
        }
    }
    Ok(())
}

/// The hash is keyed at random, so nobody can craft keys that all fall together.
fn judge_folded(text: &str, keys: &[Key]) -> Result<(), ScanFault> {
    let random = RandomState::new();
    let mut folded = String::new();
    let mut hashes = Vec::with_capacity(keys.len());
    for (i, key) in keys.iter().enumerate() {
        fold_into(text, key, &mut folded);
        if !key.plain && folded.contains('\0') {
            return Err(ScanFault::NulKey {
                at: key.span.start - 1,
            });
        }
        hashes.push((random.hash_one(folded.as_str()), i));
    }
    hashes.sort_unstable();
    let twins = hashes
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|group| group.len() > 1);
    let first = twins
        .filter_map(|group| first_twin(text, keys, group))
        .min();
    first.map_or(Ok(()), |i| Err(twin_fault(text, &keys[..i], &keys[i])))
}

/// Returns the index of the first key in the group that folds to the same text as one before it. Groups are in order of position.
fn first_twin(text: &str, keys: &[Key], group: &[(u64, usize)]) -> Option<usize> {
    let folded = |i: usize| {
        let mut out = String::new();
        fold_into(text, &keys[i], &mut out);
        out
    };
    (1..group.len())
        .find(|n| {
            group[..*n]
                .iter()
                .any(|(_, earlier)| folded(*earlier) == folded(group[*n].1))
        })
        .map(|n| group[n].1)
}

fn twin_fault(text: &str, earlier: &[Key], key: &Key) -> ScanFault {
    let at = key.span.start - 1;
    let name = escape::unescape(spelled(text, key));
    let exact = earlier
        .iter()
        .any(|earlier| escape::unescape(spelled(text, earlier)) == name);
    if exact {
        ScanFault::DuplicateKey { at }
    } else {
        ScanFault::FoldedKey { at }
    }
}

fn spelled<'a>(text: &'a str, key: &Key) -> &'a str {
    &text[key.span.clone()]
}

fn fold_into(text: &str, key: &Key, out: &mut String) {
    out.clear();
    let spelled = spelled(text, key);
    if key.plain {
        out.push_str(spelled);
        out.make_ascii_lowercase();
    } else {
        out.extend(fold(&escape::unescape(spelled).unwrap_or_default()));
    }
}

/// Folds case the way the widest of parsers would: lower, upper, lower again, so that `ſ`, the Kelvin sign and `ẞ` meet `s`, `k` and `ss`.
pub(crate) fn fold(name: &str) -> impl Iterator<Item = char> {
    name.chars()
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
}
