//! Which crate may know which: the table in ARCHITECTURE.md against what cargo sees, and one owner per heavy crate.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use crate::repo;
use crate::report::Tally;

/// A heavy crate and the only crates of the workspace that may be built from it. Tests may use what they like.
const OWNERS: &[(&str, &[&str])] = &[
    ("hyper", &["proxy", "wardgate", "bench", "testkit"]),
    ("jsonschema", &["schema"]),
    ("cedar-policy", &["policy"]),
    ("cedar-policy-mcp-schema-generator", &["policy"]),
    ("mcp-tools-sdk", &["policy"]),
    ("axum", &["ops", "admin"]),
    ("utoipa", &["admin"]),
    ("utoipa-axum", &["admin"]),
    ("serde-saphyr", &["config"]),
    ("sqlx", &["store-sql"]),
    ("rmcp", &[]),
];

/// Crates that exist for tests and measurements; the product may use them in its own tests only.
const TEST_ONLY: &[&str] = &["testkit", "bench", "xtask"];

type Known = BTreeMap<String, BTreeSet<String>>;

pub(super) fn run() -> Result<Tally> {
    let metadata = MetadataCommand::new()
        .current_dir(repo::root())
        .no_deps()
        .exec()
        .context("cannot read the workspace's metadata")?;
    let actual = dependencies(&metadata);
    let mut tally = owners(&metadata);
    tally.add(test_only(&actual));
    match std::fs::read_to_string(repo::root().join("ARCHITECTURE.md")) {
        Ok(page) => tally.add(compare(&table(&page), &actual)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("note: ARCHITECTURE.md is missing, the table of dependencies is not compared");
        }
        Err(error) => return Err(error).context("cannot read ARCHITECTURE.md"),
    }
    Ok(tally)
}

fn short(name: &str) -> &str {
    name.strip_prefix("wardgate-").unwrap_or(name)
}

/// What each workspace crate is built from, among its siblings. Dependencies of tests do not count.
fn dependencies(metadata: &Metadata) -> Known {
    let packages = metadata.workspace_packages();
    let siblings: BTreeSet<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    packages
        .iter()
        .map(|package| {
            let known = package.dependencies.iter().filter(|dependency| {
                dependency.kind != DependencyKind::Development
                    && siblings.contains(dependency.name.as_str())
            });
            (
                short(&package.name).to_owned(),
                known
                    .map(|dependency| short(&dependency.name).to_owned())
                    .collect(),
            )
        })
        .collect()
}

fn owners(metadata: &Metadata) -> Tally {
    let mut tally = Tally::default();
    for package in metadata.workspace_packages() {
        let built_from = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development);
        for dependency in built_from {
            let Some((heavy, owners)) = OWNERS.iter().find(|(heavy, _)| *heavy == dependency.name)
            else {
                continue;
            };
            let name = short(&package.name);
            tally.check(owners.contains(&name), || {
                format!(
                    "`{name}` depends on `{heavy}`, which belongs to {}",
                    list(owners)
                )
            });
        }
    }
    tally
}

fn list(owners: &[&str]) -> String {
    if owners.is_empty() {
        "no crate of the workspace".to_owned()
    } else {
        owners.join(", ")
    }
}

fn test_only(actual: &Known) -> Tally {
    let mut tally = Tally::default();
    for (name, known) in actual
        .iter()
        .filter(|(name, _)| !TEST_ONLY.contains(&name.as_str()))
    {
        for other in known
            .iter()
            .filter(|other| TEST_ONLY.contains(&other.as_str()))
        {
            tally.fail(format!(
                "`{name}` is built from `{other}`, which is for tests only"
            ));
        }
    }
    tally
}

/// The rows under `| crate | may depend on |`; names in backticks or bare, `wardgate-` left out or not.
fn table(page: &str) -> Known {
    let mut rows = Known::new();
    let mut inside = false;
    for line in page.lines().map(str::trim) {
        if !line.starts_with('|') {
            inside = false;
            continue;
        }
        let cells: Vec<String> = line
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().replace('`', ""))
            .collect();
        if cells.first().is_some_and(|cell| cell == "crate")
            && cells.get(1).is_some_and(|cell| cell == "may depend on")
        {
            inside = true;
        } else if inside && !cells[0].starts_with('-') && !cells[0].starts_with(':') {
            let known = cells.get(1).map(String::as_str).unwrap_or_default();
            let is_name = |word: &&str| {
                word.starts_with(|c: char| c.is_ascii_lowercase()) && *word != "nothing"
            };
            let known = known
                .split([',', ' '])
                .map(|word| short(word.trim()))
                .filter(is_name)
                .map(str::to_owned)
                .collect();
            rows.insert(short(&cells[0]).to_owned(), known);
        }
    }
    rows
}

fn compare(allowed: &Known, actual: &Known) -> Tally {
    let mut tally = Tally::default();
    if allowed.is_empty() {
        tally.fail("ARCHITECTURE.md has no table `| crate | may depend on |`");
        return tally;
    }
    for (name, known) in actual {
        let Some(may) = allowed.get(name) else {
            tally.fail(format!("`{name}` has no row in ARCHITECTURE.md's table"));
            continue;
        };
        let beyond: Vec<&str> = known.difference(may).map(String::as_str).collect();
        tally.check(beyond.is_empty(), || {
            format!(
                "`{name}` depends on {}, which ARCHITECTURE.md does not allow",
                beyond.join(", ")
            )
        });
    }
    for name in allowed.keys().filter(|name| !actual.contains_key(*name)) {
        tally.fail(format!(
            "ARCHITECTURE.md's table names `{name}`, which is no crate of the workspace"
        ));
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::{compare, table};

    const PAGE: &str = "\
# Architecture
| other | table |
|---|---|
| x | y |

| crate | may depend on |
|---|---|
| `model` | nothing |
| `proxy` | `model`, protocol |
";

    #[test]
    fn the_table_is_read_with_and_without_backticks() {
        let rows = table(PAGE);
        assert!(rows["model"].is_empty());
        assert_eq!(
            rows["proxy"].iter().collect::<Vec<_>>(),
            ["model", "protocol"]
        );
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn a_dependency_the_table_does_not_allow_is_named() {
        let allowed = table(PAGE);
        let mut actual = allowed.clone();
        assert!(compare(&allowed, &actual).failures.is_empty());
        actual
            .get_mut("model")
            .expect("a row")
            .insert("proxy".to_owned());
        assert!(compare(&allowed, &actual).failures[0].contains("`model` depends on proxy"));
    }

    #[test]
    fn table_and_workspace_name_the_same_crates() {
        let allowed = table(PAGE);
        let mut actual = allowed.clone();
        let row = actual.remove("proxy").expect("a row");
        actual.insert("new".to_owned(), row);
        assert_eq!(compare(&allowed, &actual).failures.len(), 2);
    }
}
