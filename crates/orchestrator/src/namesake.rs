//! A project of the same name in another directory: its containers carry the same label, so the two take each other's
//! containers for their own.

use std::path::{Path, PathBuf};

use wharf_compose::Project;
use wharf_docker::labels;

use crate::observe::Container;

/// A project of the same name in another directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namesake {
    /// Its directory.
    pub directory: PathBuf,
    /// The name of one of its containers.
    pub container: String,
}

/// Finds a container that was made from another directory's Compose files, if those still exist on this machine. A
/// directory that was moved or removed has no project any more.
pub fn namesake(project: &Project, containers: &[Container]) -> Option<Namesake> {
    if project.files.is_empty() {
        return None;
    }
    let label = |container: &'_ Container, key: &str| container.labels.get(key).cloned().unwrap_or_default();
    containers.iter().find_map(|container| {
        let directory = PathBuf::from(label(container, labels::WORKING_DIR));
        let files = label(container, labels::CONFIG_FILES);
        let mut files = files.split(',').map(Path::new).filter(|file| file.is_absolute());
        let ours = is_same(&directory, &project.working_dir)
            || files.clone().any(|file| project.files.iter().any(|own| is_same(file, own)));
        (!ours && files.any(Path::is_file)).then(|| Namesake { directory, container: container.name.clone() })
    })
}

/// Whether two paths lead to the same file or directory.
fn is_same(one: &Path, other: &Path) -> bool {
    let resolved = |path: &Path| path.canonicalize().ok();
    one == other || resolved(one).is_some_and(|one| resolved(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A project in `here` with a container that was made in `there`.
    fn found(here: &Path, there: &Path, file: &str) -> Option<PathBuf> {
        let project = Project {
            name: "app".into(),
            working_dir: here.to_owned(),
            files: vec![here.join("compose.yaml")],
            ..Project::default()
        };
        let label = |key: &str, path: PathBuf| (key.to_owned(), path.display().to_string());
        let labels = [label(labels::WORKING_DIR, there.to_owned()), label(labels::CONFIG_FILES, there.join(file))];
        let container = Container { name: "app-web-1".into(), labels: labels.into(), ..Container::default() };
        namesake(&project, &[container]).map(|other| other.directory)
    }

    #[test]
    fn only_another_directory_with_its_files_is_another_project() {
        let root = tempfile::tempdir().unwrap();
        let directory = |name: &str| root.path().join(name);
        for name in ["a", "b"] {
            std::fs::create_dir(directory(name)).unwrap();
            std::fs::write(directory(name).join("compose.yaml"), "").unwrap();
        }
        std::os::unix::fs::symlink("a", directory("link")).unwrap();
        assert_eq!(found(&directory("a"), &directory("b"), "compose.yaml"), Some(directory("b")));
        assert_eq!(found(&directory("a"), &directory("a"), "other.yaml"), None);
        assert_eq!(found(&directory("a"), &directory("link"), "compose.yaml"), None);
        assert_eq!(found(&directory("a"), &directory("b"), "removed.yaml"), None);
        assert_eq!(found(&directory("a"), &directory("moved"), "compose.yaml"), None);
    }
}
