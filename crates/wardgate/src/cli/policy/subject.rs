//! What a policy verb is about: the policies of a config, and the tools they govern.

use std::{path::PathBuf, sync::Arc};

use wardgate_config::{Config, Diagnostic, Loaded};
use wardgate_policy::{Policies, Tool};

use crate::{
    cli::config_file::{self, ConfigArgs, Inputs},
    known_tools::{self, KnownTools},
};

#[derive(Clone, Debug, clap::Args)]
pub struct SubjectArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// File of known tools. By default `tools.json` in the state folder, which a running gateway keeps.
    #[arg(long, value_name = "FILE")]
    tools: Option<PathBuf>,
}

/// The config with its policies.
pub struct Subject {
    pub loaded: Loaded,
    pub policies: Arc<Policies>,
    tools: PathBuf,
}

/// Why a verb has nothing to look at.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("the configuration cannot be read")]
    Findings(Vec<Diagnostic>),
    #[error("the configuration includes no policies; add `include: [policies/*.cedar]`")]
    NoPolicies,
    #[error("no tools are known yet in `{}`; start the gateway once, or name a file with `--tools`", .0.display())]
    NoTools(PathBuf),
    #[error("`{}` cannot be read: {source}", path.display())]
    Tools {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{0}")]
    Usage(String),
}

impl SubjectArgs {
    /// Reads the config and its policies.
    ///
    /// # Errors
    /// [`Unfit::Findings`] or [`Unfit::NoPolicies`].
    pub fn read(&self) -> Result<Subject, Unfit> {
        let subject = self.read_config()?;
        let (policies, loaded) = (subject.policies, subject.loaded);
        let policies = policies.ok_or(Unfit::NoPolicies)?;
        Ok(Subject {
            tools: self.tools_file(&loaded.config),
            policies,
            loaded,
        })
    }

    /// Reads the config alone.
    ///
    /// # Errors
    /// [`Unfit::Findings`].
    pub fn read_config(&self) -> Result<Inputs, Unfit> {
        config_file::load(&self.config, &[], None).map_err(Unfit::Findings)
    }

    /// Returns the tools that are known.
    ///
    /// # Errors
    /// [`Unfit::NoTools`] or [`Unfit::Tools`].
    pub fn tools_of(&self, config: &Config) -> Result<Vec<Tool>, Unfit> {
        tools(self.tools_file(config))
    }

    fn tools_file(&self, config: &Config) -> PathBuf {
        let own = || config.gateway.state.join(known_tools::FILE);
        self.tools.clone().unwrap_or_else(own)
    }
}

fn tools(path: PathBuf) -> Result<Vec<Tool>, Unfit> {
    match KnownTools::read(&path) {
        Ok(Some(known)) => Ok(known.tools()),
        Ok(None) => Err(Unfit::NoTools(path)),
        Err(source) => Err(Unfit::Tools { path, source }),
    }
}

impl Subject {
    /// Returns the tools that are known.
    ///
    /// # Errors
    /// [`Unfit::NoTools`] or [`Unfit::Tools`].
    pub fn tools(&self) -> Result<Vec<Tool>, Unfit> {
        tools(self.tools.clone())
    }

    /// Returns the tools that are known, none where there is no file of them.
    ///
    /// # Errors
    /// [`Unfit::Tools`].
    pub fn tools_if_known(&self) -> Result<Vec<Tool>, Unfit> {
        match self.tools() {
            Err(Unfit::NoTools(_)) => Ok(Vec::new()),
            tools => tools,
        }
    }
}
