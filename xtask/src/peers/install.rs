//! Installs what the suites need into `.peers/`, once per set of pins: a stamp file holds the digest of the pins that
//! were installed, so a second run does nothing and a changed pin installs that part anew.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::repo;
use crate::report::Tally;
use crate::shell;

/// Each npm folder: a Node release, the clients and servers, and the two lines of the conformance suite.
const NPM: [&str; 4] = ["runtime", "node", "conformance", "conformance-0.1"];

pub fn run() -> Result<Tally> {
    fs::create_dir_all(repo::peers_dir().join("results"))?;
    let mut tally = Tally::default();
    for folder in NPM {
        attempt(&mut tally, folder, npm(folder));
    }
    attempt(&mut tally, "python", python("python", "venv"));
    attempt(
        &mut tally,
        "schemathesis",
        python("schemathesis", "schemathesis"),
    );
    attempt(&mut tally, "focus", python("focus", "focus"));
    attempt(&mut tally, "rmcp", rmcp());
    copy_drivers()?;
    Ok(tally)
}

fn attempt(tally: &mut Tally, what: &str, outcome: Result<()>) {
    tally.check(outcome.is_ok(), || {
        format!("{what}: {:#}", outcome.expect_err("it failed"))
    });
}

/// The locked packages, without their install scripts: none of them needs one.
fn npm(folder: &str) -> Result<()> {
    let from = repo::root().join("peers").join(folder);
    let pins = [from.join("package.json"), from.join("package-lock.json")];
    unless_stamped(folder, &pins, || {
        let to = repo::peers_dir().join(folder);
        fs::create_dir_all(&to)?;
        for pin in &pins {
            fs::copy(pin, to.join(pin.file_name().context("a pin is a file")?))?;
        }
        let mut ci = shell::command("npm");
        ci.args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel",
            "error",
        ])
        .current_dir(&to);
        twice(&mut ci)
    })
}

/// The pinned packages of a folder, in an environment of their own.
fn python(folder: &str, environment: &str) -> Result<()> {
    let pins = [repo::root()
        .join("peers")
        .join(folder)
        .join("requirements.txt")];
    unless_stamped(folder, &pins, || {
        let venv = repo::peers_dir().join(environment);
        venv_at(&venv)?;
        let mut install = shell::command(venv.join("bin/pip"));
        install
            .args([
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--requirement",
            ])
            .arg(&pins[0]);
        twice(&mut install)
    })
}

/// Debian's Python has `venv` in a package of its own; where it is missing, PyPI's virtualenv does the same.
fn venv_at(venv: &Path) -> Result<()> {
    if shell::run(
        shell::command("python3")
            .args(["-m", "venv", "--clear"])
            .arg(venv),
    )
    .is_ok()
    {
        return Ok(());
    }
    let tool = repo::peers_dir().join("virtualenv");
    let pip = ["-m", "pip", "install", "--quiet", "--upgrade", "--target"];
    twice(
        shell::command("python3")
            .args(pip)
            .arg(&tool)
            .arg("virtualenv"),
    )?;
    shell::run(
        shell::command("python3")
            .env("PYTHONPATH", &tool)
            .args(["-m", "virtualenv", "--quiet", "--clear"])
            .arg(venv),
    )
}

/// Built by cargo itself, which knows what is up to date; a target folder of its own keeps it out of the product's.
fn rmcp() -> Result<()> {
    let manifest = repo::root().join("peers/rmcp/Cargo.toml");
    let mut build = shell::cargo();
    build
        .args(["build", "--quiet", "--locked", "--manifest-path"])
        .arg(manifest);
    build
        .arg("--target-dir")
        .arg(repo::peers_dir().join("rmcp-target"));
    shell::run(&mut build)
}

/// Drivers stand beside the installed packages: a JavaScript module finds its imports from where it lies.
fn copy_drivers() -> Result<()> {
    for folder in ["node", "python"] {
        let to = repo::peers_dir().join(folder);
        fs::create_dir_all(&to)?;
        for entry in fs::read_dir(repo::root().join("peers").join(folder))? {
            let path = entry?.path();
            let is_driver = path.extension().is_some_and(|extension| {
                extension == "mjs" || extension == "cjs" || extension == "py"
            });
            if is_driver {
                fs::copy(
                    &path,
                    to.join(path.file_name().context("a driver is a file")?),
                )?;
            }
        }
    }
    Ok(())
}

/// A registry that stumbles once is asked once more.
fn twice(command: &mut Command) -> Result<()> {
    shell::run(command).or_else(|error| {
        println!("once more after: {error:#}");
        shell::run(command)
    })
}

fn unless_stamped(
    name: &str,
    pins: &[impl AsRef<Path>],
    install: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let stamps = repo::peers_dir().join("stamps");
    fs::create_dir_all(&stamps)?;
    let stamp = stamps.join(name);
    let digest = digest(pins)?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == digest) {
        return Ok(());
    }
    println!("installing {name}");
    install()?;
    fs::write(stamp, digest)?;
    Ok(())
}

/// Enough to notice a changed pin; nothing is trusted because of it.
fn digest(pins: &[impl AsRef<Path>]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for pin in pins {
        let pin = pin.as_ref();
        fs::read(pin)
            .with_context(|| format!("cannot read {}", pin.display()))?
            .hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}
