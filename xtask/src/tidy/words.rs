//! What must not be written into a file of this repository: paths of one machine, hosts a lock file should not pin,
//! promises without an issue, tests that never run, the world in a pure crate.

use super::Source;

struct Ban {
    /// In two halves, so that this file does not hold what it forbids.
    words: [&'static str; 2],
    rust_only: bool,
    why: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        words: ["/wo", "rk/"],
        rust_only: false,
        why: "a path of one machine",
    },
    Ban {
        words: ["registry.npm", "js.org"],
        rust_only: false,
        why: "a registry's host; the client knows its own",
    },
    Ban {
        words: ["files.python", "hosted.org"],
        rust_only: false,
        why: "a registry's host; the client knows its own",
    },
    Ban {
        words: ["artifac", "tory"],
        rust_only: false,
        why: "a registry's host; the client knows its own",
    },
    Ban {
        words: ["#[ign", "ore"],
        rust_only: true,
        why: "a test that never runs: pin today's answer instead",
    },
];

/// Crates that are functions of what they are given: no runtime, clock, environment, file or process.
const PURE: [&str; 10] = [
    "crates/model/src/",
    "crates/protocol/src/",
    "crates/schema/src/",
    "crates/sanitize/src/",
    "crates/snapshot/src/",
    "crates/limit/src/",
    "crates/identity/src/",
    "crates/ledger/src/",
    "crates/policy/src/",
    "crates/store/src/",
];
const IMPURE: [&str; 8] = [
    "tokio::",
    "std::env::",
    "std::fs::",
    "std::process::",
    "std::net::Tcp",
    "std::net::Udp",
    "SystemTime::now",
    "Instant::now",
];

/// Marks that need an issue beside them: `TODO(#12)`.
const PROMISES: [[&str; 2]; 3] = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"]];

pub(super) fn faults(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in source.text.lines().enumerate() {
        for ban in BANS.iter().filter(|ban| source.is_rust() || !ban.rust_only) {
            let word = ban.words.concat();
            if line.contains(&word) {
                faults.push(format!("{}: `{word}`: {}", source.at(number), ban.why));
            }
        }
        if PURE.iter().any(|folder| source.path.starts_with(folder))
            && let Some(word) = IMPURE.iter().find(|word| line.contains(**word))
        {
            faults.push(format!(
                "{}: `{word}` in a pure crate: pass it in",
                source.at(number)
            ));
        }
        if source.is_rust()
            && let Some(mark) = promise_without_issue(line)
        {
            faults.push(format!(
                "{}: `{mark}` without an issue: write `{mark}(#n)`",
                source.at(number)
            ));
        }
    }
    faults
}

fn promise_without_issue(line: &str) -> Option<String> {
    PROMISES.iter().map(|halves| halves.concat()).find(|mark| {
        let mut rest = line;
        while let Some(at) = rest.find(mark.as_str()) {
            let before = rest[..at].chars().next_back();
            let after = &rest[at + mark.len()..];
            let is_word =
                !before.is_some_and(is_letter) && !after.chars().next().is_some_and(is_letter);
            if is_word && !has_issue(after) {
                return true;
            }
            rest = after;
        }
        false
    })
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn has_issue(after: &str) -> bool {
    let number = after
        .strip_prefix("(#")
        .and_then(|rest| rest.split_once(')'))
        .map(|(number, _)| number);
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::faults;

    fn check(path: &str, line: &str, expected: usize) {
        assert_eq!(faults(&source(path, line)).len(), expected, "{line}");
    }

    #[test]
    fn a_promise_names_its_issue() {
        check("a.rs", &["// TO", "DO: later"].concat(), 1);
        check("a.rs", &["// TO", "DO(#12): later"].concat(), 0);
        check("a.rs", &["// FIX", "ME(#x): later"].concat(), 1);
        check("a.rs", "const SUFFIX: &str = \"AXXXB\";", 0);
    }

    #[test]
    fn paths_of_one_machine_are_named_in_any_file() {
        check("docs/a.md", &["see /wo", "rk/main"].concat(), 1);
        check("docs/a.md", "see ./main", 0);
    }

    #[test]
    fn a_test_that_never_runs_is_named() {
        check("a.rs", &["#[ign", "ore]"].concat(), 1);
    }

    #[test]
    fn a_pure_crate_reads_no_clock() {
        check(
            "crates/snapshot/src/compile.rs",
            "let now = Instant::now();",
            1,
        );
        check(
            "crates/proxy/src/pipeline.rs",
            "let now = Instant::now();",
            0,
        );
    }
}
