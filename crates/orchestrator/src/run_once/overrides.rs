//! How a container of `run` differs from its service.

use std::collections::BTreeMap;

use wharf_compose::model::{Mount, Port, Service};

/// What differs from the service.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Another command.
    pub command: Option<Vec<String>>,
    /// A replacement for the entrypoint; empty: none. It also discards the service's command.
    pub entrypoint: Option<Vec<String>>,
    /// Additional environment variables. `None` unsets one.
    pub environment: Vec<(String, Option<String>)>,
    /// More labels.
    pub labels: BTreeMap<String, String>,
    /// Whether to publish the service's own ports.
    pub service_ports: bool,
    /// Publish these ports.
    pub ports: Vec<Port>,
    /// Additional mounts. A mount replaces one with the same path.
    pub volumes: Vec<Mount>,
    /// Capabilities to add.
    pub cap_add: Vec<String>,
    /// Capabilities to take away.
    pub cap_drop: Vec<String>,
    /// Another user.
    pub user: Option<String>,
    /// Another working directory.
    pub working_dir: Option<String>,
    /// With a terminal.
    pub tty: bool,
    /// With standard input.
    pub stdin_open: bool,
}

impl Overrides {
    /// Changes the service.
    pub fn apply(&self, service: &mut Service) {
        service.restart = None;
        if let Some(deploy) = &mut service.deploy {
            deploy.restart_policy = None;
        }
        if !self.service_ports {
            service.ports.clear();
        }
        service.ports.extend(self.ports.iter().cloned());
        for mount in &self.volumes {
            service.volumes.retain(|own| own.target != mount.target);
            service.volumes.push(mount.clone());
        }
        if let Some(entrypoint) = &self.entrypoint {
            service.entrypoint = Some(entrypoint.clone());
            service.command = Some(Vec::new());
        }
        if self.command.is_some() {
            service.command.clone_from(&self.command);
        }
        let (add, drop) = (&self.cap_add, &self.cap_drop);
        service.cap_drop.retain(|own| !add.contains(own));
        service.cap_add.retain(|own| !drop.contains(own));
        service.cap_add.extend(add.iter().cloned());
        service.cap_drop.extend(drop.iter().cloned());
        service.environment.extend(self.environment.iter().cloned());
        service.labels.extend(self.labels.iter().map(|(key, value)| (key.clone(), value.clone())));
        service.user = self.user.clone().or(service.user.take());
        service.working_dir = self.working_dir.clone().or(service.working_dir.take());
        service.tty = self.tty;
        service.stdin_open = self.stdin_open;
    }
}

#[cfg(test)]
mod tests {
    use wharf_compose::model::RestartPolicy;

    use super::*;

    #[test]
    fn what_is_asked_for_takes_the_place_of_what_the_service_has() {
        let mount = |source: &str, target: &str| Mount {
            source: Some(source.to_owned()),
            target: target.to_owned(),
            ..Mount::default()
        };
        let mut service = Service {
            command: Some(vec!["serve".into()]),
            cap_drop: vec!["ALL".into(), "NET_RAW".into()],
            ports: vec![Port { target: 80, ..Port::default() }],
            volumes: vec![mount("data", "/data"), mount("logs", "/logs")],
            restart: Some(RestartPolicy::Always),
            ..Service::default()
        };
        let overrides = Overrides {
            entrypoint: Some(vec!["sh".into(), "-c".into()]),
            cap_add: vec!["NET_RAW".into()],
            ports: vec![Port { target: 8080, ..Port::default() }],
            volumes: vec![mount("/tmp", "/data")],
            ..Overrides::default()
        };
        overrides.apply(&mut service);
        assert_eq!((service.command, service.restart), (Some(Vec::new()), None));
        assert_eq!((service.cap_add, service.cap_drop), (vec!["NET_RAW".to_owned()], vec!["ALL".to_owned()]));
        assert_eq!(service.ports.iter().map(|port| port.target).collect::<Vec<_>>(), [8080]);
        let sources: Vec<_> = service.volumes.iter().filter_map(|mount| mount.source.as_deref()).collect();
        assert_eq!(sources, ["logs", "/tmp"]);
    }
}
