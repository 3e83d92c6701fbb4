//! Forms that ask for what no form may ask for. MCP 2025-11-25 client/elicitation: a server must not ask for passwords, keys and
//! the like in a form, but only behind a link. Such a form is not stopped; the person is warned in its own message.

use wardgate_protocol::edit;

/// Stands behind the server's words.
const WARNING: &str = "[Wardgate: this form asks for what looks like a secret. Do not enter passwords, keys or card numbers \
in a form; a server that needs them must send you to its own page.]";

/// Parts of names, titles and sentences that speak of secrets, without spaces and signs between words.
const SECRETS: [&str; 16] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "apikey",
    "accesskey",
    "accesstoken",
    "authtoken",
    "bearertoken",
    "privatekey",
    "seedphrase",
    "creditcard",
    "cardnumber",
    "securitycode",
    "onetimecode",
];

/// Returns the params of a form with a warning in its message, if it asks for a secret; `None` for every other question.
pub fn warned(params: &str) -> Option<String> {
    let is_form = edit::get(params, &["requestedSchema"]).is_some();
    if !is_form || !asks_for_secret(params) {
        return None;
    }
    let message = edit::get(params, &["message"]).and_then(edit::string);
    let message = format!("{}\n\n{WARNING}", message.unwrap_or_default());
    Some(edit::set(
        params,
        &["message"],
        &edit::quote(message.trim_start()),
    ))
}

/// Looks at the sentence and at each field's name, title, description and format.
fn asks_for_secret(params: &str) -> bool {
    let fields =
        edit::get(params, &["requestedSchema", "properties"]).and_then(edit::Object::parse);
    let sentence = edit::get(params, &["message"]).into_iter();
    sentence
        .chain(fields.iter().map(edit::Object::text))
        .any(speaks_of_secrets)
}

fn speaks_of_secrets(text: &str) -> bool {
    let letters = edit::string(text).unwrap_or(text.into());
    let letters: String = letters
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    SECRETS.iter().any(|secret| letters.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(message: &str, field: &str) -> String {
        format!(
            r#"{{"message":"{message}","requestedSchema":{{"type":"object","properties":{{{field}}}}}}}"#
        )
    }

    #[test]
    fn who_asks_for_a_secret_warns_the_person() {
        for (message, field) in [
            ("Log in", r#""password":{"type":"string"}"#),
            (
                "Log in",
                r#""pw":{"type":"string","title":"Your Pass-Phrase"}"#,
            ),
            (
                "Log in",
                r#""x":{"type":"string","description":"the API key of your account"}"#,
            ),
            ("Log in", r#""api_key":{"type":"string"}"#),
            ("Log in", r#""x":{"type":"string","format":"password"}"#),
            (
                "Please type your credit card number",
                r#""x":{"type":"string"}"#,
            ),
        ] {
            let warned = warned(&form(message, field)).expect("a warning");
            let said = edit::get(&warned, &["message"]).and_then(edit::string);
            let said = said.expect("a message");
            assert!(
                said.starts_with(message) && said.ends_with(WARNING),
                "{said}"
            );
            assert_eq!(
                edit::get(&warned, &["requestedSchema"]),
                edit::get(&form(message, field), &["requestedSchema"])
            );
        }
    }

    #[test]
    fn other_questions_stay_as_they_are() {
        for params in [
            form("What is your name?", r#""name":{"type":"string"}"#),
            form("Which key do you play in?", r#""key":{"type":"string"}"#),
            r#"{"mode":"url","message":"Enter your password there","url":"https://a.test"}"#.into(),
            "{}".into(),
        ] {
            assert_eq!(warned(&params), None, "{params}");
        }
    }
}
