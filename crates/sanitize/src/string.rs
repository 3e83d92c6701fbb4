//! One string under the detectors: its content as far as it is read, and what was found in it.
//!
//! INVARIANT: a spot is judged only when `AHEAD_BYTES` behind it are read or the string has ended, and a phrase only when
//! `SPAN_BYTES` behind it are judged. So it makes no difference in which pieces the text came.

use std::borrow::Cow;

use crate::content::Content;
use crate::detect::phrases::{self, Phrase};
use crate::detect::{
    AHEAD_BYTES, BACK_BYTES, Match, Spot, Tail, context, encoded, pii, secrets, urls,
};
use crate::keywords::Owner;
use crate::rules::{Detector, Rules};

/// Something found, by the bytes of content it takes.
pub(crate) struct Hit {
    pub(crate) detector: Detector,
    pub(crate) kind: Cow<'static, str>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Default)]
pub(crate) struct StringScan {
    pub(crate) content: Content,
    /// The key under which the string stands; empty for keys and elements.
    key: String,
    /// All before is judged.
    judged: usize,
    /// Where the last find of forms (not of phrases) ends.
    found_end: usize,
    /// A find that goes on.
    tail: Option<Tail>,
    phrases: Vec<Phrase>,
    /// Phrases before are decided.
    decided: usize,
}

/// Where something may begin.
#[derive(Clone, Copy)]
enum Sign {
    Word(Owner),
    At,
    Digits,
    Start,
}

impl StringScan {
    /// Begins with another string, in the room of the last one.
    pub(crate) fn begin(&mut self, key: Option<&str>) {
        self.content.clear();
        self.key.clear();
        self.key.push_str(key.unwrap_or_default());
        self.judged = 0;
        self.found_end = 0;
        self.tail = None;
        self.phrases.clear();
        self.decided = 0;
    }

    /// How much of what is read is not judged.
    pub(crate) fn waiting(&self) -> usize {
        self.content.end() - self.judged
    }

    /// Judges what can be judged and returns what was found, in no certain order.
    pub(crate) fn judge(&mut self, rules: &Rules, is_all: bool) -> Vec<Hit> {
        let end = self.content.end();
        let limit = match is_all {
            true => end,
            false => self.content.floor(end.saturating_sub(AHEAD_BYTES)),
        };
        let mut hits = Vec::new();
        if limit > self.judged || is_all && self.judged == 0 {
            for (at, sign) in self.signs(rules, limit) {
                self.follow_tail(at, &mut hits);
                self.look(rules, at, sign, is_all, &mut hits);
            }
            self.follow_tail(limit, &mut hits);
            self.judged = limit;
        }
        self.decide(is_all, &mut hits);
        hits
    }

    /// All places up to `limit` where a detector wants to look, in order.
    fn signs(&self, rules: &Rules, limit: usize) -> Vec<(usize, Sign)> {
        let text = self.content.from(self.judged);
        let bytes = text.as_bytes();
        let here = limit - self.judged;
        let mut signs = Vec::new();
        if self.judged == 0
            && rules.keywords().any(self.key.as_bytes())
            && context::is_sensitive(&self.key)
        {
            signs.push((0, Sign::Start));
        }
        // A word is told by four bytes; who it belongs to may depend on more.
        let heads = &bytes[..bytes.len().min(here + 3)];
        let mut at = 0;
        while let Some(next) = rules.keywords().next(heads, at) {
            signs.extend(
                rules
                    .keywords()
                    .owners(bytes, next)
                    .map(|owner| (next, Sign::Word(owner))),
            );
            at = next + 1;
        }
        let (pii, secrets) = (
            rules.looks_for(Detector::Pii),
            rules.looks_for(Detector::Secrets),
        );
        if pii || secrets {
            let ats = bytes[..here]
                .iter()
                .enumerate()
                .filter(|(_, byte)| **byte == b'@');
            signs.extend(ats.map(|(at, _)| (at, Sign::At)));
        }
        if pii {
            let mut before = self.content.before(self.judged, 1).bytes().next_back();
            for (at, byte) in bytes[..here].iter().enumerate() {
                if byte.is_ascii_digit() && !before.is_some_and(|before| before.is_ascii_digit()) {
                    signs.push((at, Sign::Digits));
                }
                before = Some(*byte);
            }
        }
        signs.sort_by_key(|(at, _)| *at);
        signs
            .iter()
            .map(|(at, sign)| (self.judged + at, *sign))
            .collect()
    }

