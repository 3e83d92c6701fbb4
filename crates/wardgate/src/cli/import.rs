//! `wardgate import`: a `wardgate.yaml` from the `mcp.json` of another program. Shows it, then writes it.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use serde_json::json;
use wardgate_config::{
    Sources,
    diagnostic::Report,
    import::{self, Literals},
    load::File,
};

use super::{Exit, config_file, print};

#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The `mcp.json` to read.
    file: PathBuf,
    /// Where to write the configuration.
    #[arg(
        short = 'o',
        long,
        value_name = "FILE",
        default_value = "wardgate.yaml"
    )]
    output: PathBuf,
    /// Overwrite the output if it exists.
    #[arg(long)]
    force: bool,
    /// Write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

/// Imports one file.
///
/// # Errors
/// When the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let file = match config_file::read(&args.file) {
        Ok(file) => file,
        Err(finding) => {
            config_file::show(&[*finding]);
            return Ok(Exit::Usage.into());
        }
    };
    let mut report = Report::default();
    let imported = import::read(&mut report, &file, Literals::Refer);
    let failed = report.has_errors();
    let findings = report.diagnostics();
    config_file::show(&findings);
    if failed {
        return Ok(Exit::Usage.into());
    }
    let text = imported.to_yaml();
    if !args.json {
        print::line(text.trim_end())?;
    }
    if let Err(findings) = accepted(&args.output, &text) {
        config_file::show(&findings);
        eprintln!("error: the result would not be a valid configuration; nothing is written");
        return Ok(Exit::Usage.into());
    }
    let written = match args.dry_run {
        true => false,
        false => write(&args.output, &text, args.force)?,
    };
    if args.json {
        let servers: Vec<_> = imported
            .summary()
            .into_iter()
            .map(|(id, target)| json!({"id": id, "target": target}))
            .collect();
        print::json(
            &json!({"servers": servers, "findings": findings, "output": args.output, "written": written}),
        )?;
    }
    let output = args.output.display();
    match (written, args.dry_run) {
        (true, _) => eprintln!("wrote {output}"),
        (false, true) => eprintln!("dry run: {output} is not written"),
        (false, false) => {
            eprintln!(
                "error: {output} exists; name another with `-o`, or overwrite it with `--force`"
            );
            return Ok(Exit::Usage.into());
        }
    }
    Ok(Exit::Ok.into())
}

fn accepted(output: &Path, text: &str) -> Result<(), Vec<wardgate_config::Diagnostic>> {
    let file = File {
        name: output.display().to_string(),
        text: text.to_owned(),
    };
    wardgate_config::load(&Sources {
        file: Some(file),
        ..Sources::default()
    })
    .map(drop)
}

/// Writes the file whole or not at all; false when it exists and may not be overwritten.
fn write(path: &Path, text: &str, force: bool) -> anyhow::Result<bool> {
    let wrong = || format!("cannot write {}", path.display());
    if !force {
        let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
            Err(fault) if fault.kind() == ErrorKind::AlreadyExists => return Ok(false),
            opened => opened.with_context(wrong)?,
        };
        file.write_all(text.as_bytes()).with_context(wrong)?;
        return Ok(true);
    }
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    std::fs::write(&draft, text)
        .and_then(|()| std::fs::rename(&draft, path))
        .with_context(wrong)?;
    Ok(true)
}
