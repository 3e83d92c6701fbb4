//! `wardgate policy init`: the starter policies and their cases, as files to change.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use wardgate_policy::{STARTER_CASES, STARTER_POLICIES};

use super::Unfit;
use crate::cli::{Exit, print};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder to write them to.
    #[arg(default_value = "policies")]
    folder: PathBuf,
}

/// # Errors
/// When a file is there already or cannot be written.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    std::fs::create_dir_all(&args.folder)
        .with_context(|| format!("cannot make `{}`", args.folder.display()))?;
    let cases = Path::new(STARTER_POLICIES.name).with_extension("test.yaml");
    write(
        &args.folder.join(STARTER_POLICIES.name),
        STARTER_POLICIES.text,
    )?;
    write(&args.folder.join(cases), STARTER_CASES)?;
    let include = args.folder.join("*.cedar");
    print::line(&format!(
        "add `include: [{}]` to wardgate.yaml",
        include.display()
    ))?;
    Ok(Exit::Ok)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = match made {
        Err(fault) if fault.kind() == ErrorKind::AlreadyExists => {
            let there = format!("`{}` is there already, and is not touched", path.display());
            return Err(Unfit::Usage(there).into());
        }
        made => made.with_context(|| format!("cannot write `{}`", path.display()))?,
    };
    file.write_all(text.as_bytes())?;
    Ok(print::line(&format!("wrote {}", path.display()))?)
}
