//! Files and what is expected of them, side by side.

use std::{fs, path::PathBuf};

/// Runs `act` on the text of each `*.{extension}` file and compares with `*.expect`.
pub fn check(directory: &str, extension: &str, act: impl Fn(&str) -> String) {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    assert!(!paths.is_empty(), "no cases in {directory}");
    let mut wrong = Vec::new();
    for path in paths {
        let got = act(&fs::read_to_string(&path).unwrap());
        let expected = path.with_extension("expect");
        if std::env::var_os("WARDGATE_GOLDEN").is_some() {
            fs::write(&expected, &got).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != got {
            wrong.push(format!("--- {}\n{got}", path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "differs from what is expected:\n{}",
        wrong.join("\n")
    );
}
