//! The policies that ship: their cases hold, every rule is hit, and they fit any tools.

mod world;

use std::sync::Arc;

use wardgate_policy::{CaseFile, Policies, STARTER_CASES, STARTER_POLICIES, validate};

fn starter() -> Arc<Policies> {
    Arc::new(Policies::parse([STARTER_POLICIES]).expect("the starter set"))
}

#[test]
fn the_cases_of_the_starter_set_hold() {
    let cases: CaseFile = serde_json::from_str(STARTER_CASES).expect("cases");
    let report = starter().test(&[], &cases);
    let told: Vec<String> = report.results.iter().map(ToString::to_string).collect();
    assert!(report.passed(), "{}", told.join("\n"));
    let unhit: Vec<_> = report
        .unhit(&starter())
        .iter()
        .map(|rule| rule.id.to_string())
        .collect();
    assert_eq!(
        unhit,
        ["starter.lists"],
        "cases are calls of tools, so only this one stays"
    );
}

#[test]
fn the_starter_set_fits_any_tools() {
    assert_eq!(
        validate(&starter(), &[world::refund(), world::status()]).expect("a schema"),
        []
    );
    assert_eq!(validate(&starter(), &[]).expect("a schema"), []);
    assert!(starter().lint(&[world::refund()]).is_empty());
}
