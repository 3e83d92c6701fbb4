//! The whole way from texts to a [`Config`]. Reading the files is the caller's.

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use indexmap::IndexMap;
use wardgate_model::{Secret, SecretRef};

use crate::{
    check::{self, Checks, Found, Place},
    config::{Config, STARTER},
    diagnostic::{At, Diagnostic, Report, Source, code},
    import,
    raw::RawConfig,
    schema, secretlike,
    shape::Shape,
    tree::{Node, SyntaxFault},
};

/// What a config is made of.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The main file; without one and without `mcp_json`, the starter configuration is meant.
    pub file: Option<File>,
    /// Files of other programs whose servers are added.
    pub mcp_json: Vec<File>,
    /// Takes the place of `gateway.listen`.
    pub listen: Option<SocketAddr>,
}

/// A file as read.
#[derive(Clone, Debug)]
pub struct File {
    /// As the operator named it.
    pub name: String,
    pub text: String,
}

impl File {
    pub fn starter() -> File {
        File {
            name: "(starter)".into(),
            text: STARTER.into(),
        }
    }
    /// Returns the directory that relative paths in the file start from.
    fn base(&self) -> PathBuf {
        Path::new(&self.name)
            .parent()
            .unwrap_or(Path::new(""))
            .to_path_buf()
    }
}

/// A config that is fit to serve.
#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    /// Secrets that stood in the operator's own `mcp.json` files, by the reference the config has instead.
    pub held: HashMap<SecretRef, Secret>,
    /// Warnings and notes.
    pub remarks: Vec<Diagnostic>,
}

/// Reads, checks and types a config.
///
/// # Errors
/// Every finding, warnings and notes among them, when at least one is an error.
pub fn load(sources: &Sources) -> Result<Loaded, Vec<Diagnostic>> {
    let empty = File {
        name: "(no file)".into(),
        text: "{}".into(),
    };
    let starter = File::starter();
    let fallback = if sources.mcp_json.is_empty() {
        &starter
    } else {
        &empty
    };
    let file = sources.file.as_ref().unwrap_or(fallback);
    let mut report = Report::default();
    let Some((number, mut raw, faults)) = read(&mut report, file) else {
        return Err(report.diagnostics());
    };
    if let Some(listen) = sources.listen {
        raw.gateway.listen = listen.to_string();
    }
    let mut servers: IndexMap<String, Found> = IndexMap::new();
    let root = Place::new(number, &["servers"]);
    for (name, server) in &raw.servers {
        servers.insert(
            name.clone(),
            Found {
                server: server.clone(),
                place: root.child(name),
            },
        );
    }
    let mut held = HashMap::new();
    for file in &sources.mcp_json {
        let imported = import::read(&mut report, file, import::Literals::Hold);
        held.extend(imported.held);
        merge(&mut report, &mut servers, imported.servers, &file.name);
    }
    let base = file.base();
    let mut checks = Checks {
        report: &mut report,
        faults: &[faults],
        base: &base,
        listen_overridden: sources.listen.is_some(),
    };
    let config = check::check(&mut checks, number, &raw, &servers);
    match config {
        Some(config) if !report.has_errors() => Ok(Loaded {
            config,
            held,
            remarks: report.diagnostics(),
        }),
        _ => Err(report.diagnostics()),
    }
}

fn merge(
    report: &mut Report,
    into: &mut IndexMap<String, Found>,
    added: IndexMap<String, Found>,
    file: &str,
) {
    for (name, found) in added {
        if into.contains_key(&name) {
            let key = report
                .source(found.place.source)
                .tree
                .key(&found.place.path);
            let at = key.map(|key| At {
                source: found.place.source,
                bytes: key.at.clone(),
            });
            let message = format!("server `{name}` of {file} is defined already");
            report.error(code::DUPLICATE_KEY, at, message, "rename one of them");
        } else {
            into.insert(name, found);
        }
    }
}

type Read = (usize, RawConfig, Vec<Vec<String>>);

/// Reads one YAML file into its raw form and the paths where it is faulty; `None` when there is nothing to go on with.
fn read(report: &mut Report, file: &File) -> Option<Read> {
    let tree = match Node::yaml(&file.text) {
        Ok(Some(tree)) => tree,
        Ok(None) => {
            let message = format!("{} is empty", file.name);
            let hint = "write `{}` if a gateway without servers is meant";
            report.error(code::EMPTY_FILE, None, message, hint);
            return None;
        }
        Err(fault) => {
            syntax(report, file, fault, "YAML");
            return None;
        }
    };
    let number = report.add_source(Source {
        name: file.name.clone(),
        text: file.text.clone(),
        tree: tree.clone(),
    });
    let schema = schema::schema();
    let mut faults = Vec::new();
    let checked = Shape {
        root: schema,
        source: number,
        report,
        faults: &mut faults,
    }
    .check(&tree, schema, &mut Vec::new());
    match serde_json::from_value(checked?) {
        Ok(raw) => Some((number, raw, faults)),
        Err(fault) => {
            // The schema and the types come from the same source; a test feeds every key through both.
            report.error(
                code::MALFORMED_VALUE,
                None,
                format!("{} cannot be read: {fault}", file.name),
                "",
            );
            None
        }
    }
}

/// Reports that a file is not even a document. Its text is concealed: without a structure nobody knows what is secret.
pub(crate) fn syntax(report: &mut Report, file: &File, fault: SyntaxFault, language: &str) {
    let tree = Node {
        at: 0..0,
        value: crate::tree::Value::Null,
    };
    let source = report.add_source(Source {
        name: file.name.clone(),
        text: file.text.clone(),
        tree,
    });
    for bytes in secretlike::ranges(&file.text) {
        report.conceal(At { source, bytes });
    }
    let at = At {
        source,
        bytes: fault.at,
    };
    report.error(
        code::SYNTAX,
        Some(at),
        format!("not valid {language}: {}", fault.message),
        "",
    );
}
