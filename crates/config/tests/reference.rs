//! `docs/config.md` is what the schema says. Run with `WARDGATE_GOLDEN=write` to write it anew.

use std::{fs, path::Path};

use wardgate_config::reference;

#[test]
fn the_reference_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.md");
    if std::env::var_os("WARDGATE_GOLDEN").is_some() {
        fs::write(&path, reference::markdown()).unwrap();
    }
    assert_eq!(
        fs::read_to_string(&path).unwrap_or_default(),
        reference::markdown()
    );
}

#[test]
fn every_key_has_a_meaning() {
    for key in reference::keys() {
        assert!(!key.meaning.is_empty(), "{} has no doc comment", key.path);
    }
}
