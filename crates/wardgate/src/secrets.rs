//! From references to secrets. Nothing here, errors included, shows a value.

use std::{collections::HashMap, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
};
use wardgate_model::{Secret, SecretRef};
use zeroize::Zeroizing;

const BYTES_MAX: usize = 64 << 10;
const EXEC_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a reference yields no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("environment variable `{name}` is not set")]
    Unset { name: String },
    #[error("{from} is empty")]
    Empty { from: String },
    #[error("{from} is not UTF-8 text")]
    NotText { from: String },
    #[error("{from} is longer than {BYTES_MAX} bytes")]
    TooLong { from: String },
    #[error("{from} cannot be read")]
    Io {
        from: String,
        source: std::io::Error,
    },
    #[error("{from} did not end within {}s", EXEC_TIMEOUT.as_secs())]
    Timeout { from: String },
    #[error("{from} ended with {status}")]
    Failed {
        from: String,
        status: std::process::ExitStatus,
    },
}

/// Resolves references, those first whose secrets are held in memory.
#[derive(Debug, Default)]
pub struct Resolver {
    held: HashMap<SecretRef, Secret>,
}

impl Resolver {
    /// `held` are the secrets that stood in the operator's own `mcp.json` files.
    pub fn new(held: HashMap<SecretRef, Secret>) -> Resolver {
        Resolver { held }
    }
    /// Returns the secret.
    ///
    /// # Errors
    /// See [`SecretError`].
    ///
    /// # Cancel safety
    /// A program that runs is killed.
    pub async fn resolve(&self, reference: &SecretRef) -> Result<Secret, SecretError> {
        match self.held.get(reference) {
            Some(secret) => Ok(secret.clone()),
            None => resolve(reference).await,
        }
    }
}

/// Returns the secret a reference names: a variable, a file, or what a program prints.
///
/// # Errors
/// See [`SecretError`].
///
/// # Cancel safety
/// A program that runs is killed.
pub async fn resolve(reference: &SecretRef) -> Result<Secret, SecretError> {
    match reference {
        SecretRef::Env(name) => env(name),
        SecretRef::File(path) => file(path).await,
        SecretRef::Exec(command) => exec(command).await,
    }
}

fn env(name: &str) -> Result<Secret, SecretError> {
    let from = format!("environment variable `{name}`");
    match std::env::var(name) {
        Ok(text) if text.is_empty() => Err(SecretError::Empty { from }),
        Ok(text) => Ok(Secret::new(text)),
        Err(std::env::VarError::NotPresent) => Err(SecretError::Unset { name: name.into() }),
        Err(std::env::VarError::NotUnicode(_)) => Err(SecretError::NotText { from }),
    }
}

async fn file(path: &Path) -> Result<Secret, SecretError> {
    let from = format!("file `{}`", path.display());
    let opened = tokio::fs::File::open(path).await;
    let file = opened.map_err(|source| SecretError::Io {
        from: from.clone(),
        source,
    })?;
    text(read(file, &from).await?, from)
}

async fn exec(command: &[String]) -> Result<Secret, SecretError> {
    let (program, arguments) = command
        .split_first()
        .map_or(("", [].as_slice()), |(first, rest)| (first.as_str(), rest));
    let from = format!("program `{program}`");
    let run = run(program, arguments, &from);
    match tokio::time::timeout(EXEC_TIMEOUT, run).await {
        Ok(bytes) => text(bytes?, from),
        Err(_) => Err(SecretError::Timeout { from }),
    }
}

async fn run(
    program: &str,
    arguments: &[String],
    from: &str,
) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let io = |source| SecretError::Io {
        from: from.to_owned(),
        source,
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(io)?;
    let output = child
        .stdout
        .take()
        .ok_or_else(|| io(std::io::ErrorKind::BrokenPipe.into()))?;
    let bytes = read(output, from).await?;
    let status = child.wait().await.map_err(io)?;
    if !status.success() {
        return Err(SecretError::Failed {
            from: from.to_owned(),
            status,
        });
    }
    Ok(bytes)
}

