//! README.md's tour, run as a reader would run it: each ```` ```sh tour ```` block in one shell session of an empty
//! folder with the built binary in `PATH`, and each ```` ```text tour ```` block compared with what the block before it
//! printed, one expected line a substring of the output.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::peers::process;
use crate::repo;
use crate::report::Tally;

/// Printed by the session after each block, so that outputs can be told apart.
const MARK: &str = "::tour::";
/// A tour is short. What takes longer hangs.
const SECONDS_MAX: u64 = 120;

pub fn run() -> Result<Tally> {
    let page = match std::fs::read_to_string(repo::root().join("README.md")) {
        Ok(page) => page,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("note: README.md is missing, there is no tour to run");
            return Ok(Tally::default());
        }
        Err(error) => return Err(error).context("cannot read README.md"),
    };
    let stops = stops(&page);
    if stops.is_empty() {
        println!("note: README.md has no block marked `sh tour`");
        return Ok(Tally::default());
    }
    let binary = repo::gateway_binary();
    if !binary.exists() {
        bail!("the gateway is not built: `cargo build` first");
    }
    let printed = session(
        &stops,
        binary.parent().context("a binary lies in a folder")?,
    )?;
    let mut tally = Tally::default();
    for (number, stop) in stops.iter().enumerate() {
        let output = printed.get(number).map(String::as_str);
        for fault in faults(stop, output) {
            tally.fail(format!(
                "stop {}, `{}`: {fault}",
                number + 1,
                stop.script.lines().next().unwrap_or_default()
            ));
        }
        tally.passed += usize::from(faults(stop, output).is_empty());
    }
    Ok(tally)
}

/// One block of commands and the lines a reader is promised.
#[derive(Debug, Default, PartialEq)]
struct Stop {
    script: String,
    expected: Vec<String>,
}

fn stops(page: &str) -> Vec<Stop> {
    let mut stops: Vec<Stop> = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let info = line.trim();
        let body = |lines: &mut std::str::Lines<'_>| -> Vec<String> {
            lines
                .take_while(|line| line.trim() != "```")
                .map(str::to_owned)
                .collect()
        };
        if info == "```sh tour" {
            stops.push(Stop {
                script: body(&mut lines).join("\n"),
                expected: Vec::new(),
            });
        } else if info == "```text tour" {
            let expected = body(&mut lines)
                .into_iter()
                .filter(|line| !line.trim().is_empty());
            if let Some(stop) = stops.last_mut() {
                stop.expected.extend(expected);
            }
        }
    }
    stops
}

/// One shell for the whole tour, as a reader has one terminal; what it leaves running ends with it.
fn session(stops: &[Stop], binaries: &Path) -> Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    let mut script = String::from("set -e\n");
    for stop in stops {
        script.push_str(&format!("{}\necho\necho '{MARK}'\n", stop.script));
    }
    let path = std::env::join_paths(std::iter::once(binaries.to_path_buf()).chain(
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()),
    ))?;
    let output = std::fs::File::create(folder.path().join("printed.txt"))?;
    let home = folder.path().join("home");
    std::fs::create_dir(&home)?;
    let mut command = Command::new("timeout");
    command
        .args([&SECONDS_MAX.to_string(), "bash", "-c", &script])
        .current_dir(&home)
        .env("PATH", path)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .process_group(0);
    let mut child = process::Group::of(
        command
            .spawn()
            .context("cannot start a shell for the tour")?,
    );
    let status = child.wait()?;
    drop(child);
    let printed = std::fs::read_to_string(folder.path().join("printed.txt"))?;
    if !status.success() {
        println!("{printed}");
    }
    let mut outputs: Vec<String> = printed.split(MARK).map(str::to_owned).collect();
    // After the last mark there is only what was left running.
    if printed.matches(MARK).count() < outputs.len() && status.success() {
        outputs.pop();
    } else if let Some(last) = outputs.last_mut() {
        last.push_str(&format!("\n(the shell ended with {status})"));
    }
    Ok(outputs)
}

fn faults(stop: &Stop, output: Option<&str>) -> Vec<String> {
    let Some(output) = output else {
        return vec!["was never reached".to_owned()];
    };
    if output.contains("(the shell ended with") {
        return vec![format!("failed, and printed: {}", output.trim())];
    }
    let missing = stop
        .expected
        .iter()
        .filter(|line| !output.contains(line.trim()));
    missing
        .map(|line| {
            format!(
                "did not print `{}`; it printed: {}",
                line.trim(),
                output.trim()
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Stop, faults, session, stops};

    const PAGE: &str = "\
# A product
```sh
not part of it
```
```sh tour
echo one
```
```text tour
one

```
";

    #[test]
    fn only_marked_blocks_are_part_of_the_tour() {
        let expected = Stop {
            script: "echo one".into(),
            expected: vec!["one".into()],
        };
        assert_eq!(stops(PAGE), [expected]);
    }

    #[test]
    fn an_output_that_differs_is_named() {
        let stop = Stop {
            script: "echo".into(),
            expected: vec!["one".into()],
        };
        assert!(faults(&stop, Some("it is one of two")).is_empty());
        assert_eq!(faults(&stop, Some("two")).len(), 1);
        assert_eq!(faults(&stop, None), ["was never reached"]);
    }

    #[test]
    fn the_stops_share_one_shell_and_a_failure_ends_the_tour() {
        let stop = |script: &str| Stop {
            script: script.into(),
            expected: Vec::new(),
        };
        let printed = session(
            &[
                stop("name=reader"),
                stop("echo hello $name"),
                stop("false"),
                stop("echo never"),
            ],
            Path::new("/usr/bin"),
        )
        .expect("a shell runs");
        assert!(printed[1].contains("hello reader"));
        assert!(faults(&stop(""), Some(&printed[2]))[0].contains("failed"));
        assert_eq!(printed.len(), 3);
    }

    #[test]
    fn what_the_tour_leaves_running_does_not_hold_it_up() {
        let stop = Stop {
            script: "sleep 600 &".into(),
            expected: Vec::new(),
        };
        assert_eq!(
            session(&[stop], Path::new("/usr/bin"))
                .expect("a shell runs")
                .len(),
            1
        );
    }
}
