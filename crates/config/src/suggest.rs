//! "Did you mean": the nearest known word to a mistyped one.

/// Returns the candidate nearest to `word`, if it is near enough to be what was meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let far = (word.chars().count() / 3).max(1);
    let lower = word.to_lowercase();
    let near = |candidate: &str| distance(&lower, &candidate.to_lowercase());
    let starts = |candidate: &str| word.len() >= 3 && candidate.starts_with(&lower);
    let mut scored: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|candidate| (near(candidate), candidate))
        .filter(|(score, candidate)| *score <= far || starts(candidate))
        .collect();
    scored.sort();
    scored.first().map(|(_, candidate)| *candidate)
}

/// Words the hint: the nearest candidate, or else all of them if they are few.
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<&str> = candidates.into_iter().collect();
    match nearest(word, all.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if all.is_empty() => String::new(),
        None if all.len() <= 20 => format!("there {}", listed("is", "are", &all)),
        None => String::new(),
    }
}

fn listed(one: &str, many: &str, words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    format!(
        "{} {}",
        if words.len() == 1 { one } else { many },
        quoted.join(", ")
    )
}

/// Edits (insert, delete, replace, swap of neighbours) between two words: the optimal string alignment distance.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1)
                .min(row[j - 1] + 1)
                .min(rows[i - 1][j - 1] + changed);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("ulr", ["url", "sse"]), Some("url"));
        assert_eq!(nearest("jira", ["jira-cloud", "git"]), Some("jira-cloud"));
        assert_eq!(nearest("timeout", ["timeouts", "tls"]), Some("timeouts"));
        assert_eq!(nearest("banana", ["url", "sse"]), None);
    }
}
