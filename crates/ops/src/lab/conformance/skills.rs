//! The extension `io.modelcontextprotocol/skills` (SEP-2640): two skills as resources, with the digests
//! of their files.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::lab::{
    answer::{INVALID_PARAMS, METHOD_NOT_FOUND, Outcome, Stop},
    call::Call,
};

pub const EXTENSION: &str = "io.modelcontextprotocol/skills";

const DIRECTORY: &str = "inode/directory";
const MARKDOWN: &str = "text/markdown";

struct Skill {
    name: &'static str,
    description: &'static str,
    /// Path below the skill's directory, and text.
    files: &'static [(&'static str, &'static str)],
}

const SKILLS: &[Skill] = &[
    Skill {
        name: "lab-report",
        description: "Writes a report about the lab.",
        files: &[
            (
                "SKILL.md",
                "---\nname: lab-report\ndescription: Writes a report about the lab.\n---\n\n\
                 Call `build`, then describe its report. Units are in references/units.md.\n",
            ),
            ("references/units.md", "# Units\n\nSeconds and steps.\n"),
        ],
    },
    Skill {
        name: "lab-greeting",
        description: "Greets a person by name.",
        files: &[(
            "SKILL.md",
            "---\nname: lab-greeting\ndescription: Greets a person by name.\n---\n\nCall `ask`.\n",
        )],
    },
];

/// The manifests, as `resources/list` shows them.
pub fn resources() -> impl Iterator<Item = Value> {
    SKILLS.iter().map(|skill| {
        let (uri, name, description) = (skill.uri(), skill.name, skill.description);
        json!({"uri": uri, "name": name, "description": description, "mimeType": MARKDOWN})
    })
}

/// Returns the contents of a skill's file.
pub fn read(uri: &str) -> Option<Value> {
    let text = SKILLS.iter().find_map(|skill| skill.file(uri))?;
    Some(json!({"uri": uri, "mimeType": MARKDOWN, "text": text}))
}

pub fn list(call: &Call) -> Outcome {
    require(call)?;
    call.lab
        .page(call, "skills", SKILLS.iter().map(Skill::entry).collect())
}

pub fn get(call: &Call) -> Outcome {
    require(call)?;
    let uri = call.param("uri")?;
    let skill = SKILLS.iter().find(|skill| skill.uri() == uri);
    let skill = skill.ok_or_else(|| Stop::rpc(INVALID_PARAMS, "Unknown skill"))?;
    Ok(json!({"skill": skill.entry()}))
}

/// `resources/directory/read`: the direct children of a directory.
pub fn read_directory(call: &Call) -> Outcome {
    require(call)?;
    let directory = call.param("uri")?;
    let mut children: Vec<Value> = Vec::new();
    for uri in SKILLS.iter().flat_map(Skill::uris) {
        let Some(below) = uri
            .strip_prefix(directory)
            .and_then(|rest| rest.strip_prefix('/'))
        else {
            continue;
        };
        let (name, media_type) = below
            .split_once('/')
            .map_or((below, MARKDOWN), |(name, _)| (name, DIRECTORY));
        let child =
            json!({"uri": format!("{directory}/{name}"), "name": name, "mimeType": media_type});
        if !children.contains(&child) {
            children.push(child);
        }
    }
    if children.is_empty() {
        return Err(Stop::rpc(INVALID_PARAMS, "Not a directory"));
    }
    call.lab.page(call, "resources", children)
}

fn require(call: &Call) -> Result<(), Stop> {
    if call.lab.options.conformance {
        return Ok(());
    }
    Err(Stop::rpc(
        METHOD_NOT_FOUND,
        format!("method not found: {}", call.method),
    ))
}

impl Skill {
    fn uri(&self) -> String {
        self.uri_of("SKILL.md")
    }

    fn uri_of(&self, path: &str) -> String {
        format!("skill://lab/{}/{path}", self.name)
    }

    fn uris(&self) -> impl Iterator<Item = String> {
        self.files.iter().map(|(path, _)| self.uri_of(path))
    }

    fn file(&self, uri: &str) -> Option<&'static str> {
        let found = self.files.iter().find(|(path, _)| self.uri_of(path) == uri);
        found.map(|(_, text)| *text)
    }

    fn entry(&self) -> Value {
        let files: Vec<Value> = self
            .files
            .iter()
            .map(|(path, text)| {
                json!({"uri": self.uri_of(path), "digest": sha256(text), "size": text.len()})
            })
            .collect();
        json!({
            "uri": self.uri(),
            "frontmatter": {"name": self.name, "description": self.description},
            "resources": files,
        })
    }
}

fn sha256(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    let hex: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hex}")
}
