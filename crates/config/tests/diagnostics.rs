//! Each file in `tests/diagnostics` is a config with mistakes; beside it lies what an operator reads about it.
//! Run with `WARDGATE_GOLDEN=write` to write the expectations anew, then review them like code.

mod golden;

use std::{collections::BTreeSet, fs, path::Path};

use wardgate_config::{Sources, diagnostic, load, load::File, render::render};

fn read(text: &str) -> String {
    let file = File {
        name: "wardgate.yaml".into(),
        text: text.into(),
    };
    match load(&Sources {
        file: Some(file),
        ..Sources::default()
    }) {
        Ok(loaded) => render(&loaded.remarks, false) + "ok\n",
        Err(diagnostics) => render(&diagnostics, false),
    }
}

#[test]
fn every_mistake_is_reported_at_its_place_and_at_once() {
    golden::check("tests/diagnostics", "yaml", read);
}

#[test]
fn every_code_of_a_config_file_has_a_case() {
    let mut seen = String::new();
    for directory in ["tests/diagnostics", "tests/import"] {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "expect")
            {
                seen.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    // These are found by the program when it opens files; its own tests cover them.
    let elsewhere = [
        diagnostic::code::UNREADABLE_FILE,
        diagnostic::code::MISSING_FILE,
        diagnostic::code::NOTHING_INCLUDED,
        diagnostic::code::BAD_POLICY,
        diagnostic::code::POLICY_MISFIT,
        diagnostic::code::IMPOSSIBLE_APPROVAL,
    ];
    let missing: Vec<String> = diagnostic::code::ALL
        .iter()
        .filter(|code| !elsewhere.contains(code) && !seen.contains(&format!("[{code}]")))
        .map(ToString::to_string)
        .collect();
    assert!(missing.is_empty(), "codes without a case: {missing:?}");
}

#[test]
fn every_code_has_an_entry_in_the_documentation() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    let text = fs::read_to_string(path).unwrap();
    let entries: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("## ")?.split(':').next())
        .collect();
    let written: BTreeSet<String> = entries.iter().map(ToString::to_string).collect();
    let known: BTreeSet<String> = diagnostic::code::ALL
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(written, known);
    assert_eq!(entries.len(), known.len(), "an entry is there twice");
}

#[test]
fn a_secret_never_shows_wherever_it_is_put() {
    let secret = "hunter2hunter2";
    let places = [
        "gateway: {keys: [{id: a, principal: p, secret: SECRET}]}",
        "gateway: {keys: [{id: a, principal: p, secret: {env: A, file: SECRET}}]}",
        "gateway: {seal_key: SECRET}",
        "gateway: {seal_key: {vault: SECRET}}",
        "gateway: {seal_key: {envv: SECRET}}",
        "gateway: {seal_key: [SECRET]}",
        "gateway: {seelkey: SECRET}",
        "tenants: {a: {auth: {issuer: 'https://user:SECRET@idp.example', audience: a}}}",
        "servers: {a: {url: 'https://a.example', auth: SECRET, ulr: 1}}",
        "servers: {a: {url: 'https://a.example', auth: {token: SECRET}}, b: {ulr: x}}",
        "servers: {a: {url: 'https://a.example', auth: {tokn: SECRET}}}",
        "servers: {a: {url: 'https://a.example', headers: {Authorization: 'Bearer SECRET', host: x}}}",
        "servers: {a: {url: 'https://user:SECRET@a.example/'}}",
        "servers: {a: {url: 'https://a.example/?api_key=SECRET', era: x}}",
        "servers: {a: {command: [x, --token, SECRET], era: x}}",
        "servers: {a: {command: [x, --token=SECRET], era: x}}",
        "servers: {a: {command: [x], env: {GH_TOKEN: SECRET}, era: x}}",
        "servers: {a: {command: [x], env: {GH_TOKEN: {a: SECRET}}, era: x}}",
        "servers: {a: {command: [x], env: {GH_TOKEN: A, GH_TOKEN: SECRET}, era: x}}",
        "servers: {a: {command: [x], env: {GH_TOKEN: SECRET",
        "gateway:\n  seal_key: |\n    SECRET\n    SECRET\n",
    ];
    for place in places {
        let shown = read(&place.replace("SECRET", secret));
        assert!(shown.contains("WG1"), "{place} is accepted");
        assert!(!shown.contains(secret), "{place}:\n{shown}");
    }
}

#[test]
fn no_text_makes_reading_panic() {
    let cases: [(&str, &[&str]); 2] = [
        (
            "tests/diagnostics/good.yaml",
            &["", "{", "]", ":", "\n", "&a ", "*a", "|", "\u{0}", "ö"],
        ),
        (
            "tests/import/vscode.json",
            &["", "{", "]", ",", "\"", "/*", "ö"],
        ),
    ];
    for (path, inserts) in cases {
        let text = fs::read_to_string(path).unwrap();
        for (position, c) in text.char_indices() {
            let insert = inserts[position % inserts.len()];
            let (before, after) = (&text[..position], &text[position + c.len_utf8()..]);
            let file = File {
                name: path.into(),
                text: format!("{before}{insert}{after}"),
            };
            let sources = match path.ends_with("yaml") {
                true => Sources {
                    file: Some(file),
                    ..Sources::default()
                },
                false => Sources {
                    mcp_json: vec![file],
                    ..Sources::default()
                },
            };
            let _ = load(&sources);
        }
    }
}

#[test]
fn texts_that_would_exhaust_memory_or_stack_are_refused() {
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned()
        + &(b'b'..=b'k')
            .map(|c| {
                format!(
                    "{0}: &{0} [*{1},*{1},*{1},*{1},*{1},*{1},*{1},*{1}]\n",
                    c as char,
                    (c - 1) as char
                )
            })
            .collect::<String>();
    let deep = "[".repeat(100_000);
    let deep_flow = format!("servers: {}{}", "{a: ".repeat(5_000), "}".repeat(5_000));
    for text in [bomb, deep, deep_flow] {
        let shown = read(&text);
        assert!(
            shown.contains("error["),
            "{}",
            &shown[..shown.len().min(300)]
        );
    }
    let deep = File {
        name: "mcp.json".into(),
        text: "{\"mcpServers\":".repeat(100_000),
    };
    assert!(
        load(&Sources {
            mcp_json: vec![deep],
            ..Sources::default()
        })
        .is_err()
    );
}
