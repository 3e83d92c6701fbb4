//! How a Rust file begins and how long it may grow.

use super::Source;

/// Beyond this a file has a second story in it.
const LINES_MAX: usize = 800;
/// From here on the second story is worth looking for.
const LINES_NOTED: usize = 500;

pub(super) fn faults(source: &Source) -> Vec<String> {
    if !source.is_rust() {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let head = source.text.lines().find(|line| !line.starts_with("#!["));
    if !head.is_some_and(|line| line.starts_with("//!")) {
        faults.push(format!(
            "{}: a file begins with `//!`: what it is, what it is not",
            source.at(0)
        ));
    }
    let lines = source.text.lines().count();
    if lines > LINES_MAX {
        faults.push(format!(
            "{}: {lines} lines, at most {LINES_MAX}",
            source.path.display()
        ));
    } else if lines > LINES_NOTED {
        println!(
            "note: {} has {lines} lines; look for the second story",
            source.path.display()
        );
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::faults;

    #[test]
    fn a_file_without_a_head_is_named() {
        assert_eq!(
            faults(&source("crates/a/src/lib.rs", "fn a() {}\n")).len(),
            1
        );
        assert!(faults(&source("crates/a/src/lib.rs", "//! What it is.\n")).is_empty());
        assert!(faults(&source("README.md", "# A page\n")).is_empty());
    }

    #[test]
    fn a_file_that_tells_two_stories_is_named() {
        let long = format!("//! Long.\n{}", "\n".repeat(900));
        assert!(faults(&source("crates/a/src/lib.rs", &long))[0].contains("901 lines"));
    }
}
