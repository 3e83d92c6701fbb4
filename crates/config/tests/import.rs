//! Each `*.json` in `tests/import` is an `mcp.json` as another program writes it; beside it lies the config it becomes
//! and what the operator is told.

mod golden;

use wardgate_config::{Sources, diagnostic::Report, import, load, load::File, render::render};

#[test]
fn files_of_other_programs_become_configs_that_pass() {
    golden::check("tests/import", "json", |text| {
        let file = File {
            name: "mcp.json".into(),
            text: text.into(),
        };
        let mut report = Report::default();
        let imported = import::read(&mut report, &file, import::Literals::Refer);
        let failed = report.has_errors();
        let told = render(&report.diagnostics(), false);
        if failed {
            return told;
        }
        let yaml = imported.to_yaml();
        let again = File {
            name: "wardgate.yaml".into(),
            text: yaml.clone(),
        };
        let verdict = match load(&Sources {
            file: Some(again),
            ..Sources::default()
        }) {
            Ok(_) => "accepted\n".to_owned(),
            Err(diagnostics) => render(&diagnostics, false),
        };
        format!("{yaml}\n=== told\n{told}\n=== check\n{verdict}")
    });
}

#[test]
fn a_held_secret_is_found_by_its_reference_and_shown_nowhere() {
    let text = r#"{"mcpServers": {"gh": {"command": "x", "env": {"GITHUB_TOKEN": "ghp_topsecret", "PLAIN": "1"}},
        "web": {"url": "https://a.example/mcp", "headers": {"Authorization": "Bearer topsecret", "X": "${env:HOME_X}"}}}}"#;
    let file = File {
        name: "mcp.json".into(),
        text: text.into(),
    };
    let loaded = load(&Sources {
        mcp_json: vec![file],
        ..Sources::default()
    })
    .unwrap();
    assert_eq!(
        loaded.config.servers.len(),
        2,
        "the starter server is left out"
    );
    let values: Vec<&str> = loaded.held.values().map(|secret| secret.expose()).collect();
    assert!(
        values.contains(&"ghp_topsecret") && values.contains(&"topsecret"),
        "{}",
        values.len()
    );
    for reference in loaded.held.keys() {
        assert!(
            format!("{:?}", loaded.config).contains(&format!("{reference:?}")),
            "{reference:?} is not used"
        );
    }
    assert!(!format!("{loaded:?}").contains("topsecret"));
    assert!(
        !serde_json::to_string(&loaded.config)
            .unwrap()
            .contains("topsecret")
    );
}

#[test]
fn servers_of_a_file_are_added_and_clashes_are_refused() {
    let config = File {
        name: "wardgate.yaml".into(),
        text: "servers: {time: {command: [mcp-server-time]}}".into(),
    };
    let other = |name: &str| File {
        name: "mcp.json".into(),
        text: format!(r#"{{"servers": {{"{name}": {{"command": "git"}}}}}}"#),
    };
    let with = |name: &str| {
        load(&Sources {
            file: Some(config.clone()),
            mcp_json: vec![other(name)],
            listen: None,
        })
    };
    assert_eq!(with("git").unwrap().config.servers.len(), 2);
    let shown = render(&with("time").unwrap_err(), false);
    assert!(
        shown.contains("server `time` of mcp.json is defined already"),
        "{shown}"
    );
    assert!(shown.contains("mcp.json:1:14"), "{shown}");
}
