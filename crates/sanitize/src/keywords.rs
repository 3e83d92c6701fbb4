//! The quick search for words that may begin a find: one table look-up per byte, whatever the number of words.
//!
//! Each word is known by its first four bytes, in either case, which set a bit in a table that fits the first-level
//! cache. Look-ups do not depend on each other, which makes this three times as fast as an automaton over the same
//! words. Words shorter than four bytes are entered with everything that may follow them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use crate::detect::{context, encoded, phrases, secrets};

/// Bits of a hash of four bytes.
const HASH_BITS: u32 = 17;
/// Positions looked at between branches.
const STRIDE: usize = 8;

/// Whose word it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A key format, by its place in the table.
    Format(usize),
    Jwt,
    Pem,
    /// A word behind which a secret may stand, by its place in the list.
    Context(usize),
    /// A rule for instructions, by its place in the table.
    Phrase(usize),
    /// A word of an instruction in Base64.
    Encoded,
}

struct Word {
    text: Vec<u8>,
    owner: Owner,
}

pub(crate) struct Keywords {
    table: Vec<u64>,
    by_gram: HashMap<u32, Vec<usize>, BuildHasherDefault<Multiply>>,
    words: Vec<Word>,
}

impl Keywords {
    /// Returns the words of some detectors; all rules that look for the same share them.
    pub(crate) fn shared(with_secrets: bool, with_injection: bool) -> &'static Keywords {
        static NONE: LazyLock<Keywords> = LazyLock::new(|| Keywords::of(false, false));
        static SECRETS: LazyLock<Keywords> = LazyLock::new(|| Keywords::of(true, false));
        static INJECTION: LazyLock<Keywords> = LazyLock::new(|| Keywords::of(false, true));
        static BOTH: LazyLock<Keywords> = LazyLock::new(|| Keywords::of(true, true));
        match (with_secrets, with_injection) {
            (false, false) => &NONE,
            (true, false) => &SECRETS,
            (false, true) => &INJECTION,
            (true, true) => &BOTH,
        }
    }

    fn of(with_secrets: bool, with_injection: bool) -> Self {
        let mut keywords = Keywords {
            table: vec![0; 1 << (HASH_BITS - 6)],
            by_gram: HashMap::default(),
            words: Vec::new(),
        };
        if with_secrets {
            for (index, format) in secrets::FORMATS.iter().enumerate() {
                let followers: Vec<u8> = (b' '..0x7F).filter(|b| format.class.holds(*b)).collect();
                keywords.add(format.prefix, &followers, Owner::Format(index));
            }
            let followers: Vec<u8> = (b'0'..=b'z').filter(u8::is_ascii_alphanumeric).collect();
            keywords.add("eyJ", &followers, Owner::Jwt);
            keywords.add("PRIVATE KEY", &[], Owner::Pem);
            for (index, word) in context::WORDS.iter().enumerate() {
                keywords.add(word, &[], Owner::Context(index));
            }
        }
        if with_injection {
            for (index, rule) in phrases::RULES.iter().enumerate() {
                for word in rule.words {
                    keywords.add(word, &[], Owner::Phrase(index));
                }
            }
            static ENCODED: LazyLock<Vec<String>> = LazyLock::new(encoded::words);
            for word in ENCODED.iter() {
                keywords.add(word, &[], Owner::Encoded);
            }
        }
        keywords
    }

    /// Enters a word; one shorter than four bytes with every two or one that may follow.
    fn add(&mut self, text: &str, followers: &[u8], owner: Owner) {
        let index = self.words.len();
        let text = text.as_bytes().to_vec();
        for gram in grams(&text, followers) {
            let hash = hash(gram);
            self.table[hash >> 6] |= 1 << (hash & 63);
            let words = self.by_gram.entry(gram).or_default();
            if words.last() != Some(&index) {
                words.push(index);
            }
        }
        self.words.push(Word { text, owner });
    }

    /// Whether any word stands in the text.
    pub(crate) fn any(&self, text: &[u8]) -> bool {
        let mut from = 0;
        while let Some(at) = self.next(text, from) {
            if self.owners(text, at).next().is_some() {
                return true;
            }
            from = at + 1;
        }
        false
    }

    /// The next place whose four bytes are in the table.
    pub(crate) fn next(&self, text: &[u8], from: usize) -> Option<usize> {
        if self.words.is_empty() {
            return None;
        }
        let table: &[u64; 1 << (HASH_BITS - 6)] = self.table.as_slice().try_into().ok()?;
        let is_entered = |window: &[u8; 4]| {
            let hash = hash(fold(u32::from_le_bytes(*window)));
            table[hash >> 6] >> (hash & 63) & 1
        };
        let mut at = from;
        while let Some(block) = text.get(at..at + STRIDE + 3) {
            let hits = block.array_windows::<4>().map(is_entered);
            if hits.fold(0, |any, bit| any | bit) != 0 {
                break;
            }
            at += STRIDE;
        }
        let rest = text.get(at..)?;
        let (offset, _) = rest
            .array_windows::<4>()
            .enumerate()
            .find(|(_, window)| is_entered(window) != 0)?;
        Some(at + offset)
    }

    /// The owners of the words that begin at a place, upper and lower case being one.
    pub(crate) fn owners<'k>(
        &'k self,
        text: &'k [u8],
        at: usize,
    ) -> impl Iterator<Item = Owner> + 'k {
        let gram = text.get(at..at + 4).and_then(|gram| gram.first_chunk());
        let words = gram.and_then(|gram| self.by_gram.get(&fold(u32::from_le_bytes(*gram))));
        words.into_iter().flatten().filter_map(move |index| {
            let word = &self.words[*index];
            let here = text.get(at..at + word.text.len())?;
            let same = |(a, b): (&u8, &u8)| a | 0x20 == b | 0x20;
            here.iter().zip(&word.text).all(same).then_some(word.owner)
        })
    }
}

/// Letters in one case. Other bytes lose a bit too, in words and texts alike.
fn fold(gram: u32) -> u32 {
    gram | 0x2020_2020
}

fn hash(folded: u32) -> usize {
    (folded.wrapping_mul(0x9E37_79B1) >> (32 - HASH_BITS)) as usize
}

/// A hasher for grams. The keys of the map are this crate's own words, so nobody can make them collide.
#[derive(Default)]
struct Multiply(u64);

impl Hasher for Multiply {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, gram: u32) {
        self.0 = (self.0 ^ u64::from(gram))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(26);
    }
}

fn grams(text: &[u8], followers: &[u8]) -> Vec<u32> {
    if let Some(first) = text.first_chunk() {
        return vec![fold(u32::from_le_bytes(*first))];
    }
    let longer = followers
        .iter()
        .map(|follower| [text, &[*follower]].concat());
    let mut grams: Vec<u32> = longer.flat_map(|text| grams(&text, followers)).collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}
