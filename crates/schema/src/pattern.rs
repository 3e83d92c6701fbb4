//! How much a regular expression grows when it is compiled: counted repetition multiplies, and nests.
//!
//! An estimate for refusing bombs such as `((a{999}){999}){999}` unseen; the engine has the last word on syntax and size.

/// Most states that all patterns of one schema may come to, some tens of milliseconds' work.
pub(crate) const STATES_MAX: u64 = 100_000;

/// States of what is not one byte: `.` and negated classes spell out UTF-8, Unicode classes are tables of it.
const ANY_STATES: u64 = 10;
const UNICODE_CLASS_STATES: u64 = 100;

/// Estimates the states a pattern compiles to.
pub(crate) fn states(pattern: &str) -> u64 {
    let mut chars = pattern.chars().peekable();
    // What stands so far in each open group, and the atom a repetition would apply to.
    let mut groups = vec![0u64];
    let mut atom = 0;
    while let Some(c) = chars.next() {
        atom = match c {
            '(' => {
                groups.push(0);
                0
            }
            ')' if groups.len() > 1 => groups.pop().unwrap_or(0),
            '{' => {
                let count: String = chars.by_ref().take_while(|c| *c != '}').collect();
                atom.saturating_mul(repetitions(&count).saturating_sub(1))
            }
            '[' => class_states(&mut chars),
            '\\' => match chars.next() {
                Some('p' | 'P') => UNICODE_CLASS_STATES,
                _ => 1,
            },
            '.' => ANY_STATES,
            _ => 1,
        };
        if let Some(open) = groups.last_mut() {
            *open = open.saturating_add(atom);
        }
    }
    groups.into_iter().fold(0, u64::saturating_add)
}

/// The most repetitions that `n`, `n,` or `n,m` asks for; 1 if it is no count.
fn repetitions(count: &str) -> u64 {
    let numbers = count
        .split(',')
        .filter_map(|number| number.trim().parse().ok());
    numbers.max().unwrap_or(1)
}

fn class_states(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> u64 {
    let mut states = if chars.next_if_eq(&'^').is_some() {
        ANY_STATES
    } else {
        1
    };
    while let Some(c) = chars.next() {
        match c {
            ']' => break,
            '\\' => {
                if let Some('p' | 'P') = chars.next() {
                    states = UNICODE_CLASS_STATES;
                }
            }
            _ => {}
        }
    }
    states
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, expected: u64) {
        assert_eq!(states(pattern), expected, "{pattern}");
    }

    #[test]
    fn plain_text_counts_its_characters() {
        check("", 0);
        check("^abc$", 5);
        check(r"\{\}\(", 3);
    }

    #[test]
    fn repetition_multiplies_what_stands_before_it() {
        check("a{10}", 10);
        check("xa{2,10}", 11);
        check("[a-z]{3,}", 3);
        check(".{1,100}", 1_000);
        check("(ab){10}", 20);
    }

    #[test]
    fn nested_repetition_multiplies_again() {
        assert!(states("((a{100}){100}){100}") >= 1_000_000);
        assert!(states("(((((a{9999}){9999}){9999}){9999}){9999}){9999}") == u64::MAX);
    }

    #[test]
    fn everyday_patterns_are_far_from_the_limit() {
        for pattern in [
            r"^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
            r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,24}$",
            r"^\p{L}[\p{L}\p{N} '-]{0,99}$",
        ] {
            assert!(states(pattern) < STATES_MAX / 5, "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_estimated_all_the_same() {
        for pattern in ["(((", ")))", "{", "a{", "a{x}", "[", "[\\", "\\"] {
            assert!(states(pattern) < 100);
        }
    }
}
