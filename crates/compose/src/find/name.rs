//! The project's name: `-p`, `COMPOSE_PROJECT_NAME`, the last file's `name`, the directory's name.

use std::path::Path;

use crate::find::locate::Environment;
use crate::interpolate::template;
use crate::model::NameOrigin;
use crate::options::Options;
use crate::read::input::Input;
use crate::report::findings::{At, Report};
use wharf_yaml::Node;

/// Chooses the name, and says what gave it; if there is none to choose, the report says so.
pub(crate) fn choose(
    options: &Options,
    inputs: &[Input],
    dir: &Path,
    environment: &Environment,
    report: &mut Report,
) -> (String, NameOrigin) {
    let given = options.project_name.as_ref().filter(|name| !name.is_empty());
    let variable = environment.get("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty());
    let origins = [("-p", given, NameOrigin::Caller), ("COMPOSE_PROJECT_NAME", variable, NameOrigin::Environment)];
    for (source, name, origin) in origins {
        let Some(name) = name else { continue };
        let valid = normalised(name);
        if valid != *name {
            report.error(At::NOWHERE, format!("`{name}` ({source}) cannot be a project's name"));
            let example = if valid.is_empty() { String::new() } else { format!(": `{valid}`") };
            report.help(format!("use lower case letters, digits, `-` and `_`, with a letter or digit first{example}"));
        }
        return (name.clone(), origin);
    }
    let mut in_files = inputs.iter().flat_map(|input| &input.documents).filter_map(|document| document.get("name"));
    if let Some(node) = in_files.rfind(|node| node.as_text().is_some_and(|text| !text.is_empty())) {
        return (of_file(node, environment, report), NameOrigin::File);
    }
    let name = normalised(&dir.file_name().unwrap_or_default().to_string_lossy());
    if name.is_empty() {
        report.error(At::NOWHERE, format!("the directory {} gives the project no name", dir.display()));
        report.help("name the project: -p NAME, or `name:` in the file");
    }
    (name, NameOrigin::Directory)
}

/// The name that a file gives, with what a name cannot hold left out.
fn of_file(node: &Node, environment: &Environment, report: &mut Report) -> String {
    let text = node.as_text().unwrap_or_default();
    // What cannot be interpolated is reported with the rest of the file.
    let Ok(text) = template::substitute(text, &|name| environment.get(name).cloned(), &mut |_| {}) else {
        return "project".to_owned();
    };
    let name = normalised(&text);
    if name.is_empty() {
        report.error(node, format!("`{text}` cannot be a project's name"));
        report.help("use lower case letters, digits, `-` and `_`, with a letter or digit first");
    } else if name != text {
        report.warning(node, format!("`{text}` cannot be a project's name; `{name}` is used"));
        report.help(format!("write `name: {name}`"));
    }
    name
}

/// A name with what a project's name cannot hold left out.
pub(crate) fn normalised(name: &str) -> String {
    let lower = name.to_lowercase();
    let kept: String =
        lower.chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_')).collect();
    kept.trim_start_matches(['-', '_']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_becomes_a_valid_name() {
        assert_eq!(normalised("My App.v2"), "myappv2");
        assert_eq!(normalised("_-x"), "x");
        assert_eq!(normalised("ÄÖ"), "");
    }
}
