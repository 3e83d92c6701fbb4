//! How random a word looks.

/// Shannon entropy of the bytes, in bits for each.
pub(crate) fn bits_per_byte(text: &str) -> f64 {
    let mut counts = [0u32; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let len = text.len() as f64;
    let of = |count: &u32| {
        let share = f64::from(*count) / len;
        -share * share.log2()
    };
    counts.iter().filter(|count| **count > 0).map(of).sum()
}

/// Whether letters of both cases and digits are mixed, as words of a language never are.
pub(crate) fn is_mixed(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().any(|b| b.is_ascii_uppercase())
        && text.bytes().any(|b| b.is_ascii_lowercase())
}
