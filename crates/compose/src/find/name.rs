//! The project's name: `-p`, `COMPOSE_PROJECT_NAME`, the last file's `name`, the directory's name.

use std::path::{Path, PathBuf};

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
    // Another directory behind the same link is the same project, and the same directory by another way is another one.
    if let Some(actual) = reached_by_link(dir).filter(|_| options.texts.is_empty()) {
        report.warning(
            At::NOWHERE,
            format!("the project's name, `{name}`, is that of a symbolic link to {}", actual.display()),
        );
        report.help("say `name:` in the file, so that the name does not depend on the way to it");
    }
    (name, NameOrigin::Directory)
}

/// The directory, if it has another name there than the one by which it was reached.
fn reached_by_link(dir: &Path) -> Option<PathBuf> {
    dir.canonicalize().ok().filter(|actual| actual.file_name() != dir.file_name())
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
    fn a_directory_that_is_reached_by_a_link_is_noticed() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        std::fs::create_dir(path("release-1")).unwrap();
        std::os::unix::fs::symlink("release-1", path("current")).unwrap();
        assert_eq!(reached_by_link(&path("current")), path("release-1").canonicalize().ok());
        assert_eq!(reached_by_link(&path("release-1")), None);
    }

    #[test]
    fn a_directory_becomes_a_valid_name() {
        assert_eq!(normalised("My App.v2"), "myappv2");
        assert_eq!(normalised("_-x"), "x");
        assert_eq!(normalised("ÄÖ"), "");
    }
}
