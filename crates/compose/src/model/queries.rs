//! What one asks of a project.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::model::{MountKind, Project, Service};

impl Project {
    /// The separator between the parts of a name: `-`, or `_` as Compose 1 had it.
    pub fn separator(&self) -> &'static str {
        if self.compatibility { "_" } else { "-" }
    }

    /// The name of the image that a service runs: its `image`, else `<project>-<service>` for a built one.
    pub fn image_of(&self, name: &str, service: &Service) -> String {
        match service.image.as_deref() {
            Some(image) if !image.is_empty() => image.to_owned(),
            _ => format!("{}{}{name}", self.name, self.separator()),
        }
    }

    /// The name of a replica's container: `container_name`, else `<project>-<service>-<number>`.
    pub fn replica_name(&self, service: &str, number: u32) -> String {
        let fixed = self.services.get(service).and_then(|service| service.container_name.clone());
        let separator = self.separator();
        fixed.unwrap_or_else(|| format!("{}{separator}{service}{separator}{number}", self.name))
    }

    /// Sets the platform of images whose service names none. As in docker compose, a service that is built gets it itself: its
    /// container runs what was built for it.
    pub fn set_default_platform(&mut self, platform: &str) {
        self.default_platform = Some(platform.to_owned());
        for service in self.services.values_mut().filter(|service| service.build.is_some()) {
            service.platform.get_or_insert_with(|| platform.to_owned());
        }
    }

    /// The images of the enabled services, in name order of the services, each once.
    pub fn images(&self) -> Vec<String> {
        let (mut images, mut seen) = (Vec::new(), HashSet::new());
        for (name, service) in self.services.iter().filter(|(_, service)| service.provider.is_none()) {
            let image = self.image_of(name, service);
            if seen.insert(image.clone()) {
                images.push(image);
            }
        }
        images
    }

    /// All profiles that services name, enabled or not.
    pub fn profiles(&self) -> BTreeSet<&str> {
        let all = self.services.values().chain(self.disabled_services.values());
        all.flat_map(|service| service.profiles.iter().map(String::as_str)).collect()
    }

    /// The named services with all that they depend on; all services, if none is named. Names that no enabled service
    /// has are left out.
    pub fn with_dependencies(&self, names: &[String]) -> BTreeSet<&str> {
        let mut pending: Vec<&str> = match names {
            [] => self.services.keys().map(String::as_str).collect(),
            names => names.iter().map(String::as_str).collect(),
        };
        let mut found = BTreeSet::new();
        while let Some(name) = pending.pop() {
            let Some((name, service)) = self.services.get_key_value(name) else { continue };
            if found.insert(name.as_str()) {
                pending.extend(service.depends_on.keys().map(String::as_str));
            }
        }
        found
    }

    /// The project with the named services and all that they depend on; with all services if none is named.
    #[must_use]
    pub fn selected(mut self, names: &[String]) -> Self {
        if names.is_empty() {
            return self;
        }
        let wanted: BTreeSet<String> = self.with_dependencies(names).into_iter().map(str::to_owned).collect();
        let (kept, others) =
            std::mem::take(&mut self.services).into_iter().partition(|(name, _)| wanted.contains(name));
        self.services = kept;
        for service in self.services.values_mut() {
            // An optional file that is missing.
            service.depends_on.retain(|name, _| wanted.contains(name));
        }
        self.disabled_services.extend::<BTreeMap<_, _>>(others);
        self
    }

    /// The project without the networks, volumes, secrets, configs and models that no enabled service uses.
    #[must_use]
    pub fn without_unused(mut self) -> Self {
        let services: Vec<_> = self.services.values().collect();
        let networks = names(&services, |service| service.networks.keys().cloned().collect());
        let volumes = names(&services, |service| {
            let volumes = service.volumes.iter().filter(|mount| mount.kind == MountKind::Volume);
            volumes.filter_map(|mount| mount.source.clone()).collect()
        });
        let secrets = names(&services, |service| {
            let built = service.build.iter().flat_map(|build| &build.secrets);
            service.secrets.iter().chain(built).map(|secret| secret.source.clone()).collect()
        });
        let configs = names(&services, |service| service.configs.iter().map(|config| config.source.clone()).collect());
        let models = names(&services, |service| service.models.keys().cloned().collect());
        keep(&mut self.networks, &networks);
        keep(&mut self.volumes, &volumes);
        keep(&mut self.secrets, &secrets);
        keep(&mut self.configs, &configs);
        keep(&mut self.models, &models);
        self
    }
}

fn names(services: &[&Service], of: impl Fn(&Service) -> Vec<String>) -> BTreeSet<String> {
    services.iter().flat_map(|service| of(service)).collect()
}

fn keep<T>(map: &mut BTreeMap<String, T>, names: &BTreeSet<String>) {
    map.retain(|name, _| names.contains(name));
}

#[cfg(test)]
mod tests {
    use crate::{Options, Project};

    #[test]
    fn images_profiles_and_used_resources_are_listed() {
        let text = "
services:
  web: {build: ., volumes: ['data:/x']}
  db: {image: postgres, profiles: [full]}
  cache: {image: redis}
  again: {image: redis}
volumes: {data: {}, other: {}}
";
        let mut project = Project::load(&Options::from_text(text)).expect("the project can be loaded").project;
        project.compatibility = true;
        assert_eq!(project.images(), ["redis", "project_web"]);
        assert_eq!(project.replica_name("web", 2), "project_web_2");
        project.compatibility = false;
        assert_eq!(project.images(), ["redis", "project-web"]);
        assert_eq!(project.replica_name("web", 2), "project-web-2");
        assert_eq!(project.profiles().into_iter().collect::<Vec<_>>(), ["full"]);
        assert_eq!(project.without_unused().volumes.into_keys().collect::<Vec<_>>(), ["data"]);
    }

    #[test]
    fn a_selection_takes_dependencies_along() {
        let text = "
services:
  web: {image: x, depends_on: {api: {condition: service_started}, gone: {condition: service_started, required: false}}}
  api: {image: x, links: [db]}
  db: {image: x}
  other: {image: x}
  gone: {image: x, profiles: [p]}
";
        let project = Project::load(&Options::from_text(text)).expect("the project can be loaded").project;
        let names = |project: Project| project.services.into_keys().collect::<Vec<_>>();
        assert_eq!(names(project.clone().selected(&["web".to_owned()])), ["api", "db", "web"]);
        let web = project.clone().selected(&["web".to_owned()]).services.remove("web");
        assert_eq!(web.map(|web| web.depends_on.into_keys().collect::<Vec<_>>()).unwrap_or_default(), ["api"]);
        assert_eq!(names(project.clone().selected(&["db".to_owned()])), ["db"]);
        assert_eq!(names(project.selected(&[])), ["api", "db", "other", "web"]);
    }
}
