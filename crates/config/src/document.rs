//! YAML files beside the config, such as cases of policies: into a type of their own, with the place where they do not fit.
//!
//! The config itself is read in `load`, which finds every mistake at once; here the first one ends it.

use serde::de::DeserializeOwned;

use crate::{
    Diagnostic, Severity,
    diagnostic::{Place, code},
    load::File,
};

/// Reads a file as what `T` says. Keys that `T` does not know are its own concern.
///
/// # Errors
/// WG1002, for the first place that is no YAML or does not fit.
pub fn read_yaml<T: DeserializeOwned>(file: &File) -> Result<T, Box<Diagnostic>> {
    serde_saphyr::from_str(&file.text).map_err(|fault| {
        let at = fault.location();
        let sentence = fault.without_snippet().to_string();
        let message = sentence.split(" at line ").next().unwrap_or(&sentence);
        Box::new(Diagnostic {
            code: code::SYNTAX,
            severity: Severity::Error,
            message: format!("{}: {message}", file.name),
            place: at.map(|at| place(file, at.line() as usize, at.column() as usize)),
            hint: None,
        })
    })
}

fn place(file: &File, line: usize, column: usize) -> Place {
    let starts = file.text.split_inclusive('\n').take(line.saturating_sub(1));
    let start = starts.map(str::len).sum::<usize>() + column.saturating_sub(1);
    Place {
        file: file.name.clone(),
        line,
        column,
        span: start..start + 1,
        text: (file.text.lines().nth(line.saturating_sub(1)))
            .unwrap_or_default()
            .to_owned(),
        width: 1,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::read_yaml;
    use crate::load::File;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Shelf {
        height: u32,
    }

    fn read(text: &str) -> Result<u32, (usize, String)> {
        let (name, text) = ("shelf.yaml".to_owned(), text.to_owned());
        let shelf = read_yaml::<Shelf>(&File { name, text });
        let place =
            |fault: crate::Diagnostic| (fault.place.map_or(0, |place| place.line), fault.message);
        shelf
            .map(|shelf| shelf.height)
            .map_err(|fault| place(*fault))
    }

    #[test]
    fn a_file_is_read_or_its_first_mistake_told() {
        assert_eq!(read("height: 3"), Ok(3));
        let (line, message) = read("# tall\nheight: tall").unwrap_err();
        assert!(
            line == 2 && message.starts_with("shelf.yaml: "),
            "{line} {message}"
        );
        let (line, message) = read("height: 3\nwidth: 4").unwrap_err();
        assert!(line == 2 && message.contains("width"), "{line} {message}");
        assert!(read("height: [").is_err());
    }
}
