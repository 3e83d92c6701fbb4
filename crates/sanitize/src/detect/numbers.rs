//! Numbers of people: payment cards, phones, US social security numbers. Looked at from their first digit.

use super::{Match, Spot};

/// The longest number, with what stands between its digits.
const NUMBER_BYTES_MAX: usize = 32;
/// How near a word must stand to say what a number is.
const WORD_BYTES: usize = 48;

const PHONE_WORDS: &[&str] = &[
    "phone",
    "tel.",
    "tel:",
    "tel ",
    "telefon",
    "telephone",
    "téléphone",
    "teléfono",
    "telefone",
    "mobile",
    "mobil",
    "móvil",
    "cell",
    "call ",
    "fax",
    "whatsapp",
    "sms",
    "handy",
    "rufnummer",
    "電話",
    "电话",
    "手机",
    "телефон",
    "ring ",
];

/// Payment cards: the prefix of a network, a length that network uses, and a right check digit (ISO/IEC 7812-1).
pub(crate) fn card_at(spot: Spot<'_>) -> Option<Match> {
    if spot
        .before
        .ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '+' | '#'))
    {
        return None;
    }
    let number = Number::read(spot.ahead, &[' ', '-']);
    let len = number.len;
    let is_end = spot.is_word_end(len) && !is_decimal(&spot.ahead[len..]);
    let is_grouped = matches!(
        number.groups(),
        [13..=19] | [4, 4, 4, 1..=4] | [4, 6, 4..=5] | [4, 4, 4, 4, 1..=3]
    );
    (is_grouped && is_end && is_card(number.digits())).then_some(Match::of("credit_card", len))
}

/// Whether digits, without separators, are the number of a payment card.
pub(crate) fn is_card(digits: &[u8]) -> bool {
    let head = |len: usize| {
        digits
            .iter()
            .take(len)
            .fold(0u32, |number, digit| number * 10 + u32::from(*digit))
    };
    let is_length = match (head(1), head(2), head(3), head(4)) {
        (4, ..) => matches!(digits.len(), 13 | 16 | 19),
        (_, 51..=55, ..) | (.., 2221..=2720) => digits.len() == 16,
        (_, 34 | 37, ..) => digits.len() == 15,
        (_, 36 | 38 | 39, ..) | (_, _, 300..=305, _) => digits.len() == 14,
        (_, 65, ..) | (_, _, 644..=649, _) | (.., 6011) => matches!(digits.len(), 16 | 19),
        (.., 3528..=3589) => matches!(digits.len(), 16 | 19),
        (_, 62, ..) => (16..=19).contains(&digits.len()),
        _ => false,
    };
    let is_monotone = digits.iter().all(|digit| Some(digit) == digits.get(1));
    is_length && !is_monotone && is_luhn(digits)
}

/// ISO/IEC 7812-1 annex B.
fn is_luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            if at % 2 == 1 {
                doubled(u32::from(*digit))
            } else {
                u32::from(*digit)
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// US social security numbers: only where a word says so, and only numbers that are given out.
pub(crate) fn social_security_at(spot: Spot<'_>) -> Option<Match> {
    let number = Number::read(spot.ahead, &['-', ' ']);
    let (digits, groups, len) = (number.digits(), number.groups(), number.len);
    if groups != [3, 2, 4] && groups != [9]
        || !spot.is_word_end(len)
        || !spot.is_word_start()
        || spot.before.ends_with('-')
    {
        return None;
    }
    let is_given = !matches!(digits[..3], [0, 0, 0] | [6, 6, 6] | [9, _, _])
        && digits[3..5] != [0, 0]
        && digits[5..] != [0, 0, 0, 0];
    let is_said = near(
        spot,
        &[
            "ssn",
            "social security",
            "social-security",
            "social_security",
        ],
    );
    (is_given && is_said).then_some(Match::of("us_ssn", len))
}

/// Phone numbers: E.164 with its plus sign, or any number a word near it calls one.
pub(crate) fn phone_at(spot: Spot<'_>) -> Option<Match> {
    let plus = usize::from(spot.before.ends_with('+'));
    let open = usize::from(spot.before.ends_with('('));
    let front = &spot.before[..spot.before.len() - plus.max(open)];
    if front.ends_with(|c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '_' | '.' | '/' | '-' | '+' | '$' | '€' | '#' | '=')
    }) && !front.ends_with("tel=")
    {
        return None;
    }
    let number = Number::read(spot.ahead, &[' ', '-', '.', '/', '(', ')']);
    let (digits, groups, len) = (number.digits(), number.groups(), number.len);
    if !spot.is_word_end(len)
        || is_decimal(&spot.ahead[len..])
        || spot.ahead[len..].starts_with([':', '%', '€', '$']) && plus == 0
    {
        return None;
    }
    let is_international = plus == 1
        && (8..=15).contains(&digits.len())
        && digits[0] != 0
        && (groups.len() > 1 || digits.len() >= 10);
    let is_said =
        || (7..=15).contains(&digits.len()) && near(spot, PHONE_WORDS) && !is_date(groups, digits);
    (is_international || is_said()).then_some(Match {
        back: plus.max(open),
        ..Match::of("phone", len)
    })
}

fn is_date(groups: &[usize], digits: &[u8]) -> bool {
    matches!(groups, [4, 2, 2, ..]) && matches!(digits[..2], [1, 9] | [2, 0])
        || matches!(groups, [2, 2, 4])
}

fn is_decimal(behind: &str) -> bool {
    let mut chars = behind.chars();
    matches!(chars.next(), Some('.' | ',')) && chars.next().is_some_and(|c| c.is_ascii_digit())
}

/// Digits in groups, as they are written.
#[derive(Default)]
struct Number {
    digits: [u8; NUMBER_BYTES_MAX],
    count: usize,
    groups: [usize; NUMBER_BYTES_MAX],
    group_count: usize,
    /// How many bytes it takes.
    len: usize,
}

impl Number {
    /// Reads the number a text begins with. One or two separators stand between groups.
    fn read(text: &str, separators: &[char]) -> Number {
        let mut number = Number::default();
        let mut gap = 1;
        for (at, c) in text
            .char_indices()
            .take_while(|(at, _)| *at < NUMBER_BYTES_MAX)
        {
            match c.to_digit(10) {
                Some(digit) => {
                    number.group_count += usize::from(gap > 0);
                    number.groups[number.group_count - 1] += 1;
                    number.digits[number.count] = digit as u8;
                    number.count += 1;
                    number.len = at + 1;
                    gap = 0;
                }
                None if separators.contains(&c) && gap < 2 => gap += 1,
                None => break,
            }
        }
        number
    }

    fn digits(&self) -> &[u8] {
        &self.digits[..self.count]
    }

    fn groups(&self) -> &[usize] {
        &self.groups[..self.group_count]
    }
}

/// Whether one of these words is the key or stands shortly before.
fn near(spot: Spot<'_>, words: &[&str]) -> bool {
    let start = spot.before.len().saturating_sub(WORD_BYTES);
    let before = spot.before[spot.before.ceil_char_boundary(start)..].to_lowercase();
    let key = spot.key.unwrap_or_default().to_lowercase();
    let is_said = |word: &str| {
        let mut places = before.match_indices(word);
        places.any(|(at, _)| !before[..at].ends_with(|c: char| c.is_ascii_alphabetic()))
    };
    let is_key =
        |word: &str| key.contains(word.trim_end_matches(['.', ':', ' '])) && !key.contains("call");
    words.iter().any(|word| is_said(word) || is_key(word))
}