/// Reads to the end into one buffer that never moves, so that no copy is left behind.
async fn read(from: impl AsyncRead + Unpin, name: &str) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES_MAX + 1));
    let mut limited = from.take(BYTES_MAX as u64 + 1);
    loop {
        let read = limited.read_buf(&mut *bytes).await;
        match read.map_err(|source| SecretError::Io {
            from: name.to_owned(),
            source,
        })? {
            0 => break,
            _ if bytes.len() > BYTES_MAX => {
                return Err(SecretError::TooLong {
                    from: name.to_owned(),
                });
            }
            _ => {}
        }
    }
    Ok(bytes)
}

/// Drops one trailing line feed.
fn text(bytes: Zeroizing<Vec<u8>>, from: String) -> Result<Secret, SecretError> {
    match std::str::from_utf8(&bytes) {
        Ok(text) => match text.strip_suffix('\n').unwrap_or(text) {
            "" => Err(SecretError::Empty { from }),
            text => Ok(Secret::new(text.to_owned())),
        },
        Err(_) => Err(SecretError::NotText { from }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exec(words: &[&str]) -> SecretRef {
        SecretRef::Exec(words.iter().map(ToString::to_string).collect())
    }

    async fn shown(reference: SecretRef) -> String {
        match resolve(&reference).await {
            Ok(secret) => format!("ok {}", secret.expose()),
            Err(fault) => fault.to_string(),
        }
    }

    #[tokio::test]
    async fn a_program_gives_what_it_prints_without_the_last_line_feed() {
        assert_eq!(shown(exec(&["printf", "%s\\n", "a b"])).await, "ok a b");
        assert_eq!(shown(exec(&["printf", "x\\n\\n"])).await, "ok x\n");
    }

    #[tokio::test]
    async fn no_shell_reads_the_arguments() {
        assert_eq!(
            shown(exec(&["echo", "$HOME;", "`id`"])).await,
            "ok $HOME; `id`"
        );
    }

    #[tokio::test]
    async fn failures_name_the_source_and_never_the_value() {
        assert_eq!(
            shown(SecretRef::Env("WARDGATE_TEST_UNSET".into())).await,
            "environment variable `WARDGATE_TEST_UNSET` is not set"
        );
        assert!(
            shown(exec(&["sh", "-c", "echo topsecret; exit 3"]))
                .await
                .ends_with("ended with exit status: 3")
        );
        assert_eq!(shown(exec(&["true"])).await, "program `true` is empty");
        assert_eq!(
            shown(exec(&["printf", "\\377"])).await,
            "program `printf` is not UTF-8 text"
        );
        assert_eq!(
            shown(exec(&["yes"])).await,
            "program `yes` is longer than 65536 bytes"
        );
        assert_eq!(
            shown(exec(&["wardgate-no-such-program"])).await,
            "program `wardgate-no-such-program` cannot be read"
        );
        assert_eq!(
            shown(SecretRef::File("/nowhere/at/all".into())).await,
            "file `/nowhere/at/all` cannot be read"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_does_not_end_is_given_up() {
        assert_eq!(
            shown(exec(&["sleep", "60"])).await,
            "program `sleep` did not end within 10s"
        );
    }

    #[tokio::test]
    async fn a_file_gives_its_text() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        std::fs::write(&path, "abc\n").unwrap();
        assert_eq!(shown(SecretRef::File(path)).await, "ok abc");
    }

    #[tokio::test]
    async fn held_secrets_come_first() {
        let reference = SecretRef::Env("mcp.json#/servers/a/env/B".into());
        let resolver = Resolver::new(HashMap::from([(
            reference.clone(),
            Secret::new("held".into()),
        )]));
        assert_eq!(resolver.resolve(&reference).await.unwrap().expose(), "held");
    }
}
