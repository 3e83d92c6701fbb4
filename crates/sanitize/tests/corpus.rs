//! How well the detectors do on labelled strings, and whether `docs/detectors.md` says so.
//!
//! Strings are in `testdata/sanitize`, one JSON object a line. What would alarm other people's scanners is put together
//! here: `{{A:36}}` stands for 36 letters and digits, see `filled`. `WARDGATE_GOLDEN=1` writes the table anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose};
use wardgate_sanitize::{Action, Detector, Place, Rules, Settings, apply_plain};

struct Figures {
    name: &'static str,
    texts: usize,
    clean: usize,
    right: usize,
    wrong: usize,
    missed: usize,
    report: String,
}

impl Figures {
    fn precision(&self) -> f64 {
        self.right as f64 / (self.right + self.wrong) as f64
    }

    fn recall(&self) -> f64 {
        self.right as f64 / (self.right + self.missed) as f64
    }

    #[track_caller]
    fn reach(&self, precision: f64, recall: f64) {
        assert!(
            self.precision() >= precision && self.recall() >= recall,
            "precision {:.3}, recall {:.3}\n{}",
            self.precision(),
            self.recall(),
            self.report
        );
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rules(detector: Detector) -> Rules {
    let mut settings = Settings::off(Place::Result);
    match detector {
        Detector::Secrets => settings.secrets = Action::Mark,
        Detector::Pii => settings.pii = Action::Mark,
        _ => settings.injection = Action::Mark,
    }
    Rules::new(settings).unwrap()
}

/// Runs a detector over its strings. Each kind in a string counts once; for instructions it only counts that there are some.
fn measure(name: &'static str, detector: Detector) -> Figures {
    let path = root().join(format!("testdata/sanitize/{name}.jsonl"));
    let rules = rules(detector);
    let mut figures = Figures {
        name,
        texts: 0,
        clean: 0,
        right: 0,
        wrong: 0,
        missed: 0,
        report: String::new(),
    };
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = filled(row["text"].as_str().unwrap());
        let labels = row["find"].as_array().unwrap().iter();
        let expected: BTreeSet<String> = labels
            .map(|label| label.as_str().unwrap().to_owned())
            .collect();
        let outcome = apply_plain(&rules, &text);
        let kinds = outcome.finds.iter().map(|find| match detector {
            Detector::Injection => "injection".to_owned(),
            _ => find.kind.to_string(),
        });
        let found: BTreeSet<String> = kinds.collect();
        figures.texts += 1;
        figures.clean += usize::from(expected.is_empty());
        figures.right += expected.intersection(&found).count();
        figures.wrong += found.difference(&expected).count();
        figures.missed += expected.difference(&found).count();
        if expected != found {
            writeln!(figures.report, "{expected:?} but {found:?}: {text}").unwrap();
        }
    }
    figures
}

/// Replaces each `{{what:length}}` by something of that form which is nobody's.
fn filled(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        let (what, after) = behind.split_once("}}").unwrap();
        out.push_str(before);
        out.push_str(&form(what));
        rest = after;
    }
    out + rest
}

fn form(what: &str) -> String {
    let (class, of) = what.split_once(':').unwrap_or((what, ""));
    let cycle =
        |source: &str| -> String { source.chars().cycle().take(of.parse().unwrap()).collect() };
    match class {
        "A" => cycle("EXAMPLEexample0Q1w2E3r4T5y6U7i8O9p"),
        "W" => cycle("EXAMPLE-example_0Q1w2E3r4T5y6U7i8O9p"),
        "B" => cycle("EXAMPLE/example+0Q1w2E3r4T5y6U7i8O9pfGhJ"),
        "U" => cycle("EXAMPLE7Q2W3R4T5"),
        "H" => cycle("e0a1b2c3d4e5f6078a9bacbdcedf"),
        "D" => cycle("2839405167"),
        "JWT" => format!(
            "{}.{}.{}",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
            "eyJzdWIiOiJFWEFNUExFIn0",
            "RVhBTVBMRS1zaWduYXR1cmU"
        ),
        "PEM" => format!(
            "-----BEGIN {of}-----\n{}\n-----END {of}-----",
            "MIIEXAMPLEexampleEXAMPLEexample+/EXAMPLE\n".repeat(6)
        ),
        "64" => general_purpose::STANDARD.encode(of),
        _ => panic!("no form `{what}`"),
    }
}

const DETECTORS: [(&str, Detector); 4] = [
    ("secrets", Detector::Secrets),
    ("pii", Detector::Pii),
    ("injection", Detector::Injection),
    ("injection_unseen", Detector::Injection),
];

#[test]
fn secrets_are_told_from_what_looks_like_them() {
    measure("secrets", Detector::Secrets).reach(0.98, 0.95);
}

#[test]
fn personal_data_is_told_from_other_numbers() {
    measure("pii", Detector::Pii).reach(0.95, 0.95);
}

#[test]
fn instructions_are_told_from_talk_about_them() {
    measure("injection", Detector::Injection).reach(0.90, 0.80);
}

#[test]
fn the_corpus_is_large_enough() {
    let texts: usize = DETECTORS
        .iter()
        .map(|(name, detector)| measure(name, *detector).texts)
        .sum();
    assert!(texts >= 300, "{texts}");
}

#[test]
fn the_documentation_shows_these_figures() {
    let mut table = String::from(
        "| detector | strings | of them clean | right | wrong | missed | precision | recall |\n|---|---|---|---|---|---|---|---|\n",
    );
    for (name, detector) in DETECTORS {
        let of = measure(name, detector);
        let (precision, recall) = (of.precision(), of.recall());
        writeln!(
            table,
            "| {} | {} | {} | {} | {} | {} | {precision:.3} | {recall:.3} |",
            of.name, of.texts, of.clean, of.right, of.wrong, of.missed
        )
        .unwrap();
    }
    let path = root().join("docs/detectors.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once("<!-- figures -->\n").unwrap();
    let (shown, after) = rest.split_once("<!-- end -->").unwrap();
    if std::env::var_os("WARDGATE_GOLDEN").is_some() {
        std::fs::write(
            path,
            format!("{before}<!-- figures -->\n{table}<!-- end -->{after}"),
        )
        .unwrap();
        return;
    }
    assert_eq!(shown, table, "WARDGATE_GOLDEN=1 writes it anew");
}
