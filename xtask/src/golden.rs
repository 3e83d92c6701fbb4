//! Rewrites every golden file from what the code answers. The difference is reviewed like code.

use anyhow::Result;

use crate::checks;
use crate::peers;
use crate::shell;

pub fn refresh() -> Result<()> {
    let mut tests = shell::cargo();
    tests.args(["test", "--workspace", "--quiet", "--no-fail-fast"]);
    // `WARDGATE_GOLDEN` is read by tests that compare a generated document with the committed one.
    tests
        .env("INSTA_UPDATE", "always")
        .env("WARDGATE_GOLDEN", "write");
    shell::run(&mut tests)?;
    checks::build()?;
    peers::install::run()?;
    peers::compat::run(&peers::compat::Options {
        write: true,
        ..Default::default()
    })?;
    shell::run(shell::command("git").args(["--no-pager", "diff", "--stat"]))
}
