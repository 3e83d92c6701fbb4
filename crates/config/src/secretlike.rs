//! Tells by a name or a value that it is likely a secret. Errs on the side of yes: a reference is always possible.

use std::ops::Range;

/// Says whether a variable or header of this name holds a secret.
pub fn name(name: &str) -> bool {
    const WORDS: [&str; 9] = [
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "AUTHORIZATION",
        "COOKIE",
        "CREDENTIAL",
        "APIKEY",
        "ACCESSKEY",
    ];
    const ENDS: [&str; 4] = ["TOKEN", "_KEY", "_PAT", "_PWD"];
    let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
    name == "KEY"
        || name == "AUTH"
        || WORDS.iter().any(|word| name.contains(word))
        || ENDS.iter().any(|end| name.ends_with(end))
}

/// Says whether a value is spelled as the credentials of well-known issuers are.
pub fn value(value: &str) -> bool {
    const STARTS: [&str; 14] = [
        "Bearer ",
        "Basic ",
        "ghp_",
        "gho_",
        "ghs_",
        "github_pat_",
        "glpat-",
        "sk-",
        "xoxb-",
        "xoxp-",
        "AKIA",
        "AIza",
        "npm_",
        "-----BEGIN",
    ];
    let token = value.split_once('=').map_or(value, |(_, after)| after);
    let jwt = |text: &str| text.starts_with("eyJ") && text.matches('.').count() == 2;
    [value, token].iter().any(|text| {
        STARTS
            .iter()
            .any(|start| text.starts_with(start) && text.len() > start.len())
            || jwt(text)
    })
}

/// Says whether a command-line flag takes a secret: `--api-key`, `--token=…`.
pub fn flag(argument: &str) -> bool {
    let flag = argument.split('=').next().unwrap_or(argument);
    flag.starts_with('-') && name(flag.trim_start_matches('-'))
}

/// Returns the parts of a text of unknown structure that may be secret: what follows `:` or `=` on lines with a telling name or value.
pub fn ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let words = || {
            line.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
                .filter(|w| !w.is_empty())
        };
        if words().any(|word| name(word) || value(word)) {
            let value = line.find([':', '=']).map_or(0, |at| at + 1);
            ranges.push(start + value..start + line.len());
        }
        start += line.len();
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known() {
        for yes in [
            "GITHUB_TOKEN",
            "X-Api-Key",
            "DB_PASSWORD",
            "Authorization",
            "clientSecret",
            "api_key",
            "OPENAI_APIKEY",
        ] {
            assert!(name(yes), "{yes}");
        }
        for no in [
            "PATH",
            "X-Tenant",
            "LOG_LEVEL",
            "MONKEY",
            "KEYBOARD",
            "TOKENIZERS_PARALLELISM",
        ] {
            assert!(!name(no), "{no}");
        }
    }

    #[test]
    fn values_of_secrets_are_known() {
        for yes in [
            "Bearer x",
            "ghp_abc",
            "--key=sk-abc",
            "eyJhbGciOi.eyJzdWIi.c2ln",
        ] {
            assert!(value(yes), "{yes}");
        }
        for no in ["", "sk-", "production", "https://example.com", "a=b"] {
            assert!(!value(no), "{no}");
        }
    }
}
