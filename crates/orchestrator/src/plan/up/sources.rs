//! Paths of the host that a new container mounts and that do not exist.

use wharf_compose::model::{MountKind, Service};

use super::planner::Planner;
use crate::Problem;
use crate::request::{creates_path, mounted_file};

impl Planner<'_> {
    /// Whether containers of the service are made.
    fn makes_some(&self, name: &str) -> bool {
        let is_new = |(_, kept): &(u32, Option<super::planner::Kept<'_>>)| !matches!(kept, Some((_, None)));
        self.decisions.get(name).is_some_and(|decision| decision.replicas.iter().any(is_new))
    }

    /// What the engine refuses to mount, because it may not create it.
    pub(super) fn missing_sources(&self, name: &str, service: &Service) -> Vec<Problem> {
        if self.observed.missing_paths.is_empty() || !self.makes_some(name) {
            return Vec::new();
        }
        let binds = service.volumes.iter().enumerate().filter(|(_, mount)| {
            mount.kind == MountKind::Bind && !creates_path(&mount.bind.clone().unwrap_or_default())
        });
        let binds = binds.filter_map(|(index, mount)| Some((format!("volumes[{index}]"), mount.source.as_deref()?)));
        let files = [
            ("secrets", &service.secrets, &self.project.secrets),
            ("configs", &service.configs, &self.project.configs),
        ];
        let files = files.into_iter().flat_map(|(key, used, defined)| {
            let paths = used.iter().enumerate().map(move |(index, file)| (index, mounted_file(file, defined)));
            paths.filter_map(move |(index, path)| Some((format!("{key}[{index}]"), path?)))
        });
        let missing = binds.chain(files).filter(|(_, path)| self.observed.missing_paths.contains(*path));
        missing
            .map(|(key, path)| Problem {
                message: format!("service {name}: {path} does not exist"),
                place: self.project.places.get(&format!("services.{name}.{key}")).cloned(),
                help: Some("create it, or correct the path".to_owned()),
            })
            .collect()
    }

    /// Warns about what the engine will create as a directory, whatever it was meant to be.
    pub(super) fn warn_of_missing_sources(&mut self, name: &str, service: &Service) {
        if self.observed.missing_paths.is_empty() || !self.makes_some(name) {
            return;
        }
        for (index, mount) in service.volumes.iter().enumerate() {
            let Some(path) = mount.source.as_ref().filter(|path| self.observed.missing_paths.contains(*path)) else {
                continue;
            };
            if mount.kind == MountKind::Bind && creates_path(&mount.bind.clone().unwrap_or_default()) {
                let message =
                    format!("service {name}: {path} does not exist; the engine creates a directory of that name");
                self.plan.warn(message, self.project.places.get(&format!("services.{name}.volumes[{index}]")));
            }
        }
    }
}