    fn look(&mut self, rules: &Rules, at: usize, sign: Sign, is_all: bool, hits: &mut Vec<Hit>) {
        if let Sign::Word(Owner::Phrase(rule)) = sign {
            let before = self.content.before(at, 8);
            let ahead = self.content.ahead(at, AHEAD_BYTES);
            let found = phrases::phrase_at(rule, before, ahead, at);
            found
                .into_iter()
                .for_each(|phrase| phrases::add(&mut self.phrases, phrase));
            return;
        }
        if at < self.found_end || self.tail.is_some() {
            return;
        }
        let back = BACK_BYTES.min(at - self.found_end);
        let ahead = self.content.ahead(at, AHEAD_BYTES);
        let spot = Spot {
            before: self.content.before(at, back),
            ahead,
            is_all: is_all && at + ahead.len() == self.content.end(),
            key: Some(self.key.as_str()).filter(|key| !key.is_empty()),
        };
        let Some((detector, found)) = find(rules, spot, sign) else {
            return;
        };
        let (start, end) = (at - found.back + found.skip, at + found.len);
        if detector == Detector::Injection {
            phrases::add(&mut self.phrases, Phrase::encoded(start, end));
            return;
        }
        self.found_end = end;
        self.tail = (found.tail != Tail::None).then_some(found.tail);
        hits.push(Hit {
            detector,
            kind: found.kind.into(),
            start,
            end,
        });
    }

    /// Takes a find that goes on as far as `limit`. The part is a hit of no kind: it was counted where it began.
    fn follow_tail(&mut self, limit: usize, hits: &mut Vec<Hit>) {
        let Some(tail) = self.tail else { return };
        if self.found_end >= limit {
            return;
        }
        let text = self.content.from(self.found_end);
        let room = limit - self.found_end;
        let (len, is_end) = match tail {
            Tail::Run(class) => {
                let run = class.run(&text[..room]);
                (run, run < room)
            }
            Tail::Pem => secrets::pem_tail(text, room),
            Tail::None => (0, true),
        };
        if len > 0 {
            hits.push(Hit {
                detector: Detector::Secrets,
                kind: "".into(),
                start: self.found_end,
                end: self.found_end + len,
            });
        }
        self.found_end += len;
        if is_end {
            self.tail = None;
        }
    }

    /// Decides about phrases around which everything is known.
    fn decide(&mut self, is_all: bool, hits: &mut Vec<Hit>) {
        let known = match is_all {
            true => usize::MAX,
            false => self.judged.saturating_sub(phrases::SPAN_BYTES),
        };
        self.phrases.sort_by_key(|phrase| phrase.start);
        for phrase in &self.phrases {
            let is_due = phrase.start >= self.decided && phrase.start < known;
            if is_due
                && phrase.weight > 0
                && phrases::sum(&self.phrases, phrase.start) >= phrases::THRESHOLD
            {
                hits.push(Hit {
                    detector: Detector::Injection,
                    kind: phrase.kind().into(),
                    start: phrase.start,
                    end: phrase.end,
                });
            }
        }
        self.decided = self.decided.max(known);
        let needed = self.decided.saturating_sub(phrases::SPAN_BYTES);
        self.phrases.retain(|phrase| phrase.start >= needed);
    }

    /// All before this offset can be written: nothing that will be found begins there.
    pub(crate) fn settled(&self) -> usize {
        let open = self
            .phrases
            .iter()
            .filter(|phrase| phrase.start >= self.decided)
            .map(|phrase| phrase.start)
            .min();
        let back = self
            .judged
            .saturating_sub(BACK_BYTES)
            .max(self.found_end.min(self.judged));
        self.content.floor(open.map_or(back, |open| open.min(back)))
    }

    /// The same in the raw text, of which everything before `read` is read.
    pub(crate) fn settled_raw(&self, read: usize) -> usize {
        let settled = self.settled();
        match settled == self.content.end() {
            true => read,
            false => self.content.raw_start(settled),
        }
    }

    /// Drops what no detector will look at again.
    pub(crate) fn forget(&mut self) {
        let before = self.settled().min(self.judged.saturating_sub(BACK_BYTES));
        self.content.forget(self.content.floor(before));
    }
}

fn find(rules: &Rules, spot: Spot<'_>, sign: Sign) -> Option<(Detector, Match)> {
    let secret = |found: Option<Match>| found.map(|found| (Detector::Secrets, found));
    let personal = |found: Option<Match>| found.map(|found| (Detector::Pii, found));
    let (pii, secrets) = (
        rules.looks_for(Detector::Pii),
        rules.looks_for(Detector::Secrets),
    );
    match sign {
        Sign::Start => secret(secrets.then(|| context::under_key(spot)).flatten()),
        Sign::Word(Owner::Format(index)) => {
            secret(secrets::format_at(spot, &secrets::FORMATS[index]))
        }
        Sign::Word(Owner::Jwt) => secret(secrets::jwt_at(spot)),
        Sign::Word(Owner::Pem) => secret(secrets::pem_at(spot)),
        Sign::Word(Owner::Context(word)) => secret(context::behind_word(spot, word)),
        Sign::Word(Owner::Encoded) => {
            encoded::instructions_at(spot).map(|found| (Detector::Injection, found))
        }
        Sign::Word(Owner::Phrase(_)) => None,
        Sign::At => {
            let secret = secret(secrets.then(|| urls::credentials_at(spot)).flatten());
            secret.or_else(|| personal(pii.then(|| pii::email_at(spot)).flatten()))
        }
        Sign::Digits => personal(pii::number_at(spot, rules.settings().ip_addresses)),
    }
}
