//! The program as an operator runs it: exit codes, what is printed where, and which files are written.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

fn wardgate(directory: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardgate"));
    command
        .args(args)
        .current_dir(directory)
        .stdin(Stdio::null());
    for name in ["WARDGATE_CONFIG", "WARDGATE_URL", "WARDGATE_KEY"] {
        command.env_remove(name);
    }
    command
}

fn run(directory: &Path, args: &[&str]) -> Output {
    wardgate(directory, args).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn check_without_a_file_accepts_the_starter_configuration() {
    let directory = directory();
    let output = run(directory.path(), &["check"]);
    assert_eq!(code(&output), 0);
    assert_eq!(
        out(&output),
        "the starter configuration: ok, servers: 1, toolsets: 1, listening on 127.0.0.1:8080\n"
    );
}

#[test]
fn check_reports_every_mistake_and_ends_with_two() {
    let directory = directory();
    std::fs::write(
        directory.path().join("wardgate.yaml"),
        "gateway: {lisen: x}\nservers: {a: {}}\n",
    )
    .unwrap();
    let output = run(directory.path(), &["check"]);
    assert_eq!(code(&output), 2);
    assert!(out(&output).is_empty());
    let shown = err(&output);
    assert!(
        shown.contains("error[WG1004]: unknown key `lisen`\n --> wardgate.yaml:1:11"),
        "{shown}"
    );
    assert!(shown.contains("hint: did you mean `listen`?"), "{shown}");
    assert!(shown.contains("error[WG1040]"), "{shown}");
    assert!(
        shown.ends_with("wardgate.yaml: errors: 2, warnings: 0\n"),
        "{shown}"
    );
}

#[test]
fn check_gives_programs_an_array_of_findings() {
    let directory = directory();
    std::fs::write(directory.path().join("other.yaml"), "servers: {a: {}}\n").unwrap();
    let output = run(directory.path(), &["check", "-c", "other.yaml", "--json"]);
    assert_eq!(code(&output), 2);
    let findings: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    let found = &findings[0];
    assert_eq!(
        (&found["id"], &found["severity"], &found["line"]),
        (&"WG1040".into(), &"error".into(), &1.into())
    );
    assert_eq!(
        (&found["file"], &found["column"], &found["span"]["start"]),
        (&"other.yaml".into(), &11.into(), &10.into())
    );
}

#[test]
fn files_that_cannot_be_opened_are_findings() {
    let directory = directory();
    let output = run(directory.path(), &["check", "-c", "missing.yaml"]);
    assert_eq!(code(&output), 2);
    assert!(
        err(&output).contains("error[WG1001]: `missing.yaml` cannot be read"),
        "{}",
        err(&output)
    );

    let config = "gateway: {tls: {cert: c.pem, key: k.pem}}\nservers: {a: {url: 'https://a.example', tls: {ca: ca.pem}}}\n";
    std::fs::write(directory.path().join("wardgate.yaml"), config).unwrap();
    let output = run(directory.path(), &["check"]);
    assert_eq!(code(&output), 2);
    assert_eq!(
        err(&output).matches("error[WG1036]").count(),
        3,
        "{}",
        err(&output)
    );
}

#[test]
fn options_of_the_lab_are_judged_before_it_is_started() {
    let directory = directory();
    let config = "servers: {lab: {lab: {fault: 'latency=often', mutate: carpet}}}\n";
    std::fs::write(directory.path().join("wardgate.yaml"), config).unwrap();
    let output = run(directory.path(), &["check"]);
    assert_eq!(code(&output), 2);
    assert_eq!(
        err(&output).matches("error[WG1008]").count(),
        2,
        "{}",
        err(&output)
    );
}

#[test]
fn schema_prints_the_schema() {
    let directory = directory();
    let output = run(directory.path(), &["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(schema["title"], "wardgate.yaml");
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn version_names_the_revisions() {
    let directory = directory();
    let output = run(directory.path(), &["version", "--json"]);
    let version: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert!(out(&output).contains("2026-07-28"));
    assert!(out(&run(directory.path(), &["--version"])).starts_with("wardgate "));
}

#[test]
fn completions_know_the_verbs() {
    let directory = directory();
    for shell in ["bash", "zsh", "fish"] {
        let output = run(directory.path(), &["completions", shell]);
        assert_eq!(code(&output), 0);
        assert!(out(&output).contains("import"), "{shell}");
    }
}

#[test]
fn misuse_ends_with_two() {
    let directory = directory();
    for args in [
        &["frobnicate"][..],
        &["call"],
        &["serve", "--listen", "nowhere"],
        &["lab", "--era", "stone"],
    ] {
        assert_eq!(code(&run(directory.path(), args)), 2, "{args:?}");
    }
}

const MCP_JSON: &str =
    r#"{"mcpServers": {"gh": {"command": "server-gh", "env": {"GH_TOKEN": "ghp_topsecret"}}}}"#;

#[test]
fn import_shows_then_writes_and_never_overwrites() {
    let directory = directory();
    std::fs::write(directory.path().join("mcp.json"), MCP_JSON).unwrap();
    let target = directory.path().join("wardgate.yaml");

    let output = run(directory.path(), &["import", "mcp.json", "--dry-run"]);
    assert_eq!(code(&output), 0);
    assert!(
        out(&output).contains("GH_TOKEN:\n        env: GH_TOKEN"),
        "{}",
        out(&output)
    );
    assert!(err(&output).contains("note[WG1072]"), "{}", err(&output));
    assert!(!target.exists());

    let output = run(directory.path(), &["import", "mcp.json"]);
    assert_eq!(code(&output), 0);
    assert_eq!(std::fs::read_to_string(&target).unwrap(), out(&output));
    assert!(!(out(&output) + &err(&output)).contains("topsecret"));
    assert_eq!(code(&run(directory.path(), &["check"])), 0);

    std::fs::write(&target, "mine").unwrap();
    let output = run(directory.path(), &["import", "mcp.json"]);
    assert_eq!(code(&output), 2);
    assert!(
        err(&output).contains("wardgate.yaml exists"),
        "{}",
        err(&output)
    );
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine");

    assert_eq!(
        code(&run(directory.path(), &["import", "mcp.json", "--force"])),
        0
    );
    assert!(
        std::fs::read_to_string(&target)
            .unwrap()
            .contains("server-gh")
    );
}

#[test]
fn import_refuses_what_is_no_mcp_json() {
    let directory = directory();
    std::fs::write(directory.path().join("other.json"), "{\"a\": 1}").unwrap();
    let output = run(directory.path(), &["import", "other.json"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("error[WG1070]"), "{}", err(&output));
}

#[test]
fn without_a_gateway_a_call_ends_with_eight_and_says_how_to_start_one() {
    let directory = directory();
    // Port 1 is never served on loopback in a test.
    let output = run(
        directory.path(),
        &["call", "echo", "--url", "http://127.0.0.1:1/mcp"],
    );
    assert_eq!(code(&output), 8);
    assert!(
        err(&output).contains("cannot reach 127.0.0.1:1"),
        "{}",
        err(&output)
    );
    assert!(err(&output).contains("wardgate serve"), "{}", err(&output));
}

#[test]
fn arguments_of_a_call_are_one_json_object() {
    let directory = directory();
    for wrong in ["{", "[1]", "{\"a\":1,\"a\":2}", "x"] {
        let output = run(directory.path(), &["call", "echo", wrong]);
        assert_eq!(code(&output), 2, "{wrong}");
        assert!(
            err(&output).contains("not a JSON object"),
            "{}",
            err(&output)
        );
    }
}

/// The built-in test server on a port of its own; ended when dropped.
struct Lab {
    child: Child,
    url: String,
}

impl Lab {
    fn start(directory: &Path, args: &[&str]) -> Lab {
        let mut command = wardgate(directory, &[&["lab", "--port", "0"], args].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        Lab { child, url }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn tools_are_listed_shown_and_called() {
    let directory = directory();
    let lab = Lab::start(directory.path(), &[]);
    let with = |args: &[&str]| run(directory.path(), &[args, &["--url", &lab.url]].concat());

    let list = with(&["tools", "list"]);
    assert_eq!(code(&list), 0, "{}", err(&list));
    assert!(
        out(&list).lines().any(|line| line.starts_with("echo\t")),
        "{}",
        out(&list)
    );
    let list: serde_json::Value =
        serde_json::from_str(&out(&with(&["tools", "list", "--json"]))).unwrap();
    assert!(
        list.as_array()
            .unwrap()
            .iter()
            .any(|tool| tool["id"] == "echo")
    );

    let shown = with(&["tools", "show", "lab/add"]);
    assert!(out(&shown).starts_with("add\n") && out(&shown).contains("Input:"));
    assert_eq!(code(&with(&["tools", "show", "nope"])), 2);

    let sum = with(&["call", "add", r#"{"a": 2, "b": 40}"#]);
    assert_eq!(code(&sum), 0, "{}", err(&sum));
    assert!(out(&sum).contains("42"), "{}", out(&sum));
    let raw: serde_json::Value = serde_json::from_str(&out(&with(&[
        "call",
        "add",
        r#"{"a": 2, "b": 40}"#,
        "--json",
    ])))
    .unwrap();
    assert_eq!(raw["resultType"], "complete");
    assert_eq!(code(&with(&["call", "nope"])), 2);
}

#[test]
fn a_failing_tool_ends_with_five() {
    let directory = directory();
    let lab = Lab::start(directory.path(), &["--fault", "error=100%"]);
    let output = run(
        directory.path(),
        &["call", "echo", r#"{"text": "x"}"#, "--url", &lab.url],
    );
    assert_eq!(code(&output), 5, "{}", err(&output));
    assert!(err(&output).starts_with("error: "), "{}", err(&output));
    assert!(out(&output).is_empty());
}

#[test]
fn a_question_is_shown_and_ends_with_four() {
    let directory = directory();
    let lab = Lab::start(directory.path(), &["--conformance"]);
    let output = run(
        directory.path(),
        &[
            "call",
            "test_input_required_result_elicitation",
            "--url",
            &lab.url,
        ],
    );
    assert_eq!(code(&output), 4, "{}{}", out(&output), err(&output));
    assert!(
        err(&output).contains("elicitation/create"),
        "{}",
        err(&output)
    );
}

/// A gateway on a port of its own; ended when dropped.
struct Served {
    child: Child,
    url: String,
    /// Kept open, as a terminal would be.
    _output: BufReader<ChildStdout>,
}

impl Served {
    fn start(directory: &Path, config: &str) -> Served {
        std::fs::write(directory.join("wardgate.yaml"), config).unwrap();
        let mut command = wardgate(directory, &["serve", "--listen", "127.0.0.1:0"]);
        command
            .env("ANA_KEY", KEY)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("http://") {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "the gateway ended");
        }
        let address = line
            .split_whitespace()
            .find(|word| word.starts_with("http://"));
        Served {
            child,
            url: address.unwrap().to_owned(),
            _output: output,
        }
    }
    fn run(&self, directory: &Path, args: &[&str]) -> Output {
        wardgate(directory, args)
            .env("WARDGATE_URL", &self.url)
            .env("MY_KEY", KEY)
            .output()
            .unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

const KEY: &str = "a-key-of-some-length-0123456789";

#[test]
fn a_key_is_asked_for_and_opens_only_its_toolsets() {
    let directory = directory();
    let served = Served::start(
        directory.path(),
        "gateway: {keys: [{id: ana, principal: ana, toolsets: [default], secret: {env: ANA_KEY}}]}
servers: {one: {lab: true}, two: {lab: true}}
toolsets: {default: {servers: [one, two]}, other: {servers: [one]}}
",
    );
    let without = served.run(directory.path(), &["tools", "list"]);
    assert_eq!(code(&without), 3, "{}", err(&without));
    assert!(err(&without).contains("--key-env"), "{}", err(&without));

    // Any variable that holds something else will do.
    let wrong = served.run(
        directory.path(),
        &["tools", "list", "--key-env", "WARDGATE_URL"],
    );
    assert_eq!(code(&wrong), 3, "{}", err(&wrong));
    let said = err(&wrong);
    assert!(
        said.contains("error: the gateway refused the key") && !said.contains("give a key"),
        "{said}"
    );

    let list = served.run(directory.path(), &["tools", "list", "--key-env", "MY_KEY"]);
    assert!(
        out(&list)
            .lines()
            .any(|line| line.starts_with("two__echo\ttwo\t")),
        "{}{}",
        out(&list),
        err(&list)
    );
    let call = [
        "call",
        "one/add",
        r#"{"a": 1, "b": 2}"#,
        "--key-env",
        "MY_KEY",
    ];
    assert_eq!(code(&served.run(directory.path(), &call)), 0);

    let other = served.run(
        directory.path(),
        &["tools", "list", "--toolset", "other", "--key-env", "MY_KEY"],
    );
    assert!(
        matches!(code(&other), 2 | 3),
        "{}: {}",
        code(&other),
        err(&other)
    );
    let unset = served.run(
        directory.path(),
        &["tools", "list", "--key-env", "NO_SUCH_KEY"],
    );
    assert_eq!(code(&unset), 2);
}

#[test]
fn a_server_that_is_down_is_named_and_the_rest_is_listed() {
    let directory = directory();
    let config = "servers: {lab: {lab: true}, down: {url: 'http://127.0.0.1:1/mcp'}}\n";
    let served = Served::start(directory.path(), config);
    let list = served.run(directory.path(), &["tools", "list"]);
    assert_eq!(code(&list), 0, "{}", err(&list));
    assert!(out(&list).contains("lab__echo"), "{}", out(&list));
    assert!(
        err(&list).contains("warning: server `down` is missing"),
        "{}",
        err(&list)
    );
    let call = served.run(
        directory.path(),
        &["call", "lab/slow", r#"{"ms": 60000}"#, "--timeout", "200ms"],
    );
    assert_eq!(code(&call), 5);
    assert!(
        err(&call).contains("no answer within 200ms"),
        "{}",
        err(&call)
    );
}
