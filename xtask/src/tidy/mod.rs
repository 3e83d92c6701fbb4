//! The house rules a compiler does not know: how files begin, how long they grow, what must not be written,
//! and which crate may know which.

mod files;
mod walls;
mod words;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::repo;
use crate::report::Tally;
use crate::shell;

pub fn run() -> Result<Tally> {
    let sources = sources()?;
    let mut tally = Tally::default();
    for source in &sources {
        let mut faults = files::faults(source);
        faults.extend(words::faults(source));
        tally.check(faults.is_empty(), || faults.join("; "));
    }
    tally.add(walls::run()?);
    Ok(tally)
}

/// A text file of the working tree: tracked, or about to be.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        self.path
            .extension()
            .is_some_and(|extension| extension == "rs")
    }

    /// `crates/model/src/lib.rs:12`, as editors open it.
    fn at(&self, line: usize) -> String {
        format!("{}:{}", self.path.display(), line + 1)
    }
}

fn sources() -> Result<Vec<Source>> {
    let listed = shell::read(shell::command("git").args([
        "-c",
        "safe.directory=*",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))
    .context("cannot list the files of the working tree")?;
    let mut sources = Vec::new();
    for path in listed.lines().map(Path::new) {
        match std::fs::read(repo::root().join(path)) {
            // What is not UTF-8 is an image or a test's bytes; words in it are nobody's.
            Ok(bytes) => {
                if let Ok(text) = String::from_utf8(bytes) {
                    sources.push(Source {
                        path: path.to_path_buf(),
                        text,
                    });
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        }
    }
    Ok(sources)
}

#[cfg(test)]
fn source(path: &str, text: &str) -> Source {
    Source {
        path: path.into(),
        text: text.to_owned(),
    }
}
